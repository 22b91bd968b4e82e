/* SPDX-License-Identifier: Apache-2.0 */
/* backlog.h - the ready batches in memory, and which of them may go next; pure
 *
 * Oldest first, without their bodies. A batch that must wait for an older one (the order rule of
 * upload.h) is passed over; of the others the highest priority goes first, then the oldest.
 */
#ifndef AGENT_FLOW_BACKLOG_H
#define AGENT_FLOW_BACKLOG_H

#include "agent/flow/outbox.h"
#include "agent/flow/upload.h"

struct backlog_batch {
    struct outbox_batch batch;
    struct upload_span span;
    size_t lane; /* whose it is: the sender's number of the integration */
    bool is_in_flight;
    bool is_gone;
    int server_errors;     /* 500, 502, 504 with others accepted in between */
    int64_t accepted_then; /* how many batches had been accepted at the last of them */
};

struct backlog;
struct backlog *backlog_new(void);
void backlog_free(struct backlog *backlog);

/* Places must not fall, but for halves, which go where the batch they were cut from stands. */
void backlog_add(struct backlog *backlog, const struct outbox_batch *batch, size_t lane, int64_t id,
                 int kind);
/* Lent until the next backlog_ call; NULL: none. */
struct backlog_batch *backlog_find(struct backlog *backlog, int64_t number);
void backlog_remove(struct backlog *backlog, int64_t number);

/* The next batch whose lane may send (`may`), other than `avoid` if there is another one; lent
 * until the next backlog_ call. NULL: none may go now. */
struct backlog_batch *backlog_next(struct backlog *backlog, int64_t avoid,
                                   bool (*may)(void *context, size_t lane), void *context);

#endif
