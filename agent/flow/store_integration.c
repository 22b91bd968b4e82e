/* SPDX-License-Identifier: Apache-2.0 */
/* store_integration.c - integrations: their schedules, counters and tallies */
#include <assert.h>
#include <string.h>

#include "agent/base/os.h"
#include "agent/flow/store_integration.h"

/* Numbers are given from 1 upwards; one beyond this is damage, not a customer's wish. */
#define INTEGRATIONS_MOST 100000

bool store_has_integration(const struct store *store, int64_t integration)
{
    return integration >= 1 && (uint64_t)integration <= store->tally_count;
}

struct tally *store_tally(struct store *store, int64_t integration)
{
    assert(store_has_integration(store, integration));
    return &store->tallies[integration - 1];
}

void store_add_totals(struct outbox_totals *totals, const struct outbox_totals *more)
{
    totals->batches += more->batches;
    totals->records += more->records;
    totals->bytes += more->bytes;
    if (more->batches > 0 && (totals->oldest == UTC_NEVER || more->oldest < totals->oldest))
        totals->oldest = more->oldest;
}

static void add_tally(struct store *store, int64_t integration, int64_t slice)
{
    const struct outbox_totals nothing = {.oldest = UTC_NEVER};
    const size_t count = (size_t)integration;
    const bool is_open = count <= store->tally_count && store->tallies[count - 1].is_open;

    if (count > store->tally_count) {
        store->tallies = os_resize(store->tallies, count * sizeof *store->tallies);
        store->before = os_resize(store->before, count * sizeof *store->before);
        memset(store->tallies + store->tally_count, 0,
               (count - store->tally_count) * sizeof *store->tallies);
        store->tally_count = count;
    }
    store->tallies[count - 1] = (struct tally){.slice = slice,
                                               .ready = nothing,
                                               .staged = nothing,
                                               .is_open = is_open,
                                               .tidied = UTC_NEVER};
}

static bool load_integrations(struct store *store, struct error *err)
{
    struct query query = query_begin(&store->connection, "SELECT number, slice FROM integration");

    while (query_next(&query)) {
        const int64_t number = query_take(&query);
        if (number < 1 || number > INTEGRATIONS_MOST)
            query.result = SQLITE_CORRUPT;
        else
            add_tally(store, number, query_take(&query));
    }
    return query_end(&query, err);
}

bool store_find_oldest(struct store *store, int64_t integration, struct error *err)
{
    struct tally *tally = store_tally(store, integration);
    struct query query = query_begin(
        &store->connection, "SELECT created FROM batch WHERE integration = ? AND slice <= ?"
                            " ORDER BY place LIMIT 1");
    tally->ready.oldest = UTC_NEVER;
    query_give(&query, integration);
    query_give(&query, tally->slice);
    while (query_next(&query))
        tally->ready.oldest = query_take(&query);
    return query_end(&query, err);
}

/* Of slices first to last. */
static bool count_batches(struct store *store, int64_t integration, int64_t first, int64_t last,
                          struct outbox_totals *totals, struct error *err)
{
    struct query query = query_begin(&store->connection,
                                     "SELECT count(*), sum(records), sum(size), min(created) FROM "
                                     "batch WHERE integration = ? AND slice BETWEEN ? AND ?");
    query_give(&query, integration);
    query_give(&query, first);
    query_give(&query, last);
    while (query_next(&query)) {
        totals->batches = query_take(&query);
        totals->records = query_take(&query);
        totals->bytes = query_take(&query);
        totals->oldest = totals->batches > 0 ? query_take(&query) : UTC_NEVER;
    }
    return query_end(&query, err);
}

static bool count_one(struct store *store, int64_t integration, struct error *err)
{
    struct tally *tally = store_tally(store, integration);

    if (!count_batches(store, integration, 0, tally->slice, &tally->ready, err) ||
        !count_batches(store, integration, tally->slice + 1, INT64_MAX, &tally->staged, err))
        return false;

    struct query query = query_begin(
        &store->connection,
        "SELECT (SELECT coalesce(min(place), 0) FROM batch WHERE integration = ?1 AND slice > ?2), "
        "(SELECT count(*) FROM quarantine WHERE integration = ?1)");
    query_give(&query, integration);
    query_give(&query, tally->slice);
    while (query_next(&query)) {
        tally->first_staged = query_take(&query);
        tally->quarantined = query_take(&query);
    }
    return query_end(&query, err);
}

bool store_count_all(struct store *store, struct error *err)
{
    if (!load_integrations(store, err))
        return false;
    for (size_t i = 1; i <= store->tally_count; i++) {
        if (!count_one(store, (int64_t)i, err))
            return false;
    }
    struct query query = query_begin(&store->connection,
                                     "SELECT 1 + max((SELECT coalesce(max(place), 0) FROM batch),"
                                     " (SELECT coalesce(max(number), 0) FROM batch),"
                                     " (SELECT coalesce(max(number), 0) FROM body),"
                                     " (SELECT coalesce(max(place), 0) FROM quarantine),"
                                     " (SELECT coalesce(max(number), 0) FROM quarantine))");
    while (query_next(&query))
        store->next_number = query_take(&query);
    return query_end(&query, err);
}

/* --- schedules --- */

bool store_load_schedule(struct store *store, int64_t integration, struct schedule *schedule,
                         struct error *err)
{
    struct query query =
        query_begin(&store->connection,
                    "SELECT edge, history_from, rechecked FROM integration WHERE number = ?");
    query_give(&query, integration);
    while (query_next(&query)) {
        schedule->edge = query_take(&query);
        schedule->history_from = query_take(&query);
        schedule->rechecked = query_take(&query);
    }
    if (!query_end(&query, err))
        return false;

