/* SPDX-License-Identifier: Apache-2.0 */
/* group.h - collects the records of a slice into groups, whatever order they come in
 *
 * A group is all records of one queue in one quarter hour; for statuses one agent and start (of
 * several with one start: the one that ends last, ongoing over ended, then the later row).
 * Volumes come out by (quarter hour, queue), statuses by (agent, start).
 *
 * While records come in order of their quarter hours, groups are complete as soon as a later
 * quarter hour appears, and memory is bounded by one quarter hour. A slice out of order is held
 * in memory up to a limit; beyond it, it must be read again with `sort_on_disk`, where sorted runs
 * go to an unnamed scratch file and are merged.
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
};

/* Above this many events a group fails its slice: it looks like a wrong time column. */
#define GROUP_RECORDS_MOST 100000

struct grouper;
/* memory_records: how many records are held at most (for example 131072). */
struct grouper *grouper_new(bool is_status, size_t memory_records, const char *scratch_folder);
void grouper_free(struct grouper *grouper);
void grouper_begin(struct grouper *grouper, bool sort_on_disk);

/* Copies the records. Fails with ERROR_DATA when a group is too large; when the order turns out
 * wrong after groups were handed out, grouper_needs_sorting is true and the slice must be read
 * again with sort_on_disk. */
bool grouper_add(struct grouper *grouper, const struct record *records, size_t count,
                 struct error *err) MUST_USE;
bool grouper_needs_sorting(const struct grouper *grouper);
void grouper_end(struct grouper *grouper); /* no more records: all groups are complete */

/* Lends the next complete group until the next grouper_ call. False: none now (or, after
 * grouper_end, none left), or failed: *failed and err. */
bool grouper_next(struct grouper *grouper, struct group *group, bool *failed, struct error *err);

#endif
