/* SPDX-License-Identifier: Apache-2.0 */
/* test_outbox_alone.c - a group alone in its batch goes to quarantine, or is held */
#include "tests/unit/store_check.h"

#include "agent/flow/store_memory.h"

#define QUARANTINED "SELECT count(*) FROM quarantine"

static void test_quarantine_keeps_the_group_and_the_answer(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(1, 1, 100);
    struct store_counters counters;
    const struct bytes *opened = NULL;
    size_t size;

    stage_and_commit(room, parcel);
    CHECK(outbox_quarantine(room->store, room_ready(room, 0)->batches[0].number, 422, "bad queue",
                            NOW, &failure));
    assert_int_equal(room_ready(room, 0)->count, 0);
    assert_int_equal(store_spooled_bytes(room->store), 0);
    CHECK(store_counters(room->store, room->integration, &counters, &failure));
    assert_int_equal(counters.quarantined, parcel->batch.records);
    assert_int_equal(counters.uploaded, 0);

    room_reopen(room);
    CHECK(store_begin(room->store, &failure));
    struct query query = query_begin(&room->store->connection,
                                     "SELECT status, sealed FROM quarantine WHERE time = ?");
    query_give(&query, parcel->groups[0].time);
    assert_true(query_next(&query));
    assert_int_equal(query_take(&query), 422);
    const void *sealed = query_take_data(&query, &size);
    opened = store_unseal(room->store, "quarantine", parcel->groups[0].key, sealed, size, &failure);
    assert_non_null(opened);
    assert_int_equal(opened->size, strlen("bad queue") + 1 + parcel->zipped.size);
    assert_string_equal((const char *)opened->data, "bad queue");
    assert_memory_equal(opened->data + strlen("bad queue") + 1, parcel->zipped.data,
                        parcel->zipped.size);
    CHECK(store_end(room->store, query_end(&query, &failure), &failure));
    parcel_free(parcel);
}

static void test_a_newer_version_accepted_empties_the_quarantine(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(1, 1, 100);
    struct parcel *other = parcel_new(2, 1, 100);

    other->groups[0].key[0] = 99;                       /* another queue in the same quarter hour */
    other->groups[1].key[0] = parcel->groups[0].key[0]; /* the same queue in the next */
    stage_and_commit(room, parcel);
    CHECK(outbox_quarantine(room->store, room_ready(room, 0)->batches[0].number, 422, "no", NOW,
                            &failure));
    assert_int_equal(room_ask(room, QUARANTINED), 1);
    stage_and_commit(room, other);
    accept_all(room);
    assert_int_equal(room_ask(room, QUARANTINED), 1);
    room_reopen(room);
    stage_and_commit(room, parcel);
    assert_int_equal(room_ask(room, QUARANTINED), 1);
    accept_all(room);
    assert_int_equal(room_ask(room, QUARANTINED), 0);
    parcel_free(parcel);
    parcel_free(other);
}

static void test_a_group_is_quarantined_once_in_its_newest_version(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(1, 1, 100);

    for (int status = 422; status < 425; status++) {
        stage_and_commit(room, parcel);
        CHECK(outbox_quarantine(room->store, room_ready(room, 0)->batches[0].number, status, "no",
                                NOW, &failure));
    }
    assert_int_equal(room_ask(room, QUARANTINED), 1);
    assert_int_equal(room_ask(room, "SELECT status FROM quarantine"), 424);
    assert_int_equal(room_ask(room, "SELECT quarantined FROM counter"), 3 * parcel->batch.records);
    parcel_free(parcel);
}

static void test_quarantine_keeps_the_newest_groups(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(1, 1, 100);

    CHECK(connection_run(
        &room->store->connection,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
        "INSERT INTO quarantine SELECT i, i, 1, i, zeroblob(16), 1, 422, 0, x'00' FROM n",
        &failure));
    room_reopen(room);
    stage_and_commit(room, parcel);
    CHECK(outbox_quarantine(room->store, room_ready(room, 0)->batches[0].number, 422, "no", NOW,
                            &failure));
    assert_int_equal(room_ask(room, QUARANTINED), OUTBOX_QUARANTINE_MOST);
    assert_int_equal(room_ask(room, "SELECT min(number) FROM quarantine"), 2);
    parcel_free(parcel);
}

static void test_only_a_group_alone_is_quarantined_or_held(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(2, 1, 100);

    stage_and_commit(room, parcel);
    const int64_t number = room_ready(room, 0)->batches[0].number;
    assert_false(outbox_quarantine(room->store, number, 422, "no", NOW, &failure));
    assert_int_equal(failure.kind, ERROR_DATA);
    assert_false(outbox_hold(room->store, number, &failure));
    assert_int_equal(failure.kind, ERROR_DATA);
    assert_int_equal(room_ready(room, 0)->count, 1);
    assert_true(store_spooled_bytes(room->store) > 0);
    parcel_free(parcel);
}

static void count_entry(void *context, const struct ledger_entry *entry)
{
    (void)entry;
    ++*(int *)context;
}

static void test_what_is_held_is_not_sent_again_as_it_is(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(1, 1, 100);
    struct ledger_entry entries[2] = {{.time = parcel->groups[0].time, .records = 1},
                                      {.time = parcel->groups[0].time, .records = 1}};
    const struct store_commit commit = {.integration = room->integration,
                                        .digests = entries,
                                        .digest_count = 2,
                                        .horizon = NOW - UTC_DAY,
                                        .now = NOW};
    const struct store_window window = {room->integration, NOW - UTC_DAY, NOW + UTC_DAY};
    int64_t rejects;
    int digests = 0;

    memcpy(entries[0].key.bytes, parcel->groups[0].key, 16);
    room_stage(room, parcel);
    CHECK(store_commit(room->store, &commit, &rejects, &failure));
    CHECK(outbox_hold(room->store, room_ready(room, 0)->batches[0].number, &failure));
    assert_int_equal(room_ready(room, 0)->count, 0);
    assert_int_equal(room_ask(room, QUARANTINED), 0);
    CHECK(store_digests(room->store, &window, count_entry, &digests, &failure));
    assert_int_equal(digests, 2);
    parcel_free(parcel);
}

int main(void)
{
#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, room_setup, room_teardown)
    const struct CMUnitTest tests[] = {
        IN_A_ROOM(test_quarantine_keeps_the_group_and_the_answer),
        IN_A_ROOM(test_a_newer_version_accepted_empties_the_quarantine),
        IN_A_ROOM(test_a_group_is_quarantined_once_in_its_newest_version),
        IN_A_ROOM(test_quarantine_keeps_the_newest_groups),
        IN_A_ROOM(test_only_a_group_alone_is_quarantined_or_held),
        IN_A_ROOM(test_what_is_held_is_not_sent_again_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
