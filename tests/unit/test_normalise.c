/* SPDX-License-Identifier: Apache-2.0 */
/* test_normalise.c - rows of contacts become records, or are set aside with a reason */
#include "tests/unit/normalise_bench.h"

static const char contact_columns[] =
    "queueidentifier queuename timestamp answered duration channel offered";

static void test_a_contact_of_text(void **state)
{
    struct bench *bench = open_file(DATA_CONTACTS, contact_columns, &berlin);

    (void)state;
    assert_null(feed_text(bench, "17 |Support  |2024-01-05 09:00:01.5|1|124.6|Chats|0"));
    assert_null(feed_text(bench, "17|Support|2024-01-05T08:00:00Z|false||  |"));
    assert_null(feed_text(bench, "17|Helpdesk|2024-07-05T08:00|T| 7 |tickets|t"));

    const struct record *records = bench->heard.records;
    assert_int_equal(records[0].time, at("2024-01-05T08:00:01.5Z"));
    assert_int_equal(records[0].volume.answered, 1);
    assert_int_equal(records[0].volume.offered, 0);
    assert_int_equal(records[0].volume.duration_ms, 124600);
    assert_int_equal(records[0].volume.channel, CHANNEL_CHATS);
    assert_int_equal(records[1].time, at("2024-01-05T08:00:00Z"));
    assert_int_equal(records[1].volume.answered, 0);
    assert_int_equal(records[1].volume.offered, 1);
    assert_int_equal(records[1].volume.duration_ms, 0);
    assert_int_equal(records[1].volume.channel, CHANNEL_CALLS);
    assert_int_equal(records[2].time, at("2024-07-05T06:00:00Z"));
    assert_int_equal(records[2].volume.channel, CHANNEL_CASES);
    assert_int_equal(records[2].order, 2);
    assert_int_equal(records[0].subject, records[1].subject);
    assert_int_not_equal(records[0].subject, records[2].subject); /* another name */
    assert_string_equal(bench->heard.names[NAME_QUEUE][records[0].subject], "17|Support");
    assert_string_equal(bench->heard.names[NAME_QUEUE][records[2].subject], "17|Helpdesk");

    const struct normalise_counts *counts = normalise_counts(bench->normalise);
    assert_int_equal(counts->rows, 3);
    assert_int_equal(counts->rejected, 0);
    assert_int_equal(counts->newest, at("2024-07-05T06:00:00Z"));
    close_bench(bench);
}

static void test_a_contact_of_native_values(void **state)
{
    struct bench *bench = open_file(DATA_CONTACTS, contact_columns, &berlin);
    struct cell cells[] = {INTEGER(-1337),    TEXT("S"), NOTHING,          INTEGER(1),
                           THOUSANDTHS(1250), NOTHING,   THOUSANDTHS(1000)};

    (void)state;
    cells[2] = (struct cell){.kind = CELL_CIVIL, .integer = at("2024-01-05 09:00")};
    assert_true(feed(bench, cells));
    cells[0] = THOUSANDTHS(17000);
    cells[2] = (struct cell){.kind = CELL_UTC, .integer = at("2024-01-05 09:00")};
    cells[4] = INTEGER(3);
    assert_true(feed(bench, cells));

    const struct record *records = bench->heard.records;
    assert_int_equal(bench->heard.record_count, 2);
    assert_int_equal(records[0].time, at("2024-01-05T08:00:00Z"));
    assert_int_equal(records[0].volume.duration_ms, 1250);
    assert_int_equal(records[1].time, at("2024-01-05T09:00:00Z"));
    assert_int_equal(records[1].volume.duration_ms, 3000);
    assert_string_equal(bench->heard.names[NAME_QUEUE][0], "-1337|S");
    assert_string_equal(bench->heard.names[NAME_QUEUE][1], "17|S");
    close_bench(bench);
}

