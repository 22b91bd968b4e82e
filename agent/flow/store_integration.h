/* SPDX-License-Identifier: Apache-2.0 */
/* store_integration.h - integrations: their rows, schedules, queues and tallies; inside the store
 *
 * All of it inside a transaction of the caller's (store_inside.h).
 */
#ifndef AGENT_FLOW_STORE_INTEGRATION_H
#define AGENT_FLOW_STORE_INTEGRATION_H

#include "agent/flow/queues.h"
#include "agent/flow/store_inside.h"

/* The number of an integration; created on first sight. */
bool store_number(struct store *store, const struct store_identity *identity, int64_t *number,
                  struct error *err) MUST_USE;

bool store_load_schedule(struct store *store, int64_t integration, struct schedule *schedule,
                         struct error *err) MUST_USE;
bool store_save_schedule(struct store *store, int64_t integration, const struct schedule *schedule,
                         struct error *err) MUST_USE;
/* Pins a queue, or keeps a candidate; the last one saved is the last one visited. */
bool store_save_queue(struct store *store, int64_t integration, const struct queue *queue,
                      struct error *err) MUST_USE;

/* integration is a number that store_number gave. Lent until the next store_begin. */
struct tally *store_tally(struct store *store, int64_t integration);
bool store_has_integration(const struct store *store, int64_t integration);
void store_add_totals(struct outbox_totals *totals, const struct outbox_totals *more);
/* Builds the tallies from the tables. */
bool store_count_all(struct store *store, struct error *err) MUST_USE;
/* The tally's oldest ready batch, after batches have left. */
bool store_find_oldest(struct store *store, int64_t integration, struct error *err) MUST_USE;

#endif
