/* SPDX-License-Identifier: Apache-2.0 */
/* test_slice.c - what is due when, by example; test_slice_model.c has the properties */
#include "tests/unit/check.h"

#include <string.h>

#include "agent/flow/slice.h"

static utc_ms at(const char *text)
{
    enum utc_form form;
    utc_ms time = 0;

    if (!utc_parse(text, strlen(text), &time, &form))
        fail_msg("not a time: %s", text);
    return time;
}

static struct schedule contacts(void)
{
    return (struct schedule){
        .rules = {.every_ms = UTC_QUARTER,
                  .delay_ms = 5 * UTC_MINUTE,
                  .lookback_ms = 2 * UTC_HOUR,
                  .history = "3y",
                  .grid_ms = UTC_QUARTER,
                  .target_ms = 10 * UTC_SECOND,
                  .target_rows = 100000},
        .edge = UTC_NEVER,
        .history_from = UTC_NEVER,
    };
}

static struct schedule statuses(int64_t every_ms)
{
    struct schedule schedule = contacts();

    schedule.rules.every_ms = every_ms;
    schedule.rules.delay_ms = 0;
    schedule.rules.lookback_ms = UTC_DAY;
    schedule.rules.history = "none";
    schedule.rules.is_status = true;
    return schedule;
}

static struct slice_now facts_at(utc_ms now)
{
    return (struct slice_now){.now = now, .oldest_open = UTC_NEVER};
}

static void expect(struct schedule *schedule, utc_ms now, enum slice_purpose purpose,
                   const char *from, const char *to)
{
    const struct slice_now facts = facts_at(now);
    char got_from[UTC_TEXT_SIZE + 1], got_to[UTC_TEXT_SIZE + 1];
    struct slice slice;
    utc_ms wake = 0;

    if (!schedule_next(schedule, &facts, &slice, &wake))
        fail_msg("nothing is due, but %s to %s should be", from, to);
    if (slice.purpose != purpose || slice.from != at(from) || slice.to != at(to))
        fail_msg("%d %s to %s is due, not %d %s to %s", slice.purpose,
                 utc_text(slice.from, got_from), utc_text(slice.to, got_to), purpose, from, to);
}

/* The same, and it is read in no time. */
static void expect_done(struct schedule *schedule, utc_ms now, enum slice_purpose purpose,
                        const char *from, const char *to)
{
    const struct slice slice = {.purpose = purpose, .from = at(from), .to = at(to)};

    expect(schedule, now, purpose, from, to);
    schedule_done(schedule, &slice, now, 0, 0);
}

static void expect_wake(struct schedule *schedule, utc_ms now, utc_ms expected)
{
    const struct slice_now facts = facts_at(now);
    char text[UTC_TEXT_SIZE + 1];
    struct slice slice;
    utc_ms wake = 0;

    if (schedule_next(schedule, &facts, &slice, &wake))
        fail_msg("due: %d from %s", slice.purpose, utc_text(slice.from, text));
    if (wake != expected)
        fail_msg("wakes at %s", utc_text(wake, text));
}

static void test_first_start_reads_today_then_history_newest_first(void **state)
{
    struct schedule schedule = contacts();
    const utc_ms now = at("2024-05-06T10:21:07Z");

    (void)state;
    schedule_start(&schedule, now);
    assert_true(schedule.edge == at("2024-05-06T10:15:00Z"));
    assert_true(schedule.history_from == at("2021-05-06T10:15:00Z"));
    assert_int_equal(schedule_history_tenths(&schedule), 0);
    expect_done(&schedule, now, SLICE_LIVE, "2024-05-06T08:15:00Z", "2024-05-06T10:15:00Z");
    expect_done(&schedule, now, SLICE_HISTORY, "2024-05-05T08:15:00Z", "2024-05-06T08:15:00Z");
    expect_done(&schedule, now, SLICE_HISTORY, "2024-05-03T08:15:00Z", "2024-05-05T08:15:00Z");
    expect(&schedule, now, SLICE_HISTORY, "2024-04-29T08:15:00Z", "2024-05-03T08:15:00Z");
    assert_true(schedule_history_left_ms(&schedule) ==
                at("2024-05-03T08:15:00Z") - at("2021-05-06T10:15:00Z"));
    assert_int_equal(schedule_history_tenths(&schedule), 2);
    /* the next quarter hour is over, and five minutes */
    expect_done(&schedule, at("2024-05-06T10:35:00Z"), SLICE_LIVE, "2024-05-06T08:15:00Z",
                "2024-05-06T10:30:00Z");
    expect(&schedule, at("2024-05-06T10:35:00Z"), SLICE_HISTORY, "2024-04-29T08:15:00Z",
           "2024-05-03T08:15:00Z");
}

