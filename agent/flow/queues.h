/* SPDX-License-Identifier: Apache-2.0 */
/* queues.h - the queue guard: allowed queues, pinned names, a limit on new ones
 *
 * Because a queue can never be deleted at the receiver, and every pair of identifier and name makes
 * one. One object per integration; what a slice brings is tentative until queues_commit. See spec:
 * "Queue guard".
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

/* A queue as the receiver knows it. With `rename: follow` an identifier may have had several names:
 * each is a queue (and a row of the store) of its own. */
struct queue {
    const char *identifier;
    const char *name;
    bool accepted;            /* by the guard; false for a candidate that waits for --accept */
    const struct queue *next; /* the same identifier under another name, in a ring; itself when it
                                 has one name (set by this module) */
};

enum queue_verdict { QUEUE_KNOWN, QUEUE_NEW, QUEUE_DENIED };

struct queues;
struct queues *queues_new(const struct queues_settings *settings); /* borrowed */
void queues_free(struct queues *queues);
/* From the store, at start and after --accept: the rows in the order in which they were pinned.
 * Known ones are passed over, and so are candidates: they are new again when they are seen. */
void queues_load(struct queues *queues, const struct queue *queue);

/* A queue of the current slice. *known: the queue under which groups never sent go; NULL when
 * denied. It stays where it is until queues_free; a new one until queues_abandon. */
enum queue_verdict queues_see(struct queues *queues, const char *identifier, const char *name,
                              const struct queue **known);
/* Does the current slice bring more new queues than allowed? Then it must not be committed. */
bool queues_too_many(const struct queues *queues);
/* New ones of the current slice, accepted as the commit makes them: what the store pins with it, or
 * keeps as candidates. Lent until the next call that is not this one. */
const struct queue *queues_brought(struct queues *queues, size_t *count);
void queues_commit(struct queues *queues);
void queues_abandon(struct queues *queues);

/* All pinned ones, for finding the queue of a vanished group: 0 to queues_count - 1. */
size_t queues_count(const struct queues *queues);
const struct queue *queues_at(const struct queues *queues, size_t index);

#endif
