/* SPDX-License-Identifier: Apache-2.0 */
/* store_reject.h - rows set aside: known by their hash, counted once; inside the store */
#ifndef AGENT_FLOW_STORE_REJECT_H
#define AGENT_FLOW_STORE_REJECT_H

#include "agent/flow/store_slice.h"

/* Inside the transaction of a commit: keeps its rejects; *count: how many were not known yet. */
bool store_save_rejects(struct store *store, const struct store_commit *commit, int64_t *count,
                        struct error *err) MUST_USE;
/* Forgets those not seen since `before`, but for the ones kept readable. */
bool store_tidy_rejects(struct store *store, int64_t integration, utc_ms before,
                        struct error *err) MUST_USE;

#endif
