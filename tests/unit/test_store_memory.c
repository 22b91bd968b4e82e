/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_memory.c - digests, queues, agents, files, rejects: written once, read back, purged */
#include "tests/unit/store_check.h"

#include "agent/base/os.h"
#include "agent/flow/store_memory.h"

static int64_t commit_with(struct room *room, struct store_commit commit)
{
    int64_t rejects = -1;

    commit.integration = room->integration;
    commit.now = commit.now == 0 ? NOW : commit.now;
    CHECK(store_commit(room->store, &commit, &rejects, &failure));
    return rejects;
}

struct digests {
    size_t count;
    struct ledger_entry entries[16];
};

static void digest_add(void *context, const struct ledger_entry *entry)
{
    struct digests *digests = context;

    digests->entries[digests->count++ % 16] = *entry;
}

static struct digests digests_of(struct room *room, utc_ms from, utc_ms to)
{
    const struct store_window window = {room->integration, from, to};
    struct digests digests = {0};

    CHECK(store_digests(room->store, &window, digest_add, &digests, &failure));
    return digests;
}

static struct ledger_entry entry_at(utc_ms time, uint8_t key, uint8_t digest)
{
    return (struct ledger_entry){
        .time = time, .key.bytes[15] = key, .digest.bytes[0] = digest, .records = digest};
}

/* Field by field: what lies between them is nobody's. */
static void check_entry(const struct ledger_entry *found, const struct ledger_entry *expected)
{
    assert_true(found->time == expected->time);
    assert_memory_equal(&found->key, &expected->key, sizeof found->key);
    assert_memory_equal(&found->digest, &expected->digest, sizeof found->digest);
    assert_int_equal(found->records, expected->records);
}

static void test_digests_are_replaced_and_end_with_the_horizon(void **state)
{
    struct room *room = *state;
    const struct ledger_entry first[] = {entry_at(NOW, 1, 10), entry_at(NOW, 2, 20),
                                         entry_at(NOW + UTC_QUARTER, 1, 30)};
    const struct ledger_entry second[] = {entry_at(NOW, 2, 21)};

    commit_with(room, (struct store_commit){.digests = first, .digest_count = 3, .horizon = NOW});
    commit_with(room, (struct store_commit){.digests = second, .digest_count = 1, .horizon = NOW});
    struct digests digests = digests_of(room, NOW, NOW + UTC_QUARTER);
    assert_int_equal(digests.count, 2);
    check_entry(&digests.entries[0], &first[0]);
    check_entry(&digests.entries[1], &second[0]);
    assert_int_equal(digests_of(room, NOW, NOW + UTC_QUARTER + 1).count, 3);
    assert_int_equal(digests_of(room, NOW + 1, NOW + UTC_DAY).count, 1);
    commit_with(room, (struct store_commit){.horizon = NOW + 1});
    assert_int_equal(digests_of(room, 0, NOW + UTC_DAY).count, 1);
}

static void test_staged_digests_count_from_the_commit_on(void **state)
{
    struct room *room = *state;
    const struct ledger_entry first[] = {entry_at(NOW, 1, 10), entry_at(NOW, 2, 20)};
    const struct ledger_entry second[] = {entry_at(NOW, 2, 21)};

    CHECK(store_stage_digests(room->store, room->integration, first, 2, &failure));
    assert_int_equal(digests_of(room, NOW, NOW + 1).count, 0);
    CHECK(store_abandon(room->store, room->integration, NULL, 0, &failure));
    commit_with(room, (struct store_commit){.horizon = UTC_NEVER});
    assert_int_equal(digests_of(room, NOW, NOW + 1).count, 0);

    CHECK(store_stage_digests(room->store, room->integration, first, 2, &failure));
    room_reopen(room); /* a slice that was never committed does not exist */
    commit_with(room, (struct store_commit){.horizon = UTC_NEVER});
    assert_int_equal(digests_of(room, NOW, NOW + 1).count, 0);

    commit_with(room,
                (struct store_commit){.digests = second, .digest_count = 1, .horizon = UTC_NEVER});
    CHECK(store_stage_digests(room->store, room->integration, first, 2, &failure));
    commit_with(room, (struct store_commit){.horizon = UTC_NEVER});
    const struct digests digests = digests_of(room, NOW, NOW + 1);
    assert_int_equal(digests.count, 2);
    check_entry(&digests.entries[0], &first[0]);
    check_entry(&digests.entries[1], &first[1]);
}

