/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_damage.c - a damaged store is set aside and said; bookmarks, lost files, versions */
#include "tests/unit/store_story.h"

#include "agent/flow/store_schema.h"

static void read_whole(struct room *room, const char *name, struct bytes *out)
{
    char path[128];

    bytes_init(out, 1 << 24);
    snprintf(path, sizeof path, "%s/%s", room->folder, name);
    CHECK(os_file_read(path, out, &failure));
}

static void write_whole(struct room *room, const char *name, const void *data, size_t size)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", room->folder, name);
    CHECK(os_file_replace(path, data, size, &failure));
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void spoil(struct bytes *bytes, int round, uint32_t *seed)
{
    if (round % 5 == 0) {
        bytes->size = next_random(seed) % bytes->size;
        return;
    }
    const size_t many = 1 + next_random(seed) % (round % 2 == 0 ? 4000 : 20);
    const size_t at = round % 3 == 0 ? next_random(seed) % 100 : next_random(seed) % bytes->size;
    for (size_t i = at; i < at + many && i < bytes->size; i++)
        bytes->data[i] = (uint8_t)next_random(seed);
}

/* Anything a running agent does. False: the store said, as it must, that it is damaged. */
static bool live_a_day(struct room *room)
{
    const struct store_identity identity = {.name = "support-calls", .id = 1234, .kind = 0};
    struct story story = story_new(room);
    struct ready ready = {0};
    bool done =
        store_integration(room->store, &identity, &room->integration, &room->schedule, &failure) &&
        story_stage(&story, story.large) && story_commit(&story, 3) &&
        outbox_ready(room->store, room->integration, 0, ready_add, &ready, &failure);

    for (size_t i = 0; done && i < ready.count; i++) {
        struct bytes body;
        bytes_init(&body, 1 << 24);
        done = outbox_body(room->store, ready.batches[i].number, true, &body, &failure) &&
               outbox_accepted(room->store, &ready.batches[i].number, 1, NOW, &failure);
        bytes_free(&body);
    }
    if (!done) {
        assert_int_equal(failure.kind, ERROR_FATAL);
        assert_non_null(strstr(failure.text, "damaged"));
        assert_non_null(strstr(failure.text, "store.db.corrupt-2026"));
        assert_null(room->store->connection.sqlite);
        assert_false(story_stage(&story, story.large));
        assert_int_equal(failure.kind, ERROR_FATAL);
    }
    story_end(&story);
    return done;
}

static void test_a_damaged_store_is_set_aside_and_it_goes_on(void **state)
{
    struct room *room = *state;
    struct facts expected[STEPS + 1];
    struct bytes store, key, bookmarks;
    uint32_t seed = 20260105;
    int set_aside = 0;

    tell_undisturbed(room, expected);
    room_close(room);
    read_whole(room, "store.db", &store);
    read_whole(room, "store.key", &key);
    read_whole(room, "bookmarks.json", &bookmarks);
    for (int round = 0; round < 100; round++) {
        struct bytes spoilt;
        bytes_init(&spoilt, 1 << 24);
        bytes_append(&spoilt, store.data, store.size);
        spoil(&spoilt, round, &seed);
        room_empty(room);
        write_whole(room, "store.db", spoilt.data, spoilt.size);
        write_whole(room, "store.key", key.data, key.size);
        write_whole(room, "bookmarks.json", bookmarks.data, bookmarks.size);
        bytes_free(&spoilt);

        room->store = room_try(room, "this machine", false);
        if (room->store == NULL)
            fail_msg("round %d: %s", round, failure.text);
        set_aside += room->notice[0] != '\0';
        if (!live_a_day(room)) {
            set_aside++;
            room_close(room);
            room->store = room_try(room, "this machine", false);
            assert_non_null(room->store);
            assert_non_null(strstr(room->notice, "bookmarks.json"));
            assert_true(live_a_day(room));
        }
        room_close(room);
    }
    print_message("damaged 100 times, set aside %d times\n", set_aside);
    assert_true(set_aside > 40);
    bytes_free(&store);
    bytes_free(&key);
    bytes_free(&bookmarks);
    room_open(room);
}

