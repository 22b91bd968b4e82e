/* SPDX-License-Identifier: Apache-2.0 */
/* test_intake.c - slices through a real store: what is sent, what is not, what is left of a failure
 */
#include "tests/unit/store_check.h"

#include "agent/base/os.h"
#include "agent/flow/intake.h"
#include "agent/flow/packer.h"

#define SLICE_FROM     (NOW - 2 * UTC_HOUR)
#define ROWS_A_QUARTER 10000 /* a trial of the order is over soon */

static const struct ends_settings ends = {.longest_ms = UTC_DAY};

/* What a test changes of the rules before intake_at. */
struct desk {
    struct room *room;
    struct queues_settings queues;
    struct intake_rules rules;
    struct intake *intake;
    struct intake_result result;
};

static struct desk desk_of(void **state)
{
    return (struct desk){
        .room = *state,
        .queues = {.max_new_queues = 2},
        .rules = {.batch = {.kind = DATA_CONTACTS,
                            .id = 1234,
                            .max_records = 1000,
                            .max_bytes = 4 << 20},
                  .ends = &ends,
                  .send_corrections = true,
                  .horizon_ms = 7 * UTC_DAY,
                  .source = "support-calls"},
    };
}

static void desk_open(struct desk *desk)
{
    desk->rules.queues = &desk->queues;
    desk->intake = intake_open(desk->room->store, desk->room->integration, &desk->rules,
                               desk->room->folder, &failure);
    assert_non_null(desk->intake);
}

static const struct slice live = {SLICE_LIVE, SLICE_FROM, NOW, NULL};

static void begin(struct desk *desk, const struct slice *slice)
{
    CHECK(intake_begin(desk->intake, slice, NOW, &failure));
}

static bool tell_queue(struct desk *desk, uint32_t number, const char *identifier, const char *name)
{
    const struct names_told told = {NAME_QUEUE, number, identifier, name};

    return intake_name(desk->intake, &told, &failure);
}

/* A contact of queue `subject`, so many minutes after the slice's start. */
static bool tell_contact(struct desk *desk, uint32_t subject, int minute, int64_t duration_ms)
{
    struct record record = {
        .time = SLICE_FROM + minute * UTC_MINUTE,
        .subject = subject,
        .volume = {.offered = 1, .answered = 1, .duration_ms = duration_ms},
    };

    return intake_records(desk->intake, &record, 1, &failure);
}

static void tell_reject(struct desk *desk, uint8_t which)
{
    const struct reject reject = {
        .hash.bytes[0] = which, .line = which, .reason = "timestamp is no time", .cells = "x"};

    intake_reject(desk->intake, &reject);
}

static bool try_commit(struct desk *desk, const struct store_file *file)
{
    const struct normalise_counts counts = {.rows = 1};
    const bool is_file = file != NULL;

    return intake_commit(desk->intake, is_file ? NULL : &desk->room->schedule, file, &counts,
                         &desk->result, &failure);
}

static void commit(struct desk *desk)
{
    CHECK(try_commit(desk, NULL));
}

/* Two contacts of one quarter hour, one of the next. */
static void import_three(struct desk *desk, const struct slice *slice, int64_t duration_ms)
{
    begin(desk, slice);
    CHECK(tell_queue(desk, 0, "1337_99", "Level 1 support"));
    CHECK(tell_contact(desk, 0, 1, 1000));
    CHECK(tell_contact(desk, 0, 2, duration_ms));
    CHECK(tell_contact(desk, 0, 16, 3000));
    commit(desk);
}

static int64_t batches(struct desk *desk)
{
    return room_ask(desk->room, "SELECT count(*) FROM batch");
}

