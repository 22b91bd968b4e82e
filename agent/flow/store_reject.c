/* SPDX-License-Identifier: Apache-2.0 */
/* store_reject.c - rows set aside: known by their hash, counted once, the newest kept readable */
#include "agent/flow/store_reject.h"

#include <string.h>

#include "agent/flow/store_inside.h"

/* Of more, only the newest are known by their hash; an older row would be counted once more. */
#define HASHES_MOST 100000

static bool see_again(struct store *store, const struct store_commit *commit,
                      const struct store_reject *reject, bool *known, struct error *err)
{
    struct query query = query_begin(
        &store->connection, "UPDATE reject SET last_seen = ? WHERE integration = ? AND hash = ?");

    query_give(&query, commit->now);
    query_give(&query, commit->integration);
    query_give_data(&query, &reject->hash, sizeof reject->hash);
    if (!query_run(&query, err))
        return false;
    *known = query_changed(&query) > 0;
    return true;
}

static bool is_known(struct store *store, int64_t integration, const struct store_reject *reject,
                     bool *known, struct error *err)
{
    struct query query = query_begin(
        &store->connection, "SELECT count(*) FROM reject WHERE integration = ? AND hash = ?");

    query_give(&query, integration);
    query_give_data(&query, &reject->hash, sizeof reject->hash);
    while (query_next(&query))
        *known = query_take(&query) > 0;
    return query_end(&query, err);
}

bool store_new_rejects(struct store *store, const struct store_commit *commit, int64_t *count,
                       struct error *err)
{
    bool done = true;

    *count = 0;
    if (!store_begin(store, err))
        return false;
    for (size_t i = 0; done && i < commit->reject_count; i++) {
        bool known = false;
        done = is_known(store, commit->integration, &commit->rejects[i], &known, err);
        *count += known ? 0 : 1;
    }
    return store_end(store, done, err);
}

static bool add(struct store *store, const struct store_commit *commit,
                const struct store_reject *reject, struct error *err)
{
    bytes_reset(&store->plain);
    bytes_append(&store->plain, reject->origin, strlen(reject->origin) + 1);
    bytes_append(&store->plain, reject->reason, strlen(reject->reason) + 1);
    bytes_append(&store->plain, reject->cells, strlen(reject->cells) + 1);
    const struct bytes *sealed =
        store_seal(store, "reject", reject->hash.bytes, store->plain.data, store->plain.size);

    struct query query = query_begin(
        &store->connection, "INSERT INTO reject (integration, hash, first_seen, last_seen, sealed) "
                            "VALUES (?, ?, ?, ?, ?)");
    query_give(&query, commit->integration);
    query_give_data(&query, &reject->hash, sizeof reject->hash);
    query_give(&query, commit->now);
    query_give(&query, commit->now);
    query_give_data(&query, sealed->data, sealed->size);
    return query_run(&query, err);
}

static bool keep_newest_readable(struct store *store, int64_t integration, struct error *err)
{
    struct query query = query_begin(
        &store->connection,
        "UPDATE reject SET sealed = NULL WHERE integration = ?1 AND sealed IS NOT NULL AND "
        "number <= (SELECT number FROM reject WHERE integration = ?1 "
        "ORDER BY number DESC LIMIT 1 OFFSET ?2)");
    query_give(&query, integration);
    query_give(&query, STORE_REJECTS_MOST);
    return query_run(&query, err);
}

bool store_save_rejects(struct store *store, const struct store_commit *commit, int64_t *count,
                        struct error *err)
{
    *count = 0;
    for (size_t i = 0; i < commit->reject_count; i++) {
        const struct store_reject *reject = &commit->rejects[i];
        bool known;
        if (!see_again(store, commit, reject, &known, err) ||
            (!known && !add(store, commit, reject, err)))
            return false;
        *count += known ? 0 : 1;
    }
    return *count == 0 || keep_newest_readable(store, commit->integration, err);
}

bool store_tidy_rejects(struct store *store, int64_t integration, utc_ms before, struct error *err)
{
    struct query query =
        query_begin(&store->connection, "DELETE FROM reject WHERE integration = ?1 AND sealed IS "
                                        "NULL AND (last_seen < ?2 OR number <= (SELECT number FROM "
                                        "reject WHERE integration = ?1 ORDER BY number DESC "
                                        "LIMIT 1 OFFSET ?3))");
    query_give(&query, integration);
    query_give(&query, before);
    query_give(&query, HASHES_MOST);
    return query_run(&query, err);
}

/* --- reading --- */

static bool visit_one(struct store *store, struct query *query,
                      void (*visit)(void *context, const struct store_reject *reject),
                      void *context, struct error *err)
{
    struct store_reject reject;
    size_t size;

    reject.first_seen = query_take(query);
    query_take_exactly(query, &reject.hash, sizeof reject.hash);
    const void *sealed = query_take_data(query, &size);
    const struct bytes *plain = store_unseal(store, "reject", reject.hash.bytes, sealed, size, err);
    if (plain == NULL)
        return false;
    reject.origin = (const char *)plain->data;
    reject.reason = reject.origin + strlen(reject.origin) + 1;
    reject.cells = reject.reason + strlen(reject.reason) + 1;
    visit(context, &reject);
    return true;
}

static bool visit_newest(struct store *store, struct query *query,
                         void (*visit)(void *context, const struct store_reject *reject),
                         void *context, struct error *err)
{
    bool opened = true;

    while (opened && query_next(query))
        opened = visit_one(store, query, visit, context, err);
    return query_end(query, err) && opened;
}

bool store_rejects(struct store *store, int64_t integration, int64_t most,
                   void (*visit)(void *context, const struct store_reject *reject), void *context,
                   struct error *err)
{
    if (!store_begin(store, err))
        return false;
    struct query query =
        query_begin(&store->connection, "SELECT first_seen, hash, sealed FROM reject WHERE "
                                        "integration = ? AND sealed IS NOT NULL "
                                        "ORDER BY number DESC LIMIT ?");
    query_give(&query, integration);
    query_give(&query, most);
    return store_end(store, visit_newest(store, &query, visit, context, err), err);
}
