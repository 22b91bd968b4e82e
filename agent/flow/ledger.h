/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.h - what was last sent of each group: unchanged is not sent again, vanished is noticed
 *
 * A digest is keyed and taken over the sorted multiset of a group's records (two identical
 * contacts are two), without the queue's name. Kept inside the horizon only. For one slice:
 * ledger_begin, ledger_known for the digests of its window, ledger_judge for each group, and at
 * the end ledger_vanished for what did not appear; the changes are lent to the store, which writes
 * them with the slice's commit.
 */
#ifndef AGENT_FLOW_LEDGER_H
#define AGENT_FLOW_LEDGER_H

#include "agent/base/digest.h"
#include "agent/flow/group.h"
#include "agent/flow/queues.h"

/* One row of the ledger. */
struct ledger_entry {
    utc_ms time;          /* quarter hour, or start of the status */
    struct digest key;    /* keyed hash of the queue (identifier and name) or the agent */
    struct digest digest; /* of the records */
    uint32_t records;     /* how many: a group that shrinks is worth a warning (files); 0: it
                             vanished and was overwritten by nothing */
};

enum ledger_verdict { LEDGER_NEW, LEDGER_CHANGED, LEDGER_SAME };

struct ledger;
struct ledger *ledger_new(const uint8_t key[DIGEST_KEY_SIZE]);
void ledger_free(struct ledger *ledger);
/* Forgets the last slice. keep_from: start of the horizon (UTC_NEVER: everything is kept); groups
 * before it are always NEW and not kept. */
void ledger_begin(struct ledger *ledger, utc_ms keep_from);
/* Known rows, in any order (the store calls it). A stretch of time may be made known at any moment
 * before the first of its own groups is judged, also after others were (files are looked up day by
 * day, near-real-time passes group by group); the same row told twice counts once. */
void ledger_known(struct ledger *ledger, const struct ledger_entry *entry);

/* Compares and notes the group; key receives its subject's key. *queue comes in as queues_see gave
 * it and leaves as the queue the group must go under: the one it was once sent under, if any. */
enum ledger_verdict ledger_judge_volume(struct ledger *ledger, const struct group *group,
                                        const struct queue **queue, struct digest *key);
/* The same for a status; agent, activity: the texts behind its numbers. */
enum ledger_verdict ledger_judge_status(struct ledger *ledger, const struct group *group,
                                        const char *agent, const char *activity,
                                        struct digest *key);
/* Did a group of the slice hold fewer records than when it was last sent? Counted. */
uint64_t ledger_shrunk(const struct ledger *ledger);

/* Known entries in [from, to) that no group of the slice matched. Lent until ledger_begin. */
const struct ledger_entry *ledger_vanished(struct ledger *ledger, utc_ms from, utc_ms to,
                                           size_t *count);
/* A vanished group is overwritten by nothing (`vanished: zero`): noted as a change. */
void ledger_overwrite(struct ledger *ledger, const struct ledger_entry *vanished);
/* The key of a queue, to find the one of a vanished entry. */
struct digest ledger_queue_key(struct ledger *ledger, const struct queue *queue);

/* Forgets what is known and noted, for a slice with too many groups to hold: its groups come once
 * each, and what was noted is already staged. What is known must be told again. */
void ledger_forget(struct ledger *ledger);

/* Entries to write: new and changed ones. Lent until the next call that notes one. */
const struct ledger_entry *ledger_changes(const struct ledger *ledger, size_t *count);

#endif
