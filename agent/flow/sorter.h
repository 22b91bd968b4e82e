/* SPDX-License-Identifier: Apache-2.0 */
/* sorter.h - records put in order, in memory and beyond a limit on disk
 *
 * Sorted runs go to an unnamed scratch file and are merged while they are read back. Equal records
 * keep the order they came in. An object belongs to one thread and keeps its memory.
 */
#ifndef AGENT_FLOW_SORTER_H
#define AGENT_FLOW_SORTER_H

#include "agent/base/error.h"
#include "agent/flow/record.h"

/* Is a strictly before b? */
typedef bool sorter_before(const struct record *a, const struct record *b);

struct sorter;
/* memory_records: held in memory at most, at least 4; half of them while runs are collected. */
struct sorter *sorter_new(sorter_before *before, size_t memory_records, const char *scratch_folder);
void sorter_free(struct sorter *sorter);
void sorter_reset(struct sorter *sorter); /* empty again; the scratch file is gone */
bool sorter_is_empty(const struct sorter *sorter);

/* Copies them. Fails (ERROR_RETRY) when the scratch file cannot be written. */
bool sorter_add(struct sorter *sorter, const struct record *records, size_t count,
                struct error *err) MUST_USE;
/* No more records: sorter_next may be called from now on. */
bool sorter_end(struct sorter *sorter, struct error *err) MUST_USE;
/* *record: the next one, lent until the next sorter_ call; NULL after the last. */
bool sorter_next(struct sorter *sorter, const struct record **record, struct error *err) MUST_USE;

#endif