/* The body of the batch that became ready last. */
static void assert_sent(struct desk *desk, const char *expected, bool is_there)
{
    const struct ready *ready = room_ready(desk->room, 0);
    struct bytes body;

    bytes_init(&body, 1 << 20);
    CHECK(outbox_body(desk->room->store, ready->batches[ready->count - 1].number, true, &body,
                      &failure));
    if ((strstr(bytes_text(&body), expected) != NULL) != is_there)
        fail_msg("%s %s in %s", expected, is_there ? "is not" : "is", bytes_text(&body));
    bytes_free(&body);
}

/* --- unchanged, changed, vanished --- */

static void test_unchanged_groups_are_not_sent_again_and_changed_ones_whole(void **state)
{
    struct desk desk = desk_of(state);

    desk_open(&desk);
    import_three(&desk, &live, 2000);
    assert_int_equal(desk.result.sent, 3);
    import_three(&desk, &live, 2000);
    assert_int_equal(desk.result.sent, 0);
    assert_int_equal(desk.result.unchanged, 3);
    import_three(&desk, &live, 2500);
    assert_int_equal(desk.result.sent, 2);
    assert_int_equal(desk.result.unchanged, 1);
    assert_int_equal(room_ready(desk.room, 0)->count, 2);
    assert_sent(&desk, "\"duration\":2.5", true);
    assert_sent(&desk, "\"duration\":1}", true); /* its neighbour goes with it */
    assert_sent(&desk, "\"duration\":3}", false);
    intake_close(desk.intake);
}

static void test_corrections_are_kept_back_where_they_are_not_wanted(void **state)
{
    struct desk desk = desk_of(state);

    desk.rules.send_corrections = false;
    desk_open(&desk);
    import_three(&desk, &live, 2000);
    import_three(&desk, &live, 2500);
    assert_int_equal(desk.result.sent, 0);
    intake_close(desk.intake);
}

static void test_a_reimport_sends_whatever_was_sent(void **state)
{
    struct desk desk = desk_of(state);
    const struct slice again = {SLICE_REIMPORT, SLICE_FROM, NOW, NULL};

    desk_open(&desk);
    import_three(&desk, &live, 2000);
    import_three(&desk, &again, 2000);
    assert_int_equal(desk.result.sent, 3);
    intake_close(desk.intake);
}

/* The first quarter hour is gone. */
static void import_the_last(struct desk *desk)
{
    begin(desk, &live);
    CHECK(tell_queue(desk, 0, "1337_99", "Level 1 support"));
    CHECK(tell_contact(desk, 0, 16, 3000));
    commit(desk);
}

static void test_what_vanished_is_counted(void **state)
{
    struct desk desk = desk_of(state);

    desk_open(&desk);
    import_three(&desk, &live, 2000);
    import_the_last(&desk);
    assert_int_equal(desk.result.vanished, 1);
    assert_int_equal(desk.result.sent, 0);
    intake_close(desk.intake);
}

static void test_what_vanished_is_overwritten_once_where_wanted(void **state)
{
    struct desk desk = desk_of(state);

    desk.rules.zero_vanished = true;
    desk_open(&desk);
    import_three(&desk, &live, 2000);
    import_the_last(&desk);
    assert_int_equal(desk.result.sent, 1);
    assert_sent(&desk, "\"offered\":false,\"handled\":false,\"duration\":0", true);
    assert_sent(&desk, "2026-01-05T06:00:00Z", true);
    import_the_last(&desk);
    assert_int_equal(desk.result.sent, 0);
    intake_close(desk.intake);
}

/* --- files --- */

static void test_a_file_is_known_and_replaces_what_it_names(void **state)
{
    struct desk desk = desk_of(state);
    const struct slice file = {.purpose = SLICE_FILE, .file = "a.csv"};
    const struct store_file known = {.hash.bytes[0] = 9, .name = "a.csv", .imported = NOW};
    enum store_file_state found;

    desk_open(&desk);
    import_three(&desk, &live, 2000);
    begin(&desk, &file);
    CHECK(tell_queue(&desk, 0, "1337_99", "Level 1 support"));
    CHECK(tell_contact(&desk, 0, 1, 1000));
    CHECK(try_commit(&desk, &known));
    assert_int_equal(desk.result.sent, 1);
    assert_int_equal(desk.result.shrunk, 1);
    assert_int_equal(desk.result.vanished, 0); /* a file says nothing of what it does not name */
    CHECK(
        store_file_state(desk.room->store, desk.room->integration, &known.hash, &found, &failure));
    assert_int_equal(found, STORE_FILE_KNOWN);
    intake_close(desk.intake);
}

