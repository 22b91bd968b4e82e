/* SPDX-License-Identifier: Apache-2.0 */
/* zone_rule.h - the POSIX TZ string that ends a TZif file: how a zone goes on for ever
 *
 * For zone.c only. RFC 8536 3.3: names in <...>, hours of a change from -167 to 167, summer time
 * that lies behind standard time (Ireland) and that never ends are all allowed.
 */
#ifndef AGENT_BASE_ZONE_RULE_H
#define AGENT_BASE_ZONE_RULE_H

#include "agent/base/utc.h"

/* A stretch [from, to) of one offset; local = UTC + offset. */
struct zone_span {
    utc_ms from, to;
    int64_t offset_ms;
};

/* When a change happens in each year: a day, and a time on the clock in force before it. */
struct zone_day {
    enum {
        ZONE_DAY_OF_365,   /* Jn: day 1..365, 29 February is never counted */
        ZONE_DAY_OF_366,   /* n: day 0..365, 29 February is counted */
        ZONE_DAY_OF_MONTH, /* Mm.w.d: weekday `day` (Sunday is 0) of week 1..5 (5: the last) */
    } kind;
    int month, week, day;
    int64_t clock_ms;
};

struct zone_rule {
    int64_t standard_ms; /* offset */
    bool has_summer;
    int64_t summer_ms; /* offset; may be less than the standard one */
    struct zone_day summer_begins, summer_ends;
};

/* False: not a rule, or one outside the limits of RFC 8536. */
bool zone_rule_parse(const char *text, size_t size, struct zone_rule *rule) MUST_USE;

/* The stretch around `time`. */
struct zone_span zone_rule_span(const struct zone_rule *rule, utc_ms time);

#endif