static void test_live_is_due_at_every_multiple_plus_delay(void **state)
{
    struct schedule schedule = contacts();
    struct slice_now facts = facts_at(at("2024-05-06T10:21:00Z"));

    (void)state;
    schedule.rules.history = "none";
    schedule.rules.every_ms = 30 * UTC_MINUTE;
    schedule_start(&schedule, facts.now);
    assert_true(schedule_live_due(&schedule, &facts) == facts.now);
    expect_done(&schedule, facts.now, SLICE_LIVE, "2024-05-06T08:15:00Z", "2024-05-06T10:15:00Z");
    assert_true(schedule_live_due(&schedule, &facts) == at("2024-05-06T10:35:00Z"));
    expect_wake(&schedule, facts.now, at("2024-05-06T10:35:00Z"));
    expect_wake(&schedule, at("2024-05-06T10:34:59Z"), at("2024-05-06T10:35:00Z"));
    expect_done(&schedule, at("2024-05-06T10:35:00Z"), SLICE_LIVE, "2024-05-06T08:15:00Z",
                "2024-05-06T10:30:00Z");
    expect_wake(&schedule, at("2024-05-06T10:35:00Z"), at("2024-05-06T11:05:00Z"));
    assert_int_equal(schedule_history_tenths(&schedule), 1000);
}

static void test_a_failed_live_slice_stays_due(void **state)
{
    struct schedule schedule = contacts();
    const utc_ms now = at("2024-05-06T10:21:00Z");

    (void)state;
    schedule_start(&schedule, now);
    for (int i = 0; i < 3; i++)
        expect(&schedule, now + i * UTC_MINUTE, SLICE_LIVE, "2024-05-06T08:15:00Z",
               "2024-05-06T10:15:00Z");
}

static void test_an_outage_longer_than_lookback_opens_a_hole(void **state)
{
    struct schedule schedule = contacts();
    const utc_ms first = at("2024-05-06T10:21:00Z");
    const utc_ms later = at("2024-05-09T17:00:00Z");

    (void)state;
    schedule.rules.history = "none";
    schedule_start(&schedule, first);
    expect_done(&schedule, first, SLICE_LIVE, "2024-05-06T08:15:00Z", "2024-05-06T10:15:00Z");
    expect(&schedule, at("2024-05-06T12:20:00Z"), SLICE_LIVE, "2024-05-06T08:15:00Z",
           "2024-05-06T12:15:00Z"); /* two hours: no more than the lookback */
    assert_int_equal(schedule.hole_count, 0);

    struct schedule restarted = schedule;
    schedule_start(&restarted, later);
    expect(&schedule, later, SLICE_LIVE, "2024-05-09T14:45:00Z", "2024-05-09T16:45:00Z");
    expect_done(&restarted, later, SLICE_LIVE, "2024-05-09T14:45:00Z", "2024-05-09T16:45:00Z");
    assert_int_equal(restarted.hole_count, 1);
    assert_true(restarted.holes[0].from == at("2024-05-06T08:15:00Z"));
    assert_true(restarted.holes[0].to == at("2024-05-09T14:45:00Z"));
    expect_done(&restarted, later, SLICE_HISTORY, "2024-05-08T14:45:00Z", "2024-05-09T14:45:00Z");
    expect_done(&restarted, later, SLICE_HISTORY, "2024-05-06T14:45:00Z", "2024-05-08T14:45:00Z");
    expect_done(&restarted, later, SLICE_HISTORY, "2024-05-06T08:15:00Z", "2024-05-06T14:45:00Z");
    assert_int_equal(restarted.hole_count, 0);
}

