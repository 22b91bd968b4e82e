/* SPDX-License-Identifier: Apache-2.0 */
/* test_schedule.c - what is due when, by example; test_schedule_model.c has the properties */
#include "tests/unit/check.h"

#include "tests/unit/schedule_expect.h"

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
    struct schedule_now facts = facts_at(at("2024-05-06T10:21:00Z"));

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
        const struct schedule_now facts = facts_at(now);
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
        const struct schedule_now facts = facts_at(now);
        struct slice slice;
        utc_ms wake;
        assert_true(schedule_next(&schedule, &facts, &slice, &wake));
        assert_int_equal(slice.purpose, SLICE_LIVE);
        assert_true(slice.to == now - 5 * UTC_MINUTE);
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
    schedule_open_hole(&schedule,
                       &(struct hole){at("2024-05-02"), at("2024-05-03"), SLICE_HISTORY});
    expect_done(&schedule, night, SLICE_HISTORY, "2024-05-02T00:00:00Z", "2024-05-03T00:00:00Z");
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
    struct schedule_now facts = facts_at(at("2024-05-06T10:21:00Z"));
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
    struct schedule_now facts = facts_at(at("2024-05-06T10:21:07Z"));
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

/* Hands out the next slice of history and says how long it took and what it yielded. */
static int64_t read_history(struct schedule *schedule, utc_ms now, int64_t took_ms, int64_t rows)
{
    const struct schedule_now facts = facts_at(now);
    struct slice slice;
    utc_ms wake;

    assert_true(schedule_next(schedule, &facts, &slice, &wake));
    assert_int_equal(slice.purpose, SLICE_HISTORY);
    schedule_done(schedule, &slice, now, took_ms, rows);
    return slice.to - slice.from;
}

static void test_slices_of_history_adapt_to_time_and_rows(void **state)
{
    struct schedule schedule = contacts();
    const utc_ms now = at("2024-05-06T10:21:00Z");

    (void)state;
    schedule_start(&schedule, now);
    expect_done(&schedule, now, SLICE_LIVE, "2024-05-06T08:15:00Z", "2024-05-06T10:15:00Z");
    assert_int_equal(read_history(&schedule, now, 8000, 50000), UTC_DAY);    /* a bit more */
    assert_int_equal(read_history(&schedule, now, 30000, 0), 30 * UTC_HOUR); /* too slow */
    assert_int_equal(read_history(&schedule, now, 100, 100), 15 * UTC_HOUR);
    assert_int_equal(read_history(&schedule, now, 100, 150000), 30 * UTC_HOUR); /* too many */
    assert_int_equal(read_history(&schedule, now, 100, 100), 20 * UTC_HOUR);
    schedule.rules.every_ms = 10 * UTC_SECOND; /* half of it is the target now */
    schedule.rules.is_status = false;
    schedule.last_live = now;
    assert_int_equal(read_history(&schedule, now, 10000, 100), 40 * UTC_HOUR);
    assert_int_equal(read_history(&schedule, now, 1, 1), 20 * UTC_HOUR);
    schedule.hole_count = 0; /* the rest of a hole was short, and quick */
    schedule_open_hole(&schedule,
                       &(struct hole){at("2024-01-01"), at("2024-01-02"), SLICE_HISTORY});
    assert_int_equal(read_history(&schedule, now, 1, 1), UTC_DAY);
    assert_int_equal(schedule.step_ms, 2 * UTC_DAY);
    schedule_open_hole(
        &schedule, &(struct hole){at("2024-01-01"), at("2024-01-01") + UTC_HOUR, SLICE_HISTORY});
    assert_int_equal(read_history(&schedule, now, 1, 1), UTC_HOUR);
    assert_int_equal(schedule.step_ms, 2 * UTC_DAY);
}

static void test_halving_ends_at_the_grid(void **state)
{
    struct schedule schedule = contacts();
    const utc_ms now = at("2024-05-06T10:21:00Z");
    struct slice slice = {.purpose = SLICE_HISTORY, .from = now, .to = now + UTC_HOUR};

    (void)state;
    schedule_start(&schedule, now);
    assert_true(schedule_halve(&schedule, &slice));
    assert_int_equal(schedule.step_ms, 30 * UTC_MINUTE);
    slice.to = now + 45 * UTC_MINUTE;
    assert_true(schedule_halve(&schedule, &slice));
    assert_int_equal(schedule.step_ms, UTC_QUARTER);
    slice.to = now + UTC_QUARTER;
    assert_false(schedule_halve(&schedule, &slice));
    slice = (struct slice){.purpose = SLICE_PASS, .from = now, .to = now + UTC_HOUR};
    assert_false(schedule_halve(&schedule, &slice));
}

static void test_a_live_slice_that_is_too_large_leaves_its_older_part_to_a_hole(void **state)
{
    struct schedule schedule = contacts();
    utc_ms now = at("2024-05-06T10:21:00Z");
    const struct slice large = {.purpose = SLICE_LIVE,
                                .from = at("2024-05-06T08:15:00Z"),
                                .to = at("2024-05-06T10:15:00Z")};

    (void)state;
    schedule.rules.history = "none";
    schedule_start(&schedule, now);
    expect(&schedule, now, SLICE_LIVE, "2024-05-06T08:15:00Z", "2024-05-06T10:15:00Z");
    assert_true(schedule_halve(&schedule, &large));
    expect_done(&schedule, now, SLICE_LIVE, "2024-05-06T09:15:00Z", "2024-05-06T10:15:00Z");
    expect_done(&schedule, now, SLICE_HISTORY, "2024-05-06T08:15:00Z", "2024-05-06T09:15:00Z");
    now = at("2024-05-06T10:35:00Z"); /* twice as long may be tried again, and then any length */
    expect_done(&schedule, now, SLICE_LIVE, "2024-05-06T08:30:00Z", "2024-05-06T10:30:00Z");
    expect_done(&schedule, now, SLICE_HISTORY, "2024-05-06T08:15:00Z", "2024-05-06T08:30:00Z");
    now = at("2024-05-06T10:50:00Z");
    expect_done(&schedule, now, SLICE_LIVE, "2024-05-06T08:30:00Z", "2024-05-06T10:45:00Z");
    expect_wake(&schedule, now, at("2024-05-06T11:05:00Z"));
}

static void test_a_start_with_a_clock_far_behind_asks_for_no_older_history(void **state)
{
    struct schedule schedule = contacts();

    (void)state;
    schedule_start(&schedule, at("2024-05-06T10:21:00Z"));
    schedule_start(&schedule, at("1970-01-01T00:01:00Z"));
    assert_true(schedule.history_from == at("2021-05-06T10:15:00Z"));
    assert_int_equal(schedule.hole_count, 1);
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
        cmocka_unit_test(test_slices_of_history_adapt_to_time_and_rows),
        cmocka_unit_test(test_halving_ends_at_the_grid),
        cmocka_unit_test(test_a_live_slice_that_is_too_large_leaves_its_older_part_to_a_hole),
        cmocka_unit_test(test_a_start_with_a_clock_far_behind_asks_for_no_older_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
