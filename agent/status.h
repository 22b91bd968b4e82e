/* SPDX-License-Identifier: Apache-2.0 */
/* status.h - how every integration is doing: told by readers and sender, written to status.json
 *
 * One board for the agent, with a mutex of its own; every function may be called from any thread.
 * The form of status.json is the contract of `status --json`.
 */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

#include "agent/config.h"
#include "agent/flow/outbox.h"
#include "agent/flow/schedule.h"

struct bytes;

/* In the order of precedence: of several, the first is shown. */
enum state {
    STATE_REFUSED,
    STATE_FAILED,
    STATE_NEEDS_ATTENTION,
    STATE_WAITING,
    STATE_PAUSED,
    STATE_IMPORTING,
    STATE_IDLE,
};
extern const char *const state_words[];

/* What a reader knows of its integration. */
struct status_reading {
    enum state state;
    char error[1024];                /* "" when there is none */
    utc_ms last_import, next_import; /* UTC_NEVER: none */
    utc_ms edge, history_from;       /* UTC_NEVER: not started, or files */
    struct hole holes[SCHEDULE_HOLES_MOST];
    size_t hole_count;
    int history_tenths;
    int64_t seconds_left; /* -1: unknown */
    int64_t rows;         /* read in this run */
};

struct status;
/* store: asked for counters and totals when status.json is written; NULL: none (before the first
 * start). path: of status.json. */
struct status *status_new(const struct config *config, struct store *store, const char *path,
                          utc_ms since);
void status_free(struct status *status);

/* An integration is open in the store; counters: as they stand. */
void status_integration(struct status *status, size_t index, int64_t store_row,
                        const struct store_counters *counters);
int64_t status_store_row(struct status *status, size_t index); /* 0: not open yet */
void status_reading(struct status *status, size_t index, const struct status_reading *reading);
/* The sender's view: refused, or "" when all is well. */
void status_refused(struct status *status, size_t index, const char *error);
void status_uploaded(struct status *status, size_t index, int64_t records, utc_ms now);
void status_upload_error(struct status *status, const char *error); /* "" when all is well */

/* What the progress display needs. */
struct status_line {
    enum state state;
    char error[1024];
    int64_t rows, sent; /* in this run */
    int history_tenths;
    int64_t seconds_left;
    int64_t spooled; /* records */
};
void status_line(struct status *status, size_t index, struct status_line *line);

/* Writes status.json if anything changed since the last time. */
void status_write(struct status *status);
/* The same as text; running: is there an agent? */
void status_json(struct status *status, bool running, struct bytes *out);

#endif
