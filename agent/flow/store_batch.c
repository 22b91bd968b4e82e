/* SPDX-License-Identifier: Apache-2.0 */
/* store_batch.c - a batch as two rows, one of facts and one of its sealed body */
#include "agent/flow/store_batch.h"
#include "agent/flow/store_integration.h"

#include <assert.h>

static_assert(sizeof(struct batch_group) == 32, "groups are stored as they are, without padding");

static bool insert_facts(struct store *store, const struct outbox_batch *batch, struct error *err)
{
    struct query query =
        query_begin(&store->connection, "INSERT INTO batch (" STORE_BATCH_COLUMNS
                                        ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_give(&query, batch->number);
    query_give(&query, batch->place);
    query_give(&query, batch->integration);
    query_give(&query, batch->slice);
    query_give(&query, batch->from);
    query_give(&query, batch->to);
    query_give(&query, batch->priority);
    query_give(&query, batch->records);
    query_give(&query, (int64_t)batch->plain_size);
    query_give(&query, (int64_t)batch->size);
    query_give(&query, (int64_t)batch->group_count);
    query_give(&query, batch->created);
    query_give_data(&query, batch->key, sizeof batch->key);
    return query_run(&query, err);
}

bool store_put_batch(struct store *store, struct outbox_batch *batch, const struct store_body *body,
                     struct error *err)
{
    const struct bytes *sealed = store_seal(store, "body", batch->key, body->data, body->size);

    batch->number = store->next_number++;
    if (batch->place == 0)
        batch->place = batch->number;
    batch->size = sealed->size;
    batch->group_count = body->group_count;
    if (!insert_facts(store, batch, err))
        return false;

    struct query query =
        query_begin(&store->connection,
                    "INSERT INTO body (number, head, tail, groups, sealed) VALUES (?, ?, ?, ?, ?)");
    query_give(&query, batch->number);
    query_give(&query, (int64_t)body->head);
    query_give(&query, (int64_t)body->tail);
    query_give_data(&query, body->groups, body->group_count * sizeof *body->groups);
    query_give_data(&query, sealed->data, sealed->size);
    return query_run(&query, err);
}

void store_take_batch(struct query *query, struct outbox_batch *batch)
{
    batch->number = query_take(query);
    batch->place = query_take(query);
    batch->integration = query_take(query);
    batch->slice = query_take(query);
    batch->from = query_take(query);
    batch->to = query_take(query);
    batch->priority = (int)query_take(query);
    batch->records = query_take(query);
    batch->plain_size = (size_t)query_take(query);
    batch->size = (size_t)query_take(query);
    batch->group_count = (size_t)query_take(query);
    batch->created = query_take(query);
    query_take_exactly(query, batch->key, sizeof batch->key);
}

bool store_get_batch(struct store *store, int64_t number, struct outbox_batch *batch, bool *found,
                     struct error *err)
{
    struct query query = query_begin(&store->connection,
                                     "SELECT " STORE_BATCH_COLUMNS " FROM batch WHERE number = ?");

    *found = false;
    query_give(&query, number);
    if (query_next(&query)) {
        *found = true;
        store_take_batch(&query, batch);
        if (!store_has_integration(store, batch->integration))
            query.result = SQLITE_CORRUPT;
    }
    return query_end(&query, err);
}

static bool groups_are_valid(const struct store_body *body, size_t plain_size)
{
    size_t least = body->head;

    if (body->group_count == 0 || body->head > plain_size || body->tail > plain_size - body->head ||
        body->groups[0].offset != body->head)
        return false;
    for (size_t i = 0; i < body->group_count; i++) {
        if (body->groups[i].offset < least || body->groups[i].offset >= plain_size - body->tail)
            return false;
        least = (size_t)body->groups[i].offset + 1;
    }
    return true;
}

bool store_get_body(struct store *store, const struct outbox_batch *batch, struct store_body *body,
                    struct error *err)
{
    const struct bytes *plain = NULL;
    size_t size;
    struct query query = query_begin(
        &store->connection, "SELECT head, tail, groups, sealed FROM body WHERE number = ?");

    query_give(&query, batch->number);
    if (query_next(&query)) {
        body->head = (size_t)query_take(&query);
        body->tail = (size_t)query_take(&query);
        bytes_reset(&store->groups);
        const void *groups = query_take_data(&query, &size);
        bytes_append(&store->groups, groups, size);
        body->groups = (const struct batch_group *)(const void *)store->groups.data;
        body->group_count = size / sizeof *body->groups;

        const void *sealed = query_take_data(&query, &size);
        plain = store_unseal(store, "body", batch->key, sealed, size, err);
    }
    if (!query_end(&query, err) || store->connection.damaged)
        return false;
    if (plain == NULL || !groups_are_valid(body, batch->plain_size))
        return connection_failed(&store->connection, SQLITE_CORRUPT, err);
    body->data = plain->data;
    body->size = plain->size;
    return true;
}

bool store_drop_batch(struct store *store, int64_t number, struct error *err)
{
    struct query query = query_begin(&store->connection, "DELETE FROM batch WHERE number = ?");

    query_give(&query, number);
    if (!query_run(&query, err))
        return false;
    query = query_begin(&store->connection, "DELETE FROM body WHERE number = ?");
    query_give(&query, number);
    return query_run(&query, err);
}
