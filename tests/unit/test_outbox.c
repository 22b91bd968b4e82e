/* SPDX-License-Identifier: Apache-2.0 */
/* test_outbox.c - a batch comes out as it went in, whole or in halves, and leaves once accepted */
#include "tests/unit/store_check.h"

#include "agent/base/os.h"

#define LARGE ((size_t)1 << 24)

static void check_body(struct room *room, int64_t number, const void *plain, size_t size)
{
    struct bytes stored, unzipped, asked;

    bytes_init(&stored, LARGE);
    bytes_init(&unzipped, LARGE);
    bytes_init(&asked, LARGE);
    CHECK(outbox_body(room->store, number, true, &asked, &failure));
    assert_int_equal(asked.size, size);
    assert_memory_equal(asked.data, plain, size);
    CHECK(outbox_body(room->store, number, false, &stored, &failure));
    CHECK(gzip_decompress(stored.data, stored.size, size, &unzipped, &failure));
    assert_memory_equal(unzipped.data, plain, size);
    bytes_free(&stored);
    bytes_free(&unzipped);
    bytes_free(&asked);
}

static struct outbox_totals totals_of(struct room *room)
{
    struct outbox_totals totals, all;

    outbox_totals(room->store, room->integration, &totals);
    outbox_totals(room->store, 0, &all);
    assert_memory_equal(&totals, &all, sizeof totals);
    return totals;
}

static void test_a_body_comes_out_as_it_went_in(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(5, 1, 5000);

    stage_and_commit(room, parcel);
    check_body(room, room_ready(room, 0)->batches[0].number, parcel->plain.data,
               parcel->plain.size);
    room_reopen(room);
    check_body(room, room_ready(room, 0)->batches[0].number, parcel->plain.data,
               parcel->plain.size);
    parcel_free(parcel);
}

static void test_a_body_that_is_not_there_is_said(void **state)
{
    struct room *room = *state;
    struct bytes out;

    bytes_init(&out, LARGE);
    assert_false(outbox_body(room->store, 77, false, &out, &failure));
    assert_int_equal(failure.kind, ERROR_DATA);
    assert_int_equal(out.size, 0);
    bytes_free(&out);
}

static void test_ready_ones_are_visited_in_order_after_a_place(void **state)
{
    struct room *room = *state;

    for (int i = 0; i < 5; i++) {
        struct parcel *parcel = parcel_new(1, i, 10);
        stage_and_commit(room, parcel);
        parcel_free(parcel);
    }
    const struct ready *ready = room_ready(room, 0);
    assert_int_equal(ready->count, 5);
    for (int i = 1; i < 5; i++)
        assert_true(ready->batches[i].place > ready->batches[i - 1].place);
    const int64_t third = ready->batches[2].place;
    const int64_t last = ready->batches[4].place;
    ready = room_ready(room, third);
    assert_int_equal(ready->count, 2);
    assert_true(ready->batches[0].created == NOW + 3);
    assert_int_equal(room_ready(room, last)->count, 0);
}

/* While one integration stages, another commits: the first one's batches are older, but become
 * ready later, and must not be passed over. */
static void test_integrations_do_not_hide_each_other(void **state)
{
    struct room *room = *state;
    const struct store_identity identity = {.name = "other", .id = 5, .kind = 0};
    struct parcel *parcel = parcel_new(1, 1, 10);
    struct room other = *room;

    CHECK(store_integration(room->store, &identity, &other.integration, &other.schedule, &failure));
    room_stage(room, parcel);
    room_stage(&other, parcel);
    room_commit(&other);
    assert_int_equal(room_ready(room, 0)->count, 0);
    const int64_t place = room_ready(&other, 0)->batches[0].place;
    room_commit(room);
    assert_int_equal(room_ready(room, 0)->count, 1);
    assert_true(room_ready(room, 0)->batches[0].place < place);
    parcel_free(parcel);
}

