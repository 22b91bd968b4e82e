/* SPDX-License-Identifier: Apache-2.0 */
/* test_config.c - a corpus of files with the exact messages; defaults; what a source is told; the
 * committed example and schema are what the tables say
 *
 * tests/unit/data/config/NAME.yaml loads if NAME begins with "good-", else it does not. What is
 * told stands in NAME.expected, from the file's name onwards; without one nothing is told.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/os_file.h"
#include "agent/config.h"
#include "agent/config_write.h"
#include "agent/secrets.h"
#include "tests/unit/folder.h"

#define CORPUS TESTS_FOLDER "/unit/data/config/"

/* Lines as the corpus has them: without the folder it lies in. */
static void tell(void *context, const char *line)
{
    struct bytes *told = context;

    while (*line != '\0') {
        const char *folder = strstr(line, CORPUS);

        if (folder == NULL)
            break;
        bytes_append(told, line, (size_t)(folder - line));
        line = folder + strlen(CORPUS);
    }
    bytes_append_text(told, line);
    bytes_append_byte(told, '\n');
}

static void check_file(const char *path)
{
    const char *name = path + strlen(CORPUS);
    const bool is_good = strncmp(name, "good-", 5) == 0;
    char expected_path[4096];
    struct bytes told, expected;
    struct secrets *secrets;
    struct error err;

    bytes_init(&told, 100000);
    bytes_init(&expected, 100000);
    snprintf(expected_path, sizeof expected_path, "%.*s.expected", (int)(strlen(path) - 5), path);
    if (os_file_exists(expected_path) && !os_file_read(expected_path, &expected, &err))
        fail_msg("%s", err.text);
    struct config *config = config_load(path, tell, &told, &secrets);
    if (strcmp(bytes_text(&told), bytes_text(&expected)) != 0)
        fail_msg("%s:\n%snot\n%s", name, bytes_text(&told), bytes_text(&expected));
    if ((config != NULL) != is_good || (secrets != NULL) != is_good || (!is_good && told.size == 0))
        fail_msg("%s is %s", name, config == NULL ? "refused" : "taken");
    config_free(config);
    secrets_close(secrets);
    bytes_free(&told);
    bytes_free(&expected);
}

static void test_every_file_of_the_corpus(void **state)
{
    char **paths = os_glob(CORPUS "*.yaml");
    size_t broken = 0;

    (void)state;
    for (size_t i = 0; paths[i] != NULL; i++) {
        check_file(paths[i]);
        broken += strncmp(paths[i] + strlen(CORPUS), "good-", 5) != 0;
    }
    assert_true(broken >= 60);
    os_glob_free(paths);
}

/* Loads a text as a file of the test's folder. */
static struct config *load(const char *folder, const char *text, struct bytes *told,
                           struct secrets **secrets)
{
    char path[4096];
    struct error err;

    os_path_join(folder, "cloud-link.yaml", path, sizeof path);
    assert_true(os_file_write(path, text, strlen(text), &err));
    return config_load(path, tell, told, secrets);
}

static struct config *load_good(const char *folder, const char *text, struct secrets **secrets)
{
    struct bytes told;

    bytes_init(&told, 10000);
    struct config *config = load(folder, text, &told, secrets);
    assert_string_equal(bytes_text(&told), "");
    bytes_free(&told);
    assert_non_null(config);
    return config;
}

#define CALLS                                                                                      \
    "  - name: calls\n    id: 7\n    connector: database\n    data: contacts\n"                    \
    "    database: { type: postgresql, name: acd, password: \"${env:TEST_PASSWORD}\" }\n"          \
    "    query_file: calls.sql\n"
#define STATUSES                                                                                   \
    "  - name: statuses\n    id: 8\n    connector: database\n    data: agent-status\n"             \
    "    api_key: ${env:TEST_KEY}\n    database: { type: odbc, connection_string: \"DSN=$${x}\" }" \
    "\n    query: SELECT 1\n"
#define FILES                                                                                      \
    "  - name: files\n    id: 9\n    connector: csv\n    data: intervals\n    interval: 30m\n"     \
    "    time_zone: Europe/Berlin\n    folder: exports\n    columns: { queue: Q, timestamp: T, "   \
    "offered: O, answered: A, aht: H }\n"

