/* SPDX-License-Identifier: Apache-2.0 */
/* schedule.h - what is due: live by the edge, history by holes; pure, the time is passed in
 *
 * Time is covered in windows [from, to) of UTC. The edge is how far live import has got; a hole is
 * a stretch still to be read. What is kept in the store obeys one rule at every moment:
 *
 *     history_from ......... edge - lookback ......... edge ......... now
 *     | read, but for the holes  | live begins here; read again and again |
 *
 * so that a stop, a crash or an outage of any length loses nothing. Live goes before holes; of the
 * holes history and reimport go before recheck, the newest first. All bounds lie on the grid
 * (quarter hours; intervals: multiples of `interval`), but for a near-real-time pass, which reads
 * to now. See spec: "What is due".
 */
#ifndef AGENT_FLOW_SCHEDULE_H
#define AGENT_FLOW_SCHEDULE_H

#include "agent/flow/slice.h"

struct hole {
    utc_ms from, to;
    enum slice_purpose purpose; /* HISTORY, REIMPORT or RECHECK */
};
#define SCHEDULE_HOLES_MOST 64 /* more are merged: reading twice is harmless, losing is not */

struct schedule_rules {
    int64_t every_ms;
    int64_t delay_ms;
    int64_t lookback_ms;
    int64_t recheck_ms;                 /* 0: off */
    const char *history;                /* "3y", "7mo", "none" */
    int64_t grid_ms;                    /* quarter hour, or the interval */
    int64_t grid_phase_ms;              /* intervals: the zone's offset modulo the interval */
    int64_t target_ms;                  /* history_target */
    int64_t target_rows;                /* 100,000; 20,000 over ODBC */
    int64_t hours_from_ms, hours_to_ms; /* history_hours as time of day; equal: always */
    int64_t rows_per_second;            /* history_rows_per_second; 0: no cap */
    bool once;                          /* everything is due now, whatever the schedules say */
    bool is_status;
};

/* Facts that only others know. */
struct schedule_now {
    utc_ms now;
    int64_t utc_offset_ms; /* of the integration's zone (or the machine's), for history_hours and
                              nightly */
    utc_ms oldest_open;    /* start of the oldest open status; UTC_NEVER: none */
};

/* Plain facts, to be copied: schedule_done works on a copy, which is the schedule once the slice
 * is committed. */
struct schedule {
    struct schedule_rules rules;
    /* Kept in the store: */
    utc_ms edge;                            /* UTC_NEVER before the first start */
    struct hole holes[SCHEDULE_HOLES_MOST]; /* oldest first, not touching within one purpose */
    size_t hole_count;
    utc_ms history_from; /* where history began: for progress and for a longer `history` */
    utc_ms rechecked;    /* the local night of the last recheck opened */
    /* Of this run only: */
    int64_t step_ms;      /* how long the next slice of a hole may be */
    int64_t live_most_ms; /* how long a live slice may be, after one was too large; else 0 */
    utc_ms asked;         /* when the slice being read was handed out */
    utc_ms last_live;     /* when the last live slice was handed out; UTC_NEVER: none in this run */
    utc_ms last_pass;     /* moment the last pass read to; UTC_NEVER likewise */
    utc_ms lookback_due;  /* near real time: when the lookback is read again */
};

/* At every start, with the rules filled in and the stored part as it was stored (the first time:
 * edge UTC_NEVER). Sets edge, opens holes (first start, outage, longer history), begins the run. */
void schedule_start(struct schedule *schedule, utc_ms now);

/* The next slice that is due, or false and *wake = when to ask again (INT64_MAX: with `once`,
 * everything is done). Opens the nightly recheck and an outage's hole as needed. */
bool schedule_next(struct schedule *schedule, const struct schedule_now *facts, struct slice *slice,
                   utc_ms *wake);
/* When the next live slice or pass is due (facts->now or earlier: it is): a running slice of a hole
 * is interrupted for it. */
utc_ms schedule_live_due(const struct schedule *schedule, const struct schedule_now *facts);

/* The slice last handed out was read and is committed with this: moves the edge or shrinks the
 * hole, adapts the step. */
void schedule_done(struct schedule *schedule, const struct slice *slice, utc_ms now,
                   int64_t took_ms, int64_t rows);
/* The slice was too large, too slow or interrupted: the next will be half as long. False: it cannot
 * shrink (a pass, or one step of the grid), so that interrupting it again would never end. */
bool schedule_halve(struct schedule *schedule, const struct slice *slice);
/* Merged with what it touches. Empty ones are ignored. Needs no rules. */
void schedule_open_hole(struct schedule *schedule, const struct hole *hole);

/* Is the stored part of both the same? */
bool schedule_is_kept(const struct schedule *stored, const struct schedule *schedule);

/* Of history, outages included: percent in tenths (1000 only when nothing is left), what is left.
 */
int schedule_history_tenths(const struct schedule *schedule);
int64_t schedule_history_left_ms(const struct schedule *schedule);

#endif
