/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - everything that must survive: SQLite, one file, one connection, one mutex
 *
 * state_dir/store.db with locking_mode=EXCLUSIVE, journal_mode=TRUNCATE, synchronous=FULL. Every
 * function may be called from any thread; each is one transaction under the store's own mutex.
 * Bodies, rejects, quarantine and open statuses are sealed with the key in state_dir/store.key
 * (0600). Errors: ERROR_FATAL (corrupt, newer version, no rights) or ERROR_RETRY (disk full, I/O).
 */
#ifndef AGENT_FLOW_STORE_H
#define AGENT_FLOW_STORE_H

#include "agent/base/error.h"
#include "agent/flow/ends.h"
#include "agent/flow/ledger.h"
#include "agent/flow/queues.h"
#include "agent/flow/slice.h"

struct store;

/* Opens or creates, migrates forward, deletes staged leftovers of slices never committed.
 * machine: the machine's identity; a store of another one fails unless take_over. A corrupt store
 * is set aside as store.db.corrupt-TIME and rebuilt from bookmarks.json; *notice then says so
 * (else ""). */
struct store_options {
    const char *folder;
    const char *machine;
    utc_ms now;
    bool take_over;
};
struct store *store_open(const struct store_options *options, char notice[512],
                         struct error *err) MUST_USE;
void store_close(struct store *store);               /* NULL accepted; writes bookmarks.json */
const uint8_t *store_key(const struct store *store); /* 32 bytes for keyed digests */

/* An integration by (name, id, kind); created on first sight. *number is its row.
 * Fills the stored part of schedule (edge, holes, history_from, rechecked). */
bool store_integration(struct store *store, const char *name, int64_t id, int kind, int64_t *number,
                       struct schedule *schedule, struct error *err) MUST_USE;

/* --- the reader's side: a slice --- */

struct store_batch {
    const uint8_t *data; /* the request body, gzip */
    size_t size;
    size_t plain_size; /* of the request body before compression */
    size_t head, tail;
    const void *groups; /* array of struct batch_group */
    size_t group_count;
    int64_t records;
    utc_ms from, to;
    int priority;
    uint8_t key[16]; /* Idempotency-Key, drawn when the batch is made */
};
/* Writes batches of a slice that is still being read; seals the bodies. */
bool store_stage(struct store *store, int64_t integration, const struct store_batch *batches,
                 size_t count, struct error *err) MUST_USE;

struct store_reject {
    struct digest hash;
    utc_ms first_seen;
    const char *origin; /* "slice 2026-01-05T08:00Z, row 17"; "x.csv, line 17" */
    const char *reason;
    const char *cells;
};

struct store_file {
    struct digest hash; /* first half of its SHA-256 */
    const char *name;
    utc_ms imported;
};

struct store_commit {
    int64_t integration;
    const struct schedule *schedule; /* edge and holes after the slice; NULL: unchanged (files) */
    const struct ledger_entry *digests;
    size_t digest_count;
    utc_ms horizon; /* digests before it are deleted */
    const struct queue *queues;
    size_t queue_count;
    const struct store_reject *rejects;
    size_t reject_count;
    const struct agent_memory *agents;
    size_t agent_count;
    const struct store_file *file; /* SLICE_FILE: known from now on */
    int64_t read, rejected, unchanged, rounded, ambiguous, nonexistent; /* added to the counters */
    utc_ms now;
};
/* One transaction: the slice exists from here on. *new_rejects: how many were not known yet. */
bool store_commit(struct store *store, const struct store_commit *commit, int64_t *new_rejects,
                  struct error *err) MUST_USE;
/* Deletes what the unfinished slice staged. Candidates of the queue guard are kept for display. */
bool store_abandon(struct store *store, int64_t integration, const struct queue *candidates,
                   size_t candidate_count, struct error *err) MUST_USE;
/* Holes changed outside a slice (an outage's, a recheck's). */
bool store_schedule(struct store *store, int64_t integration, const struct schedule *schedule,
                    struct error *err) MUST_USE;

/* Calls visit for every digest in [from, to). */
bool store_digests(struct store *store, int64_t integration, utc_ms from, utc_ms to,
                   void (*visit)(void *context, const struct ledger_entry *entry), void *context,
                   struct error *err) MUST_USE;
bool store_queues(struct store *store, int64_t integration,
                  void (*visit)(void *context, const struct queue *queue), void *context,
                  struct error *err) MUST_USE;
/* Admits the candidates now held back; *admitted: how many. */
bool store_accept_queues(struct store *store, int64_t integration, int64_t *admitted,
                         struct error *err) MUST_USE;
bool store_agents(struct store *store, int64_t integration,
                  void (*visit)(void *context, const struct agent_memory *agent), void *context,
                  struct error *err) MUST_USE;
bool store_rejects(struct store *store, int64_t integration, int64_t most,
                   void (*visit)(void *context, const struct store_reject *reject), void *context,
                   struct error *err) MUST_USE;
/* Is a file with this content known? */
bool store_knows_file(struct store *store, int64_t integration, const struct digest *hash,
                      bool *known, struct error *err) MUST_USE;

/* Bytes of all batches, staged and ready; never fails. */
int64_t store_spooled_bytes(struct store *store);

#endif