static void test_defaults(void **state)
{
    struct secrets *secrets;

    unsetenv("https_proxy");
    struct config *config = load_good(
        *state,
        "peopleware: { api_key: \"${env:TEST_KEY}\" }\nintegrations:\n" CALLS STATUSES FILES,
        &secrets);
    const struct import_settings *calls = &config_find(config, "calls")->import;
    const struct import_settings *statuses = &config_find(config, "statuses")->import;

    assert_string_equal(config->peopleware.url, "https://api.injixo.com");
    assert_null(config->peopleware.proxy);
    assert_int_equal(config->peopleware.timeout_ms, 60 * UTC_SECOND);
    assert_string_equal(config->agent.state_dir, "/var/lib/cloud-link");
    assert_int_equal(config->agent.max_spool, INT64_C(2) << 30);
    assert_int_equal(config->agent.log.level, LOG_LEVEL_INFO);
    assert_int_equal(config->agent.log.format, LOG_FORMAT_TEXT);
    assert_int_equal(config->upload.parallel, 4);
    assert_int_equal(config->upload.max_records, 1000);
    assert_int_equal(config->upload.max_bytes, 4 << 20);
    assert_int_equal(config->upload.compress, COMPRESS_AUTO);
    assert_int_equal(config->integration_count, 3);

    assert_int_equal(calls->every_ms, 15 * UTC_MINUTE);
    assert_int_equal(calls->delay_ms, 5 * UTC_MINUTE);
    assert_int_equal(calls->lookback_ms, 2 * UTC_HOUR);
    assert_int_equal(calls->recheck_ms, 7 * UTC_DAY);
    assert_string_equal(calls->history, "3y");
    assert_int_equal(calls->target_ms, 10 * UTC_SECOND);
    assert_int_equal(calls->rows_per_second, 0);
    assert_int_equal(calls->hours_from_ms, calls->hours_to_ms);
    assert_int_equal(calls->corrections, CORRECTIONS_RESEND);
    assert_int_equal(calls->vanished, VANISHED_KEEP);
    assert_int_equal(calls->carry_over, CARRY_OVER_SEND);

    assert_int_equal(statuses->delay_ms, 0);
    assert_int_equal(statuses->lookback_ms, 24 * UTC_HOUR);
    assert_string_equal(statuses->history, "7mo");
    assert_string_equal(statuses->external_system, "statuses");

    assert_int_equal(config_find(config, "calls")->normalise.ambiguous, AMBIGUOUS_FIRST);
    assert_int_equal(config_find(config, "files")->normalise.ambiguous, AMBIGUOUS_ORDER);
    assert_int_equal(config_find(config, "files")->normalise.interval_ms, 30 * UTC_MINUTE);
    assert_int_equal(config_find(config, "files")->queues.max_new_queues, 200);
    assert_true(config_find(config, "files")->enabled);
    assert_null(config_find(config, "nobody"));
    config_free(config);
    secrets_close(secrets);
}

static void test_what_is_written_is_taken(void **state)
{
    struct secrets *secrets;
    struct config *config =
        load_good(*state,
                  "peopleware: { url: \"https://a.example:8443/\", api_key: \"${env:TEST_KEY}\", "
                  "ca_file: ca.pem }\nagent: { state_dir: state }\nintegrations:\n" STATUSES
                  "    every: 10s\n    history: none\n    history_hours: 20:00-06:00\n"
                  "    external_system: ACD\n    history_rows_per_second: 500\n",
                  &secrets);
    const struct import_settings *import = &config->integrations->import;
    char expected[4096];

    assert_string_equal(config->peopleware.url, "https://a.example:8443");
    assert_string_equal(config->peopleware.ca_file,
                        os_path_join(*state, "ca.pem", expected, sizeof expected));
    assert_string_equal(config->agent.state_dir,
                        os_path_join(*state, "state", expected, sizeof expected));
    assert_int_equal(import->every_ms, 10 * UTC_SECOND);
    assert_string_equal(import->history, "none");
    assert_int_equal(import->hours_from_ms, 20 * UTC_HOUR);
    assert_int_equal(import->hours_to_ms, 6 * UTC_HOUR);
    assert_string_equal(import->external_system, "ACD");
    assert_int_equal(import->rows_per_second, 500);
    config_free(config);
    secrets_close(secrets);
}