static void test_digests_of_files_live_35_days_after_they_were_sent(void **state)
{
    struct room *room = *state;
    const utc_ms years_ago = NOW - 1000 * UTC_DAY;
    const struct ledger_entry entries[] = {entry_at(years_ago, 1, 10), entry_at(years_ago, 2, 20)};

    commit_with(room,
                (struct store_commit){.digests = entries, .digest_count = 2, .horizon = UTC_NEVER});
    commit_with(room, (struct store_commit){.digests = entries,
                                            .digest_count = 1,
                                            .horizon = UTC_NEVER,
                                            .now = NOW + 30 * UTC_DAY});
    assert_int_equal(digests_of(room, 0, NOW).count, 2);
    commit_with(room, (struct store_commit){.horizon = UTC_NEVER, .now = NOW + 36 * UTC_DAY});
    assert_int_equal(digests_of(room, 0, NOW).count, 1);
    assert_int_equal(digests_of(room, 0, NOW).entries[0].key.bytes[15], 1);
    commit_with(room, (struct store_commit){.horizon = UTC_NEVER, .now = NOW + 66 * UTC_DAY});
    assert_int_equal(digests_of(room, 0, NOW).count, 0);
}

struct texts {
    size_t count;
    char text[4096];
};

static void note(struct texts *texts, const char *text)
{
    const size_t size = strlen(texts->text);

    texts->count++;
    snprintf(texts->text + size, sizeof texts->text - size, "%s;", text);
}

static void queue_add(void *context, const struct queue *queue)
{
    char text[128];

    snprintf(text, sizeof text, "%s=%s%s", queue->identifier, queue->name,
             queue->accepted ? "" : "?");
    note(context, text);
}

static void check_queues(struct room *room, const char *expected)
{
    struct texts texts = {0};

    CHECK(store_queues(room->store, room->integration, queue_add, &texts, &failure));
    assert_string_equal(texts.text, expected);
}

static void test_queues_are_pinned_in_order(void **state)
{
    struct room *room = *state;
    const struct queue first[] = {{.identifier = "9", .name = "Sales", .accepted = true},
                                  {.identifier = "1", .name = "Support", .accepted = true}};
    const struct queue renamed[] = {{.identifier = "9", .name = "Sales EU", .accepted = true}};

    commit_with(room, (struct store_commit){.queues = first, .queue_count = 2});
    commit_with(room, (struct store_commit){.queues = renamed, .queue_count = 1});
    room_reopen(room);
    check_queues(room, "9=Sales;1=Support;9=Sales EU;");
}

static void test_candidates_are_the_last_ones_held_back_until_admitted(void **state)
{
    struct room *room = *state;
    const struct queue pinned[] = {{.identifier = "1", .name = "one", .accepted = true}};
    const struct queue first[] = {{.identifier = "8", .name = "eight"},
                                  {.identifier = "9", .name = "nine"}};
    const struct queue later[] = {{.identifier = "7", .name = "seven", .accepted = true},
                                  {.identifier = "9", .name = "nine"}};
    int64_t admitted = -1;

    commit_with(room, (struct store_commit){.queues = pinned, .queue_count = 1});
    CHECK(store_abandon(room->store, room->integration, first, 2, &failure));
    check_queues(room, "1=one;8=eight?;9=nine?;");
    CHECK(store_abandon(room->store, room->integration, NULL, 0, &failure));
    check_queues(room, "1=one;8=eight?;9=nine?;");
    CHECK(store_abandon(room->store, room->integration, later, 2, &failure));
    check_queues(room, "1=one;7=seven?;9=nine?;");
    CHECK(store_accept_queues(room->store, room->integration, &admitted, &failure));
    assert_int_equal(admitted, 2);
    CHECK(store_accept_queues(room->store, room->integration, &admitted, &failure));
    assert_int_equal(admitted, 0);
    check_queues(room, "1=one;7=seven;9=nine;");
}

static void agent_add(void *context, const struct agent_memory *agent)
{
    char text[256];

    snprintf(text, sizeof text, "%s %s %lld %lld", agent->identifier, agent->open_activity,
             agent->open_start == UTC_NEVER ? -1LL : (long long)(agent->open_start - NOW),
             (long long)(agent->earliest_start - NOW));
    note(context, text);
}

