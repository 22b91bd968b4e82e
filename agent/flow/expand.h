/* SPDX-License-Identifier: Apache-2.0 */
/* expand.h - interval statistics as the contact events that reproduce them exactly
 *
 * See spec: "Interval statistics". Handling time is carried to the millisecond.
 */
#ifndef AGENT_FLOW_EXPAND_H
#define AGENT_FLOW_EXPAND_H

#include <stdbool.h>

#include "agent/flow/record.h"

/* A run of equal events: `count` times (offered, handled, duration). */
struct event_run {
    uint64_t count;
    bool offered, handled;
    int64_t duration_ms;
};
#define EVENT_RUNS_MOST 6

/* Fills runs and returns how many. carry_over_dropped: events that carry_over: drop left out. */
int expand_volume(const struct record *volume, bool is_interval, bool drop_carry_over,
                  struct event_run runs[EVENT_RUNS_MOST], uint64_t *carry_over_dropped);

#endif
