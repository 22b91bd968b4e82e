/* SPDX-License-Identifier: Apache-2.0 */
/* batch.h - whole groups as one request body, ready for the API
 *
 * Body:    {"data":[EVENT,EVENT,...],"meta":{...}}     head | groups | tail
 * A table of offsets says where each group begins, so that a half is head + a byte range + tail:
 * bytes are never rebuilt. The body is lent until the next batch_ call; the buffers are kept.
 */
#ifndef AGENT_FLOW_BATCH_H
#define AGENT_FLOW_BATCH_H

#include "agent/base/error.h"
#include "agent/flow/group.h"
#include "agent/flow/names.h"

struct bytes;

struct batch_rules {
    enum data_kind kind;
    int64_t id;                  /* integrationConfigurationId */
    const char *external_system; /* statuses: meta.externalSystem */
    bool drop_carry_over;
    int64_t max_records, max_bytes; /* when a batch is closed; a larger group travels alone */
};

/* Where a group's events lie in the body. valid if and only if offsets grow, the first is the
 * head's size, and end <= size - tail. */
struct batch_group {
    uint32_t offset;  /* of its first event */
    uint32_t records; /* events */
    utc_ms time;      /* quarter hour of it */
    uint8_t key[16];  /* keyed hash of its subject (and start): the ledger's and quarantine's key */
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

struct batch;
struct batch *batch_new(const struct batch_rules *rules);
void batch_free(struct batch *batch);
void batch_reset(struct batch *batch);
bool batch_is_empty(const struct batch *batch);
/* Would this group of so many events pass the limits? Then close the batch first. */
bool batch_is_full_for(const struct batch *batch, const struct group *group);

/* Encodes the group. name: what the queue is called (pinned). ERROR_DATA: larger than 64 MiB or
 * 100,000 events ("looks like a wrong time column"). Returns events written through *events
 * (0 is possible: all dropped by carry_over). */
bool batch_add(struct batch *batch, const struct group *group, const struct names *names,
               const char *queue_name, const uint8_t key[16], struct error *err) MUST_USE;
/* The event of a group that vanished (vanished: zero): not offered, not handled, duration 0. */
bool batch_add_zero(struct batch *batch, const char *identifier, const char *queue_name,
                    utc_ms time, const uint8_t key[16], struct error *err) MUST_USE;
uint64_t batch_dropped_carry_over(const struct batch *batch); /* since batch_new */

void batch_body(struct batch *batch, struct batch_body *body);

/* gzip, level 1; false never fails. Appends to out. */
void batch_compress(const void *data, size_t size, struct bytes *out);
bool batch_decompress(const void *data, size_t size, size_t plain_size, struct bytes *out,
                      struct error *err) MUST_USE;

#endif