    schedule->hole_count = 0;
    query = query_begin(&store->connection, "SELECT since, until, purpose FROM hole WHERE "
                                            "integration = ? ORDER BY since, purpose");
    query_give(&query, integration);
    while (schedule->hole_count < SCHEDULE_HOLES_MOST && query_next(&query)) {
        struct hole *hole = &schedule->holes[schedule->hole_count++];
        hole->from = query_take(&query);
        hole->to = query_take(&query);
        hole->purpose = (enum slice_purpose)query_take(&query);
        if (hole->from >= hole->to || hole->purpose < SLICE_HISTORY ||
            hole->purpose > SLICE_RECHECK)
            query.result = SQLITE_CORRUPT;
    }
    return query_end(&query, err);
}

bool store_save_schedule(struct store *store, int64_t integration, const struct schedule *schedule,
                         struct error *err)
{
    struct query query =
        query_begin(&store->connection, "UPDATE integration SET edge = ?, history_from = ?, "
                                        "rechecked = ? WHERE number = ?");
    query_give(&query, schedule->edge);
    query_give(&query, schedule->history_from);
    query_give(&query, schedule->rechecked);
    query_give(&query, integration);
    if (!query_run(&query, err))
        return false;

    query = query_begin(&store->connection, "DELETE FROM hole WHERE integration = ?");
    query_give(&query, integration);
    if (!query_run(&query, err))
        return false;

    query =
        query_begin(&store->connection,
                    "INSERT INTO hole (integration, since, until, purpose) VALUES (?, ?, ?, ?)");
    for (size_t i = 0; i < schedule->hole_count; i++) {
        query_give(&query, integration);
        query_give(&query, schedule->holes[i].from);
        query_give(&query, schedule->holes[i].to);
        query_give(&query, schedule->holes[i].purpose);
        if (!query_run(&query, err))
            return false;
    }
    return true;
}

bool store_schedule(struct store *store, int64_t integration, const struct schedule *schedule,
                    struct error *err)
{
    return store_begin(store, err) &&
           store_end(store, store_save_schedule(store, integration, schedule, err), err);
}

/* --- integrations --- */

static bool find_integration(struct store *store, const struct store_identity *identity,
                             int64_t *number, struct error *err)
{
    struct query query =
        query_begin(&store->connection,
                    "SELECT number FROM integration WHERE name = ? AND id = ? AND kind = ?");
    query_give_text(&query, identity->name);
    query_give(&query, identity->id);
    query_give(&query, identity->kind);
    *number = 0;
    while (query_next(&query))
        *number = query_take(&query);
    return query_end(&query, err);
}

static bool add_integration(struct store *store, const struct store_identity *identity,
                            int64_t *number, struct error *err)
{
    const int64_t next = (int64_t)store->tally_count + 1;
    struct query query =
        query_begin(&store->connection, "INSERT INTO integration (number, name, id, kind, slice, "
                                        "edge, history_from, rechecked) "
                                        "VALUES (?, ?, ?, ?, 0, ?, ?, ?)");
    query_give(&query, next);
    query_give_text(&query, identity->name);
    query_give(&query, identity->id);
    query_give(&query, identity->kind);
    query_give(&query, UTC_NEVER);
    query_give(&query, UTC_NEVER);
    query_give(&query, UTC_NEVER);
    if (!query_run(&query, err))
        return false;

    query = query_begin(&store->connection,
                        "INSERT INTO counter (integration, last_import, last_accepted) "
                        "VALUES (?, ?, ?)");
    query_give(&query, next);
    query_give(&query, UTC_NEVER);
    query_give(&query, UTC_NEVER);
    if (!query_run(&query, err))
        return false;
    add_tally(store, next, 0);
    *number = next;
    return true;
}

bool store_number(struct store *store, const struct store_identity *identity, int64_t *number,
                  struct error *err)
{
    return find_integration(store, identity, number, err) &&
           (*number > 0 || add_integration(store, identity, number, err));
}

bool store_integration(struct store *store, const struct store_identity *identity, int64_t *number,
                       struct schedule *schedule, struct error *err)
{
    int64_t found;

    if (!store_begin(store, err))
        return false;
    const bool done = store_number(store, identity, &found, err) &&
                      store_load_schedule(store, found, schedule, err);
    if (done)
        store_tally(store, found)->is_open = true;
    if (!store_end(store, done, err))
        return false;
    *number = found;
    return true;
}

static bool load_counters(struct store *store, int64_t integration, struct store_counters *counters,
                          struct error *err)
{
    struct query query = query_begin(
        &store->connection, "SELECT read, rejected, unchanged, uploaded, quarantined, rounded, "
                            "ambiguous, nonexistent, last_import, last_accepted FROM counter "
                            "WHERE integration = ?");
    query_give(&query, integration);
    while (query_next(&query)) {
        counters->read = query_take(&query);
        counters->rejected = query_take(&query);
        counters->unchanged = query_take(&query);
        counters->uploaded = query_take(&query);
        counters->quarantined = query_take(&query);
        counters->rounded = query_take(&query);
        counters->ambiguous = query_take(&query);
        counters->nonexistent = query_take(&query);
        counters->last_import = query_take(&query);
        counters->last_accepted = query_take(&query);
    }
    return query_end(&query, err);
}

bool store_counters(struct store *store, int64_t integration, struct store_counters *counters,
                    struct error *err)
{
    return store_begin(store, err) &&
           store_end(store, load_counters(store, integration, counters, err), err);
}
