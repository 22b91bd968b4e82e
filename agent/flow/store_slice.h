/* SPDX-License-Identifier: Apache-2.0 */
/* store_slice.h - the reader's side of the store: a slice is staged, then committed or abandoned
 *
 * Staging writes bodies in transactions of their own; none of them is ready before store_commit
 * has raised the integration's committed slice number in the one transaction that also writes
 * everything else the slice brought. Lock and errors: store.h.
 */
#ifndef AGENT_FLOW_STORE_SLICE_H
#define AGENT_FLOW_STORE_SLICE_H

#include "agent/flow/batch.h"
#include "agent/flow/ends.h"
#include "agent/flow/ledger.h"
#include "agent/flow/queues.h"
#include "agent/flow/store.h"
#include "agent/flow/store_memory.h"

struct store_batch {
    const uint8_t *data; /* the request body, gzip */
    size_t size;
    size_t plain_size; /* of the request body before compression */
    size_t head, tail;
    const struct batch_group *groups;
    size_t group_count;
    int64_t records;
    utc_ms from, to; /* span of quarter hours [from, to) */
    utc_ms created;
    int priority;
    uint8_t key[16]; /* Idempotency-Key, drawn when the batch is made */
};
/* Writes batches of a slice that is still being read; seals the bodies. After a failure the slice
 * must be abandoned: the disk may have failed after all was written. */
bool store_stage(struct store *store, int64_t integration, const struct store_batch *batches,
                 size_t count, struct error *err) MUST_USE;

/* The digests of groups already staged, where a slice has too many to hold (a large file): they
 * count from the slice's commit on, as if they were among its digests. */
bool store_stage_digests(struct store *store, int64_t integration,
                         const struct ledger_entry *digests, size_t count,
                         struct error *err) MUST_USE;

struct store_commit {
    int64_t integration;
    const struct schedule *schedule; /* edge and holes after the slice; NULL: unchanged (files) */
    const struct ledger_entry *digests;
    size_t digest_count;
    utc_ms horizon; /* digests before it are deleted; UTC_NEVER: those sent 35 days ago (files) */
    const struct queue *queues;
    size_t queue_count;
    const struct store_reject *rejects;
    size_t reject_count;
    const struct agent_memory *agents;
    size_t agent_count;
    const struct store_file *file; /* known from now on; NULL: none, or more parts of it to come */
    int64_t read, unchanged, rounded, ambiguous, nonexistent; /* added to the counters */
    utc_ms now;
};
/* One transaction: the slice exists from here on. *new_rejects: how many were not known yet; they
 * are what the counter `rejected` counts. */
bool store_commit(struct store *store, const struct store_commit *commit, int64_t *new_rejects,
                  struct error *err) MUST_USE;
/* How many of its rejects a commit would bring that are not known yet. */
bool store_new_rejects(struct store *store, const struct store_commit *commit, int64_t *count,
                       struct error *err) MUST_USE;
/* Deletes what the unfinished slice staged. Candidates of the queue guard are kept for display. */
bool store_abandon(struct store *store, int64_t integration, const struct queue *candidates,
                   size_t candidate_count, struct error *err) MUST_USE;

#endif
