/* SPDX-License-Identifier: Apache-2.0 */
/* packer.h - the groups of a slice packed into batches and staged in the store
 *
 * Batches are closed when they are full, compressed, and written together when 1 MiB has gathered,
 * so that no transaction is held open while a slow database thinks. Nothing is ready before the
 * slice's commit.
 */
#ifndef AGENT_FLOW_PACKER_H
#define AGENT_FLOW_PACKER_H

#include "agent/flow/batch.h"
#include "agent/flow/slice.h"
#include "agent/flow/store.h"

/* What one slice of a window may stage; files have no such limit. */
#define PACKER_SLICE_MOST (64 << 20)

struct packer;
struct packer *packer_new(struct store *store, int64_t integration,
                          const struct batch_rules *rules);
void packer_free(struct packer *packer);
/* A new slice; forgets what was not finished. names: see batch_begin. */
void packer_begin(struct packer *packer, const struct slice *slice, utc_ms now,
                  const struct names *names);
/* Fails with ERROR_DATA for a group that is too large (batch.h), and when the slice is: then
 * packer_is_too_large. */
bool packer_add(struct packer *packer, const struct batch_item *item, struct error *err) MUST_USE;
bool packer_is_too_large(const struct packer *packer);
/* Everything added is staged. *records: how many there are in the slice. */
bool packer_finish(struct packer *packer, int64_t *records, struct error *err) MUST_USE;

#endif
