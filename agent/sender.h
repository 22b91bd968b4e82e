/* SPDX-License-Identifier: Apache-2.0 */
/* sender.h - the one thread that delivers ready batches to the API, for all integrations
 *
 * Takes batches by the order rule, acts on every answer by the table of upload.h, acknowledges
 * together. A refused key pauses its integrations only. See spec: "Unknown, and what the agent
 * does about it".
 */
#ifndef AGENT_SENDER_H
#define AGENT_SENDER_H

#include "agent/config.h"
#include "agent/flow/store.h"

struct os_event;
struct secrets;
struct status;

struct sender_options {
    const struct config *config;
    struct store *store;
    struct secrets *secrets;
    struct status *status;
    struct os_event *stop;
    struct os_event *changed; /* set after every acknowledgement and whenever a lane is refused */
};

struct sender;
struct sender *sender_start(const struct sender_options *options, struct error *err) MUST_USE;
/* An integration's row in the store, known once its reader has opened it. Any thread. */
void sender_integration(struct sender *sender, size_t index, int64_t store_row);
void sender_wake(struct sender *sender); /* new batches are ready. Any thread */
void sender_keys_changed(
    struct sender *sender); /* read the keys again, try refused ones. Any thread */

/* How delivery stands, for `--once`. Any thread. */
struct sender_outcome {
    int64_t last_accepted_ms; /* os_monotonic_ms; 0: nothing yet */
    bool failed;              /* the last answer was none: unreachable */
    int64_t quarantined;      /* records, in this run */
    bool store_failed;        /* it could not be read or written: tried again every second */
    bool store_is_lost;       /* and only a new start can help */
};
struct sender_outcome sender_outcome(struct sender *sender);
bool sender_is_refused(struct sender *sender, size_t index); /* does this integration's key wait? */
void sender_end(struct sender *sender); /* after stop is set: waits for the thread, frees */

#endif
