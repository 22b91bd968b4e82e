/* SPDX-License-Identifier: Apache-2.0 */
/* test_schedule_model.c - properties of the schedule over random rules, stops, failures and clocks
 *
 * A world of quarter hours remembers when each was read and committed. Whatever happened in
 * between: at the end every quarter hour of the history has been read after it was complete, and
 * history has read none twice.
 */
#include "tests/unit/check.h"

#include <string.h>

#include "agent/flow/schedule.h"

#define BEGIN  INT64_C(1709251200000) /* 2024-03-01T00:00:00Z, the first start at the earliest */
#define PAST   (45 * UTC_DAY)
#define FUTURE (60 * UTC_DAY)
#define CELLS  ((size_t)((PAST + FUTURE) / UTC_QUARTER))
#define WORLDS 1200
#define ORIGIN (BEGIN - PAST)
#define UNREAD INT64_MIN

struct world {
    uint64_t random;
    struct schedule schedule, stored;
    utc_ms now;                  /* true time */
    int64_t clock_error_ms;      /* what the agent's clock adds */
    utc_ms clock_mends_at;       /* true time */
    utc_ms last_live, last_pass; /* agent's time of the last that was done in this run */
    utc_ms read_at[CELLS];       /* true time of the last read */
    int history_reads[CELLS];
    int64_t history_ms;
    int64_t utc_offset_ms;
    bool clock_steps, live_is_halved, stored_by_right_clock;
    utc_ms finished_at;
    int slices, rechecked_cells;
};

static int64_t pick(struct world *world, int64_t count)
{
    world->random = world->random * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((world->random >> 20) % (uint64_t)count);
}

#define PICK(world, ...)                                                                           \
    (((const int64_t[]){__VA_ARGS__})[pick(                                                        \
        world, (int64_t)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))])

static bool is_near_real_time(const struct world *world)
{
    return world->schedule.rules.is_status && world->schedule.rules.every_ms < UTC_QUARTER;
}

static utc_ms agent_clock(const struct world *world)
{
    return world->now + world->clock_error_ms;
}

static struct schedule_now facts_of(struct world *world)
{
    struct schedule_now facts = {
        .now = agent_clock(world), .utc_offset_ms = world->utc_offset_ms, .oldest_open = UTC_NEVER};

    if (world->schedule.rules.is_status && pick(world, 3) == 0)
        facts.oldest_open = facts.now - pick(world, 40 * UTC_DAY);
    return facts;
}

static void begin_run(struct world *world)
{
    world->last_live = world->last_pass = UTC_NEVER;
    schedule_start(&world->schedule, agent_clock(world));
    if (pick(world, 2) == 0) {
        world->stored = world->schedule;
        world->stored_by_right_clock = world->clock_error_ms == 0;
    }
}

static void make_world(struct world *world, uint64_t seed)
{
    static const char *const histories[] = {"none", "6h", "3d", "40d"};
    static const int64_t lengths_ms[] = {0, 6 * UTC_HOUR, 3 * UTC_DAY, 40 * UTC_DAY};

    memset(world, 0, sizeof *world);
    world->random = seed * 0x9E3779B97F4A7C15u + 1;
    for (size_t i = 0; i < CELLS; i++)
        world->read_at[i] = UNREAD;
    struct schedule_rules *rules = &world->schedule.rules;
    const int history = (int)pick(world, 4);
    const int kind = (int)pick(world, 3);
    rules->is_status = kind == 2;
    rules->every_ms = PICK(world, UTC_QUARTER, 2 * UTC_QUARTER, UTC_HOUR);
    if (rules->is_status && pick(world, 2) == 0)
        rules->every_ms = PICK(world, 10 * UTC_SECOND, UTC_MINUTE, 7 * UTC_MINUTE);
    rules->delay_ms = PICK(world, 0, 5 * UTC_MINUTE, 20 * UTC_MINUTE, 3 * UTC_HOUR);
    rules->lookback_ms = PICK(world, 0, 20 * UTC_MINUTE, 2 * UTC_HOUR, UTC_DAY);
    rules->recheck_ms = PICK(world, 0, UTC_DAY, 7 * UTC_DAY);
    rules->grid_ms = kind == 1 ? PICK(world, 1, 2, 4) * UTC_QUARTER : UTC_QUARTER;
    rules->grid_phase_ms = pick(world, 4) * UTC_QUARTER % rules->grid_ms;
    rules->target_ms = PICK(world, UTC_SECOND, 10 * UTC_SECOND, UTC_MINUTE);
    rules->target_rows = PICK(world, 100, 20000, 100000);
    rules->history = histories[history];
    world->history_ms = lengths_ms[history];
    if (pick(world, 3) == 0) {
        rules->hours_from_ms = pick(world, 24) * UTC_HOUR;
        rules->hours_to_ms = pick(world, 24) * UTC_HOUR;
    }
    world->utc_offset_ms = (pick(world, 27 * 4) - 12 * 4) * UTC_QUARTER;
    world->schedule.edge = world->schedule.history_from = UTC_NEVER;
    world->stored = world->schedule;
    world->now = BEGIN + pick(world, UTC_DAY);
}