static void test_accepted_is_gone_and_counted(void **state)
{
    struct room *room = *state;
    struct parcel *first = parcel_new(2, 10, 100);
    struct parcel *second = parcel_new(3, 20, 100);
    struct store_counters counters;

    assert_true(totals_of(room).oldest == UTC_NEVER);
    stage_and_commit(room, first);
    room_stage(room, second);
    assert_int_equal(totals_of(room).batches, 1);
    room_commit(room);
    assert_int_equal(totals_of(room).batches, 2);
    assert_int_equal(totals_of(room).records, first->batch.records + second->batch.records);
    assert_int_equal(totals_of(room).bytes, store_spooled_bytes(room->store));
    assert_true(totals_of(room).oldest == NOW + 10);

    const int64_t numbers[] = {room_ready(room, 0)->batches[0].number, 99};
    CHECK(outbox_accepted(room->store, numbers, 2, NOW + 5, &failure));
    assert_int_equal(room_ready(room, 0)->count, 1);
    assert_int_equal(totals_of(room).batches, 1);
    assert_true(totals_of(room).oldest == NOW + 20);
    const struct outbox_totals before = totals_of(room);
    room_reopen(room);
    const struct outbox_totals after = totals_of(room);
    assert_memory_equal(&before, &after, sizeof before);
    CHECK(store_counters(room->store, room->integration, &counters, &failure));
    assert_int_equal(counters.uploaded, first->batch.records);
    assert_true(counters.last_accepted == NOW + 5);

    assert_int_equal(accept_all(room), 1);
    assert_int_equal(store_spooled_bytes(room->store), 0);
    assert_true(totals_of(room).oldest == UTC_NEVER);
    parcel_free(first);
    parcel_free(second);
}

/* 37 halves stand where their batch stood, before the newer one, also after a restart. */
static void check_halves_survive(struct room *room, int64_t place, int64_t records)
{
    const struct ready *ready = room_ready(room, 0);
    assert_int_equal(ready->count, 38);
    for (size_t i = 0; i < 37; i++)
        assert_true(ready->batches[i].place == place);
    assert_int_equal(ready->batches[37].group_count, 37);
    const struct outbox_totals before = totals_of(room);
    room_reopen(room);
    const struct outbox_totals after = totals_of(room);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(after.records, 2 * records);
}

/* Cuts a batch down to single groups and puts the pieces together again. */
static void test_halves_keep_every_byte(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(37, 1, 300);
    struct outbox_batch queue[128], halves[2];
    struct bytes joined, body;
    size_t waiting = 0, singles = 0;
    int64_t records = 0;

    stage_and_commit(room, parcel);
    stage_and_commit(room, parcel); /* a newer one, which nothing may jump behind */
    queue[waiting++] = room_ready(room, 0)->batches[0];
    const struct outbox_batch whole = queue[0];
    bytes_init(&joined, LARGE);
    bytes_init(&body, LARGE);
    bytes_append_text(&joined, PARCEL_HEAD);
    while (waiting > 0) {
        const struct outbox_batch batch = queue[--waiting];
        if (batch.group_count > 1) {
            CHECK(outbox_split(room->store, batch.number, halves, &failure));
            assert_int_equal(halves[0].group_count + halves[1].group_count, batch.group_count);
            assert_true(halves[0].number != halves[1].number && halves[0].number > batch.number);
            assert_memory_not_equal(halves[0].key, batch.key, 16);
            assert_memory_not_equal(halves[0].key, halves[1].key, 16);
            queue[waiting++] = halves[1];
            queue[waiting++] = halves[0];
            continue;
        }
        const struct batch_group *group = &parcel->groups[singles];
        assert_true(batch.place == whole.place && batch.slice == whole.slice);
        assert_int_equal(batch.priority, whole.priority);
        assert_true(batch.created == whole.created);
        assert_int_equal(batch.records, group->records);
        assert_true(batch.from == group->time && batch.to == group->time + UTC_QUARTER);
        bytes_reset(&body);
        CHECK(outbox_body(room->store, batch.number, true, &body, &failure));
        assert_int_equal(body.size, batch.plain_size);
        assert_memory_equal(body.data, PARCEL_HEAD, strlen(PARCEL_HEAD));
        const size_t frame = strlen(PARCEL_HEAD) + strlen(PARCEL_TAIL);
        assert_memory_equal(body.data + body.size - strlen(PARCEL_TAIL), PARCEL_TAIL,
                            strlen(PARCEL_TAIL));
        if (singles++ > 0)
            bytes_append_byte(&joined, ',');
        bytes_append(&joined, body.data + strlen(PARCEL_HEAD), body.size - frame);
        records += batch.records;
    }
    bytes_append_text(&joined, PARCEL_TAIL);
    assert_int_equal(singles, 37);
    assert_int_equal(records, parcel->batch.records);
    assert_int_equal(joined.size, parcel->plain.size);
    assert_memory_equal(joined.data, parcel->plain.data, joined.size);

    check_halves_survive(room, whole.place, parcel->batch.records);
    bytes_free(&joined);
    bytes_free(&body);
    parcel_free(parcel);
}

static void test_halves_are_even_in_bytes(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(16, 1, 1000);
    struct outbox_batch halves[2];

    stage_and_commit(room, parcel);
    CHECK(outbox_split(room->store, room_ready(room, 0)->batches[0].number, halves, &failure));
    assert_int_equal(halves[0].group_count, 8);
    assert_true(halves[0].to == halves[1].from);
    parcel_free(parcel);
}

