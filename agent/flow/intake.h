/* SPDX-License-Identifier: Apache-2.0 */
/* intake.h - the agent's half of a slice: records in, staged batches and one commit out
 *
 *     names, records -> groups -> (ends) -> unchanged? -> queue allowed? -> batch -> store
 *
 * One object per integration, one thread. Between intake_begin and intake_commit nothing of the
 * slice exists for anybody else; intake_abandon leaves no trace of it but the queues that the
 * guard holds back.
 */
#ifndef AGENT_FLOW_INTAKE_H
#define AGENT_FLOW_INTAKE_H

#include "agent/flow/batch.h"
#include "agent/flow/ends.h"
#include "agent/flow/normalise.h"
#include "agent/flow/queues.h"
#include "agent/flow/store_memory.h"

struct intake_rules {
    struct batch_rules batch;
    const struct ends_settings *ends;
    const struct queues_settings *queues;
    enum ends_mode ends_mode; /* unset: as the source's columns say */
    bool send_corrections;    /* corrections: resend */
    bool zero_vanished;       /* vanished: zero */
    int64_t horizon_ms;       /* how long digests live; files: after they were last sent */
    const char *source;       /* "support-calls", for origins of rejects */
};

struct intake;
/* Loads pinned queues and open statuses of the integration. */
struct intake *intake_open(struct store *store, int64_t integration,
                           const struct intake_rules *rules, const char *scratch_folder,
                           struct error *err) MUST_USE;
void intake_close(struct intake *intake);
utc_ms intake_oldest_open(const struct intake *intake, utc_ms now);
/* Between slices: takes up what the store has now (queues admitted by `queues --accept`; what a
 * commit brought that failed after it was done). */
bool intake_refresh(struct intake *intake, struct error *err) MUST_USE;

/* What the source must read for this slice: statuses may end beyond it. */
struct slice intake_read_slice(const struct intake *intake, const struct slice *slice);
bool intake_begin(struct intake *intake, const struct slice *slice, utc_ms now,
                  struct error *err) MUST_USE;
bool intake_name(struct intake *intake, const struct names_told *told, struct error *err) MUST_USE;
/* What the source's columns say, where the configuration leaves it open: does a status last until
 * the next? False (INTAKE_AGAIN): the slice was begun otherwise. */
bool intake_next_start(struct intake *intake, bool next_start, struct error *err) MUST_USE;
/* The records' subjects (and activities) are renumbered in place. */
bool intake_records(struct intake *intake, struct record *records, size_t count,
                    struct error *err) MUST_USE;
void intake_reject(struct intake *intake, const struct reject *reject);

/* Why a slice could not be taken, beyond the error. */
enum intake_trouble {
    INTAKE_FINE,
    INTAKE_AGAIN,     /* read it again at once: its order, or its columns, were not as expected */
    INTAKE_TOO_LARGE, /* halve it */
    INTAKE_HELD_BACK, /* the queue guard */
};
enum intake_trouble intake_trouble(const struct intake *intake);
void intake_forget_trouble(struct intake *intake);

struct intake_result {
    int64_t sent;      /* records staged */
    int64_t unchanged; /* records in groups that were sent before as they are */
    int64_t new_rejects;
    int64_t vanished; /* groups sent before that the source does not have any more */
    int64_t shrunk;   /* files: groups with fewer records than before */
};
/* Ends the slice: stages the rest and commits. schedule: as it stands after this slice (NULL: it
 * moves nothing, or is a file); file: NULL, or what is known from now on. A slice that moves
 * nothing and finds nothing new (a near-real-time pass, mostly) writes nothing. */
bool intake_commit(struct intake *intake, const struct schedule *schedule,
                   const struct store_file *file, const struct normalise_counts *counts,
                   struct intake_result *result, struct error *err) MUST_USE;
/* After any failure. Where this fails too (a full disk), the next intake_begin does it first. */
bool intake_abandon(struct intake *intake, struct error *err) MUST_USE;

#endif
