/* SPDX-License-Identifier: Apache-2.0 */
/* test_database.c - settings and what they ask of each other; what both protocols share */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/settings_read.h"
#include "connectors/database.h"

/* ---- settings ---- */

struct report {
    char lines[2000]; /* "LINE:COLUMN: text", one after the other */
    int count;
};

static void take_report(void *context, const char *file, int line, int column, const char *text)
{
    struct report *report = context;
    const size_t size = strlen(report->lines);

    (void)file;
    report->count++;
    snprintf(report->lines + size, sizeof report->lines - size, "%d:%d: %s\n", line, column, text);
}

/* Reads an integration's map as config.c does; what is wrong goes to the report. */
static void read_settings(const char *yaml, struct database_settings *settings,
                          struct arena *memory, struct report *report)
{
    struct settings_reader reader = {.memory = memory,
                                     .report = take_report,
                                     .report_context = report,
                                     .folder = "/etc/cloud-link",
                                     .path = ""};
    const struct settings_part part = {database_connector.settings, settings};
    const struct connector_facts facts = {.name = "support-calls"};
    struct node_document *document =
        node_parse("test.yaml", yaml, strlen(yaml), take_report, report);

    assert_non_null(document);
    settings_read(&reader, node_root(document), &part, 1);
    if (report->count == 0)
        database_connector.validate(&reader, node_root(document), settings, &facts);
    node_free(document);
}

static void test_a_whole_integration_is_read(void **state)
{
    static const char yaml[] = "database:\n"
                               "  type: mysql\n"
                               "  host: db.example\n"
                               "  port: 3307\n"
                               "  name: acd\n"
                               "  tls: require\n"
                               "  ca_file: ca.pem\n"
                               "  driver: MariaDB Unicode\n"
                               "  query_timeout: 2m\n"
                               "query_file: calls.sql\n";
    struct arena *memory = arena_new();
    struct database_settings settings = {.query = NULL};
    struct report report = {.count = 0};

    (void)state;
    read_settings(yaml, &settings, memory, &report);
    assert_string_equal(report.lines, "");
    assert_int_equal(settings.access.type, DATABASE_MYSQL);
    assert_string_equal(settings.access.host, "db.example");
    assert_int_equal(settings.access.port, 3307);
    assert_int_equal(settings.access.tls, TLS_REQUIRE);
    assert_string_equal(settings.access.ca_file, "/etc/cloud-link/ca.pem");
    assert_int_equal(settings.access.connect_timeout_ms, 30000);
    assert_int_equal(settings.access.query_timeout_ms, 120000);
    assert_string_equal(settings.query_file, "/etc/cloud-link/calls.sql");
    assert_int_equal(database_connector.limits(&settings).slice_rows, 20000);
    assert_int_equal(database_connector.limits(&settings).query_timeout_ms, 120000);
    settings.access.type = DATABASE_POSTGRESQL;
    assert_int_equal(database_connector.limits(&settings).slice_rows, 100000);
    arena_free(memory);
}