/* --- the queue guard --- */

static bool tell_three_queues(struct desk *desk)
{
    begin(desk, &live);
    return tell_queue(desk, 0, "1", "a") && tell_queue(desk, 1, "2", "b") &&
           tell_queue(desk, 2, "3", "c") && tell_contact(desk, 0, 1, 1) &&
           tell_contact(desk, 1, 1, 1) && tell_contact(desk, 2, 1, 1);
}

static void test_too_many_new_queues_are_held_back_then_admitted(void **state)
{
    struct desk desk = desk_of(state);
    int64_t admitted;

    desk_open(&desk);
    CHECK(tell_three_queues(&desk));
    assert_false(try_commit(&desk, NULL));
    assert_int_equal(intake_trouble(desk.intake), INTAKE_HELD_BACK);
    CHECK(intake_abandon(desk.intake, &failure));
    assert_int_equal(batches(&desk), 0);
    assert_int_equal(room_ask(desk.room, "SELECT count(*) FROM queue WHERE accepted = 0"), 3);

    CHECK(store_accept_queues(desk.room->store, desk.room->integration, &admitted, &failure));
    assert_int_equal(admitted, 3);
    CHECK(intake_refresh(desk.intake, &failure));
    CHECK(tell_three_queues(&desk));
    commit(&desk);
    assert_int_equal(desk.result.sent, 3);
    intake_close(desk.intake);
}

/* --- rejects, and nothing to write --- */

static void test_a_row_is_rejected_once(void **state)
{
    struct desk desk = desk_of(state);

    desk_open(&desk);
    for (int round = 0; round < 2; round++) {
        begin(&desk, &live);
        tell_reject(&desk, 1);
        commit(&desk);
        assert_int_equal(desk.result.new_rejects, round == 0 ? 1 : 0);
    }
    intake_close(desk.intake);
}

static void test_a_pass_without_news_writes_nothing(void **state)
{
    struct desk desk = desk_of(state);
    const struct slice pass = {SLICE_PASS, SLICE_FROM, NOW, NULL};
    const struct normalise_counts counts = {.rows = 1};

    desk_open(&desk);
    begin(&desk, &live);
    tell_reject(&desk, 1);
    commit(&desk);
    const int64_t before = room_ask(desk.room, "SELECT slice FROM integration");
    for (int round = 0; round < 3; round++) { /* the same bad row, then another one */
        begin(&desk, &pass);
        tell_reject(&desk, round < 2 ? 1 : 2);
        CHECK(intake_commit(desk.intake, NULL, NULL, &counts, &desk.result, &failure));
        assert_int_equal(room_ask(desk.room, "SELECT slice FROM integration"),
                         before + (round == 2));
    }
    intake_close(desk.intake);
}

/* --- failures --- */

/* More batches than are gathered before they are staged. */
static void stage_many(struct desk *desk)
{
    char identifier[2] = {0};

    begin(desk, &live);
    for (uint32_t i = 0; i < 20; i++) {
        identifier[0] = (char)('a' + i);
        CHECK(tell_queue(desk, i, identifier, identifier));
    }
    for (int quarter = 0; quarter < 8; quarter++) {
        for (uint32_t record = 0; record < ROWS_A_QUARTER; record++)
            CHECK(tell_contact(desk, record % 20, 15 * quarter, 1000));
    }
    assert_true(batches(desk) >= 64);
}