/* Live work has gone before a hole is read. Without a lookback there is none to read at a start. */
static void check_live_went_before(const struct world *world)
{
    const struct schedule_rules *rules = &world->schedule.rules;
    const utc_ms now = agent_clock(world);
    const utc_ms tick = utc_floor(now - rules->delay_ms, rules->every_ms);
    const bool has_lookback = rules->lookback_ms > 0;

    assert_true(world->last_live != UTC_NEVER || !has_lookback);
    if (rules->once)
        return;
    if (is_near_real_time(world)) {
        assert_in_range(now - world->last_pass, 0, rules->every_ms - 1);
        if (has_lookback)
            assert_in_range(now - world->last_live, 0, UTC_QUARTER + 31 * UTC_MINUTE);
        return;
    }
    assert_true(world->schedule.edge > tick - rules->grid_ms);
    if (has_lookback)
        assert_true(tick == utc_floor(world->last_live - rules->delay_ms, rules->every_ms));
}

static void check_hours(const struct world *world)
{
    const struct schedule_rules *rules = &world->schedule.rules;
    const utc_ms local = agent_clock(world) + world->utc_offset_ms;
    const int64_t time = local - utc_floor(local, UTC_DAY);
    const bool is_after = time >= rules->hours_from_ms;
    const bool is_before = time < rules->hours_to_ms;

    if (rules->hours_from_ms < rules->hours_to_ms)
        assert_true(is_after && is_before);
    if (rules->hours_from_ms > rules->hours_to_ms)
        assert_true(is_after || is_before);
}

/* What must hold of every slice that is handed out. */
static void check_slice(const struct world *world, const struct slice *slice)
{
    const struct schedule_rules *rules = &world->schedule.rules;
    const utc_ms now = agent_clock(world);
    const int64_t phase = rules->grid_phase_ms;

    assert_true(slice->from < slice->to);
    if (slice->purpose == SLICE_PASS) {
        assert_true(is_near_real_time(world) && slice->to == now);
        assert_true(world->last_live != UTC_NEVER || rules->lookback_ms == 0);
        return;
    }
    assert_true(utc_floor(slice->from + phase, rules->grid_ms) == slice->from + phase);
    assert_true(utc_floor(slice->to + phase, rules->grid_ms) == slice->to + phase);
    if (slice->purpose == SLICE_LIVE) {
        assert_true(slice->to == utc_floor(now - rules->delay_ms + phase, rules->grid_ms) - phase);
        if (!world->live_is_halved)
            assert_true(slice->from <= world->schedule.edge - rules->lookback_ms);
        return;
    }
    assert_true(slice->to - slice->from <= 31 * UTC_DAY);
    check_live_went_before(world);
    if (!rules->once)
        check_hours(world);
}

static void check_holes(const struct schedule *schedule)
{
    assert_true(schedule->hole_count <= SCHEDULE_HOLES_MOST);
    for (size_t i = 0; i < schedule->hole_count; i++) {
        const struct hole *hole = &schedule->holes[i];
        assert_true(hole->from < hole->to);
        for (size_t j = i + 1; j < schedule->hole_count; j++) {
            const struct hole *later = &schedule->holes[j];
            assert_true(later->from >= hole->from);
            assert_true(later->purpose != hole->purpose || later->from > hole->to);
        }
    }
}

static void note_reading(struct world *world, const struct slice *slice)
{
    for (utc_ms time = slice->from; time < slice->to; time += UTC_QUARTER) {
        if (time < ORIGIN || time >= ORIGIN + PAST + FUTURE)
            continue;
        const size_t cell = (size_t)((time - ORIGIN) / UTC_QUARTER);
        world->read_at[cell] = world->now;
        world->history_reads[cell] += slice->purpose == SLICE_HISTORY;
        world->rechecked_cells += slice->purpose == SLICE_RECHECK;
    }
}

