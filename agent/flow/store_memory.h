/* SPDX-License-Identifier: Apache-2.0 */
/* store_memory.h - what the store remembers of an integration: digests, queues, agents, rejects,
 * files
 *
 * Written with a slice's commit (store_slice.h), read here. What is visited is lent for the visit.
 * Lock and errors: store.h.
 */
#ifndef AGENT_FLOW_STORE_MEMORY_H
#define AGENT_FLOW_STORE_MEMORY_H

#include "agent/flow/ends.h"
#include "agent/flow/ledger.h"
#include "agent/flow/queues.h"
#include "agent/flow/store.h"

struct store_window {
    int64_t integration;
    utc_ms from, to; /* [from, to) */
};
bool store_digests(struct store *store, const struct store_window *window,
                   void (*visit)(void *context, const struct ledger_entry *entry), void *context,
                   struct error *err) MUST_USE;

/* Pinned ones and, not accepted, the candidates of the queue guard. */
bool store_queues(struct store *store, int64_t integration,
                  void (*visit)(void *context, const struct queue *queue), void *context,
                  struct error *err) MUST_USE;
/* Admits the candidates now held back; *admitted: how many. */
bool store_accept_queues(struct store *store, int64_t integration, int64_t *admitted,
                         struct error *err) MUST_USE;

bool store_agents(struct store *store, int64_t integration,
                  void (*visit)(void *context, const struct agent_memory *agent), void *context,
                  struct error *err) MUST_USE;

#define STORE_REJECTS_MOST 1000 /* kept with their cells, per integration; of more, the hash */

struct store_reject {
    struct digest hash;
    utc_ms first_seen;  /* set by the store at the commit that brought it */
    const char *origin; /* "slice 2026-01-05T08:00Z, row 17"; "x.csv, line 17" */
    const char *reason;
    const char *cells;
};
/* The newest first, at most so many. */
bool store_rejects(struct store *store, int64_t integration, int64_t most,
                   void (*visit)(void *context, const struct store_reject *reject), void *context,
                   struct error *err) MUST_USE;

struct store_file {
    struct digest hash; /* first half of its SHA-256 */
    const char *name;
    utc_ms imported;
};
enum store_file_state {
    STORE_FILE_UNKNOWN,
    STORE_FILE_KNOWN,     /* committed; some of its batches are still to be sent */
    STORE_FILE_DELIVERED, /* every batch of it is accepted or in quarantine */
};
/* How far a file with this content has got. */
bool store_file_state(struct store *store, int64_t integration, const struct digest *hash,
                      enum store_file_state *state, struct error *err) MUST_USE;

#endif
