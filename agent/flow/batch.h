/* SPDX-License-Identifier: Apache-2.0 */
/* batch.h - whole groups as one request body, ready for the API
 *
 * Body:    {"data":[EVENT,EVENT,...],"meta":{...}}     head | groups | tail
 * A table of offsets says where each group begins, so that a half is head + a byte range + tail:
 * bytes are never rebuilt. The range of groups i..j ends one byte before the offset of j + 1 (the
 * comma), or where the tail begins. The body is lent until the next batch_ call; the buffers are
 * kept.
 */
#ifndef AGENT_FLOW_BATCH_H
#define AGENT_FLOW_BATCH_H

#include "agent/base/digest.h"
#include "agent/base/error.h"
#include "agent/flow/group.h"
#include "agent/flow/names.h"

struct batch_rules {
    enum data_kind kind;
    int64_t id;                  /* integrationConfigurationId */
    const char *external_system; /* statuses: meta.externalSystem */
    enum channel channel;        /* of the event that stands for "nothing any more" */
    bool drop_carry_over;
    int64_t max_records, max_bytes; /* when a batch is closed; a larger group travels alone */
};

/* Where a group's events lie in the body. valid if and only if offsets grow, the first is the
 * head's size, and all are below size - tail. */
struct batch_group {
    uint32_t offset;  /* of its first event */
    uint32_t records; /* events, at least 1 */
    utc_ms time;      /* quarter hour of it; status: its start */
    uint8_t key[16];  /* keyed hash of its subject: the ledger's and quarantine's key */
};

struct batch_body {
    const uint8_t *data;
    size_t size;
    size_t head, tail; /* bytes before the first event, after the last */
    const struct batch_group *groups;
    size_t group_count;
    int64_t records;
    utc_ms from, to; /* span of quarter hours [from, to) */
};

/* What is added: a group and how it is known outside. A group that has no events but replaces an
 * older version (it vanished, or shrank to nothing: count 0 is allowed here) is written as one
 * event: not offered, not handled, duration 0. */
struct batch_item {
    const struct group *group;
    const char *queue_name; /* what the queue is called (pinned); NULL for statuses */
    struct digest key;      /* of the ledger */
    bool replaces;
};

struct batch;
struct batch *batch_new(const struct batch_rules *rules); /* copies them */
void batch_free(struct batch *batch);
/* A new slice: subjects are numbers of `names`, borrowed until the next batch_begin. Empties it. */
void batch_begin(struct batch *batch, const struct names *names);
void batch_reset(struct batch *batch); /* the next batch of the same slice */
bool batch_is_empty(const struct batch *batch);
/* Could this item pass the limits? Then close the batch first. False for an empty batch. */
bool batch_is_full_for(struct batch *batch, const struct batch_item *item);

/* Encodes the item whole. ERROR_DATA: larger than 64 MiB or 100,000 events ("looks like a wrong
 * time column"); the batch is then as it was. */
bool batch_add(struct batch *batch, const struct batch_item *item, struct error *err) MUST_USE;
uint64_t batch_dropped_carry_over(const struct batch *batch); /* since batch_begin */

/* Closes the batch: nothing can be added before batch_reset. */
void batch_body(struct batch *batch, struct batch_body *body);

#endif