static void test_abandoned_leaves_nothing_and_the_next_slice_is_whole(void **state)
{
    struct desk desk = desk_of(state);

    desk.rules.batch.max_records = 1;
    desk.queues.max_new_queues = 20;
    desk_open(&desk);
    stage_many(&desk);
    CHECK(intake_abandon(desk.intake, &failure));
    assert_int_equal(batches(&desk), 0);
    assert_int_equal(store_spooled_bytes(desk.room->store), 0);
    assert_int_equal(room_ask(desk.room, "SELECT count(*) FROM queue"), 0);

    import_three(&desk, &live, 2000);
    assert_int_equal(desk.result.sent, 3);
    intake_close(desk.intake);
}

/* As after an abandoning that failed, because the disk was full. */
static void test_a_slice_that_was_never_ended_is_dropped_by_the_next(void **state)
{
    struct desk desk = desk_of(state);

    desk.rules.batch.max_records = 1;
    desk.queues.max_new_queues = 20;
    desk_open(&desk);
    stage_many(&desk);
    import_three(&desk, &live, 2000);
    assert_int_equal(desk.result.sent, 3);
    assert_int_equal(batches(&desk), 2);
    intake_close(desk.intake);
}

/* Random lengths: 64 MiB of what does not compress. */
static void test_a_slice_that_is_too_large_says_so(void **state)
{
    struct desk desk = desk_of(state);
    const struct slice day = {SLICE_HISTORY, NOW - 31 * UTC_DAY, NOW, NULL};
    bool taken = true;
    uint32_t random = 1;
    char identifier[1001];

    desk.queues.max_new_queues = 1000000;
    desk_open(&desk);
    begin(&desk, &day);
    for (uint32_t i = 0; taken && i < 200000; i++) {
        for (size_t at = 0; at < 1000; at++) {
            random = random * 1664525 + 1013904223;
            identifier[at] = (char)('!' + (random >> 16) % 90);
        }
        identifier[1000] = '\0';
        struct record record = {.time = NOW - 31 * UTC_DAY + (int64_t)i * UTC_MINUTE,
                                .subject = i,
                                .volume = {.offered = 1}};
        taken = tell_queue(&desk, i, identifier, identifier) &&
                intake_records(desk.intake, &record, 1, &failure);
    }
    assert_false(taken);
    assert_int_equal(intake_trouble(desk.intake), INTAKE_TOO_LARGE);
    CHECK(intake_abandon(desk.intake, &failure));
    assert_int_equal(store_spooled_bytes(desk.room->store), 0);
    intake_close(desk.intake);
}

/* The first quarter hour is handed out before its last row comes. */
static bool tell_out_of_order(struct desk *desk)
{
    begin(desk, &live);
    CHECK(tell_queue(desk, 0, "1337_99", "Level 1 support"));
    for (int i = 0; i < 8 * ROWS_A_QUARTER; i++)
        CHECK(tell_contact(desk, 0, i / ROWS_A_QUARTER * 15, 1000));
    return tell_contact(desk, 0, 2, 1000);
}

static void test_rows_out_of_order_are_read_again_sorted(void **state)
{
    struct desk desk = desk_of(state);

    desk_open(&desk);
    assert_false(tell_out_of_order(&desk));
    assert_int_equal(intake_trouble(desk.intake), INTAKE_AGAIN);
    CHECK(intake_abandon(desk.intake, &failure));
    CHECK(tell_out_of_order(&desk));
    commit(&desk);
    assert_int_equal(desk.result.sent, 8 * ROWS_A_QUARTER + 1);
    assert_int_equal(room_ask(desk.room, "SELECT sum(group_count) FROM batch"), 8);
    intake_close(desk.intake);
}

/* --- statuses --- */

static void tell_status(struct desk *desk, int minute, utc_ms end)
{
    struct record record = {.time = SLICE_FROM + minute * UTC_MINUTE,
                            .status = {.end = end, .activity = 0}};

    CHECK(intake_records(desk->intake, &record, 1, &failure));
}

