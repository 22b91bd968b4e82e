/* SPDX-License-Identifier: Apache-2.0 */
/* store_batch.h - a batch as two rows, one of facts and one of its sealed body; inside the store
 *
 * All of it inside a transaction of the caller's (store_inside.h).
 */
#ifndef AGENT_FLOW_STORE_BATCH_H
#define AGENT_FLOW_STORE_BATCH_H

#include "agent/flow/batch.h"
#include "agent/flow/store_inside.h"

struct store_body {
    const void *data; /* gzip */
    size_t size;
    size_t head, tail; /* of the plain body */
    const struct batch_group *groups;
    size_t group_count;
};

/* Gives the batch its number, seals and inserts both rows. */
bool store_put_batch(struct store *store, struct outbox_batch *batch, const struct store_body *body,
                     struct error *err) MUST_USE;
/* *found: is there such a batch? */
bool store_get_batch(struct store *store, int64_t number, struct outbox_batch *batch, bool *found,
                     struct error *err) MUST_USE;
/* A batch that must be there. The body's data and groups are lent until the transaction's end or
 * the next store_seal or store_get_body. */
bool store_get_body(struct store *store, const struct outbox_batch *batch, struct store_body *body,
                    struct error *err) MUST_USE;
bool store_drop_batch(struct store *store, int64_t number, struct error *err) MUST_USE;

/* Takes the facts from a query over these columns. */
#define STORE_BATCH_COLUMNS                                                                        \
    "number, place, integration, slice, since, until, priority, records, plain_size, size, "       \
    "group_count, created, key"
void store_take_batch(struct query *query, struct outbox_batch *batch);

#endif
