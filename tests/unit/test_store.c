/* SPDX-License-Identifier: Apache-2.0 */
/* test_store.c - what was committed is there, what was not never was, whatever happens */
#include "tests/unit/store_check.h"

static void test_a_new_integration_has_nothing(void **state)
{
    struct room *room = *state;
    struct store_counters counters;

    assert_string_equal(room->notice, "");
    assert_true(room->schedule.edge == UTC_NEVER);
    assert_true(room->schedule.history_from == UTC_NEVER);
    assert_int_equal(room->schedule.hole_count, 0);
    CHECK(store_counters(room->store, room->integration, &counters, &failure));
    assert_int_equal(counters.read, 0);
    assert_true(counters.last_accepted == UTC_NEVER);
    assert_int_equal(store_spooled_bytes(room->store), 0);
}

static void test_an_integration_is_its_name_id_and_kind(void **state)
{
    struct room *room = *state;
    const struct store_identity same = {.name = "support-calls", .id = 1234, .kind = 0};
    const struct store_identity other_id = {.name = "support-calls", .id = 1235, .kind = 0};
    const struct store_identity other_kind = {.name = "support-calls", .id = 1234, .kind = 2};
    const struct store_identity other_name = {.name = "Support-calls", .id = 1234, .kind = 0};
    int64_t number;

    CHECK(store_integration(room->store, &same, &number, &room->schedule, &failure));
    assert_int_equal(number, room->integration);
    CHECK(store_integration(room->store, &other_id, &number, &room->schedule, &failure));
    assert_int_equal(number, room->integration + 1);
    CHECK(store_integration(room->store, &other_kind, &number, &room->schedule, &failure));
    assert_int_equal(number, room->integration + 2);
    CHECK(store_integration(room->store, &other_name, &number, &room->schedule, &failure));
    assert_int_equal(number, room->integration + 3);
    room_reopen(room);
    assert_int_equal(room->integration, 1);
}

static void test_a_schedule_is_kept(void **state)
{
    struct room *room = *state;
    struct schedule *schedule = &room->schedule;

    schedule->edge = NOW;
    schedule->history_from = NOW - 1000 * UTC_DAY;
    schedule->rechecked = NOW - UTC_DAY;
    schedule->hole_count = 2;
    schedule->holes[0] = (struct hole){NOW - 9 * UTC_DAY, NOW - 8 * UTC_DAY, SLICE_HISTORY};
    schedule->holes[1] = (struct hole){NOW - 7 * UTC_DAY, NOW - 6 * UTC_DAY, SLICE_RECHECK};
    CHECK(store_schedule(room->store, room->integration, schedule, &failure));
    room_reopen(room);
    assert_true(schedule->edge == NOW);
    assert_true(schedule->history_from == NOW - 1000 * UTC_DAY);
    assert_true(schedule->rechecked == NOW - UTC_DAY);
    assert_int_equal(schedule->hole_count, 2);
    assert_true(schedule->holes[0].to == NOW - 8 * UTC_DAY);
    assert_int_equal(schedule->holes[0].purpose, SLICE_HISTORY);
    assert_true(schedule->holes[1].from == NOW - 7 * UTC_DAY);
    assert_int_equal(schedule->holes[1].purpose, SLICE_RECHECK);

    schedule->hole_count = 0;
    schedule->edge = NOW + UTC_QUARTER;
    room_commit(room);
    room_reopen(room);
    assert_int_equal(schedule->hole_count, 0);
    assert_true(schedule->edge == NOW + UTC_QUARTER);
}