/* Damage met while running: said, set aside at that moment, and the next start goes on. */
static void test_a_body_that_does_not_open_is_damage(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(1, 1, 10);
    struct bytes out;
    char path[128];

    bytes_init(&out, 1 << 20);
    snprintf(path, sizeof path, "%s/store.db", room->folder);
    room_stage(room, parcel);
    room_commit(room);
    const int64_t number = room_ready(room, 0)->batches[0].number;
    CHECK(store_bookmarks(room->store, NOW, &failure));
    CHECK(connection_run(&room->store->connection,
                         "UPDATE body SET sealed = zeroblob(length(sealed))", &failure));
    assert_false(outbox_body(room->store, number, false, &out, &failure));
    assert_int_equal(failure.kind, ERROR_FATAL);
    assert_non_null(strstr(failure.text, "set aside as store.db.corrupt-"));
    assert_false(os_file_exists(path));
    assert_false(outbox_accepted(room->store, &number, 1, NOW, &failure));
    assert_int_equal(failure.kind, ERROR_FATAL);
    room_reopen(room);
    assert_non_null(strstr(room->notice, "bookmarks.json"));
    room_stage(room, parcel);
    room_commit(room);
    bytes_free(&out);
    parcel_free(parcel);
}

/* Sealed rows are bound to their places: one body under another's key is not a body. */
static void test_bodies_cannot_be_exchanged(void **state)
{
    struct room *room = *state;
    struct parcel *one = parcel_new(1, 1, 10), *other = parcel_new(1, 2, 10);
    struct bytes out;

    bytes_init(&out, 1 << 20);
    room_stage(room, one);
    room_stage(room, other);
    room_commit(room);
    const int64_t number = room_ready(room, 0)->batches[0].number;
    CHECK(connection_run(&room->store->connection,
                         "UPDATE body SET sealed = (SELECT sealed FROM body ORDER BY number DESC)",
                         &failure));
    assert_false(outbox_body(room->store, number, false, &out, &failure));
    assert_int_equal(failure.kind, ERROR_FATAL);
    bytes_free(&out);
    parcel_free(one);
    parcel_free(other);
}

static void queue_note(void *context, const struct queue *queue)
{
    char *text = context;
    const size_t size = strlen(text);

    snprintf(text + size, 256 - size, "%s=%s;", queue->identifier, queue->name);
}

/* Edge, holes, what lay in the spool, and the pinned queues come back. */
static void test_bookmarks_bring_back_where_it_stood(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(1, 1, 10);
    const struct queue queues[] = {{.identifier = "1", .name = "Über \"1\"", .accepted = true},
                                   {.identifier = "0", .name = "b", .accepted = true}};
    struct schedule *schedule = &room->schedule;
    char pinned[256] = "";

    schedule->edge = NOW;
    schedule->history_from = NOW - 1000 * UTC_DAY;
    schedule->hole_count = 1;
    schedule->holes[0] = (struct hole){NOW - 900 * UTC_DAY, NOW - 800 * UTC_DAY, SLICE_REIMPORT};
    const struct store_commit commit = {.integration = room->integration,
                                        .schedule = schedule,
                                        .queues = queues,
                                        .queue_count = 2,
                                        .now = NOW};
    int64_t rejects;

    parcel->batch.from = NOW - 400 * UTC_DAY;
    parcel->batch.to = NOW - 399 * UTC_DAY;
    room_stage(room, parcel);
    CHECK(store_commit(room->store, &commit, &rejects, &failure));
    CHECK(store_bookmarks(room->store, NOW, &failure));
    store_close(room->store);
    write_whole(room, "store.db", "no store at all", 15);
    room_open(room);
    assert_non_null(strstr(room->notice, "store.db.corrupt-20260105T080000Z"));
    assert_non_null(strstr(room->notice, "14 days"));

    assert_true(schedule->edge == NOW);
    assert_true(schedule->history_from == NOW - 1000 * UTC_DAY);
    assert_int_equal(schedule->hole_count, 3);
    assert_true(schedule->holes[0].from == NOW - 900 * UTC_DAY);
    assert_int_equal(schedule->holes[0].purpose, SLICE_REIMPORT);
    assert_true(schedule->holes[1].from == NOW - 400 * UTC_DAY);
    assert_true(schedule->holes[1].to == NOW - 399 * UTC_DAY);
    assert_true(schedule->holes[2].from == NOW - 14 * UTC_DAY && schedule->holes[2].to == NOW);
    assert_int_equal(schedule->holes[2].purpose, SLICE_HISTORY);
    CHECK(store_queues(room->store, room->integration, queue_note, pinned, &failure));
    assert_string_equal(pinned, "1=Über \"1\";0=b;");
    room_reopen(room);
    assert_string_equal(room->notice, "");
    assert_int_equal(schedule->hole_count, 3);
    parcel_free(parcel);
}