static void test_an_outage_without_success_keeps_growing_its_hole(void **state)
{
    struct schedule schedule = contacts();
    const utc_ms first = at("2024-05-06T10:21:00Z");

    (void)state;
    schedule.rules.history = "none";
    schedule_start(&schedule, first);
    for (utc_ms now = first; now < first + 3 * UTC_DAY; now += 5 * UTC_MINUTE) {
        const struct slice_now facts = facts_at(now);
        struct slice slice;
        utc_ms wake;
        assert_true(schedule_next(&schedule, &facts, &slice, &wake));
        assert_int_equal(slice.purpose, SLICE_LIVE);
    }
    assert_int_equal(schedule.hole_count, 1);
    assert_true(schedule.holes[0].from == at("2024-05-06T08:15:00Z"));
    assert_true(schedule.holes[0].to == schedule.edge - 2 * UTC_HOUR); /* live begins there */
    assert_true(schedule.edge >= at("2024-05-09T08:00:00Z"));
}

static void test_a_longer_history_opens_the_missing_part_only(void **state)
{
    struct schedule schedule = contacts();
    const utc_ms now = at("2024-05-06T10:21:00Z");

    (void)state;
    schedule.rules.history = "none";
    schedule_start(&schedule, now);
    expect_done(&schedule, now, SLICE_LIVE, "2024-05-06T08:15:00Z", "2024-05-06T10:15:00Z");
    schedule.rules.history = "1d";
    schedule_start(&schedule, now);
    assert_int_equal(schedule.hole_count, 1);
    assert_true(schedule.holes[0].from == at("2024-05-05T10:15:00Z"));
    assert_true(schedule.holes[0].to == at("2024-05-06T08:15:00Z"));
    expect_done(&schedule, now, SLICE_LIVE, "2024-05-06T08:15:00Z", "2024-05-06T10:15:00Z");
    expect_done(&schedule, now, SLICE_HISTORY, "2024-05-05T10:15:00Z", "2024-05-06T08:15:00Z");
    schedule.rules.history = "1mo";
    schedule_start(&schedule, now);
    schedule_start(&schedule, now + UTC_HOUR); /* again and later: nothing more */
    assert_int_equal(schedule.hole_count, 1);
    assert_true(schedule.holes[0].from == at("2024-04-06T10:15:00Z"));
    assert_true(schedule.holes[0].to == at("2024-05-05T10:15:00Z"));
    schedule.rules.history = "1h"; /* shorter: what is open stays open */
    schedule_start(&schedule, now + UTC_HOUR);
    assert_int_equal(schedule.hole_count, 1);
}

