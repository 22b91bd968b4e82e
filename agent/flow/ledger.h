/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.h - what was last sent of each group: unchanged is not sent again, vanished is noticed
 *
 * A digest is keyed and taken over the sorted multiset of a group's records (two identical
 * contacts are two), without the queue's name. Kept inside the horizon only. For one slice:
 * ledger_begin loads the digests of its window, ledger_judge compares, ledger_vanished lists what
 * did not appear; the changes are lent to the store, which writes them with the slice's commit.
 */
#ifndef AGENT_FLOW_LEDGER_H
#define AGENT_FLOW_LEDGER_H

#include "agent/base/digest.h"
#include "agent/flow/group.h"
#include "agent/flow/names.h"

/* One row of the ledger. */
struct ledger_entry {
    utc_ms time;          /* quarter hour, or start of the status */
    struct digest key;    /* keyed hash of the queue's or agent's identifier */
    struct digest digest; /* of the records */
    uint32_t records;     /* how many: a group that shrinks is worth a warning (files) */
};

enum ledger_verdict { LEDGER_NEW, LEDGER_CHANGED, LEDGER_SAME };

struct ledger;
struct ledger *ledger_new(const uint8_t key[DIGEST_KEY_SIZE]);
void ledger_free(struct ledger *ledger);
/* Forgets the last slice. keep_from: start of the horizon; groups before it are always NEW and
 * not kept. */
void ledger_begin(struct ledger *ledger, utc_ms keep_from);
/* Known rows of the slice's window, in any order (the store calls it). */
void ledger_known(struct ledger *ledger, const struct ledger_entry *entry);

/* Compares and notes the group. key receives the subject's key. identifier, activity: the
 * texts behind the numbers (activity NULL but for statuses). */
enum ledger_verdict ledger_judge(struct ledger *ledger, const struct group *group,
                                 const char *identifier, const char *activity, struct digest *key);
/* Entries to write: new and changed ones. Lent until ledger_begin. */
const struct ledger_entry *ledger_changes(const struct ledger *ledger, size_t *count);
/* Known entries in [from, to) that no group of the slice matched. Lent until ledger_begin. */
const struct ledger_entry *ledger_vanished(struct ledger *ledger, utc_ms from, utc_ms to,
                                           size_t *count);

#endif
