/* SPDX-License-Identifier: Apache-2.0 */
/* schedule.c - decides what is read next: live work, then the newest hole */
#include "agent/flow/schedule.h"

#include <string.h>

#define STEP_FIRST_MS      UTC_DAY
#define STEP_MOST_MS       (31 * UTC_DAY)
#define REACH_BACK_MOST_MS (31 * UTC_DAY)   /* for the end of an open status */
#define PASS_OVERLAP_MS    (2 * UTC_MINUTE) /* rows may be committed this much after their time */
#define LOOKBACK_SHARE     20               /* re-reading takes one part of so many: 5 % */
#define LOOKBACK_MOST_MS   UTC_QUARTER      /* and is never further apart than this */
#define RECHECK_AT_MS      (2 * UTC_HOUR)   /* of the local day */
#define NEVER_AGAIN        INT64_MAX

static utc_ms grid_floor(const struct schedule *s, utc_ms time)
{
    return utc_floor(time + s->rules.grid_phase_ms, s->rules.grid_ms) - s->rules.grid_phase_ms;
}

static int64_t lesser(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

static int64_t greater(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

static bool is_near_real_time(const struct schedule *s)
{
    return s->rules.is_status && s->rules.every_ms < UTC_QUARTER;
}

/* Live import reads up to here, not further: what is younger may still be incomplete. */
static utc_ms boundary(const struct schedule *s, utc_ms now)
{
    return grid_floor(s, now - s->rules.delay_ms);
}

/* --- holes --- */

static void remove_hole(struct schedule *s, size_t index)
{
    s->hole_count--;
    memmove(&s->holes[index], &s->holes[index + 1], (s->hole_count - index) * sizeof s->holes[0]);
}

/* Makes two holes one, where the least is read twice by that. Of so many holes two are always of
 * one purpose. */
static void merge_nearest(struct schedule *s)
{
    size_t first = 0;
    size_t second = 0;

    for (size_t j = 1; j < s->hole_count; j++)
        for (size_t i = 0; i < j; i++)
            if (s->holes[i].purpose == s->holes[j].purpose &&
                (second == 0 ||
                 s->holes[j].from - s->holes[i].to < s->holes[second].from - s->holes[first].to)) {
                first = i;
                second = j;
            }
    s->holes[first].to = s->holes[second].to;
    remove_hole(s, second);
}

void schedule_open_hole(struct schedule *s, const struct hole *hole)
{
    struct hole opened = *hole;
    size_t place = 0;

    if (opened.from >= opened.to)
        return;
    if (s->hole_count == SCHEDULE_HOLES_MOST)
        merge_nearest(s);
    for (size_t i = s->hole_count; i-- > 0;) {
        const struct hole *other = &s->holes[i];
        if (other->purpose != opened.purpose || other->from > opened.to || other->to < opened.from)
            continue;
        opened.from = lesser(opened.from, other->from);
        opened.to = greater(opened.to, other->to);
        remove_hole(s, i);
    }
    while (place < s->hole_count && s->holes[place].from < opened.from)
        place++;
    memmove(&s->holes[place + 1], &s->holes[place], (s->hole_count - place) * sizeof s->holes[0]);
    s->holes[place] = opened;
    s->hole_count++;
}

/* Takes [from, to) out of all holes of one purpose. */
static void close_stretch(struct schedule *s, enum slice_purpose purpose, utc_ms from, utc_ms to)
{
    for (size_t i = s->hole_count; i-- > 0;) {
        const struct hole hole = s->holes[i];
        if (hole.purpose != purpose || hole.to <= from || hole.from >= to)
            continue;
        remove_hole(s, i);
        schedule_open_hole(s, &(struct hole){hole.from, lesser(hole.to, from), purpose});
        schedule_open_hole(s, &(struct hole){greater(hole.from, to), hole.to, purpose});
        i = s->hole_count; /* the list has changed */
    }
}

/* --- live --- */

/* How far live import may lie behind before the older part becomes a hole. */
static int64_t reach(const struct schedule *s)
{
    return greater(s->rules.lookback_ms, greater(s->rules.every_ms, s->rules.grid_ms));
}

/* A clock that was put back takes the edge along: nothing can have been read beyond now. After an
 * outage, what lies further back than live reaches becomes a hole. */
static void mend_edge(struct schedule *s, utc_ms now)
{
    const utc_ms to = boundary(s, now);

    if (s->edge > to)
        s->edge = to;
    if (to - s->edge <= reach(s))
        return;
    const utc_ms from = grid_floor(s, to - reach(s));
    const utc_ms begin = grid_floor(s, s->edge - s->rules.lookback_ms);
    schedule_open_hole(s, &(struct hole){greater(begin, s->history_from), from, SLICE_HISTORY});
    s->edge = from + s->rules.lookback_ms;
}

static bool live_slice(struct schedule *s, const struct schedule_now *facts, struct slice *slice)
{
    const utc_ms to = boundary(s, facts->now);
    utc_ms from = grid_floor(s, s->edge - s->rules.lookback_ms);

    if (s->rules.is_status && facts->oldest_open != UTC_NEVER)
        from = lesser(from, grid_floor(s, greater(facts->oldest_open, to - REACH_BACK_MOST_MS)));
    if (s->live_most_ms > 0 && to - from > s->live_most_ms) {
        const utc_ms cut = grid_floor(s, to - s->live_most_ms);
        schedule_open_hole(s, &(struct hole){from, cut, SLICE_HISTORY});
        from = cut;
    }
    *slice = (struct slice){.purpose = SLICE_LIVE, .from = from, .to = to};
    return from < to;
}

/* Multiples of `every`, counted from `delay` on: live is due once in each. */
static utc_ms tick(const struct schedule *s, utc_ms time)
{
    return utc_floor(time - s->rules.delay_ms, s->rules.every_ms);
}

static utc_ms lookback_due(const struct schedule *s, utc_ms now)
{
    if (s->last_live == UTC_NEVER)
        return now;
    if (s->rules.once)
        return NEVER_AGAIN;
    if (is_near_real_time(s)) /* far ahead: the clock was put back */
        return s->lookback_due - now > LOOKBACK_MOST_MS ? now : s->lookback_due;
    return tick(s, now) != tick(s, s->last_live)
               ? now
               : tick(s, now) + s->rules.every_ms + s->rules.delay_ms;
}

static utc_ms pass_due(const struct schedule *s, utc_ms now)
{
    if (!is_near_real_time(s))
        return NEVER_AGAIN;
    if (s->last_pass == UTC_NEVER)
        return now;
    if (s->rules.once)
        return NEVER_AGAIN;
    return s->last_pass > now ? now : s->last_pass + s->rules.every_ms;
}

utc_ms schedule_live_due(const struct schedule *s, const struct schedule_now *facts)
{
    return lesser(lookback_due(s, facts->now), pass_due(s, facts->now));
}

/* The lookback goes first: it takes 5 % of the time at most, and a pass begins where it ended. */
static bool next_live(struct schedule *s, const struct schedule_now *facts, struct slice *slice)
{
    const utc_ms now = facts->now;

    if (lookback_due(s, now) <= now) {
        if (live_slice(s, facts, slice))
            return true;
        s->last_live = now; /* nothing to read: no lookback, and the next quarter hour not over */
        s->lookback_due = now + LOOKBACK_MOST_MS;
    }
    if (pass_due(s, now) > now)
        return false;
    const utc_ms from = lesser(greater(s->last_pass, s->edge), now) - PASS_OVERLAP_MS;
    *slice = (struct slice){.purpose = SLICE_PASS, .from = from, .to = now};
    return true;
}

/* --- history --- */

static int64_t time_of_day(const struct schedule_now *facts)
{
    const utc_ms local = facts->now + facts->utc_offset_ms;

    return local - utc_floor(local, UTC_DAY);
}

/* Of `history_hours`: now, or when they begin. */
static utc_ms holes_due(const struct schedule *s, const struct schedule_now *facts)
{
    const int64_t from = s->rules.hours_from_ms;
    const int64_t to = s->rules.hours_to_ms;
    const int64_t time = time_of_day(facts);
    const bool is_open = from == to  ? true
                         : from < to ? time >= from && time < to
                                     : time >= from || time < to;

    if (is_open || s->rules.once)
        return facts->now;
    return facts->now + (from - time + UTC_DAY) % UTC_DAY;
}

/* The night that began last, as its local day. */
static utc_ms night_of(const struct schedule_now *facts)
{
    return utc_floor(facts->now + facts->utc_offset_ms - RECHECK_AT_MS, UTC_DAY);
}

/* Opens a recheck once a night, and forgets what an older one left outside the horizon: nothing
 * tells there what was sent before. *due is when the next one is opened. */
static void open_recheck(struct schedule *s, const struct schedule_now *facts, utc_ms *due)
{
    const utc_ms night = night_of(facts);
    const utc_ms horizon = grid_floor(s, facts->now - s->rules.recheck_ms) + s->rules.grid_ms;
    const utc_ms to = grid_floor(s, s->edge - s->rules.lookback_ms);

    close_stretch(s, SLICE_RECHECK, INT64_MIN, horizon);
    *due = NEVER_AGAIN;
    if (s->rules.recheck_ms == 0)
        return;
    if (s->rechecked != night && s->rechecked != UTC_NEVER)
        schedule_open_hole(s, &(struct hole){greater(horizon, s->history_from), to, SLICE_RECHECK});
    s->rechecked = night;
    *due = night + UTC_DAY + RECHECK_AT_MS - facts->utc_offset_ms;
}

/* History and reimport before recheck, then the newest. */
static const struct hole *next_hole(const struct schedule *s)
{
    const struct hole *best = NULL;

    for (size_t i = 0; i < s->hole_count; i++) {
        const struct hole *hole = &s->holes[i];
        const bool is_recheck = hole->purpose == SLICE_RECHECK;
        if (best == NULL || (best->purpose == SLICE_RECHECK && !is_recheck) ||
            ((best->purpose == SLICE_RECHECK) == is_recheck && hole->to > best->to))
            best = hole;
    }
    return best;
}

bool schedule_next(struct schedule *s, const struct schedule_now *facts, struct slice *slice,
                   utc_ms *wake)
{
    utc_ms recheck_due;

    s->asked = facts->now;
    mend_edge(s, facts->now);
    open_recheck(s, facts, &recheck_due);
    if (next_live(s, facts, slice))
        return true;

    const struct hole *hole = next_hole(s);
    const utc_ms due = hole != NULL ? holes_due(s, facts) : NEVER_AGAIN;
    if (due <= facts->now) {
        *slice = (struct slice){
            .purpose = hole->purpose,
            .from = greater(hole->from, grid_floor(s, hole->to - s->step_ms)),
            .to = hole->to,
        };
        return true;
    }
    *wake =
        s->rules.once ? NEVER_AGAIN : lesser(lesser(schedule_live_due(s, facts), recheck_due), due);
    return false;
}

void schedule_start(struct schedule *s, utc_ms now)
{
    utc_ms wanted;

    s->step_ms = lesser(greater(STEP_FIRST_MS, s->rules.grid_ms), STEP_MOST_MS);
    s->live_most_ms = 0;
    s->last_live = s->last_pass = s->lookback_due = s->asked = UTC_NEVER;
    if (s->edge == UTC_NEVER) {
        s->edge = boundary(s, now);
        s->history_from = grid_floor(s, s->edge - s->rules.lookback_ms);
        s->rechecked = UTC_NEVER;
    }
    /* A clock behind what was read already is wrong: it must not make history longer. */
    const bool is_plausible = boundary(s, now) >= s->edge;
    mend_edge(s, now);
    if (!is_plausible || !utc_span_start(s->rules.history, now, &wanted))
        return;
    wanted = grid_floor(s, wanted);
    if (wanted < s->history_from) {
        schedule_open_hole(s, &(struct hole){wanted, s->history_from, SLICE_HISTORY});
        s->history_from = wanted;
    }
}

/* --- afterwards --- */

static void set_step(struct schedule *s, int64_t step_ms)
{
    const int64_t step = utc_floor(lesser(step_ms, STEP_MOST_MS), s->rules.grid_ms);

    s->step_ms = greater(step, s->rules.grid_ms);
}

/* As long as would just have met both targets, but at most twice and at least half as long. */
static void adapt_step(struct schedule *s, int64_t length_ms, int64_t took_ms, int64_t rows)
{
    const int64_t target_ms = lesser(s->rules.target_ms, s->rules.every_ms / 2);
    int64_t wanted_ms = 2 * length_ms;

    if (took_ms > 0)
        wanted_ms = lesser(wanted_ms, length_ms * target_ms / took_ms);
    if (rows > 0)
        wanted_ms = lesser(wanted_ms, length_ms * s->rules.target_rows / rows);
    wanted_ms = greater(wanted_ms, length_ms / 2);
    if (wanted_ms >= length_ms) /* the short rest of a hole says nothing against a longer slice */
        wanted_ms = greater(wanted_ms, s->step_ms);
    set_step(s, wanted_ms);
}

void schedule_done(struct schedule *s, const struct slice *slice, utc_ms now, int64_t took_ms,
                   int64_t rows)
{
    const int64_t length_ms = slice->to - slice->from;

    switch (slice->purpose) {
    case SLICE_LIVE:
        s->edge = slice->to;
        s->last_live = s->asked;
        s->lookback_due =
            now + lesser(LOOKBACK_MOST_MS, greater(s->rules.every_ms, LOOKBACK_SHARE * took_ms));
        s->live_most_ms = s->live_most_ms <= STEP_MOST_MS ? 2 * s->live_most_ms : 0;
        break;
    case SLICE_PASS:
        s->last_pass = slice->to;
        break;
    case SLICE_HISTORY:
    case SLICE_REIMPORT:
    case SLICE_RECHECK:
        close_stretch(s, slice->purpose, slice->from, slice->to);
        adapt_step(s, length_ms, took_ms, rows);
        break;
    case SLICE_FILE:
        break;
    }
}

bool schedule_halve(struct schedule *s, const struct slice *slice)
{
    const int64_t length_ms = slice->to - slice->from;

    if (slice->purpose == SLICE_PASS || slice->purpose == SLICE_FILE ||
        length_ms <= s->rules.grid_ms)
        return false;
    if (slice->purpose == SLICE_LIVE)
        s->live_most_ms = greater(utc_floor(length_ms / 2, s->rules.grid_ms), s->rules.grid_ms);
    else
        set_step(s, length_ms / 2);
    return true;
}

bool schedule_is_kept(const struct schedule *stored, const struct schedule *schedule)
{
    bool is_kept = stored->edge == schedule->edge && stored->rechecked == schedule->rechecked &&
                   stored->history_from == schedule->history_from &&
                   stored->hole_count == schedule->hole_count;

    for (size_t i = 0; is_kept && i < stored->hole_count; i++)
        is_kept = stored->holes[i].from == schedule->holes[i].from &&
                  stored->holes[i].to == schedule->holes[i].to &&
                  stored->holes[i].purpose == schedule->holes[i].purpose;
    return is_kept;
}

int64_t schedule_history_left_ms(const struct schedule *s)
{
    int64_t left_ms = 0;

    for (size_t i = 0; i < s->hole_count; i++)
        if (s->holes[i].purpose == SLICE_HISTORY)
            left_ms += s->holes[i].to - s->holes[i].from;
    return left_ms;
}

int schedule_history_tenths(const struct schedule *s)
{
    const int64_t left_ms = schedule_history_left_ms(s);
    const int64_t total_ms = s->edge - s->rules.lookback_ms - s->history_from;

    if (left_ms == 0)
        return 1000;
    if (left_ms >= total_ms)
        return 0;
    return (int)lesser(999, (total_ms - left_ms) * 1000 / total_ms);
}