static void test_agents_are_remembered_sealed(void **state)
{
    struct room *room = *state;
    const struct agent_memory open = {"bob@mycompany.com", NOW + 5, "Lunch", NOW + 1};
    const struct agent_memory closed = {"bob@mycompany.com", UTC_NEVER, "", NOW - 9};
    struct texts texts = {0};
    struct bytes file;
    char path[128];

    commit_with(room, (struct store_commit){.agents = &open, .agent_count = 1});
    CHECK(store_agents(room->store, room->integration, agent_add, &texts, &failure));
    assert_string_equal(texts.text, "bob@mycompany.com Lunch 5 1;");
    commit_with(room, (struct store_commit){.agents = &closed, .agent_count = 1});
    room_reopen(room);
    texts = (struct texts){0};
    CHECK(store_agents(room->store, room->integration, agent_add, &texts, &failure));
    assert_string_equal(texts.text, "bob@mycompany.com  -1 -9;");

    room_close(room);
    bytes_init(&file, 1 << 24);
    snprintf(path, sizeof path, "%s/store.db", room->folder);
    CHECK(os_file_read_private(path, &file, &failure));
    for (size_t i = 0; i + 13 < file.size; i++)
        assert_memory_not_equal(file.data + i, "bob@mycompany", 13);
    bytes_free(&file);
    room_open(room);
}

static enum store_file_state state_of(struct room *room, const struct store_file *file)
{
    enum store_file_state state;

    CHECK(store_file_state(room->store, room->integration, &file->hash, &state, &failure));
    return state;
}

static void test_a_file_is_delivered_with_its_last_batch(void **state)
{
    struct room *room = *state;
    const struct store_file file = {.hash.bytes[3] = 7, .name = "a.csv", .imported = NOW};
    struct parcel *parcel = parcel_new(1, 1, 10);

    assert_int_equal(state_of(room, &file), STORE_FILE_UNKNOWN);
    room_stage(room, parcel);
    commit_with(room, (struct store_commit){.horizon = UTC_NEVER}); /* a first part of it */
    assert_int_equal(state_of(room, &file), STORE_FILE_UNKNOWN);
    room_stage(room, parcel);
    commit_with(room, (struct store_commit){.horizon = UTC_NEVER, .file = &file});
    assert_int_equal(state_of(room, &file), STORE_FILE_KNOWN);
    room_stage(room, parcel); /* of the next file */
    room_commit(room);
    room_reopen(room);
    for (int left = 3; left > 1; left--) {
        assert_int_equal(state_of(room, &file), STORE_FILE_KNOWN);
        CHECK(outbox_accepted(room->store, &room_ready(room, 0)->batches[0].number, 1, NOW,
                              &failure));
    }
    assert_int_equal(state_of(room, &file), STORE_FILE_DELIVERED);
    parcel_free(parcel);
}

static void test_counters_add_up(void **state)
{
    struct room *room = *state;
    struct store_counters counters;

    for (int i = 0; i < 2; i++)
        commit_with(
            room,
            (struct store_commit){
                .read = 100, .unchanged = 20, .rounded = 3, .ambiguous = 4, .nonexistent = 5});
    room_reopen(room);
    CHECK(store_counters(room->store, room->integration, &counters, &failure));
    assert_int_equal(counters.read, 200);
    assert_int_equal(counters.unchanged, 40);
    assert_int_equal(counters.rounded, 6);
    assert_int_equal(counters.ambiguous, 8);
    assert_int_equal(counters.nonexistent, 10);
}

/* --- rejects --- */

static int64_t reject_many(struct room *room, int first, int count, utc_ms now)
{
    static struct store_reject rejects[4000];
    static char cells[4000][32];

    for (int i = 0; i < count; i++) {
        snprintf(cells[i], sizeof cells[i], "row %d", first + i);
        rejects[i] = (struct store_reject){
            .origin = "x.csv, line 17", .reason = "it is odd", .cells = cells[i]};
        memcpy(rejects[i].hash.bytes, cells[i], 16);
    }
    return commit_with(room, (struct store_commit){.rejects = rejects,
                                                   .reject_count = (size_t)count,
                                                   .horizon = now - 7 * UTC_DAY,
                                                   .now = now});
}

struct seen {
    int64_t count;
    char first[64], last[64];
    utc_ms first_seen;
};

static void reject_see(void *context, const struct store_reject *reject)
{
    struct seen *seen = context;

    snprintf(seen->count++ == 0 ? seen->first : seen->last, 64, "%s|%s|%s", reject->origin,
             reject->reason, reject->cells);
    seen->first_seen = reject->first_seen;
}