static void test_what_does_not_go_together_is_told(void **state)
{
    static const struct {
        const char *yaml;
        int errors;
        const char *line; /* a part of what is told */
    } cases[] = {
        {"database: { type: postgresql, name: acd }\nquery: SELECT 1", 0, ""},
        {"database: { type: odbc, connection_string: DSN=x }\nquery: SELECT 1", 0, ""},
        {"database: { type: postgresql, name: acd }", 1, "query or query_file is missing"},
        {"database: { type: postgresql, name: acd }\nquery: a\nquery_file: b", 1,
         "3:13: query_file: query is given too"},
        {"database: { type: postgresql }\nquery: a", 1, "name is missing"},
        {"database: { type: sqlserver, name: acd }\nquery: a", 1, "host is missing"},
        {"database: { type: sqlserver, name: acd, host: 'a\\b', port: 1433 }\nquery: a", 1,
         "port: does not go with a named instance"},
        {"database: { type: sqlserver, name: acd, host: a, ca_file: x }\nquery: a", 1,
         "ca_file: is not for sqlserver"},
        {"database: { type: postgresql, name: acd, driver: x }\nquery: a", 1,
         "driver: is for ODBC"},
        {"database: { type: odbc }\nquery: a", 1, "connection_string is missing"},
        {"database: { type: mysql, name: x, connection_string: y }\nquery: a", 1,
         "connection_string: is for type odbc only"},
        {"database: { type: odbc, connection_string: DSN=y, host: h, tls: off }\nquery: a", 2,
         "host: does not apply to type odbc"},
        {"database: { type: odbc, connection_string: DSN=y, user: u }\nquery: a", 1,
         "user: does not apply to type odbc"},
        {"database: { type: oracle, name: x }\nquery: a", 1, "database.type"},
        {"database: { type: mysql, name: x, port: 0 }\nquery: a", 1, "database.port"},
        {"query: a", 1, "database"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *memory = arena_new();
        struct database_settings settings = {.query = NULL};
        struct report report = {.count = 0};

        read_settings(cases[i].yaml, &settings, memory, &report);
        if (report.count != cases[i].errors || strstr(report.lines, cases[i].line) == NULL)
            fail_msg("%s\n%s", cases[i].yaml, report.lines);
        arena_free(memory);
    }
}

static void test_tls_is_verified_but_to_this_machine(void **state)
{
    static const char *const here[] = {NULL,        "",    "localhost",          "127.0.0.1",
                                       "127.1.2.3", "::1", "/var/run/postgresql"};
    static const char *const there[] = {
        "db.example", "10.0.0.1", "127.example", "localhost.evil", "localhost,db.example", "::2"};
    struct database_access access = {.tls = TLS_UNSET};

    (void)state;
    for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
        access.host = here[i];
        assert_int_equal(database_tls(&access), TLS_PREFER);
    }
    for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
        access.host = there[i];
        assert_int_equal(database_tls(&access), TLS_VERIFY_FULL);
    }
    access.tls = TLS_OFF;
    assert_int_equal(database_tls(&access), TLS_OFF);
    access.ca_file = "/etc/ca.pem";
    assert_string_equal(database_certificates(&access), "/etc/ca.pem");
}

/* ---- columns ---- */

