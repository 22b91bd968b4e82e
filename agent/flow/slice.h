/* SPDX-License-Identifier: Apache-2.0 */
/* slice.h - what is due: live by the edge, history by holes; pure, the time is passed in
 *
 * Time is covered in windows [from, to) of UTC. The edge is how far live import has got; a hole is
 * a stretch still to be read, newest first. Live goes before holes; holes by priority (history,
 * reimport before recheck), newest first. All bounds lie on quarter hours (intervals: on multiples
 * of `interval`), but for a near-real-time pass, which reads to now. See spec: "What is due".
 */
#ifndef AGENT_FLOW_SLICE_H
#define AGENT_FLOW_SLICE_H

#include "agent/base/utc.h"

enum slice_purpose {
    SLICE_LIVE,
    SLICE_PASS, /* near real time: rows whose start or end lies in the window */
    SLICE_HISTORY,
    SLICE_REIMPORT, /* groups are sent whatever their digest */
    SLICE_RECHECK,
    SLICE_FILE, /* no window: a file of a drop folder */
};

struct slice {
    enum slice_purpose purpose;
    utc_ms from, to;
    const char *file; /* SLICE_FILE: its name in the folder */
};

struct hole {
    utc_ms from, to;
    enum slice_purpose purpose; /* HISTORY, REIMPORT or RECHECK */
};
#define SLICE_HOLES_MOST 64 /* more are merged: reading twice is harmless, losing is not */

struct slice_rules {
    int64_t every_ms;
    int64_t delay_ms;
    int64_t lookback_ms;
    int64_t recheck_ms;                 /* 0: off */
    const char *history;                /* "3y", "7mo", "none" */
    int64_t grid_ms;                    /* quarter hour, or the interval */
    int64_t target_ms;                  /* history_target */
    int64_t target_rows;                /* 100,000; 20,000 over ODBC */
    int64_t hours_from_ms, hours_to_ms; /* history_hours as time of day; equal: always */
    int64_t rows_per_second;            /* history_rows_per_second; 0: no cap */
    bool once;                          /* everything is due now, whatever the schedules say */
    bool is_status;
};

/* Facts that only others know. */
struct slice_now {
    utc_ms now;
    int64_t utc_offset_ms; /* of the integration's zone (or the machine's), for history_hours and
                              nightly */
    utc_ms oldest_open;    /* start of the oldest open status; UTC_NEVER: none */
};

struct schedule {
    struct slice_rules rules;
    /* Kept in the store: */
    utc_ms edge;                         /* UTC_NEVER before the first start */
    struct hole holes[SLICE_HOLES_MOST]; /* oldest first, not overlapping within one purpose */
    size_t hole_count;
    utc_ms history_from; /* where history began: for progress and for a longer `history` */
    utc_ms rechecked;    /* the day of the last recheck opened */
    /* Of this run only: */
    int64_t step_ms;
    utc_ms last_live;     /* boundary the last live slice read to; UTC_NEVER: none in this run */
    utc_ms last_pass;     /* moment of the last pass */
    utc_ms last_lookback; /* moment the lookback was read last */
    int64_t lookback_took_ms;
};

/* First start, or a start after an outage, or a longer history: sets edge and opens holes. */
void schedule_start(struct schedule *schedule, utc_ms now);

/* The next slice that is due, or false and *wake = when to ask again. Opens the nightly recheck
 * and an outage's hole as needed. */
bool schedule_next(struct schedule *schedule, const struct slice_now *facts, struct slice *slice,
                   utc_ms *wake);
/* When the next live slice or pass is due (facts->now or earlier: it is): a running slice of a hole
 * is interrupted for it. */
utc_ms schedule_live_due(const struct schedule *schedule, const struct slice_now *facts);

/* The slice was read and committed: moves the edge or shrinks the hole, adapts the step. */
void schedule_done(struct schedule *schedule, const struct slice *slice, utc_ms now,
                   int64_t took_ms, int64_t rows);
/* The slice was too large, too slow or interrupted: halves the step. False: it cannot shrink. */
bool schedule_halve(struct schedule *schedule, const struct slice *slice);
void schedule_open_hole(struct schedule *schedule, const struct hole *hole);

/* Of history: percent in tenths (1000 = all), and what is left. */
int schedule_history_tenths(const struct schedule *schedule);
int64_t schedule_history_left_ms(const struct schedule *schedule);

#endif