static void test_rejects_are_counted_once(void **state)
{
    struct room *room = *state;
    struct store_counters counters;
    struct seen seen = {0};

    assert_int_equal(reject_many(room, 0, 10, NOW), 10);
    assert_int_equal(reject_many(room, 0, 10, NOW + 1), 0);
    assert_int_equal(reject_many(room, 5, 10, NOW + 2), 5);
    room_reopen(room);
    assert_int_equal(reject_many(room, 0, 15, NOW + 3), 0);
    CHECK(store_counters(room->store, room->integration, &counters, &failure));
    assert_int_equal(counters.rejected, 15);
    CHECK(store_rejects(room->store, room->integration, 100, reject_see, &seen, &failure));
    assert_int_equal(seen.count, 15);
    assert_string_equal(seen.first, "x.csv, line 17|it is odd|row 14");
    assert_string_equal(seen.last, "x.csv, line 17|it is odd|row 0");
    assert_true(seen.first_seen == NOW);
    seen = (struct seen){0};
    CHECK(store_rejects(room->store, room->integration, 2, reject_see, &seen, &failure));
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.last, "x.csv, line 17|it is odd|row 13");
}

static void test_the_newest_rejects_are_kept_and_the_others_stay_known(void **state)
{
    struct room *room = *state;
    struct seen seen = {0};

    assert_int_equal(reject_many(room, 0, 1500, NOW), 1500);
    CHECK(store_rejects(room->store, room->integration, 4000, reject_see, &seen, &failure));
    assert_int_equal(seen.count, STORE_REJECTS_MOST);
    assert_string_equal(seen.first, "x.csv, line 17|it is odd|row 1499");
    assert_string_equal(seen.last, "x.csv, line 17|it is odd|row 500");
    assert_int_equal(reject_many(room, 0, 1500, NOW + 1), 0);
    /* Out of the horizon only those kept readable are still known. */
    assert_int_equal(reject_many(room, 0, 0, NOW + 8 * UTC_DAY), 0);
    assert_int_equal(reject_many(room, 0, 1500, NOW + 8 * UTC_DAY), 500);
}

static void test_hashes_of_rejects_are_bounded(void **state)
{
    struct room *room = *state;

    CHECK(connection_run(
        &room->store->connection,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100500) "
        "INSERT INTO reject SELECT i, 1, i, 0, 9e15, NULL FROM n",
        &failure));
    assert_int_equal(reject_many(room, 0, 10, NOW), 10);
    assert_int_equal(room_ask(room, "SELECT count(*) FROM reject"), 100000);
}

/* Whatever a slice of a full day brings is committed at once. */
static void test_many_digests_are_committed_in_a_moment(void **state)
{
    struct room *room = *state;
    const size_t count = 100000;
    struct ledger_entry *entries = calloc(count, sizeof *entries);

    for (size_t i = 0; i < count; i++) {
        entries[i] = entry_at(NOW + (int64_t)(i / 1000) * UTC_QUARTER, 0, (uint8_t)i);
        memcpy(entries[i].key.bytes, &i, sizeof i);
    }
    const int64_t begun = os_monotonic_ms();
    for (int round = 0; round < 2; round++)
        commit_with(
            room, (struct store_commit){.digests = entries, .digest_count = count, .horizon = NOW});
    print_message("2 x %zu digests: %lld ms\n", count, (long long)(os_monotonic_ms() - begun));
    assert_int_equal(digests_of(room, NOW, NOW + 365 * UTC_DAY).count, count);
    free(entries);
}

int main(void)
{
#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, room_setup, room_teardown)
    const struct CMUnitTest tests[] = {
        IN_A_ROOM(test_digests_are_replaced_and_end_with_the_horizon),
        IN_A_ROOM(test_staged_digests_count_from_the_commit_on),
        IN_A_ROOM(test_digests_of_files_live_35_days_after_they_were_sent),
        IN_A_ROOM(test_queues_are_pinned_in_order),
        IN_A_ROOM(test_candidates_are_the_last_ones_held_back_until_admitted),
        IN_A_ROOM(test_agents_are_remembered_sealed),
        IN_A_ROOM(test_a_file_is_delivered_with_its_last_batch),
        IN_A_ROOM(test_counters_add_up),
        IN_A_ROOM(test_rejects_are_counted_once),
        IN_A_ROOM(test_the_newest_rejects_are_kept_and_the_others_stay_known),
        IN_A_ROOM(test_hashes_of_rejects_are_bounded),
        IN_A_ROOM(test_many_digests_are_committed_in_a_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