static void test_a_single_group_cannot_be_split(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(1, 1, 10);
    struct outbox_batch halves[2];

    stage_and_commit(room, parcel);
    const int64_t number = room_ready(room, 0)->batches[0].number;
    assert_false(outbox_split(room->store, number, halves, &failure));
    assert_int_equal(failure.kind, ERROR_DATA);
    check_body(room, number, parcel->plain.data, parcel->plain.size);
    assert_int_equal(totals_of(room).batches, 1);
    parcel_free(parcel);
}

struct reader {
    struct store *store;
    int64_t integration;
    const struct parcel *parcel;
    bool done;
};

#define SLICES 20

static void read_slices(void *argument)
{
    struct reader *reader = argument;
    const struct store_commit commit = {.integration = reader->integration, .now = NOW};
    struct error err;
    int64_t rejects;

    reader->done = true;
    for (int i = 0; i < SLICES && reader->done; i++)
        reader->done =
            store_stage(reader->store, reader->integration, &reader->parcel->batch, 1, &err) &&
            store_commit(reader->store, &commit, &rejects, &err);
}

static void test_readers_and_the_sender_work_at_once(void **state)
{
    struct room *room = *state;
    const struct store_identity identity = {.name = "other", .id = 5, .kind = 0};
    struct parcel *parcel = parcel_new(1, 1, 10);
    struct room other = *room;
    int64_t sent = 0;

    CHECK(store_integration(room->store, &identity, &other.integration, &other.schedule, &failure));
    struct reader readers[] = {{room->store, room->integration, parcel, false},
                               {room->store, other.integration, parcel, false}};
    struct os_thread *one = os_thread_start(read_slices, &readers[0]);
    struct os_thread *two = os_thread_start(read_slices, &readers[1]);
    for (int i = 0; i < 10; i++)
        sent += accept_all(room) + accept_all(&other);
    os_thread_join(one);
    os_thread_join(two);
    assert_true(readers[0].done && readers[1].done);
    sent += accept_all(room) + accept_all(&other);
    assert_int_equal(sent, 2 * SLICES);
    assert_int_equal(totals_of(room).bytes, 0);
    parcel_free(parcel);
}

/* No body, answer or name of a queue's group lies readable in the file. */
static void test_bodies_are_sealed(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(1, 1, 100);
    char path[128];
    struct bytes file;

    stage_and_commit(room, parcel);
    stage_and_commit(room, parcel);
    CHECK(outbox_quarantine(room->store, room_ready(room, 0)->batches[0].number, 422,
                            "an answer about somebody", NOW, &failure));
    room_close(room);
    snprintf(path, sizeof path, "%s/store.db", room->folder);
    bytes_init(&file, LARGE);
    CHECK(os_file_read_private(path, &file, &failure));
    for (size_t i = 0; i + 24 < file.size; i++) {
        assert_memory_not_equal(file.data + i, "an answer about somebody", 24);
        assert_memory_not_equal(file.data + i, parcel->zipped.data + 10, 24);
    }
    bytes_free(&file);
    parcel_free(parcel);
    room_open(room);
}

/* A full spool that is sent leaves room that the next one uses. */
static void test_the_file_does_not_grow_for_ever(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(20, 1, 2000);
    int64_t pages = 0;

    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 20; i++)
            room_stage(room, parcel);
        room_commit(room);
        accept_all(room);
        if (round == 1)
            pages = room_ask(room, "PRAGMA page_count");
    }
    assert_true(room_ask(room, "PRAGMA page_count") <= pages);
    parcel_free(parcel);
}

int main(void)
{
#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, room_setup, room_teardown)
    const struct CMUnitTest tests[] = {
        IN_A_ROOM(test_a_body_comes_out_as_it_went_in),
        IN_A_ROOM(test_a_body_that_is_not_there_is_said),
        IN_A_ROOM(test_ready_ones_are_visited_in_order_after_a_place),
        IN_A_ROOM(test_integrations_do_not_hide_each_other),
        IN_A_ROOM(test_accepted_is_gone_and_counted),
        IN_A_ROOM(test_halves_keep_every_byte),
        IN_A_ROOM(test_halves_are_even_in_bytes),
        IN_A_ROOM(test_a_single_group_cannot_be_split),
        IN_A_ROOM(test_readers_and_the_sender_work_at_once),
        IN_A_ROOM(test_bodies_are_sealed),
        IN_A_ROOM(test_the_file_does_not_grow_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
