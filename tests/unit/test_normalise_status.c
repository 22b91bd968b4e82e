/* SPDX-License-Identifier: Apache-2.0 */
/* test_normalise_status.c - rows of agent statuses: how they end, and what a pass takes */
#include "tests/unit/normalise_bench.h"

static const char status_columns[] = "agentidentifier starttime endtime activity";

static void test_statuses(void **state)
{
    struct bench *bench = open_file(DATA_AGENT_STATUS, status_columns, &berlin);

    (void)state;
    assert_false(normalise_is_next_start(bench->normalise));
    assert_null(feed_text(bench, "bob|2024-01-05 09:00|2024-01-05 10:00|Ready"));
    assert_int_equal(last(bench)->time, at("2024-01-05T08:00Z"));
    assert_int_equal(last(bench)->status.end, at("2024-01-05T09:00Z"));
    assert_null(feed_text(bench, "ann|2024-01-05 09:00||Ready"));
    assert_int_equal(last(bench)->status.end, UTC_NEVER);
    assert_int_equal(last(bench)->subject, 1);
    assert_int_equal(last(bench)->status.activity, 0);
    assert_null(feed_text(bench, "ann|2024-01-05 09:00|2024-01-05T08:00Z|Ready")); /* no time */
    assert_int_equal(bench->heard.record_count, 2);
    assert_string_equal(feed_text(bench, "ann|2024-01-05 09:00|2024-01-05 08:00|Ready"),
                        "endtime is before starttime");
    assert_string_equal(feed_text(bench, "|2024-01-05 09:00||Ready"), "agentidentifier is empty");
    assert_string_equal(feed_text(bench, "ann|2024-01-05 09:00||"), "activity is empty");
    assert_string_equal(bench->heard.names[NAME_AGENT][1], "ann");
    assert_string_equal(bench->heard.names[NAME_ACTIVITY][0], "Ready");
    assert_int_equal(normalise_counts(bench->normalise)->rows, 6);
    close_bench(bench);
}

static void test_a_status_over_the_autumn_hour(void **state)
{
    struct bench *bench = open_file(DATA_AGENT_STATUS, status_columns, &berlin);

    (void)state;
    /* 02:50 summer time to 02:10 winter time: the end is the first that is not before it. */
    assert_null(feed_text(bench, "bob|2024-10-27 02:50|2024-10-27 02:10|Ready"));
    assert_int_equal(last(bench)->time, at("2024-10-27T00:50Z"));
    assert_int_equal(last(bench)->status.end, at("2024-10-27T01:10Z"));
    assert_null(feed_text(bench, "bob|2024-10-27 02:20|2024-10-27 02:40|Ready"));
    assert_int_equal(last(bench)->status.end, at("2024-10-27T00:40Z"));
    close_bench(bench);
}

static void test_status_with_duration(void **state)
{
    struct bench *bench =
        open_file(DATA_AGENT_STATUS, "agentidentifier starttime duration activity", &berlin);

    (void)state;
    assert_null(feed_text(bench, "bob|2024-01-05 09:00|90.5|Ready"));
    assert_int_equal(last(bench)->status.end, at("2024-01-05T08:01:30.5Z"));
    assert_null(feed_text(bench, "bob|2024-01-05 09:00||Ready"));
    assert_int_equal(last(bench)->status.end, UTC_NEVER);
    assert_null(feed_text(bench, "bob|2024-01-05 09:00|0|Ready"));
    assert_int_equal(bench->heard.record_count, 2);
    assert_string_equal(feed_text(bench, "bob|2024-01-05 09:00|-1|Ready"), "duration is negative");
    assert_string_equal(feed_text(bench, "bob|2024-01-05 09:00|999999999999|Ready"),
                        "duration is too large"); /* beyond year 9999 */
    close_bench(bench);
}

static void test_how_statuses_end(void **state)
{
    struct normalise_settings settings = berlin;
    struct bench *bench =
        open_file(DATA_AGENT_STATUS, "agentidentifier starttime activity", &berlin);

    (void)state;
    assert_true(normalise_is_next_start(bench->normalise));
    close_bench(bench);

    settings.ends = ENDS_NEXT_START;
    bench = open_file(DATA_AGENT_STATUS, status_columns, &settings);
    assert_true(normalise_is_next_start(bench->normalise));
    assert_null(feed_text(bench, "bob|2024-01-05 09:00|2024-01-05 10:00|Ready"));
    assert_int_equal(last(bench)->status.end, UTC_NEVER);
    close_bench(bench);

    settings.ends = ENDS_GIVEN;
    bench = prepare(DATA_AGENT_STATUS, "agentidentifier starttime activity", &settings);
    assert_false(normalise_columns(bench->normalise, &bench->columns));
    assert_string_equal(normalise_error(bench->normalise)->text,
                        "`ends: given` needs a column \"endtime\" or \"duration\"");
    close_bench(bench);
}

static void test_a_pass_takes_what_starts_or_ends_inside(void **state)
{
    struct slice slice = {
        .purpose = SLICE_PASS, .from = at("2024-01-05T08:00Z"), .to = at("2024-01-05T08:10Z")};
    struct bench *bench = prepare(DATA_AGENT_STATUS, status_columns, &berlin);

    (void)state;
    begin(bench, &slice);
    feed_text(bench, "a|2024-01-02T08:00Z|2024-01-05T08:05Z|Ready");
    feed_text(bench, "a|2024-01-05T08:05Z||Ready");
    feed_text(bench, "a|2024-01-05T08:05Z|2024-01-05T18:05Z|Ready");
    assert_int_equal(bench->heard.record_count, 3);
    feed_text(bench, "a|2024-01-02T08:00Z||Ready");
    feed_text(bench, "a|2024-01-02T08:00Z|2024-01-05T18:05Z|Ready");
    assert_int_equal(bench->heard.record_count, 3);

    slice.purpose = SLICE_LIVE;
    begin(bench, &slice);
    feed_text(bench, "a|2024-01-02T08:00Z|2024-01-05T08:05Z|Ready");
    assert_null(feed_text(bench, "a|2024-01-02T08:00Z|never|Ready"));
    assert_int_equal(bench->heard.record_count, 0);
    feed_text(bench, "a|2024-01-05T08:05Z|2024-01-05T18:05Z|Ready");
    assert_int_equal(bench->heard.record_count, 1);
    close_bench(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_a_status_over_the_autumn_hour),
        cmocka_unit_test(test_status_with_duration),
        cmocka_unit_test(test_how_statuses_end),
        cmocka_unit_test(test_a_pass_takes_what_starts_or_ends_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