static void import_status(struct desk *desk, bool next_start, utc_ms end)
{
    const struct names_told names[] = {{NAME_AGENT, 0, "bob@mycompany.com", NULL},
                                       {NAME_ACTIVITY, 0, "Ready", NULL}};

    begin(desk, &live);
    if (!intake_next_start(desk->intake, next_start, &failure)) {
        assert_int_equal(intake_trouble(desk->intake), INTAKE_AGAIN);
        CHECK(intake_abandon(desk->intake, &failure));
        begin(desk, &live);
        CHECK(intake_next_start(desk->intake, next_start, &failure));
    }
    CHECK(intake_name(desk->intake, &names[0], &failure));
    CHECK(intake_name(desk->intake, &names[1], &failure));
    tell_status(desk, 10, end);
    if (next_start)
        tell_status(desk, 20, UTC_NEVER);
    commit(desk);
}

static void test_an_ongoing_status_is_sent_and_its_end_too(void **state)
{
    struct desk desk = desk_of(state);

    desk.rules.batch.kind = DATA_AGENT_STATUS;
    desk.rules.batch.external_system = "support";
    desk_open(&desk);
    import_status(&desk, false, UTC_NEVER);
    assert_int_equal(desk.result.sent, 1);
    assert_sent(&desk, "endTime", false);
    assert_int_equal(intake_oldest_open(desk.intake, NOW), SLICE_FROM + 10 * UTC_MINUTE);
    intake_close(desk.intake); /* a restart in between */
    desk_open(&desk);
    assert_int_equal(intake_oldest_open(desk.intake, NOW), SLICE_FROM + 10 * UTC_MINUTE);
    import_status(&desk, false, UTC_NEVER);
    assert_int_equal(desk.result.sent, 0);
    import_status(&desk, false, SLICE_FROM + 30 * UTC_MINUTE);
    assert_int_equal(desk.result.sent, 1);
    assert_sent(&desk, "\"endTime\":\"2026-01-05T06:30:00Z\"", true);
    assert_true(intake_oldest_open(desk.intake, NOW) == UTC_NEVER);
    intake_close(desk.intake);
}

static void test_without_ends_a_status_lasts_until_the_next(void **state)
{
    struct desk desk = desk_of(state);

    desk.rules.batch.kind = DATA_AGENT_STATUS;
    desk.rules.batch.external_system = "support";
    desk_open(&desk);
    import_status(&desk, true, UTC_NEVER);
    assert_int_equal(desk.result.sent, 2);
    assert_sent(&desk, "\"endTime\":\"2026-01-05T06:20:00Z\"", true);
    intake_close(desk.intake);
}

#define ROOM_TEST(test) cmocka_unit_test_setup_teardown(test, room_setup, room_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_TEST(test_unchanged_groups_are_not_sent_again_and_changed_ones_whole),
        ROOM_TEST(test_corrections_are_kept_back_where_they_are_not_wanted),
        ROOM_TEST(test_a_reimport_sends_whatever_was_sent),
        ROOM_TEST(test_what_vanished_is_counted),
        ROOM_TEST(test_what_vanished_is_overwritten_once_where_wanted),
        ROOM_TEST(test_a_file_is_known_and_replaces_what_it_names),
        ROOM_TEST(test_too_many_new_queues_are_held_back_then_admitted),
        ROOM_TEST(test_a_row_is_rejected_once),
        ROOM_TEST(test_a_pass_without_news_writes_nothing),
        ROOM_TEST(test_abandoned_leaves_nothing_and_the_next_slice_is_whole),
        ROOM_TEST(test_a_slice_that_was_never_ended_is_dropped_by_the_next),
        ROOM_TEST(test_a_slice_that_is_too_large_says_so),
        ROOM_TEST(test_rows_out_of_order_are_read_again_sorted),
        ROOM_TEST(test_an_ongoing_status_is_sent_and_its_end_too),
        ROOM_TEST(test_without_ends_a_status_lasts_until_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
