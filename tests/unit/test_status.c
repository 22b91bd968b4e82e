/* SPDX-License-Identifier: Apache-2.0 */
/* test_status.c - the board behind status.json: what is told, what the store counts, which comes
 * first */
#include "tests/unit/store_check.h"

#include <jansson.h>

#include "agent/base/os_file.h"
#include "agent/status.h"

static const struct integration_config integrations[] = {
    {.name = "support-calls", .id = 1234, .data = DATA_CONTACTS, .connector = &database_connector},
    {.name = "back-office", .id = 1236, .data = DATA_INTERVALS, .connector = &csv_connector},
};
static const struct config config = {.integrations = integrations, .integration_count = 2};

static json_t *told(struct status *status, bool running)
{
    struct bytes text;

    bytes_init(&text, 1 << 20);
    status_json(status, running, &text);
    json_t *json = json_loadb((const char *)text.data, text.size, 0, NULL);
    assert_non_null(json);
    bytes_free(&text);
    return json;
}

static const json_t *at(const json_t *json, size_t index, const char *key)
{
    return json_object_get(json_array_get(json_object_get(json, "integrations"), index), key);
}

static void assert_text(const json_t *json, const char *text)
{
    assert_non_null(json);
    if (text == NULL)
        assert_true(json_is_null(json));
    else
        assert_string_equal(json_string_value(json), text);
}

static void test_before_the_first_start_nothing_is_known(void **state)
{
    struct status *status = status_new(&config, NULL, "", UTC_NEVER);
    json_t *json = told(status, false);

    (void)state;
    assert_text(json_object_get(json, "since"), NULL);
    assert_text(at(json, 0, "state"), "idle");
    assert_text(at(json, 0, "edge"), NULL);
    assert_true(json_is_null(json_object_get(at(json, 0, "history"), "seconds_left")));
    assert_int_equal(json_array_size(json_object_get(at(json, 0, "history"), "holes")), 0);
    assert_true(json_is_null(at(json, 1, "history")));
    json_decref(json);
    status_free(status);
}

static void test_a_refused_key_comes_before_what_the_reader_says(void **state)
{
    struct status *status = status_new(&config, NULL, "", NOW);
    struct status_reading reading = {.state = STATE_WAITING, .error = "the database is down"};

    (void)state;
    status_reading(status, 0, &reading);
    status_refused(status, 0, "the API refuses the key");
    json_t *json = told(status, true);
    assert_text(json_object_get(json, "since"), "2026-01-05T08:00:00Z");
    assert_text(at(json, 0, "state"), "refused");
    assert_text(at(json, 0, "error"), "the API refuses the key");
    assert_text(at(json, 1, "state"), "idle");
    json_decref(json);

    status_refused(status, 0, "");
    json = told(status, true);
    assert_text(at(json, 0, "state"), "waiting");
    assert_text(at(json, 0, "error"), "the database is down");
    json_decref(json);
    status_free(status);
}

static void test_what_the_store_counts_outlives_a_restart(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(2, 1, 50); /* three records */
    const struct store_commit commit = {
        .integration = room->integration, .read = 7, .unchanged = 2, .now = NOW};
    struct store_counters counters;
    int64_t rejects;

    CHECK(store_stage(room->store, room->integration, &parcel->batch, 1, &failure));
    CHECK(store_commit(room->store, &commit, &rejects, &failure));
    assert_int_equal(accept_all(room), 1);
    parcel_free(parcel);
    room_reopen(room);

    struct status *status = status_new(&config, room->store, "", NOW);
    CHECK(store_counters(room->store, room->integration, &counters, &failure));
    assert_int_equal(counters.last_import, NOW);
    status_integration(status, 0, room->integration, &counters);
    assert_int_equal(status_store_row(status, 0), room->integration);
    assert_int_equal(status_store_row(status, 1), 0);
    json_t *json = told(status, true);
    assert_text(json_object_get(json_object_get(json, "upload"), "last_accepted"),
                "2026-01-05T08:00:00Z"); /* 7 ms later */
    const json_t *records = at(json, 0, "records");
    assert_int_equal(json_integer_value(json_object_get(records, "read")), 7);
    assert_int_equal(json_integer_value(json_object_get(records, "unchanged")), 2);
    assert_int_equal(json_integer_value(json_object_get(records, "uploaded")), 3);
    json_decref(json);
    status_free(status);
}

static void test_the_file_is_written_when_something_changed(void **state)
{
    struct room *room = *state;
    char path[512];

    snprintf(path, sizeof path, "%s/status.json", room->folder);
    struct status *status = status_new(&config, room->store, path, NOW);
    status_write(status);
    assert_true(os_file_exists(path));
    unlink(path);
    status_write(status);
    assert_false(os_file_exists(path));
    status_upload_error(status, "down");
    status_write(status);
    assert_true(os_file_exists(path));
    status_free(status);
}

static void test_no_secret_stands_in_a_sentence(void **state)
{
    struct status *status = status_new(&config, NULL, "", NOW);
    struct status_reading reading = {.state = STATE_FAILED, .error = "login with hunter22 failed"};
    struct status_line line;

    (void)state;
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    log_scrub_add("hunter22");
    status_reading(status, 0, &reading);
    status_line(status, 0, &line);
    assert_string_equal(line.error, "login with **** failed");
    status_free(status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_the_first_start_nothing_is_known),
        cmocka_unit_test(test_a_refused_key_comes_before_what_the_reader_says),
        cmocka_unit_test_setup_teardown(test_what_the_store_counts_outlives_a_restart, room_setup,
                                        room_teardown),
        cmocka_unit_test_setup_teardown(test_the_file_is_written_when_something_changed, room_setup,
                                        room_teardown),
        cmocka_unit_test(test_no_secret_stands_in_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
