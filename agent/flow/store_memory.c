/* SPDX-License-Identifier: Apache-2.0 */
/* store_memory.c - what is remembered of an integration, read back */
#include "agent/flow/store_memory.h"

#include <string.h>

#include "agent/flow/store_inside.h"

bool store_digests(struct store *store, const struct store_window *window,
                   void (*visit)(void *context, const struct ledger_entry *entry), void *context,
                   struct error *err)
{
    if (!store_begin(store, err))
        return false;
    struct query query =
        query_begin(&store->connection, "SELECT time, key, digest, records FROM digest "
                                        "WHERE integration = ? AND time >= ? AND time < ?");
    query_give(&query, window->integration);
    query_give(&query, window->from);
    query_give(&query, window->to);
    while (query_next(&query)) {
        struct ledger_entry entry = {.time = query_take(&query)};
        query_take_exactly(&query, &entry.key, sizeof entry.key);
        query_take_exactly(&query, &entry.digest, sizeof entry.digest);
        entry.records = (uint32_t)query_take(&query);
        visit(context, &entry);
    }
    return store_end(store, query_end(&query, err), err);
}

bool store_queues(struct store *store, int64_t integration,
                  void (*visit)(void *context, const struct queue *queue), void *context,
                  struct error *err)
{
    if (!store_begin(store, err))
        return false;
    struct query query =
        query_begin(&store->connection, "SELECT identifier, name, accepted FROM queue "
                                        "WHERE integration = ? ORDER BY number");
    query_give(&query, integration);
    while (query_next(&query)) {
        struct queue queue = {.identifier = query_take_text(&query)};
        queue.name = query_take_text(&query);
        queue.accepted = query_take(&query) != 0;
        visit(context, &queue);
    }
    return store_end(store, query_end(&query, err), err);
}

bool store_accept_queues(struct store *store, int64_t integration, int64_t *admitted,
                         struct error *err)
{
    if (!store_begin(store, err))
        return false;
    struct query query = query_begin(
        &store->connection, "UPDATE queue SET accepted = 1 WHERE integration = ? AND accepted = 0");
    query_give(&query, integration);
    const bool done = query_run(&query, err);
    const int64_t changed = query_changed(&query);
    if (!store_end(store, done, err))
        return false;
    *admitted = changed;
    return true;
}

static bool visit_agents(struct store *store, struct query *query,
                         void (*visit)(void *context, const struct agent_memory *agent),
                         void *context, struct error *err)
{
    const struct bytes *plain = &store->plain;

    while (plain != NULL && query_next(query)) {
        struct digest key;
        size_t size;
        query_take_exactly(query, &key, sizeof key);
        struct agent_memory agent = {.open_start = query_take(query)};
        agent.earliest_start = query_take(query);
        const void *sealed = query_take_data(query, &size);
        plain = store_unseal(store, "agent", key.bytes, sealed, size, err);
        if (plain != NULL) {
            agent.identifier = (const char *)plain->data;
            agent.open_activity = agent.identifier + strlen(agent.identifier) + 1;
            visit(context, &agent);
        }
    }
    return query_end(query, err) && plain != NULL;
}

bool store_agents(struct store *store, int64_t integration,
                  void (*visit)(void *context, const struct agent_memory *agent), void *context,
                  struct error *err)
{
    if (!store_begin(store, err))
        return false;
    struct query query =
        query_begin(&store->connection, "SELECT key, open_start, earliest_start, sealed "
                                        "FROM agent WHERE integration = ?");
    query_give(&query, integration);
    return store_end(store, visit_agents(store, &query, visit, context, err), err);
}

/* The slice that a known file was committed with; 0: not known. */
static bool slice_of_file(struct store *store, int64_t integration, const struct digest *hash,
                          int64_t *slice, struct error *err)
{
    struct query query = query_begin(&store->connection,
                                     "SELECT slice FROM file WHERE integration = ? AND hash = ?");

    *slice = 0;
    query_give(&query, integration);
    query_give_data(&query, hash, sizeof *hash);
    while (query_next(&query))
        *slice = query_take(&query);
    return query_end(&query, err);
}

/* Batches stand in the order of their slices: the first one tells. */
static bool first_slice_undelivered(struct store *store, int64_t integration, int64_t *slice,
                                    struct error *err)
{
    struct query query = query_begin(
        &store->connection, "SELECT slice FROM batch WHERE integration = ? ORDER BY place LIMIT 1");

    *slice = INT64_MAX;
    query_give(&query, integration);
    while (query_next(&query))
        *slice = query_take(&query);
    return query_end(&query, err);
}

bool store_file_state(struct store *store, int64_t integration, const struct digest *hash,
                      enum store_file_state *state, struct error *err)
{
    int64_t slice = 0, undelivered = 0;

    if (!store_begin(store, err))
        return false;
    const bool done = slice_of_file(store, integration, hash, &slice, err) &&
                      first_slice_undelivered(store, integration, &undelivered, err);
    if (!store_end(store, done, err))
        return false;
    if (slice == 0)
        *state = STORE_FILE_UNKNOWN;
    else
        *state = undelivered <= slice ? STORE_FILE_KNOWN : STORE_FILE_DELIVERED;
    return true;
}
