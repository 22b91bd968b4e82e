/* SPDX-License-Identifier: Apache-2.0 */
/* test_csv.c - a drop folder: files listed, hashed, read as rows, put away */
#include "tests/unit/csv_bench.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/connector_files.h"

static char folder[] = "/tmp/test_csv.XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void write_file(const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void touch_file(const char *name)
{
    const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool file_exists(const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

/* --- rows, as text --- */

struct heard {
    char columns[400];
    char rows[4000];
    int count;
    int stop_after; /* rows; 0: never */
    bool rewrites;  /* the file, while it is read */
    bool touches;   /* it, the same */
};

static bool hear_columns(void *context, const struct columns *columns)
{
    struct heard *heard = context;

    for (size_t i = 0; i < columns->count; i++) {
        if (i > 0)
            strncat(heard->columns, " ", 2);
        strncat(heard->columns, columns->names[i], 40);
    }
    return true;
}

/* Text as it is, `-` nothing, #5 a whole number, #5000/1000, @ a clock face, @...Z UTC. */
static void print_cell(const struct cell *cell, char text[200])
{
    char time[UTC_TEXT_SIZE + 1];

    if (cell->kind == CELL_TEXT)
        snprintf(text, 200, "%.*s", (int)cell->size, cell->text);
    else if (cell->kind == CELL_NULL)
        snprintf(text, 200, "-");
    else if (cell->kind == CELL_INTEGER)
        snprintf(text, 200, "#%lld", (long long)cell->integer);
    else if (cell->kind == CELL_THOUSANDTHS)
        snprintf(text, 200, "#%lld/1000", (long long)cell->integer);
    else
        snprintf(text, 200, "@%.*s", cell->kind == CELL_UTC ? UTC_TEXT_SIZE : UTC_TEXT_SIZE - 1,
                 utc_text(cell->integer, time));
}

static bool hear_row(void *context, const struct row *row)
{
    struct heard *heard = context;
    char text[200];
    size_t columns = 1;

    for (const char *at = heard->columns; *at != '\0'; at++)
        columns += *at == ' ';
    size_t size = strlen(heard->rows);
    snprintf(heard->rows + size, sizeof heard->rows - size, "%d:", (int)row->line);
    for (size_t i = 0; row->cells != NULL && i < columns; i++) {
        size = strlen(heard->rows);
        print_cell(&row->cells[i], text);
        snprintf(heard->rows + size, sizeof heard->rows - size, "%s%s", i > 0 ? "|" : "", text);
    }
    size = strlen(heard->rows);
    snprintf(heard->rows + size, sizeof heard->rows - size, "%s%s\n",
             row->fault != NULL ? " !" : "", row->fault != NULL ? row->fault : "");
    if (heard->rewrites)
        write_file("a.csv", "other");
    if (heard->touches)
        touch_file("a.csv");
    return ++heard->count != heard->stop_after;
}

/* Reads a.csv; the result is the connector's. */
static bool read_file(const struct csv_settings *settings, const struct connector_facts *facts,
                      struct heard *heard, struct error *err)
{
    const struct slice slice = {.purpose = SLICE_FILE, .file = "a.csv"};
    const struct row_sink sink = {heard, hear_columns, hear_row};
    struct source *source = csv_connector.open(settings, facts, err);

    if (source == NULL)
        fail_msg("%s", err->text);
    bool is_read = csv_connector.read(source, &slice, &sink, err);
    csv_connector.close(source);
    return is_read;
}

static void expect(const char *yaml, const struct connector_facts *facts, const char *file,
                   const char *columns, const char *rows)
{
    struct heard heard = {.count = 0};
    struct error err;
    struct arena *memory;
    struct csv_settings settings = configure(yaml, folder, facts, &memory);

    assert_string_equal(problems, "");
    write_file("a.csv", file);
    if (!read_file(&settings, facts, &heard, &err))
        fail_msg("%s", err.text);
    assert_string_equal(heard.columns, columns);
    assert_string_equal(heard.rows, rows);
    arena_free(memory);
}

static void expect_error(const char *yaml, const struct connector_facts *facts, const char *file,
                         const char *text)
{
    struct heard heard = {.count = 0};
    struct error err;
    struct arena *memory;
    struct csv_settings settings = configure(yaml, folder, facts, &memory);

    write_file("a.csv", file);
    assert_false(read_file(&settings, facts, &heard, &err));
    assert_int_equal(err.kind, ERROR_DATA);
    assert_string_equal(err.text, text);
    assert_string_equal(heard.columns, "");
    arena_free(memory);
}

static const char interval_yaml[] = "format: { encoding: windows-1252, decimal: ',' }\n"
                                    "columns:\n"
                                    "  queue: Queue\n"
                                    "  date: { column: Date, format: DD/MM/YYYY }\n"
                                    "  time: { column: Time, format: 'hh:mm' }\n"
                                    "  offered: Calls\n"
                                    "  answered: Answered\n"
                                    "  aht: { column: AHT, format: 'hh:mm:ss' }\n"
                                    "  channel: emails\n";

static void test_intervals(void **state)
{
    (void)state;
    expect(
        interval_yaml, &intervals,
        "Date;Time;Queue;Calls;Answered;AHT;Note\r\n"
        "05/01/2024;09:30;K\xf6ln;7,5;1.000;00:02:05;\"a;b\"\r\n"
        "05/01/2024;10:00;\"K\xf6ln \x80\";;0;;\r\n",
        "queueidentifier queuename timestamp offered answered aht channel",
        "2:K\xc3\xb6ln|K\xc3\xb6ln|@2024-01-05T09:30:00|7.5|1,000|#125000/1000|emails\n"
        "3:K\xc3\xb6ln \xe2\x82\xac|K\xc3\xb6ln \xe2\x82\xac|@2024-01-05T10:00:00||0|-|emails\n");
}

static void test_rows_that_are_set_aside(void **state)
{
    (void)state;
    expect(interval_yaml, &intervals,
           "Date,Time,Queue,Calls,Answered,AHT\n"
           "05/01/2024,09:30,A,7,5\n"
           "05/01/2024,09:30,A,7,5,0:1:0,,,\n"
           "05/01/2024,09:30,A,7,5,0:1:0,x\n"
           "2024-01-05,09:30,A,7,5,0:1:0\n"
           "05/01/2024,,A,7,5,0:1:0\n"
           "31/02/2024,09:30,A,7,5,0:1:0\n"
           ",,A,7,5,0:1:0\n"
           "05/01/2024,09:30,A,7,5,60\n",
           "queueidentifier queuename timestamp offered answered aht channel",
           "2:A|A|05/01/2024 09:30|7|5|-|- !has 5 fields instead of 6\n"
           "3:A|A|@2024-01-05T09:30:00|7|5|#60000/1000|emails\n"
           "4:A|A|05/01/2024 09:30|7|5|0:1:0|- !has 7 fields instead of 6\n"
           "5:A|A|2024-01-05 09:30|7|5|0:1:0|- !\"Date\" is not written as DD/MM/YYYY\n"
           "6:A|A|05/01/2024 |7|5|0:1:0|- !\"Time\" is not written as hh:mm\n"
           "7:A|A|31/02/2024 09:30|7|5|0:1:0|- !\"Date\" is no day or time there is\n"
           "8:A|A|-|7|5|#60000/1000|emails\n"
           "9:A|A|@2024-01-05T09:30:00|7|5|60|- !\"AHT\" is not written as hh:mm:ss\n");
}

static void test_contacts(void **state)
{
    (void)state;
    expect("columns:\n"
           "  queue: { column: Skill }\n"
           "  queue_identifier: Id\n"
           "  timestamp: { column: When, format: 'YYYY-MM-DDThh:mm:ssZ' }\n"
           "  answered: { column: Result, true: [AGENT, 'BY HAND'] }\n"
           "  duration: Seconds\n"
           "  channel: { column: Media }\n",
           &contacts,
           "\xef\xbb\xbfID|skill |When|Result|Media|Seconds|\n"
           "1|A|2024-01-05T09:30:00+01:00| AGENT|phone|12.5|\n"
           "\n"
           "2|B|2024-01-05T09:30:00Z|agent||\n"
           "2|B||BY HAND|x|0",
           "queueidentifier queuename timestamp answered duration channel",
           "2:1|A|@2024-01-05T08:30:00Z|#1|12.5|phone\n"
           "4:2|B|@2024-01-05T09:30:00Z|#0||\n"
           "5:2|B|-|#1|0|x\n");
}

static void test_formats_not_said(void **state)
{
    (void)state;
    expect("columns: { queue: Q, date: D, time: T, answered: A }", &contacts,
           "Q,D,T,A\nS,2024-01-05,09:30,1\nS,2024-01-05 00:00:00,09:30:15.5,1\nS,5.1.2024,09:30,1\n"
           "S,2024-01-05,9.30,1\n",
           "queueidentifier queuename timestamp answered",
           "2:S|S|@2024-01-05T09:30:00|1\n"
           "3:S|S|@2024-01-05T09:30:15|1\n"
           "4:S|S|5.1.2024 09:30|1 !\"D\" is not written as YYYY-MM-DD\n"
           "5:S|S|2024-01-05 9.30|1 !\"T\" is not written as hh:mm or hh:mm:ss\n");
    expect("columns: { queue: Q, timestamp: D, answered: A }", &contacts,
           "Q,D,A\nS,2024-01-05T09:30Z,1\n", "queueidentifier queuename timestamp answered",
           "2:S|S|2024-01-05T09:30Z|1\n");
}

static void test_statuses(void **state)
{
    (void)state;
    expect("columns:\n"
           "  agent: Agent\n"
           "  activity: State\n"
           "  start: { column: From, format: unix }\n"
           "  end_date: { column: ToDate, format: DDMMYY }\n"
           "  end_time: { column: ToTime, format: hhmm }\n",
           &statuses,
           "Agent\tState\tFrom\tToDate\tToTime\n"
           "bob\tReady\t1704067200\t010124\t1230\n"
           "bob\tReady\t1704067200\t\t\n",
           "agentidentifier starttime endtime activity",
           "2:bob|@2024-01-01T00:00:00Z|@2024-01-01T12:30:00|Ready\n"
           "3:bob|@2024-01-01T00:00:00Z|-|Ready\n");
    expect("columns:\n"
           "  { agent: Agent, activity: State, start: From, duration: Long }",
           &statuses, "Agent;State;From;Long\nbob;Ready;2024-01-01 08:00;90\n",
           "agentidentifier starttime duration activity", "2:bob|2024-01-01 08:00|90|Ready\n");
}

static void test_a_file_without_header(void **state)
{
    static const char yaml[] = "format: { header: false }\n"
                               "columns: { queue: B, timestamp: A, answered: AA }\n";
    static const char short_yaml[] = "format: { header: false }\n"
                                     "columns: { queue: B, timestamp: A, answered: C }\n";

    (void)state;
    expect(short_yaml, &contacts, "2024-01-05T09:30Z;S;1\n2024-01-05T09:31Z;S;0\n",
           "queueidentifier queuename timestamp answered",
           "1:S|S|2024-01-05T09:30Z|1\n2:S|S|2024-01-05T09:31Z|0\n");
    expect(yaml, &contacts, "t,S,3,4,5,6,7,8,9,10,1,2,3,4,5,6,7,8,9,20,1,2,3,4,5,26,1\n",
           "queueidentifier queuename timestamp answered", "1:S|S|t|1\n");
    expect(yaml, &contacts, "", "queueidentifier queuename timestamp answered", "");
    expect_error(yaml, &contacts, "a;b;c\n",
                 "the file has no column \"AA\": without a header its 3 columns are named A, B, C "
                 "...");
}

static void test_files_that_are_not_as_the_settings_say(void **state)
{
    static const char yaml[] = "columns: { queue: Q, timestamp: T, answered: A }";

    (void)state;
    expect_error(yaml, &contacts, "", "the file is empty: it has not even a header");
    expect_error(yaml, &contacts, "Q;Time;A\nx;y;z\n",
                 "the file has no column \"T\"; its columns are: Q, Time, A");
    expect_error(yaml, &contacts, "Q;T;A;T\nx;y;z;z\n", "the file has 2 columns named \"T\"");
    expect_error(yaml, &contacts, "Q;T;A;\xd6\nx;y;z;z\n",
                 "the header is not text in the encoding that `format` says");
}

static void test_a_quote_never_closed_fails_the_file(void **state)
{
    struct heard heard = {.count = 0};
    struct error err;
    struct arena *memory;
    struct csv_settings settings =
        configure("columns: { queue: Q, timestamp: T, answered: A }", folder, &contacts, &memory);

    (void)state;
    write_file("a.csv", "Q;T;A\nS;\"2024;1\nS;2024;1\n");
    assert_false(read_file(&settings, &contacts, &heard, &err));
    assert_string_equal(err.text, "line 2 has a quote that is never closed");
    arena_free(memory);
}

static void expect_changed(struct heard heard)
{
    struct error err;
    struct arena *memory;
    struct csv_settings settings =
        configure("columns: { queue: Q, timestamp: T, answered: A }", folder, &contacts, &memory);

    write_file("a.csv", "Q;T;A\nS;2024;1\n");
    assert_false(read_file(&settings, &contacts, &heard, &err));
    assert_int_equal(err.kind, ERROR_DATA);
    assert_string_equal(err.text, "the file was changed while it was read");
    arena_free(memory);
}

static void test_a_file_changed_while_it_is_read(void **state)
{
    (void)state;
    expect_changed((struct heard){.rewrites = true});
    expect_changed((struct heard){.touches = true});
}

static void test_a_sink_that_wants_no_more(void **state)
{
    struct heard heard = {.stop_after = 2};
    struct error err;
    struct arena *memory;
    struct csv_settings settings =
        configure("columns: { queue: Q, timestamp: T, answered: A }", folder, &contacts, &memory);

    (void)state;
    write_file("a.csv", "Q;T;A\nS;2024;1\nS;2024;1\nS;2024;1\nS;2024;1\n");
    assert_true(read_file(&settings, &contacts, &heard, &err));
    assert_int_equal(heard.count, 2);
    arena_free(memory);
}

/* --- the folder --- */

static void visit(void *context, const struct source_file *file)
{
    char *names = context;

    assert_true(file->size == 3 && file->modified_ns > 0);
    strcat(names, file->name);
    strcat(names, " ");
}

static struct source *open_folder(const char *yaml, struct csv_settings *settings,
                                  struct arena **memory)
{
    char text[500];
    struct error err;

    snprintf(text, sizeof text, "%s\ncolumns: { queue: Q, timestamp: T, answered: A }\n", yaml);
    *settings = configure(text, folder, &contacts, memory);
    assert_string_equal(problems, "");
    struct source *source = csv_connector.open(settings, &contacts, &err);
    if (source == NULL)
        fail_msg("%s", err.text);
    return source;
}

static void test_what_is_listed(void **state)
{
    char path[128], target[128], names[300] = "";
    struct csv_settings settings;
    struct arena *memory;
    struct error err;
    struct source *source = open_folder("files: 'x*.csv'", &settings, &memory);

    (void)state;
    write_file("x1.csv", "abc");
    write_file("y1.csv", "abc");
    write_file("x1.txt", "abc");
    write_file("x\n.csv", "abc");
    snprintf(path, sizeof path, "%s/x2.csv", folder);
    snprintf(target, sizeof target, "%s/x1.csv", folder);
    assert_int_equal(symlink(target, path), 0);
    snprintf(path, sizeof path, "%s/x3.csv", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/x4.csv", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_true(csv_connector.files->list(source, visit, names, &err));
    assert_string_equal(names, "x1.csv ");

    uint8_t sha256[32];
    static const uint8_t of_abc[4] = {0xba, 0x78, 0x16, 0xbf};
    assert_true(csv_connector.files->hash(source, "x1.csv", sha256, &err));
    assert_memory_equal(sha256, of_abc, 4);
    assert_false(csv_connector.files->hash(source, "x2.csv", sha256, &err));
    assert_false(csv_connector.files->hash(source, "x4.csv", sha256, &err));
    assert_false(csv_connector.files->hash(source, "none.csv", sha256, &err));
    csv_connector.close(source);
    arena_free(memory);
}

static void settle(struct source *source, const char *name, bool is_other)
{
    const struct connector_files *files = csv_connector.files;
    uint8_t sha256[32] = {0};
    struct error err;

    if (!is_other && !files->hash(source, name, sha256, &err))
        fail_msg("%s", err.text);
    if (!files->settle(source, name, sha256, &err))
        fail_msg("%s", err.text);
}

static void test_what_becomes_of_an_accepted_file(void **state)
{
    struct csv_settings settings;
    struct arena *memory;
    struct source *source = open_folder("after: archive", &settings, &memory);

    (void)state;
    for (int i = 0; i < 3; i++) {
        write_file("s.csv", "abc");
        settle(source, "s.csv", true);
        assert_true(file_exists("s.csv")); /* something new under the name */
        settle(source, "s.csv", false);
        assert_false(file_exists("s.csv"));
    }
    settle(source, "s.csv", true); /* gone: nothing to do */
    assert_true(file_exists("imported/s.csv"));
    assert_true(file_exists("imported/s-2.csv"));
    assert_true(file_exists("imported/s-3.csv"));
    csv_connector.close(source);
    arena_free(memory);

    source = open_folder("after: delete", &settings, &memory);
    write_file("s.csv", "abc");
    settle(source, "s.csv", true);
    assert_true(file_exists("s.csv"));
    settle(source, "s.csv", false);
    assert_false(file_exists("s.csv"));
    csv_connector.close(source);
    arena_free(memory);

    source = open_folder("after: keep", &settings, &memory);
    write_file("s.csv", "abc");
    settle(source, "s.csv", false);
    assert_true(file_exists("s.csv"));
    csv_connector.close(source);
    arena_free(memory);
}

static void test_a_folder_that_is_not_there(void **state)
{
    struct csv_settings settings = {.folder = "/nowhere/at/all"};
    struct error err;

    (void)state;
    assert_null(csv_connector.open(&settings, &contacts, &err));
    assert_non_null(strstr(err.text, "/nowhere/at/all"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_rows_that_are_set_aside),
        cmocka_unit_test(test_contacts),
        cmocka_unit_test(test_formats_not_said),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_a_file_without_header),
        cmocka_unit_test(test_files_that_are_not_as_the_settings_say),
        cmocka_unit_test(test_a_quote_never_closed_fails_the_file),
        cmocka_unit_test(test_a_file_changed_while_it_is_read),
        cmocka_unit_test(test_a_sink_that_wants_no_more),
        cmocka_unit_test(test_what_is_listed),
        cmocka_unit_test(test_what_becomes_of_an_accepted_file),
        cmocka_unit_test(test_a_folder_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