static void test_recheck_is_opened_once_a_night_and_read_last(void **state)
{
    struct schedule schedule = contacts();
    utc_ms now = at("2024-05-06T10:21:00Z");
    const utc_ms night = at("2024-05-07T02:00:00Z");

    (void)state;
    schedule.rules.recheck_ms = 7 * UTC_DAY;
    schedule.rules.history = "20d";
    schedule_start(&schedule, now);
    expect_done(&schedule, now, SLICE_LIVE, "2024-05-06T08:15:00Z", "2024-05-06T10:15:00Z");
    schedule.hole_count = 0;
    expect_wake(&schedule, now, at("2024-05-06T10:35:00Z"));
    for (now = at("2024-05-06T10:35:00Z"); now < night; now += UTC_QUARTER) {
        const struct slice live = {.purpose = SLICE_LIVE,
                                   .from = schedule.edge - 2 * UTC_HOUR,
                                   .to = now - 5 * UTC_MINUTE};
        const struct slice_now facts = facts_at(now);
        struct slice slice;
        utc_ms wake;
        assert_true(schedule_next(&schedule, &facts, &slice, &wake));
        assert_memory_equal(&slice, &live, sizeof slice);
        schedule_done(&schedule, &slice, now, 0, 0);
    }
    expect_wake(&schedule, night - 1, night); /* live would be due at 02:05 */
    expect(&schedule, night, SLICE_RECHECK, "2024-05-05T23:45:00Z", "2024-05-06T23:45:00Z");
    assert_int_equal(schedule.hole_count, 1);
    assert_true(schedule.holes[0].from == at("2024-04-30T02:15:00Z"));
    schedule_open_hole(&schedule,
                       &(struct hole){at("2024-04-20"), at("2024-04-21"), SLICE_HISTORY});
    schedule_open_hole(&schedule,
                       &(struct hole){at("2024-04-10"), at("2024-04-11"), SLICE_REIMPORT});
    expect_done(&schedule, night, SLICE_HISTORY, "2024-04-20T00:00:00Z", "2024-04-21T00:00:00Z");
    expect_done(&schedule, night, SLICE_REIMPORT, "2024-04-10T00:00:00Z", "2024-04-11T00:00:00Z");
    schedule.step_ms = 31 * UTC_DAY;
    expect_done(&schedule, night, SLICE_RECHECK, "2024-04-30T02:15:00Z", "2024-05-06T23:45:00Z");
    expect_wake(&schedule, night, night + 5 * UTC_MINUTE);
}

static void test_a_recheck_outside_the_horizon_is_forgotten(void **state)
{
    struct schedule schedule = contacts();
    const utc_ms now = at("2024-05-06T10:21:00Z");

    (void)state;
    schedule.rules.recheck_ms = 7 * UTC_DAY;
    schedule.rules.history = "none";
    schedule_start(&schedule, now);
    expect_done(&schedule, now, SLICE_LIVE, "2024-05-06T08:15:00Z", "2024-05-06T10:15:00Z");
    schedule_open_hole(&schedule,
                       &(struct hole){at("2024-04-20"), at("2024-04-30"), SLICE_RECHECK});
    expect_done(&schedule, now, SLICE_RECHECK, "2024-04-29T10:30:00Z", "2024-04-30T00:00:00Z");
    schedule_open_hole(&schedule,
                       &(struct hole){at("2024-05-02"), at("2024-05-03"), SLICE_RECHECK});
    schedule.rules.recheck_ms = 0; /* turned off */
    expect_wake(&schedule, now, at("2024-05-06T10:35:00Z"));
    assert_int_equal(schedule.hole_count, 0);
}

static void test_history_hours_hold_holes_back_in_local_time(void **state)
{
    struct schedule schedule = contacts();
    struct slice_now facts = facts_at(at("2024-05-06T10:21:00Z"));
    struct slice slice;
    utc_ms wake = 0;

    (void)state;
    facts.utc_offset_ms = 2 * UTC_HOUR;
    schedule.rules.hours_from_ms = 20 * UTC_HOUR;
    schedule.rules.hours_to_ms = 6 * UTC_HOUR;
    schedule_start(&schedule, facts.now);
    assert_true(schedule_next(&schedule, &facts, &slice, &wake));
    assert_int_equal(slice.purpose, SLICE_LIVE);
    schedule_done(&schedule, &slice, facts.now, 0, 0);
    assert_false(schedule_next(&schedule, &facts, &slice, &wake));
    assert_true(wake == at("2024-05-06T10:35:00Z"));
    schedule.last_live = at("2024-05-06T17:55:00Z");
    facts.now = at("2024-05-06T17:59:59Z");
    assert_false(schedule_next(&schedule, &facts, &slice, &wake));
    assert_true(wake == at("2024-05-06T18:00:00Z"));
    facts.now = wake;
    assert_true(schedule_next(&schedule, &facts, &slice, &wake));
    assert_int_equal(slice.purpose, SLICE_HISTORY);
    schedule.last_live = facts.now = at("2024-05-07T03:59:59Z");
    schedule.edge = at("2024-05-07T03:45:00Z");
    assert_true(schedule_next(&schedule, &facts, &slice, &wake));
    assert_int_equal(slice.purpose, SLICE_HISTORY);
    facts.now = at("2024-05-07T04:00:00Z");
    assert_false(schedule_next(&schedule, &facts, &slice, &wake));
    schedule.rules.once = true;
    assert_true(schedule_next(&schedule, &facts, &slice, &wake));
}