static void test_columns_of_times_are_found_whatever_their_case(void **state)
{
    static const char *const contacts[] = {"id", "TIMESTAMP", "EndTime"};
    static const char *const statuses[] = {"StartTime", "endtime"};
    const struct columns of_contacts = {contacts, 3}, of_statuses = {statuses, 2};
    const struct columns without_end = {statuses, 1};
    struct database database = {.query = ""};
    struct database_times times;
    struct error err;

    (void)state;
    assert_true(database_find_times(&database, &of_contacts, &times, &err));
    assert_int_equal(times.time, 1);
    assert_int_equal(times.end, -1);
    assert_false(database_find_times(&database, &of_statuses, &times, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_string_equal(err.text,
                        "the query has no column named timestamp (it has: StartTime, endtime)");

    database.facts.is_status = true;
    assert_true(database_find_times(&database, &of_statuses, &times, &err));
    assert_int_equal(times.time, 0);
    assert_int_equal(times.end, 1);
    assert_true(database_find_times(&database, &without_end, &times, &err));
    assert_int_equal(times.end, -1);
}

static struct database_sample sample_of(const char *const *texts)
{
    struct database_sample sample = {.texts = 0};

    for (; *texts != NULL; texts++)
        database_sample_take(&sample, *texts);
    return sample;
}

static void test_a_column_of_texts_is_judged_by_its_first_time(void **state)
{
    const char *const times[] = {"", "rubbish", "2024-03-01T10:00:00", "2024-03-01 10:00:00", NULL};
    const char *const numbers[] = {"", "1709287500", "1709287500.5", NULL};
    const char *const words[] = {"Support", "Sales", NULL};
    const char *const nothing[] = {"", NULL};
    struct database database = {.query = ""};
    struct bound_form form;
    struct database_sample sample = sample_of(times);
    struct error err;

    (void)state;
    assert_true(database_sample_form(&database, "timestamp", &sample, &form, &err));
    assert_int_equal(form.kind, BOUND_TEXT);
    assert_int_equal(form.separator, 'T');

    sample = sample_of(words);
    assert_false(database_sample_form(&database, "timestamp", &sample, &form, &err));
    assert_non_null(strstr(err.text, "column \"timestamp\" holds texts that are no times"));
    assert_null(strstr(err.text, "Support"));

    sample = sample_of(nothing);
    assert_true(database_sample_form(&database, "timestamp", &sample, &form, &err));
    assert_int_equal(form.kind, BOUND_TEXT);
    assert_int_equal(form.separator, ' ');

    sample = sample_of(numbers);
    assert_false(database_sample_form(&database, "timestamp", &sample, &form, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_non_null(strstr(err.text, "say `times: unix` or `times: unix-ms`"));

    database.facts.times = 2;
    assert_true(database_sample_form(&database, "timestamp", &sample, &form, &err));
    assert_int_equal(form.kind, BOUND_UNIX_MS);
    sample = sample_of(nothing);
    assert_true(database_sample_form(&database, "timestamp", &sample, &form, &err));
    assert_int_equal(form.kind, BOUND_UNIX_MS);
}

/* ---- errors ---- */

static void test_a_sqlstate_asks_for_a_reaction(void **state)
{
    static const struct {
        const char *sqlstate;
        enum error_kind kind;
    } cases[] = {
        {"28P01", ERROR_REFUSED}, {"28000", ERROR_REFUSED}, {"08006", ERROR_RETRY},
        {"57P03", ERROR_RETRY},   {"57014", ERROR_RETRY},   {"53300", ERROR_RETRY},
        {"40P01", ERROR_RETRY},   {"55P03", ERROR_RETRY},   {"HYT00", ERROR_RETRY},
        {"XX000", ERROR_RETRY},   {"42P01", ERROR_CONFIG},  {"42501", ERROR_CONFIG},
        {"3D000", ERROR_CONFIG},  {"22012", ERROR_CONFIG},  {"IM002", ERROR_CONFIG},
        {"HY000", ERROR_CONFIG},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(database_error_kind(cases[i].sqlstate), cases[i].kind);
}

static void test_a_message_becomes_one_line(void **state)
{
    char message[] = "  FATAL:  no\r\n\tsuch  thing \n";
    char blank[] = " \n ";

    (void)state;
    database_tidy(message);
    assert_string_equal(message, "FATAL: no such thing");
    database_tidy(blank);
    assert_string_equal(blank, "");
}

static void test_what_cannot_be_opened_says_why(void **state)
{
    struct database_settings settings = {.access = {.type = DATABASE_POSTGRESQL},
                                         .query_file = "/nonexistent/calls.sql"};
    struct connector_facts facts = {.name = "x"};
    struct error err;

    (void)state;
    assert_null(database_connector.open(&settings, &facts, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_non_null(strstr(err.text, "/nonexistent/calls.sql"));

    settings.query = "DELETE FROM calls"; /* refused before anybody connects */
    assert_null(database_connector.open(&settings, &facts, &err));
    assert_non_null(strstr(err.text, "must be one SELECT"));
    settings.query = "EXEC calls";
    assert_null(database_connector.open(&settings, &facts, &err));
    assert_non_null(strstr(err.text, "PostgreSQL has no EXEC"));
    facts.time_zone = "Europe/Berlim";
    assert_null(database_connector.open(&settings, &facts, &err));
    assert_non_null(strstr(err.text, "Europe/Berlim"));
    database_connector.close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_integration_is_read),
        cmocka_unit_test(test_what_does_not_go_together_is_told),
        cmocka_unit_test(test_tls_is_verified_but_to_this_machine),
        cmocka_unit_test(test_columns_of_times_are_found_whatever_their_case),
        cmocka_unit_test(test_a_column_of_texts_is_judged_by_its_first_time),
        cmocka_unit_test(test_a_sqlstate_asks_for_a_reaction),
        cmocka_unit_test(test_a_message_becomes_one_line),
        cmocka_unit_test(test_what_cannot_be_opened_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
