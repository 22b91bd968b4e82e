/* SPDX-License-Identifier: Apache-2.0 */
/* schedule_expect.h - asks a schedule what is due and compares it with times written out */
#ifndef TESTS_UNIT_SCHEDULE_EXPECT_H
#define TESTS_UNIT_SCHEDULE_EXPECT_H

#include <string.h>

#include "agent/flow/schedule.h"

static inline utc_ms at(const char *text)
{
    enum utc_form form;
    utc_ms time = 0;

    if (!utc_parse(text, strlen(text), &time, &form))
        fail_msg("not a time: %s", text);
    return time;
}

static inline struct schedule contacts(void)
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

static inline struct schedule_now facts_at(utc_ms now)
{
    return (struct schedule_now){.now = now, .oldest_open = UTC_NEVER};
}

static inline void expect(struct schedule *schedule, utc_ms now, enum slice_purpose purpose,
                          const char *from, const char *to)
{
    const struct schedule_now facts = facts_at(now);
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
static inline void expect_done(struct schedule *schedule, utc_ms now, enum slice_purpose purpose,
                               const char *from, const char *to)
{
    const struct slice slice = {.purpose = purpose, .from = at(from), .to = at(to)};

    expect(schedule, now, purpose, from, to);
    schedule_done(schedule, &slice, now, 0, 0);
}

static inline void expect_wake(struct schedule *schedule, utc_ms now, utc_ms expected)
{
    const struct schedule_now facts = facts_at(now);
    char text[UTC_TEXT_SIZE + 1];
    struct slice slice;
    utc_ms wake = 0;

    if (schedule_next(schedule, &facts, &slice, &wake))
        fail_msg("due: %d from %s", slice.purpose, utc_text(slice.from, text));
    if (wake != expected)
        fail_msg("wakes at %s", utc_text(wake, text));
}

#endif