static void test_near_real_time_passes_and_the_lookback_between_them(void **state)
{
    struct schedule schedule = statuses(10 * UTC_SECOND);
    struct slice live = {.purpose = SLICE_LIVE};
    utc_ms now = at("2024-05-06T10:21:07Z");

    (void)state;
    schedule_start(&schedule, now);
    expect(&schedule, now, SLICE_LIVE, "2024-05-05T10:15:00Z", "2024-05-06T10:15:00Z");
    live.from = at("2024-05-05T10:15:00Z");
    live.to = at("2024-05-06T10:15:00Z");
    schedule_done(&schedule, &live, now + UTC_SECOND, UTC_SECOND, 500); /* 1 s: every 20 s */
    expect_done(&schedule, now + UTC_SECOND, SLICE_PASS, "2024-05-06T10:13:00Z",
                "2024-05-06T10:21:08Z");
    expect_wake(&schedule, now + UTC_SECOND, now + 11 * UTC_SECOND);
    expect_done(&schedule, now + 11 * UTC_SECOND, SLICE_PASS, "2024-05-06T10:19:08Z",
                "2024-05-06T10:21:18Z");
    expect(&schedule, now + 21 * UTC_SECOND, SLICE_LIVE, "2024-05-05T10:15:00Z",
           "2024-05-06T10:15:00Z");
    now += 81 * UTC_SECOND;
    expect(&schedule, now, SLICE_LIVE, "2024-05-05T10:15:00Z", "2024-05-06T10:15:00Z");
    schedule_done(&schedule, &live, now, 60 * UTC_SECOND, 500); /* 5 % would be 20 min */
    expect_done(&schedule, now, SLICE_PASS, "2024-05-06T10:19:18Z", "2024-05-06T10:22:28Z");
    now += UTC_QUARTER - 1;
    expect(&schedule, now, SLICE_PASS, "2024-05-06T10:20:28Z", "2024-05-06T10:37:27.999Z");
    expect(&schedule, now + 1, SLICE_LIVE, "2024-05-05T10:15:00Z", "2024-05-06T10:30:00Z");
}

static void test_the_lookback_reaches_back_to_the_oldest_open_status(void **state)
{
    struct schedule schedule = statuses(UTC_QUARTER);
    struct slice_now facts = facts_at(at("2024-05-06T10:21:07Z"));
    struct slice slice;
    utc_ms wake;

    (void)state;
    schedule_start(&schedule, facts.now);
    facts.oldest_open = at("2024-05-03T07:22:33Z");
    assert_true(schedule_next(&schedule, &facts, &slice, &wake));
    assert_true(slice.from == at("2024-05-03T07:15:00Z"));
    facts.oldest_open = at("2024-05-06T09:00:00Z"); /* inside the lookback */
    assert_true(schedule_next(&schedule, &facts, &slice, &wake));
    assert_true(slice.from == at("2024-05-05T10:15:00Z"));
    facts.oldest_open = at("2023-01-01T00:00:00Z");
    assert_true(schedule_next(&schedule, &facts, &slice, &wake));
    assert_true(slice.from == at("2024-04-05T10:15:00Z"));
    assert_true(slice.to == at("2024-05-06T10:15:00Z"));
}

