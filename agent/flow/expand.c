/* SPDX-License-Identifier: Apache-2.0 */
/* expand.c - turns offered, answered and handling time of an interval into runs of equal events
 *
 * The answered events, those that were offered first, share the handling time T:
 *
 *     0 ............ longer ............ both ............ answered
 *     | T/A + 1 ms   |   T/A                               |      longer = T mod A
 *     | offered and handled              | handled only    |      both = min(offered, answered)
 */
#include "agent/flow/expand.h"

struct runs {
    struct event_run *runs;
    int count;
};

static void add_run(struct runs *runs, const struct event_run *run)
{
    if (run->count > 0)
        runs->runs[runs->count++] = *run;
}

/* The answered events [from, to). */
static void add_answered(struct runs *runs, const struct record *volume, uint32_t from, uint32_t to)
{
    const int64_t each_ms = volume->volume.duration_ms / volume->volume.answered;
    const uint32_t longer = (uint32_t)(volume->volume.duration_ms % volume->volume.answered);
    const uint32_t middle = longer < from ? from : longer > to ? to : longer;
    struct event_run run = {.offered = from < volume->volume.offered, .handled = true};

    run.count = middle - from;
    run.duration_ms = each_ms + 1;
    add_run(runs, &run);
    run.count = to - middle;
    run.duration_ms = each_ms;
    add_run(runs, &run);
}

static void add_interval(struct runs *runs, const struct record *volume, bool drop_carry_over,
                         uint64_t *carry_over_dropped)
{
    const uint32_t offered = volume->volume.offered;
    const uint32_t answered = volume->volume.answered;
    const uint32_t both = offered < answered ? offered : answered;
    const struct event_run missed = {.count = offered - both, .offered = true};
    /* Handling booked in an interval after the one of its contact. */
    const struct event_run booked = {.count = answered == 0 && volume->volume.duration_ms > 0,
                                     .duration_ms = volume->volume.duration_ms};

    if (both > 0)
        add_answered(runs, volume, 0, both);
    add_run(runs, &missed);
    if (drop_carry_over) {
        *carry_over_dropped += answered - both + booked.count;
        return;
    }
    if (answered > both)
        add_answered(runs, volume, both, answered);
    add_run(runs, &booked);
}

int expand_volume(const struct record *volume, bool is_interval, bool drop_carry_over,
                  struct event_run runs[EVENT_RUNS_MOST], uint64_t *carry_over_dropped)
{
    struct runs list = {.runs = runs};

    if (is_interval)
        add_interval(&list, volume, drop_carry_over, carry_over_dropped);
    else
        add_run(&list,
                &(struct event_run){1, volume->volume.offered > 0, volume->volume.answered > 0,
                                    volume->volume.duration_ms});
    return list.count;
}
