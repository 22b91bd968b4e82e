/* SPDX-License-Identifier: Apache-2.0 */
/* group.h - collects the records of a slice into groups, whatever order they come in
 *
 * A group is all records of one queue in one quarter hour; for statuses one agent and start (of
 * several with one start: the one that ends last, ongoing over ended, then the later row).
 * Volumes come out by quarter hour, each queue of it once; statuses by (agent, start).
 *
 * While records come in order of their quarter hours, groups are complete as soon as a later
 * quarter hour appears, and little more than one quarter hour is held. What comes out of order is
 * sorted, beyond the memory allowed on disk (sorter.h), and comes out at the end; only a record of
 * a quarter hour that was handed out already means reading the slice again, with `is_unordered`.
 */
#ifndef AGENT_FLOW_GROUP_H
#define AGENT_FLOW_GROUP_H

#include "agent/base/error.h"
#include "agent/flow/record.h"

struct group {
    uint32_t subject;
    utc_ms time; /* start of the quarter hour; status: its start */
    const struct record *records;
    size_t count; /* at least 1; status: 1 */
    uint32_t
        events; /* what the records make at most: contact and status 1; interval: see expand.h */
};

/* Above this many events a group fails its slice: it looks like a wrong time column. */
#define GROUP_EVENTS_MOST 100000

struct grouper;
/* memory_records: how many records are held in memory at most (for example 131072), besides those
 * of one group. Subjects are our own numbers (names.h): dense. */
struct grouper *grouper_new(enum data_kind kind, size_t memory_records, const char *scratch_folder);
void grouper_free(struct grouper *grouper);
/* is_unordered: nothing is handed out before grouper_end (statuses: never is). */
void grouper_begin(struct grouper *grouper, bool is_unordered);

/* Copies the records. Fails with ERROR_RETRY when the scratch file cannot be written, or when the
 * order turns out wrong after groups were handed out: then grouper_needs_sorting is true and the
 * slice must be read again with is_unordered. */
bool grouper_add(struct grouper *grouper, const struct record *records, size_t count,
                 struct error *err) MUST_USE;
bool grouper_needs_sorting(const struct grouper *grouper);
/* No more records: all groups are complete. */
bool grouper_end(struct grouper *grouper, struct error *err) MUST_USE;

/* Lends the next complete group until the next grouper_ call. False: none now (or, after
 * grouper_end, none left), or failed: *failed and err (ERROR_DATA: a group is too large;
 * ERROR_RETRY: the scratch file cannot be read). */
bool grouper_next(struct grouper *grouper, struct group *group, bool *failed, struct error *err);

#endif
