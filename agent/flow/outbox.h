/* SPDX-License-Identifier: Apache-2.0 */
/* outbox.h - the sender's side of the store: ready batches, acknowledgements, quarantine
 *
 * A batch is ready if and only if its slice number is not above its integration's committed one.
 * Same connection and mutex as store.h.
 */
#ifndef AGENT_FLOW_OUTBOX_H
#define AGENT_FLOW_OUTBOX_H

#include "agent/flow/batch.h"
#include "agent/flow/store.h"

/* A ready batch without its body. */
struct outbox_batch {
    int64_t number;      /* order of creation */
    int64_t integration; /* its row */
    int64_t slice;
    utc_ms from, to;
    int priority;
    int64_t records;
    size_t plain_size;
    size_t group_count;
    utc_ms created;
    uint8_t key[16];
};

/* Visits ready batches with a number above `after`, oldest first. */
bool outbox_ready(struct store *store, int64_t after,
                  void (*visit)(void *context, const struct outbox_batch *batch), void *context,
                  struct error *err) MUST_USE;

/* The body as stored (gzip) or as plain JSON, appended to out. */
bool outbox_body(struct store *store, int64_t number, bool plain, struct bytes *out,
                 struct error *err) MUST_USE;

/* All that came in since the last call, one transaction. */
bool outbox_accepted(struct store *store, const int64_t *numbers, size_t count, utc_ms now,
                     struct error *err) MUST_USE;

/* Replaces a batch by its two halves between groups (new keys, same slice, span and order).
 * A batch of one group cannot be split (ERROR_DATA). */
bool outbox_split(struct store *store, int64_t number, struct error *err) MUST_USE;

/* Moves a batch of one group to quarantine with the server's answer. */
bool outbox_quarantine(struct store *store, int64_t number, int status, const char *answer,
                       utc_ms now, struct error *err) MUST_USE;

/* Drops a batch of one group that is neither accepted nor quarantined (an ongoing status that the
 * API will take only with its end): its digest goes too, so that it is sent when it changes. */
bool outbox_hold(struct store *store, int64_t number, struct error *err) MUST_USE;

struct outbox_totals {
    int64_t batches, records, bytes;
    utc_ms oldest; /* UTC_NEVER: none */
};
void outbox_totals(struct store *store, int64_t integration,
                   struct outbox_totals *totals); /* 0: all */

/* What is counted over the life of an integration. */
struct store_counters {
    int64_t read, rejected, unchanged, uploaded, quarantined, rounded, ambiguous, nonexistent;
};
bool store_counters(struct store *store, int64_t integration, struct store_counters *counters,
                    struct error *err) MUST_USE;

#endif
