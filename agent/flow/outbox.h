/* SPDX-License-Identifier: Apache-2.0 */
/* outbox.h - the sender's side of the store: ready batches, acknowledgements, quarantine
 *
 * A batch is ready if and only if its slice number is not above its integration's committed one.
 * Its place is its order of creation, which decides what is older; a half keeps the place of the
 * batch it was cut from and gets a number of its own. Lock and errors: store.h.
 */
#ifndef AGENT_FLOW_OUTBOX_H
#define AGENT_FLOW_OUTBOX_H

#include "agent/flow/store.h"

struct bytes;

/* A ready batch without its body. */
struct outbox_batch {
    int64_t number; /* names it; never used again while the program runs */
    int64_t place;  /* older is smaller, over all integrations */
    int64_t integration;
    int64_t slice;
    utc_ms from, to;
    int priority;
    int64_t records;
    size_t plain_size; /* of the request body before compression */
    size_t size;       /* as stored */
    size_t group_count;
    utc_ms created;
    uint8_t key[16];
};

/* Visits the integration's ready batches with a place above `after`, oldest first. What becomes
 * ready later has a higher place: the last place visited is where to go on from. */
bool outbox_ready(struct store *store, int64_t integration, int64_t after,
                  void (*visit)(void *context, const struct outbox_batch *batch), void *context,
                  struct error *err) MUST_USE;

/* The body as stored (gzip) or as plain JSON, appended to out. */
bool outbox_body(struct store *store, int64_t number, bool plain, struct bytes *out,
                 struct error *err) MUST_USE;

/* All that came in since the last call, one transaction. */
bool outbox_accepted(struct store *store, const int64_t *numbers, size_t count, utc_ms now,
                     struct error *err) MUST_USE;

/* Replaces a batch by two halves of about the same size, cut between groups (new keys; same slice,
 * place, priority; each the span of its own groups). A batch of one group cannot be split
 * (ERROR_DATA). */
bool outbox_split(struct store *store, int64_t number, struct outbox_batch halves[2],
                  struct error *err) MUST_USE;

#define OUTBOX_QUARANTINE_MOST 10000 /* groups per integration; beyond it the oldest go */

/* Moves a batch of one group (else ERROR_DATA) to quarantine with the server's answer. It stays
 * there until a newer version of the group is accepted. */
bool outbox_quarantine(struct store *store, int64_t number, int status, const char *answer,
                       utc_ms now, struct error *err) MUST_USE;

/* Drops a batch of one group (else ERROR_DATA) that is neither accepted nor quarantined: an ongoing
 * status that the API takes only with its end. Its digest stays, so that it is not sent again as it
 * is; with its end it is another version. */
bool outbox_hold(struct store *store, int64_t number, struct error *err) MUST_USE;

struct outbox_totals {
    int64_t batches, records, bytes; /* ready ones */
    utc_ms oldest;                   /* when the oldest was created; UTC_NEVER: none */
};
/* Of one integration, or of all that are open; costs nothing and never fails. */
#define OUTBOX_ALL 0
void outbox_totals(struct store *store, int64_t integration, struct outbox_totals *totals);
/* Of those that nobody has opened: their batches wait for the integration to come back. */
void outbox_left_behind(struct store *store, struct outbox_totals *totals);

#endif