static void read_and_commit(struct world *world, const struct slice *slice, utc_ms asked)
{
    const int64_t took_ms =
        1 + (slice->to - slice->from) * (1 + pick(world, 20)) / (UTC_DAY / UTC_SECOND) / 4;
    struct schedule after = world->schedule;

    if (slice->purpose != SLICE_PASS)
        note_reading(world, slice); /* as of the moment it was begun */
    world->now += took_ms;
    schedule_done(&after, slice, agent_clock(world), took_ms, took_ms * (1 + pick(world, 30)));
    assert_in_range(after.step_ms, after.rules.grid_ms, 31 * UTC_DAY);
    world->schedule = world->stored = after;
    world->stored_by_right_clock = world->clock_error_ms == 0;
    if (slice->purpose == SLICE_LIVE)
        world->last_live = asked;
    if (slice->purpose == SLICE_PASS)
        world->last_pass = asked;
}

/* A failure, a clock that is put forward or back for an hour, a stop with or without an outage. */
static void disturb(struct world *world, const struct slice *slice)
{
    const int64_t how = pick(world, 100);

    world->now += pick(world, UTC_MINUTE);
    if (how < 60) {
        if (slice->purpose == SLICE_LIVE && !world->live_is_halved)
            return;
        if (schedule_halve(&world->schedule, slice) && slice->purpose != SLICE_LIVE)
            assert_true(world->schedule.step_ms <= (slice->to - slice->from) / 2 ||
                        world->schedule.step_ms == world->schedule.rules.grid_ms);
        return;
    }
    if (how < 80 && world->clock_steps && world->clock_error_ms == 0) {
        world->clock_error_ms = pick(world, 6 * UTC_DAY) - 3 * UTC_DAY;
        world->clock_mends_at = world->now + pick(world, UTC_HOUR);
    }
    if (how >= 80) { /* in memory is what was stored at the last commit */
        if (how >= 97 && world->stored_by_right_clock) /* else nobody could know later */
            world->now += pick(world, 5 * UTC_DAY);
        world->schedule = world->stored;
        begin_run(world);
    }
}

static void mend_clock(struct world *world)
{
    if (world->clock_error_ms != 0 && world->now >= world->clock_mends_at)
        world->clock_error_ms = 0;
}

static void live_on(struct world *world, utc_ms until, int disturbance_percent)
{
    while (world->now < until) {
        mend_clock(world);
        const struct schedule_now facts = facts_of(world);
        struct slice slice;
        utc_ms wake = 0;

        const bool is_due = schedule_next(&world->schedule, &facts, &slice, &wake);
        check_holes(&world->schedule);
        if (!is_due) {
            assert_true(wake > facts.now);
            assert_true(wake <= facts.now + world->schedule.rules.every_ms + UTC_QUARTER);
            if (world->schedule.rules.once)
                return;
            /* Nothing is due: live is as far as it can be. */
            world->now += wake - facts.now;
            continue;
        }
        assert_true(++world->slices < 2000000);
        check_slice(world, &slice);
        if (pick(world, 100) < disturbance_percent)
            disturb(world, &slice);
        else
            read_and_commit(world, &slice, facts.now);
    }
}

/* Everything that is left, as `run --once` does it. */
static void finish(struct world *world)
{
    struct slice slice;
    utc_ms wake = 0;

    world->clock_error_ms = 0;
    world->live_is_halved = true; /* what was halved may still be so */
    world->schedule = world->stored;
    world->schedule.rules.once = true;
    world->finished_at = world->now;
    begin_run(world);
    for (int i = 0;; i++) {
        const struct schedule_now facts = facts_of(world);
        assert_true(i < 20000);
        if (!schedule_next(&world->schedule, &facts, &slice, &wake))
            break;
        check_slice(world, &slice);
        read_and_commit(world, &slice, facts.now);
    }
    assert_true(wake == INT64_MAX);
    assert_int_equal(world->schedule.hole_count, 0);
    assert_int_equal(schedule_history_tenths(&world->schedule), 1000);
}

