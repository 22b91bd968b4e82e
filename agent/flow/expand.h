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
    uint64_t count; /* at least 1 */
    bool offered, handled;
    int64_t duration_ms;
};
#define EVENT_RUNS_MOST 3

/* Fills runs and returns how many (0: an interval in which nothing happened). A contact is one
 * run of one event. With drop_carry_over, events handled but not offered, and handling time of an
 * interval that answered nothing, are left out together with their time; their number is *added*
 * to *carry_over_dropped. */
int expand_volume(const struct record *volume, bool is_interval, bool drop_carry_over,
                  struct event_run runs[EVENT_RUNS_MOST], uint64_t *carry_over_dropped);

#endif
