/* SPDX-License-Identifier: Apache-2.0 */
/* queues.h - the queue guard: allowed queues, pinned names, a limit on new ones
 *
 * Because a queue can never be deleted at the receiver. One object per integration; what a slice
 * brings is tentative until queues_commit. See spec: "Queue guard".
 */
#ifndef AGENT_FLOW_QUEUES_H
#define AGENT_FLOW_QUEUES_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/base/settings.h"

struct queues_settings {
    int rename; /* enum queue_rename */
    struct {
        struct setting_list allow, deny;
    } queues;
    int64_t max_new_queues;
};
enum queue_rename { RENAME_KEEP, RENAME_FOLLOW };
extern const struct setting queues_settings[];

/* accepted: by the guard; false for a candidate that waits for `queues --accept`. */
struct queue {
    const char *identifier;
    const char *name; /* pinned */
    bool accepted;
};

enum queue_verdict { QUEUE_KNOWN, QUEUE_NEW, QUEUE_DENIED };

struct queues;
struct queues *queues_new(const struct queues_settings *settings);
void queues_free(struct queues *queues);
void queues_load(struct queues *queues, const struct queue *queue); /* from the store, at start */

/* A queue of the current slice. */
enum queue_verdict queues_see(struct queues *queues, const char *identifier, const char *name);
/* The name under which its groups go. Lent until the queues object changes. */
const char *queues_name(const struct queues *queues, const char *identifier);
/* Does the current slice bring more new queues than allowed? Then it must not be committed. */
bool queues_too_many(const struct queues *queues);
/* New ones of the current slice: what the store pins with the commit, or keeps as candidates. */
size_t queues_new_count(const struct queues *queues);
const struct queue *queues_new_at(const struct queues *queues, size_t index);
void queues_commit(struct queues *queues);
void queues_abandon(struct queues *queues);

#endif