static void check_coverage(const struct world *world, utc_ms first_start)
{
    const struct schedule_rules *rules = &world->schedule.rules;
    const int64_t phase = rules->grid_phase_ms;
    const utc_ms first_edge =
        utc_floor(first_start - rules->delay_ms + phase, rules->grid_ms) - phase;
    const utc_ms wanted = world->history_ms > 0 ? first_start - world->history_ms : first_edge;
    const utc_ms end =
        utc_floor(world->finished_at - rules->delay_ms + phase, rules->grid_ms) - phase;

    for (size_t i = 0; i < CELLS; i++) {
        const utc_ms time = ORIGIN + (utc_ms)i * UTC_QUARTER;
        if (time >= wanted && time < end &&
            (world->read_at[i] == UNREAD ||
             world->read_at[i] < time + UTC_QUARTER + rules->delay_ms))
            fail_msg("quarter hour %d is lost", (int)i);
        if (!world->clock_steps && !world->live_is_halved && world->history_reads[i] > 1)
            fail_msg("quarter hour %d is history %d times", (int)i, world->history_reads[i]);
    }
}

static struct world world;

static void play(uint64_t seed, bool clock_steps, bool live_is_halved, int disturbance_percent)
{
    make_world(&world, seed);
    world.clock_steps = clock_steps;
    world.live_is_halved = live_is_halved;
    if (clock_steps && world.schedule.rules.lookback_ms < 2 * UTC_HOUR)
        world.schedule.rules.lookback_ms = 2 * UTC_HOUR; /* an hour of a wrong clock fits in */
    const utc_ms first_start = world.now;
    begin_run(&world);
    world.stored = world.schedule; /* as the reader does after its start */
    live_on(&world, world.now + (is_near_real_time(&world) ? UTC_DAY / 4 : 12 * UTC_DAY),
            disturbance_percent);
    finish(&world);
    world.live_is_halved = live_is_halved;
    check_coverage(&world, first_start);
}

static void test_undisturbed(void **state)
{
    int rechecked_cells = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS / 4; seed++) {
        play(seed, false, false, 0);
        rechecked_cells += world.rechecked_cells;
    }
    assert_true(rechecked_cells > 10000);
}

static void test_failures_stops_and_outages(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++)
        play(seed + 10000, false, false, (int)(seed % 40));
}

static void test_live_slices_too_large(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++)
        play(seed + 20000, false, true, (int)(seed % 40));
}

static void test_a_clock_that_is_wrong_for_an_hour(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++)
        play(seed + 30000, true, false, (int)(seed % 20));
}

/* Random holes against a set of bits: nothing is ever forgotten, however many there are. */
static void test_holes_are_a_set_that_may_only_grow_by_merging(void **state)
{
    static struct schedule schedule;
    static bool open[3][1000];
    struct world dice = {.random = 7};

    (void)state;
    for (int round = 0; round < 300; round++) {
        schedule = (struct schedule){.hole_count = 0};
        memset(open, 0, sizeof open);
        const int64_t longest = round % 2 == 0 ? 3 : 60;
        for (int i = 0; i < 200; i++) {
            const int64_t from = pick(&dice, 1000);
            const int64_t end = from + pick(&dice, longest);
            const int64_t to = end < 1000 ? end : 1000;
            const int which = (int)pick(&dice, 3);
            schedule_open_hole(
                &schedule, &(struct hole){from, to, (enum slice_purpose)(SLICE_HISTORY + which)});
            for (int64_t k = from; k < to; k++)
                open[which][k] = true;
            check_holes(&schedule);
        }
        for (int which = 0; which < 3; which++)
            for (int64_t k = 0; k < 1000; k++) {
                bool found = false;
                for (size_t i = 0; i < schedule.hole_count; i++)
                    found = found || ((int)schedule.holes[i].purpose == SLICE_HISTORY + which &&
                                      schedule.holes[i].from <= k && k < schedule.holes[i].to);
                assert_true(found || !open[which][k]);
                if (longest == 60) /* few enough: exactly what was opened */
                    assert_true(schedule.hole_count == SCHEDULE_HOLES_MOST ||
                                found == open[which][k]);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_undisturbed),
        cmocka_unit_test(test_failures_stops_and_outages),
        cmocka_unit_test(test_live_slices_too_large),
        cmocka_unit_test(test_a_clock_that_is_wrong_for_an_hour),
        cmocka_unit_test(test_holes_are_a_set_that_may_only_grow_by_merging),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