static void test_bad_cells_have_a_reason_without_their_value(void **state)
{
    static const struct {
        const char *fields, *reason;
    } cases[] = {
        {"|S|2024-01-05 09:00|1|1|calls|1", "queueidentifier is empty"},
        {"  |S|2024-01-05 09:00|1|1|calls|1", "queueidentifier is empty"},
        {"1||2024-01-05 09:00|1|1|calls|1", "queuename is empty"},
        {"1|a\tb|2024-01-05 09:00|1|1|calls|1", "queuename has control characters or is not UTF-8"},
        {"\xff|S|2024-01-05 09:00|1|1|calls|1",
         "queueidentifier has control characters or is not UTF-8"},
        {"1|S||1|1|calls|1", "timestamp is empty"},
        {"1|S|2024-13-01 09:00|1|1|calls|1", "timestamp is not a time"},
        {"1|S|1704067200|1|1|calls|1", "timestamp is not a time"},
        {"1|S|2024-01-05 09:00||1|calls|1", "answered is empty"},
        {"1|S|2024-01-05 09:00|2|1|calls|1", "answered is neither 0 nor 1"},
        {"1|S|2024-01-05 09:00|yes|1|calls|1", "answered is neither 0 nor 1"},
        {"1|S|2024-01-05 09:00|1|-1|calls|1", "duration is negative"},
        {"1|S|2024-01-05 09:00|1|1.0005|calls|1", "duration has more than three decimals"},
        {"1|S|2024-01-05 09:00|1|1,5|calls|1", "duration is not a number"},
        {"1|S|2024-01-05 09:00|1|1e3|calls|1", "duration is not a number"},
        {"1|S|2024-01-05 09:00|1|-|calls|1", "duration is not a number"},
        {"1|S|2024-01-05 09:00|1|.|calls|1", "duration is not a number"},
        {"1|S|2024-01-05 09:00|1|12345678901234567|calls|1", "duration is too large"},
        {"1|S|2024-01-05 09:00|1|1|fax|1",
         "channel is not a channel we know (`channels` maps others)"},
        {"1|S|2024-01-05 09:00|1|1|calls|x", "offered is neither 0 nor 1"},
    };
    struct bench *bench = open_file(DATA_CONTACTS, contact_columns, &berlin);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *reason = feed_text(bench, cases[i].fields);

        if (reason == NULL)
            fail_msg("not rejected: %s", cases[i].fields);
        assert_string_equal(reason, cases[i].reason);
    }
    assert_int_equal(bench->heard.record_count, 0);
    assert_string_equal(bench->heard.names[NAME_QUEUE][0], ""); /* a bad row names no queue */
    assert_null(feed_text(bench, "1|S|2024-01-05 09:00|1|+1.5000|voicemail|1"));
    assert_null(feed_text(bench, "1|S|2024-01-05 09:00|0|.5|SOCIAL_MEDIA|1"));
    close_bench(bench);
}

static void test_a_reject_is_known_by_its_cells(void **state)
{
    struct bench *bench = open_file(DATA_CONTACTS, contact_columns, &berlin);
    struct digest first;

    (void)state;
    feed_text(bench, "1|S|never|1|1|calls|1");
    first = bench->heard.hash;
    assert_string_equal(bench->heard.cells,
                        "queueidentifier=1, queuename=S, timestamp=never, answered=1, duration=1, "
                        "channel=calls, offered=1");
    assert_int_equal(bench->heard.line, 1);
    feed_text(bench, "1|S|never|1|1|calls|1");
    assert_memory_equal(&first, &bench->heard.hash, sizeof first);
    assert_int_equal(bench->heard.line, 2);
    feed_text(bench, "1|Sn|ever|1|1|calls|1");
    assert_memory_not_equal(&first, &bench->heard.hash, sizeof first);
    assert_int_equal(normalise_counts(bench->normalise)->rejected, 3);
    close_bench(bench);
}

static void test_cells_are_told_apart_wherever_they_end(void **state)
{
    struct bench *bench =
        open_file(DATA_CONTACTS, "queueidentifier queuename timestamp answered", &berlin);
    struct cell cells[] = {TEXT("a\1\0\0\0b"), TEXT("c"), TEXT("never"), INTEGER(1)};
    struct digest first;

    (void)state;
    assert_true(feed(bench, cells));
    first = bench->heard.hash;
    cells[0] = TEXT("a");
    cells[1] = TEXT("b\1\0\0\0c");
    assert_true(feed(bench, cells));
    assert_memory_not_equal(&first, &bench->heard.hash, sizeof first);
    close_bench(bench);
}

static void test_a_row_the_source_sets_aside(void **state)
{
    struct bench *bench = open_file(DATA_CONTACTS, contact_columns, &berlin);
    struct row row = {.line = 12, .fault = "has 7 fields instead of 9"};

    (void)state;
    assert_true(normalise_row(bench->normalise, &row));
    assert_string_equal(bench->heard.reason, "has 7 fields instead of 9");
    assert_string_equal(bench->heard.cells, "");
    assert_int_equal(bench->heard.line, 12);
    assert_int_equal(normalise_counts(bench->normalise)->rows, 1);
    close_bench(bench);
}

