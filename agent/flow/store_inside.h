/* SPDX-License-Identifier: Apache-2.0 */
/* store_inside.h - what the files of the store share, and nobody else includes
 *
 * Every public function is: store_begin, its statements, store_end. What it changes in the tallies
 * in between is undone by store_end together with the transaction.
 */
#ifndef AGENT_FLOW_STORE_INSIDE_H
#define AGENT_FLOW_STORE_INSIDE_H

#include "agent/base/bytes.h"
#include "agent/base/digest.h"
#include "agent/flow/outbox.h"
#include "agent/flow/query.h"
#include "agent/flow/store.h"

#define STORE_PATH_MOST 1024

/* An integration's batches, kept in memory so that totals cost nothing. */
struct tally {
    int64_t slice;                      /* the committed one */
    struct outbox_totals ready, staged; /* staged: of slice + 1 */
    int64_t first_staged;               /* place of the first one, if any */
    int64_t quarantined;                /* groups in quarantine now */
    bool is_open;                       /* by store_integration: it counts in the totals */
    utc_ms tidied;                      /* when what has no time of its own was purged last */
};

struct store_keys {
    uint8_t seal[DIGEST_KEY_SIZE];
    uint8_t digest[DIGEST_KEY_SIZE];
};

struct store {
    struct os_mutex *mutex; /* guards everything below but the paths and keys */
    struct connection connection;
    struct sealer *sealer;
    struct digester *digester;
    struct bytes sealed, plain, groups; /* scratch of one function */
    struct tally *tallies;              /* of integration n at n - 1 */
    struct tally *before;               /* as they were when the transaction began */
    size_t tally_count, before_count;
    bool in_use;         /* opened whole: damage found from now on ends the use */
    bool is_uncertain;   /* a commit failed, perhaps after it was done: the tallies are too */
    int64_t next_number; /* of a batch or a quarantined group; given once */
    utc_ms bookmarked;   /* when bookmarks.json was written */
    utc_ms now;          /* the latest that anybody has told: names what is set aside */
    struct store_keys keys;
    char folder[STORE_PATH_MOST];
    char path[STORE_PATH_MOST]; /* of store.db */
};

/* Locks and begins; false has unlocked again. store_end commits if `done`, else rolls back with
 * err as it is; unlocks; true if and only if all is done. */
bool store_begin(struct store *store, struct error *err) MUST_USE;
bool store_end(struct store *store, bool done, struct error *err) MUST_USE;

/* Sealed or opened into the store's scratch, lent until the next of the same. `what` and key bind
 * the data to its row. What cannot be opened means that the store is damaged (NULL). */
const struct bytes *store_seal(struct store *store, const char *what, const uint8_t key[16],
                               const void *data, size_t size);
const struct bytes *store_unseal(struct store *store, const char *what, const uint8_t key[16],
                                 const void *data, size_t size, struct error *err) MUST_USE;
struct digest store_hash(struct store *store, const char *text); /* keyed */

/* Writes bookmarks.json; when it cannot, an older one remains, and more would be read again. */
bool store_write_bookmarks(struct store *store, struct error *err);
/* Takes up what bookmarks.json says, inside a transaction. *found: there was something. */
bool store_restore(struct store *store, bool *found, struct error *err) MUST_USE;

bool store_load_keys(struct store *store, struct error *err) MUST_USE; /* or makes them */
/* Closes the store and moves it out of the way; name receives the file's new name. */
bool store_set_aside(struct store *store, char name[STORE_PATH_MOST], struct error *err) MUST_USE;

#endif