static void test_keys_are_resolved_late(void **state)
{
    struct secrets *secrets;
    struct error err;
    struct config *config = load_good(
        *state, "peopleware: { api_key: \"${env:TEST_PASSWORD}\" }\nintegrations:\n" CALLS STATUSES,
        &secrets);

    assert_string_equal(config_api_key(config, config_find(config, "calls"), secrets, &err),
                        "sesame");
    assert_string_equal(config_api_key(config, config_find(config, "statuses"), secrets, &err),
                        "open");
    setenv("TEST_KEY", "another", 1);
    assert_string_equal(config_api_key(config, config_find(config, "statuses"), secrets, &err),
                        "another");
    unsetenv("TEST_KEY");
    assert_null(config_api_key(config, config_find(config, "statuses"), secrets, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    setenv("TEST_KEY", "open", 1);
    config_free(config);
    secrets_close(secrets);
}

/* Sends one integration through the pipe: what comes out there. */
static struct config *through_the_pipe(const struct config *config, const char *name,
                                       struct secrets *secrets, struct bytes *told)
{
    struct error err = {.text = ""};

    bytes_reset(told);
    assert_true(config_source_settings(config, config_find(config, name), secrets, told, &err));
    struct config *other = config_from_source_settings((const char *)told->data, told->size, &err);
    assert_string_equal(err.text, "");
    assert_int_equal(other->integration_count, 1);
    return other;
}

static void test_a_source_is_told_what_it_needs_and_no_key(void **state)
{
    struct secrets *secrets;
    struct bytes told;
    struct config *config = load_good(
        *state,
        "peopleware: { api_key: \"${env:TEST_KEY}\" }\nintegrations:\n" CALLS STATUSES FILES,
        &secrets);

    bytes_init(&told, 100000);
    struct config *calls = through_the_pipe(config, "calls", secrets, &told);
    assert_non_null(strstr(bytes_text(&told), "sesame"));
    assert_string_equal(calls->integrations->name, "calls");
    assert_int_equal(calls->integrations->id, 7);
    assert_ptr_equal(calls->integrations->connector, &database_connector);
    config_free(calls);

    struct config *statuses = through_the_pipe(config, "statuses", secrets, &told);
    assert_null(strstr(bytes_text(&told), "open"));
    assert_non_null(strstr(bytes_text(&told), "DSN=${x}")); /* resolved once, there and back */
    assert_int_equal(statuses->integrations->data, DATA_AGENT_STATUS);
    config_free(statuses);

    struct config *files = through_the_pipe(config, "files", secrets, &told);
    assert_string_equal(files->path, *state); /* what its relative paths start from */
    assert_string_equal(files->integrations->normalise.time_zone, "Europe/Berlin");
    config_free(files);

    bytes_free(&told);
    config_free(config);
    secrets_close(secrets);
}

static void test_what_decides_about_the_rest_is_no_reference(void **state)
{
    struct secrets *secrets;
    struct bytes told;

    bytes_init(&told, 10000);
    setenv("TEST_CONNECTOR", "database", 1);
    setenv("TEST_DATA", "contacts", 1);
    assert_null(load(*state,
                     "integrations:\n  - name: calls\n    id: 7\n"
                     "    connector: ${env:TEST_CONNECTOR}\n    data: ${env:TEST_DATA}\n"
                     "    api_key: ${env:TEST_KEY}\n"
                     "    database: { type: postgresql, name: acd }\n    query: SELECT 1\n",
                     &told, &secrets));
    assert_non_null(
        strstr(bytes_text(&told), "4:16: error: integrations.calls.connector: must be "));
    assert_non_null(strstr(bytes_text(&told), "5:11: error: integrations.calls.data: must be "));
    bytes_free(&told);
}

static void test_nonsense_from_the_pipe_is_refused(void **state)
{
    static const char *const wrong[] = {
        "", "{", "[]", "{}", "{\"folder\":\"/\"}", "{\"folder\":\"/\",\"integration\":{}}"};
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_null(config_from_source_settings(wrong[i], strlen(wrong[i]), &err));
}

static void test_the_state_directory_of_a_broken_file(void **state)
{
    char path[4096], out[4096], expected[4096];
    struct secrets *secrets;
    struct bytes told;

    bytes_init(&told, 10000);
    os_path_join(*state, "cloud-link.yaml", path, sizeof path);
    assert_string_equal(config_state_dir(path, out, sizeof out), "/var/lib/cloud-link");
    assert_null(
        load(*state, "agent: { state_dir: \"s${env:TEST_KEY}\" }\nfoo: 1\n", &told, &secrets));
    assert_string_equal(config_state_dir(path, out, sizeof out),
                        os_path_join(*state, "sopen", expected, sizeof expected));
    assert_null(load(*state, "agent: *x\n", &told, &secrets));
    assert_string_equal(config_state_dir(path, out, sizeof out), "/var/lib/cloud-link");
    bytes_free(&told);
}

static void test_a_missing_file_is_told(void **state)
{
    struct secrets *secrets;
    struct bytes told;

    (void)state;
    bytes_init(&told, 10000);
    assert_null(config_load(CORPUS "no-such-file.yaml", tell, &told, &secrets));
    assert_null(secrets);
    assert_non_null(strstr(bytes_text(&told), "no-such-file.yaml: error: "));
    bytes_free(&told);
}

static void test_what_is_in_force_is_shown_without_secrets(void **state)
{
    struct secrets *secrets;
    struct bytes out;
    struct config *config = load_good(
        *state, "peopleware: { api_key: \"${env:TEST_KEY}\" }\nintegrations:\n" CALLS, &secrets);
    char expected[4096];

    bytes_init(&out, 100000);
    config_show(config, false, &out);
    snprintf(expected, sizeof expected, "peopleware.api_key: ****  # %s/cloud-link.yaml:1\n",
             (const char *)*state);
    assert_non_null(strstr(bytes_text(&out), expected));
    assert_non_null(strstr(bytes_text(&out), "integrations.calls.delay: 5m  # default\n"));
    assert_non_null(strstr(bytes_text(&out), "integrations.calls.database.password: ****"));
    assert_null(strstr(bytes_text(&out), "sesame"));
    assert_null(strstr(bytes_text(&out), "interval:"));
    bytes_free(&out);
    config_free(config);
    secrets_close(secrets);
}

static void check_committed(const char *name, void (*write)(struct bytes *out))
{
    char path[4096];
    struct bytes committed, written;
    struct error err;

    bytes_init(&committed, 1000000);
    bytes_init(&written, 1000000);
    os_path_join(TESTS_FOLDER "/../config", name, path, sizeof path);
    assert_true(os_file_read(path, &committed, &err));
    write(&written);
    assert_false(written.overflow);
    assert_string_equal(bytes_text(&committed), bytes_text(&written));
    bytes_free(&committed);
    bytes_free(&written);
}

static void test_the_committed_example_and_schema_are_up_to_date(void **state)
{
    (void)state;
    check_committed("cloud-link.yaml", config_example);
    check_committed("cloud-link.schema.json", config_schema);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_file_of_the_corpus),
        IN_A_FOLDER(test_defaults),
        IN_A_FOLDER(test_what_is_written_is_taken),
        IN_A_FOLDER(test_keys_are_resolved_late),
        IN_A_FOLDER(test_a_source_is_told_what_it_needs_and_no_key),
        IN_A_FOLDER(test_what_decides_about_the_rest_is_no_reference),
        cmocka_unit_test(test_nonsense_from_the_pipe_is_refused),
        IN_A_FOLDER(test_the_state_directory_of_a_broken_file),
        cmocka_unit_test(test_a_missing_file_is_told),
        IN_A_FOLDER(test_what_is_in_force_is_shown_without_secrets),
        cmocka_unit_test(test_the_committed_example_and_schema_are_up_to_date),
    };

    setenv("CLOUD_LINK_TEST", "sesame", 1);
    setenv("TEST_PASSWORD", "sesame", 1);
    setenv("TEST_KEY", "open", 1);
    unsetenv("CREDENTIALS_DIRECTORY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