static void test_bookmarks_are_written_hourly(void **state)
{
    struct room *room = *state;
    char path[128];

    snprintf(path, sizeof path, "%s/bookmarks.json", room->folder);
    CHECK(store_bookmarks(room->store, NOW, &failure));
    assert_true(os_file_exists(path));
    unlink(path);
    CHECK(store_bookmarks(room->store, NOW + UTC_HOUR - 1, &failure));
    assert_false(os_file_exists(path));
    CHECK(store_bookmarks(room->store, NOW + UTC_HOUR, &failure));
    assert_true(os_file_exists(path));
}

/* Lost store, lost key, useless bookmarks: each is said, none stops the agent. */
static void test_lost_files_are_said(void **state)
{
    struct room *room = *state;
    char path[128];

    room->schedule.edge = NOW;
    room_commit(room);
    room_close(room);
    snprintf(path, sizeof path, "%s/store.db", room->folder);
    unlink(path);
    room_open(room);
    assert_non_null(strstr(room->notice, "there was no store"));
    assert_true(room->schedule.edge == NOW);

    room_close(room);
    write_whole(room, "store.key", "short", 5);
    room_open(room);
    assert_non_null(strstr(room->notice, "store.key is not the key"));
    assert_true(room->schedule.edge == NOW);

    room_close(room);
    write_whole(room, "bookmarks.json", "{\"integrations\":[{\"name\":7},3,{\"na", 30);
    write_whole(room, "store.db", "nothing", 7);
    room_open(room);
    assert_non_null(strstr(room->notice, "everything is read again"));
    assert_true(room->schedule.edge == UTC_NEVER);
}

/* --- versions --- */

static void test_an_older_store_is_copied_then_raised_whole(void **state)
{
    static const char *const good[] = {"", "CREATE TABLE added (a INTEGER)"};
    static const char *const bad[] = {"", "CREATE TABLE added (a INTEGER); DROP TABLE nowhere"};
    const struct schema_steps to_good = {.texts = good, .count = 2};
    const struct schema_steps to_bad = {.texts = bad, .count = 2};
    struct room *room = *state;
    struct connection *connection = &room->store->connection;
    struct connection copy;
    char path[128];
    int version;

    CHECK(schema_version(connection, &to_good, &version, &failure));
    assert_int_equal(version, 1);
    CHECK(schema_copy(connection, version, &failure));
    CHECK(schema_copy(connection, version, &failure)); /* of an attempt that was cut short */

    CHECK(connection_begin(connection, &failure));
    assert_false(schema_raise(connection, &to_bad, version, &failure));
    connection_rollback(connection);
    connection->damaged = false;
    CHECK(schema_version(connection, &to_good, &version, &failure));
    assert_int_equal(version, 1);

    CHECK(connection_begin(connection, &failure));
    CHECK(schema_raise(connection, &to_good, version, &failure));
    CHECK(connection_commit(connection, &failure));
    CHECK(schema_version(connection, &to_good, &version, &failure));
    assert_int_equal(version, 2);
    CHECK(connection_run(connection, "INSERT INTO added VALUES (1)", &failure));

    snprintf(path, sizeof path, "%s/store.db.version-1", room->folder);
    CHECK(connection_open(&copy, path, &failure));
    CHECK(schema_version(&copy, &schema_steps, &version, &failure));
    assert_int_equal(version, 1);
    CHECK(connection_run(&copy, "SELECT slice FROM integration", &failure));
    connection_close(&copy);
    CHECK(connection_run(connection, "PRAGMA user_version = 1", &failure));
}

int main(void)
{
#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, room_setup, room_teardown)
    const struct CMUnitTest tests[] = {
        IN_A_ROOM(test_a_damaged_store_is_set_aside_and_it_goes_on),
        IN_A_ROOM(test_a_body_that_does_not_open_is_damage),
        IN_A_ROOM(test_bodies_cannot_be_exchanged),
        IN_A_ROOM(test_bookmarks_bring_back_where_it_stood),
        IN_A_ROOM(test_bookmarks_are_written_hourly),
        IN_A_ROOM(test_lost_files_are_said),
        IN_A_ROOM(test_an_older_store_is_copied_then_raised_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
