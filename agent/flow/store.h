/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - everything that must survive: SQLite, one file, one connection, one mutex
 *
 * state_dir/store.db with locking_mode=EXCLUSIVE, journal_mode=TRUNCATE, synchronous=FULL. The
 * store's functions are in four headers: this one (open, integrations, totals), store_slice.h (a
 * slice comes to be), store_memory.h (what is remembered of an integration), outbox.h (the sender).
 *
 * Every function may be called from any thread; each is one transaction under the store's own
 * mutex: done whole, or not at all. A visitor is called under that mutex and must not call back.
 * Bodies, rejects, quarantine and agents are sealed with the key in state_dir/store.key (0600).
 *
 * Errors: ERROR_RETRY (disk full, I/O: the same object goes on once that is mended), ERROR_FATAL
 * (no rights, newer version, another machine; damaged: the file is set aside at that moment, and
 * the next store_open goes on from bookmarks.json).
 */
#ifndef AGENT_FLOW_STORE_H
#define AGENT_FLOW_STORE_H

#include <stdint.h>

#include "agent/base/error.h"
#include "agent/flow/schedule.h"

struct store;

struct store_options {
    const char *folder;  /* exists */
    const char *machine; /* its identity; only a keyed hash of it is stored */
    utc_ms now;
    bool take_over; /* a store of another machine becomes this one's */
};

#define STORE_NOTICE_SIZE 512

/* Opens or creates, migrates forward, deletes what slices never committed had staged. A damaged
 * store is set aside as store.db.corrupt-TIME and rebuilt from bookmarks.json, with the last 14
 * days to be read again; *notice then says so (else ""). */
struct store *store_open(const struct store_options *options, char notice[STORE_NOTICE_SIZE],
                         struct error *err) MUST_USE;
void store_close(struct store *store);               /* NULL accepted; writes bookmarks.json */
const uint8_t *store_key(const struct store *store); /* 32 bytes for keyed digests */

/* Writes bookmarks.json (edge, holes, undelivered spans, pinned queues) if the last one is an hour
 * old; so it may be called as often as one likes. */
bool store_bookmarks(struct store *store, utc_ms now, struct error *err) MUST_USE;

struct store_identity {
    const char *name;
    int64_t id; /* integrationConfigurationId */
    int kind;   /* enum data_kind */
};
/* Opens an integration; created on first sight. *number is its row, from 1. Fills the stored part
 * of schedule (edge, holes, history_from, rechecked). Those that nobody opens (no longer in the
 * configuration) keep their batches, which count in no total. */
bool store_integration(struct store *store, const struct store_identity *identity, int64_t *number,
                       struct schedule *schedule, struct error *err) MUST_USE;
/* Edge or holes changed outside a slice (an outage's, a recheck's). */
bool store_schedule(struct store *store, int64_t integration, const struct schedule *schedule,
                    struct error *err) MUST_USE;

/* What is counted over the life of an integration. */
struct store_counters {
    int64_t read, rejected, unchanged, uploaded, quarantined, rounded, ambiguous, nonexistent;
    utc_ms last_import, last_accepted; /* UTC_NEVER: nothing yet */
};
bool store_counters(struct store *store, int64_t integration, struct store_counters *counters,
                    struct error *err) MUST_USE;

/* Bytes of all bodies, staged and ready, of the open integrations; costs nothing and never fails.
 */
int64_t store_spooled_bytes(struct store *store);

#endif