static void test_staged_is_ready_only_when_committed(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(3, 1, 100);

    room_stage(room, parcel);
    assert_int_equal(room_ready(room, 0)->count, 0);
    assert_true(store_spooled_bytes(room->store) > 0);
    room_commit(room);
    const struct ready *ready = room_ready(room, 0);
    assert_int_equal(ready->count, 1);
    const struct outbox_batch *batch = &ready->batches[0];
    assert_int_equal(batch->integration, room->integration);
    assert_int_equal(batch->slice, 1);
    assert_true(batch->from == parcel->batch.from && batch->to == parcel->batch.to);
    assert_int_equal(batch->priority, 2);
    assert_int_equal(batch->records, parcel->batch.records);
    assert_int_equal(batch->plain_size, parcel->plain.size);
    assert_int_equal(batch->group_count, 3);
    assert_true(batch->created == parcel->batch.created);
    assert_memory_equal(batch->key, parcel->batch.key, 16);
    assert_int_equal(store_spooled_bytes(room->store), batch->size);
    parcel_free(parcel);
}

static void test_abandoned_and_left_over_slices_never_were(void **state)
{
    struct room *room = *state;
    struct parcel *kept = parcel_new(2, 1, 100);
    struct parcel *dropped = parcel_new(2, 2, 100);

    room_stage(room, kept);
    room_commit(room);
    const int64_t bytes = store_spooled_bytes(room->store);
    room_stage(room, dropped);
    room_stage(room, dropped);
    assert_true(store_spooled_bytes(room->store) > bytes);
    CHECK(store_abandon(room->store, room->integration, NULL, 0, &failure));
    assert_int_equal(store_spooled_bytes(room->store), bytes);
    room_stage(room, dropped);
    room_reopen(room);
    assert_int_equal(store_spooled_bytes(room->store), bytes);
    room_commit(room);
    assert_int_equal(room_ready(room, 0)->count, 1);
    parcel_free(kept);
    parcel_free(dropped);
}

/* --- whose store it is --- */

static void test_a_store_of_another_machine_is_refused_until_taken_over(void **state)
{
    struct room *room = *state;

    room_close(room);
    assert_null(room_try(room, "another machine", false));
    assert_int_equal(failure.kind, ERROR_FATAL);
    assert_non_null(strstr(failure.text, "--take-over"));
    room->store = room_try(room, "another machine", true);
    assert_non_null(room->store);
    room_close(room);
    room->store = room_try(room, "another machine", false);
    assert_non_null(room->store);
    room_close(room);
    assert_null(room_try(room, "this machine", false));
}

static void test_the_key_is_private_and_stays(void **state)
{
    struct room *room = *state;
    struct stat facts;
    uint8_t key[32];
    char path[128];

    memcpy(key, store_key(room->store), sizeof key);
    room_reopen(room);
    assert_memory_equal(key, store_key(room->store), sizeof key);
    const char *const files[] = {"store.key", "store.db", "bookmarks.json"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", room->folder, files[i]);
        assert_int_equal(stat(path, &facts), 0);
        assert_int_equal(facts.st_mode & 0777, 0600);
    }
}

static void test_a_newer_store_is_refused_and_left_alone(void **state)
{
    struct room *room = *state;

    CHECK(connection_run(&room->store->connection, "PRAGMA user_version = 2", &failure));
    room_close(room);
    assert_null(room_try(room, "this machine", false));
    assert_int_equal(failure.kind, ERROR_FATAL);
    assert_non_null(strstr(failure.text, "newer version"));
    assert_null(room_try(room, "this machine", false));
}

int main(void)
{
#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, room_setup, room_teardown)
    const struct CMUnitTest tests[] = {
        IN_A_ROOM(test_a_new_integration_has_nothing),
        IN_A_ROOM(test_an_integration_is_its_name_id_and_kind),
        IN_A_ROOM(test_a_schedule_is_kept),
        IN_A_ROOM(test_staged_is_ready_only_when_committed),
        IN_A_ROOM(test_abandoned_and_left_over_slices_never_were),
        IN_A_ROOM(test_a_store_of_another_machine_is_refused_until_taken_over),
        IN_A_ROOM(test_the_key_is_private_and_stays),
        IN_A_ROOM(test_a_newer_store_is_refused_and_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