static void test_once_reads_everything_once_and_then_nothing(void **state)
{
    struct schedule schedule = statuses(10 * UTC_SECOND);
    const utc_ms now = at("2024-05-06T10:21:07Z");

    (void)state;
    schedule.rules.once = true;
    schedule.rules.history = "2d";
    schedule.rules.hours_from_ms = 20 * UTC_HOUR;
    schedule.rules.hours_to_ms = 21 * UTC_HOUR;
    schedule_start(&schedule, now);
    expect_done(&schedule, now, SLICE_LIVE, "2024-05-05T10:15:00Z", "2024-05-06T10:15:00Z");
    expect_done(&schedule, now, SLICE_PASS, "2024-05-06T10:13:00Z", "2024-05-06T10:21:07Z");
    expect_done(&schedule, now + UTC_HOUR, SLICE_HISTORY, "2024-05-04T10:15:00Z",
                "2024-05-05T10:15:00Z");
    expect_wake(&schedule, now + 2 * UTC_HOUR, INT64_MAX);
    schedule_start(&schedule, now + UTC_QUARTER); /* run --once again */
    expect_done(&schedule, now + UTC_QUARTER, SLICE_LIVE, "2024-05-05T10:15:00Z",
                "2024-05-06T10:30:00Z");
    expect_done(&schedule, now + UTC_QUARTER, SLICE_PASS, "2024-05-06T10:28:00Z",
                "2024-05-06T10:36:07Z");
    expect_wake(&schedule, now + UTC_QUARTER, INT64_MAX);
}

static void test_intervals_keep_to_their_grid_in_their_zone(void **state)
{
    struct schedule schedule = contacts();
    const utc_ms now = at("2024-05-06T10:21:00Z");

    (void)state;
    schedule.rules.grid_ms = UTC_HOUR;
    schedule.rules.lookback_ms = 20 * UTC_MINUTE;
    schedule.rules.history = "2d";
    schedule_start(&schedule, now);
    expect_done(&schedule, now, SLICE_LIVE, "2024-05-06T09:00:00Z", "2024-05-06T10:00:00Z");
    expect(&schedule, now, SLICE_HISTORY, "2024-05-05T09:00:00Z", "2024-05-06T09:00:00Z");
    schedule = contacts();
    schedule.rules.grid_ms = UTC_HOUR;
    schedule.rules.grid_phase_ms = 30 * UTC_MINUTE; /* India */
    schedule_start(&schedule, now);
    expect_done(&schedule, now, SLICE_LIVE, "2024-05-06T07:30:00Z", "2024-05-06T09:30:00Z");
    expect(&schedule, at("2024-05-06T10:35:00Z"), SLICE_LIVE, "2024-05-06T07:30:00Z",
           "2024-05-06T10:30:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_start_reads_today_then_history_newest_first),
        cmocka_unit_test(test_live_is_due_at_every_multiple_plus_delay),
        cmocka_unit_test(test_a_failed_live_slice_stays_due),
        cmocka_unit_test(test_an_outage_longer_than_lookback_opens_a_hole),
        cmocka_unit_test(test_an_outage_without_success_keeps_growing_its_hole),
        cmocka_unit_test(test_a_longer_history_opens_the_missing_part_only),
        cmocka_unit_test(test_recheck_is_opened_once_a_night_and_read_last),
        cmocka_unit_test(test_a_recheck_outside_the_horizon_is_forgotten),
        cmocka_unit_test(test_history_hours_hold_holes_back_in_local_time),
        cmocka_unit_test(test_near_real_time_passes_and_the_lookback_between_them),
        cmocka_unit_test(test_the_lookback_reaches_back_to_the_oldest_open_status),
        cmocka_unit_test(test_once_reads_everything_once_and_then_nothing),
        cmocka_unit_test(test_intervals_keep_to_their_grid_in_their_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