static void test_long_cells_are_cut_between_letters(void **state)
{
    static char letters[4001];
    struct bench *bench =
        open_file(DATA_CONTACTS, "queueidentifier queuename timestamp answered", &berlin);
    struct cell cells[] = {NOTHING, TEXT("S"), TEXT("never"), INTEGER(1)};

    (void)state;
    for (size_t i = 0; i + 1 < sizeof letters; i += 2)
        memcpy(letters + i, "\xc3\xa9", 2);
    cells[0] = text_cell(letters);
    assert_true(feed(bench, cells));
    size_t size = strlen(bench->heard.cells);
    assert_true(size <= 1000 && size >= 998);
    assert_int_equal((uint8_t)bench->heard.cells[16], 0xc3);
    bool ends_whole = (uint8_t)bench->heard.cells[size - 1] != 0xc3;
    assert_true(ends_whole);
    close_bench(bench);
}

static void test_many_rejects_fail_the_slice(void **state)
{
    struct bench *bench = open_file(DATA_CONTACTS, contact_columns, &berlin);
    struct error err;

    (void)state;
    for (int i = 0; i < 50; i++) {
        feed_text(bench, "1|S|2024-01-05 09:00|1|1|calls|1");
        feed_text(bench, i < 10 ? "1|S|2024-01-05 09:00|3|1|calls|1" : "1|S|no|1|1|calls|1");
    }
    assert_true(normalise_end(bench->normalise, &err)); /* exactly half */
    feed_text(bench, "1|S|2024-01-05 09:00|3|1|calls|1");
    assert_false(normalise_end(bench->normalise, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_string_equal(err.text, "51 of 101 rows are unusable: mostly timestamp is not a time");

    begin(bench, &whole_file); /* a new slice starts afresh */
    for (int i = 0; i < 99; i++)
        feed_text(bench, "1|S|no|1|1|calls|1");
    assert_true(normalise_end(bench->normalise, &err)); /* too few to judge */
    close_bench(bench);
}

static void expect_columns(enum data_kind kind, const char *names, const char *wanted)
{
    struct bench *bench = prepare(kind, names, &(struct normalise_settings){.interval_ms = 1});

    normalise_begin(bench->normalise, &whole_file,
                    &(struct normalise_sink){&bench->heard, hear_name, hear_record, hear_reject});
    bool is_good = normalise_columns(bench->normalise, &bench->columns);
    assert_int_equal(is_good, wanted == NULL);
    if (!is_good) {
        assert_int_equal(normalise_error(bench->normalise)->kind, ERROR_CONFIG);
        assert_string_equal(normalise_error(bench->normalise)->text, wanted);
    }
    close_bench(bench);
}

static void test_columns(void **state)
{
    (void)state;
    expect_columns(DATA_CONTACTS, "QueueIdentifier QUEUENAME Timestamp answered extra", NULL);
    expect_columns(DATA_CONTACTS, "id queuename timestamp answered",
                   "the column \"queueidentifier\" is missing (the columns are: id, queuename, "
                   "timestamp, answered); name it in the query, for example: q.id AS "
                   "queueidentifier");
    expect_columns(DATA_CONTACTS, "queueidentifier queuename timestamp answered TIMESTAMP",
                   "there are two columns named \"timestamp\"");
    expect_columns(DATA_CONTACTS, "queueidentifier queuename timestamp answered x x", NULL);
    expect_columns(DATA_INTERVALS, "queueidentifier queuename timestamp offered answered aht",
                   NULL);
    expect_columns(DATA_INTERVALS, "queueidentifier queuename timestamp offered answered",
                   "the column \"handlingtime\" is missing (the columns are: queueidentifier, "
                   "queuename, timestamp, offered, answered); name it in the query, for example: "
                   "s.total_seconds AS handlingtime");
    expect_columns(DATA_AGENT_STATUS, "agentidentifier starttime activity", NULL);
    expect_columns(DATA_AGENT_STATUS, "agentidentifier activity",
                   "the column \"starttime\" is missing (the columns are: agentidentifier, "
                   "activity); name it in the query, for example: s.begun AS starttime");
}

static void test_channels_are_mapped(void **state)
{
    const char *words[] = {"Phone", "calls"};
    enum channel channels[] = {CHANNEL_CALLS, CHANNEL_DOCUMENTS};
    struct normalise_settings settings = {
        .time_zone = "UTC", .channel = CHANNEL_EMAILS, .channels = {words, channels, 2}};
    struct bench *bench =
        open_file(DATA_CONTACTS, "queueidentifier queuename timestamp answered channel", &settings);

    (void)state;
    assert_null(feed_text(bench, "1|S|2024-01-05|1|phone "));
    assert_int_equal(last(bench)->volume.channel, CHANNEL_CALLS);
    assert_null(feed_text(bench, "1|S|2024-01-05|1|calls"));
    assert_int_equal(last(bench)->volume.channel, CHANNEL_DOCUMENTS);
    assert_null(feed_text(bench, "1|S|2024-01-05|1|"));
    assert_int_equal(last(bench)->volume.channel, CHANNEL_EMAILS);
    assert_null(feed_text(bench, "1|S|2024-01-05|1|chats"));
    assert_int_equal(last(bench)->volume.channel, CHANNEL_CHATS);
    assert_non_null(feed_text(bench, "1|S|2024-01-05|1|chat"));
    close_bench(bench);
}

static void test_unix_times(void **state)
{
    static const char columns[] = "queueidentifier queuename timestamp answered";
    struct cell cells[] = {TEXT("1"), TEXT("S"), INTEGER(1704067200), INTEGER(1)};
    struct bench *bench =
        open_file(DATA_CONTACTS, columns, &(struct normalise_settings){.times = TIMES_UNIX});

    (void)state;
    assert_true(feed(bench, cells));
    assert_int_equal(last(bench)->time, at("2024-01-01T00:00:00Z"));
    cells[2] = THOUSANDTHS(1704067200250);
    assert_true(feed(bench, cells));
    assert_int_equal(last(bench)->time, at("2024-01-01T00:00:00.25Z"));
    assert_null(feed_text(bench, "1|S|1704067200.5|1"));
    assert_int_equal(last(bench)->time, at("2024-01-01T00:00:00.5Z"));
    cells[2] = INTEGER(1704067200000);
    assert_true(feed(bench, cells));
    assert_string_equal(bench->heard.reason, "timestamp is too large for seconds since 1970");
    close_bench(bench);

    bench = open_file(DATA_CONTACTS, columns, &(struct normalise_settings){.times = TIMES_UNIX_MS});
    assert_true(feed(bench, cells));
    assert_int_equal(last(bench)->time, at("2024-01-01T00:00:00Z"));
    close_bench(bench);

    bench = open_file(DATA_CONTACTS, columns, &(struct normalise_settings){0});
    assert_true(feed(bench, cells));
    assert_string_equal(bench->heard.reason,
                        "timestamp is a number, and `times` does not say what it counts");
    close_bench(bench);
}

static void test_a_time_without_offset_needs_a_zone(void **state)
{
    struct bench *bench =
        open_file(DATA_CONTACTS, contact_columns, &(struct normalise_settings){.time_zone = NULL});
    struct cell cells[] = {TEXT("1"), TEXT("S"), TEXT("2024-01-05T08:00Z"), INTEGER(1), INTEGER(1),
                           NOTHING,   NOTHING};
    struct error err;

    (void)state;
    assert_true(feed(bench, cells));
    cells[2] = text_cell("2024-01-05T08:00");
    assert_false(feed(bench, cells));
    assert_int_equal(normalise_error(bench->normalise)->kind, ERROR_CONFIG);
    assert_string_equal(normalise_error(bench->normalise)->text,
                        "timestamp has no offset from UTC: the integration needs a `time_zone`");
    close_bench(bench);

    struct normalise_settings wrong = {.time_zone = "Europe/Berlim"};
    assert_null(normalise_new(DATA_CONTACTS, &wrong, (const uint8_t[DIGEST_KEY_SIZE]){0}, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
}

static void test_a_sink_that_refuses_stops(void **state)
{
    struct bench *bench = open_file(DATA_CONTACTS, contact_columns, &berlin);
    struct cell cells[] = {TEXT("1"), TEXT("S"), TEXT("2024-01-05 08:00"), INTEGER(1), INTEGER(1),
                           NOTHING,   NOTHING};

    (void)state;
    bench->heard.refuses = true;
    assert_false(feed(bench, cells));
    assert_int_equal(normalise_error(bench->normalise)->kind, ERROR_FATAL);
    assert_string_equal(normalise_error(bench->normalise)->text, "");
    close_bench(bench);
}

static void test_rows_outside_the_slice_are_dropped(void **state)
{
    struct slice slice = {
        .purpose = SLICE_LIVE, .from = at("2024-01-05T08:00Z"), .to = at("2024-01-05T09:00Z")};
    struct bench *bench = prepare(DATA_CONTACTS, contact_columns, &berlin);

    (void)state;
    begin(bench, &slice);
    assert_null(feed_text(bench, "1|S|2024-01-05T07:59:59.999Z|1|1|calls|1"));
    assert_null(feed_text(bench, "1|S|2024-01-05T07:59:59Z|oh|1|nothing|1"));
    assert_null(feed_text(bench, "1|S|2024-01-05T09:00Z|1|1|calls|1"));
    assert_int_equal(bench->heard.record_count, 0);
    assert_string_equal(bench->heard.names[NAME_QUEUE][0], "");
    assert_int_equal(normalise_counts(bench->normalise)->rows, 0);
    assert_int_equal(normalise_counts(bench->normalise)->newest, UTC_NEVER);
    assert_null(feed_text(bench, "1|S|2024-01-05 09:00|1|1|calls|1")); /* in Berlin */
    assert_null(feed_text(bench, "1|S|2024-01-05T08:59:59.999Z|1|1|calls|1"));
    assert_int_equal(bench->heard.record_count, 2);
    close_bench(bench);
}

static void test_the_spring_gap_moves_forward(void **state)
{
    struct bench *bench = open_file(DATA_CONTACTS, contact_columns, &berlin);

    (void)state;
    assert_null(feed_text(bench, "1|S|2024-03-31 02:30|1|1|calls|1"));
    assert_int_equal(last(bench)->time, at("2024-03-31T01:30:00Z")); /* 03:30 on the clock */
    assert_int_equal(normalise_counts(bench->normalise)->nonexistent, 1);
    assert_int_equal(normalise_counts(bench->normalise)->ambiguous, 0);
    close_bench(bench);
}

static void expect_autumn(int ambiguous, const char *first, const char *second)
{
    struct normalise_settings settings = berlin;
    settings.ambiguous = ambiguous;
    struct bench *bench = open_file(DATA_CONTACTS, contact_columns, &settings);

    assert_null(feed_text(bench, "1|S|2024-10-27 02:30|1|1|calls|1"));
    assert_int_equal(last(bench)->time, at(first));
    assert_null(feed_text(bench, "1|S|2024-10-27 02:30|1|1|calls|1"));
    assert_int_equal(last(bench)->time, at(second));
    assert_null(feed_text(bench, "2|S|2024-10-27 02:30|1|1|calls|1"));
    assert_int_equal(last(bench)->time, at(first));
    assert_int_equal(normalise_counts(bench->normalise)->ambiguous, 3);
    close_bench(bench);
}

static void test_the_autumn_hour_of_contacts(void **state)
{
    (void)state;
    expect_autumn(AMBIGUOUS_UNSET, "2024-10-27T00:30Z", "2024-10-27T00:30Z");
    expect_autumn(AMBIGUOUS_FIRST, "2024-10-27T00:30Z", "2024-10-27T00:30Z");
    expect_autumn(AMBIGUOUS_SECOND, "2024-10-27T01:30Z", "2024-10-27T01:30Z");
    expect_autumn(AMBIGUOUS_ORDER, "2024-10-27T00:30Z", "2024-10-27T01:30Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_contact_of_text),
        cmocka_unit_test(test_a_contact_of_native_values),
        cmocka_unit_test(test_bad_cells_have_a_reason_without_their_value),
        cmocka_unit_test(test_a_reject_is_known_by_its_cells),
        cmocka_unit_test(test_cells_are_told_apart_wherever_they_end),
        cmocka_unit_test(test_a_row_the_source_sets_aside),
        cmocka_unit_test(test_long_cells_are_cut_between_letters),
        cmocka_unit_test(test_many_rejects_fail_the_slice),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_channels_are_mapped),
        cmocka_unit_test(test_unix_times),
        cmocka_unit_test(test_a_time_without_offset_needs_a_zone),
        cmocka_unit_test(test_a_sink_that_refuses_stops),
        cmocka_unit_test(test_rows_outside_the_slice_are_dropped),
        cmocka_unit_test(test_the_spring_gap_moves_forward),
        cmocka_unit_test(test_the_autumn_hour_of_contacts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
