/* SPDX-License-Identifier: Apache-2.0 */
/* query.c - one SQL statement: prepared once and kept, values given and taken in order */
#include "agent/flow/query.h"

#include <assert.h>
#include <string.h>

struct query query_begin(struct connection *connection, const char *text)
{
    struct query query = {.connection = connection, .result = SQLITE_OK};

    for (size_t i = 0; i < connection->kept_count; i++) {
        if (connection->kept[i].text == text) {
            query.statement = connection->kept[i].statement;
            return query;
        }
    }
    assert(connection->kept_count < CONNECTION_KEPT_MOST);
    query.result = sqlite3_prepare_v3(connection->sqlite, text, -1, SQLITE_PREPARE_PERSISTENT,
                                      &query.statement, NULL);
    if (query.result == SQLITE_OK) {
        connection->kept[connection->kept_count].text = text;
        connection->kept[connection->kept_count++].statement = query.statement;
    }
    return query;
}

static bool has_failed(const struct query *query)
{
    return query->result != SQLITE_OK && query->result != SQLITE_ROW &&
           query->result != SQLITE_DONE;
}

void query_give(struct query *query, int64_t value)
{
    if (!has_failed(query))
        query->result = sqlite3_bind_int64(query->statement, ++query->given, value);
}

void query_give_text(struct query *query, const char *text)
{
    if (!has_failed(query))
        query->result =
            sqlite3_bind_text(query->statement, ++query->given, text, -1, SQLITE_STATIC);
}

void query_give_data(struct query *query, const void *data, size_t size)
{
    if (!has_failed(query))
        query->result =
            sqlite3_bind_blob64(query->statement, ++query->given, data, size, SQLITE_STATIC);
}

bool query_next(struct query *query)
{
    if (has_failed(query))
        return false;
    query->taken = 0;
    query->result = sqlite3_step(query->statement);
    return query->result == SQLITE_ROW;
}

int64_t query_take(struct query *query)
{
    return sqlite3_column_int64(query->statement, query->taken++);
}

const char *query_take_text(struct query *query)
{
    const unsigned char *text = sqlite3_column_text(query->statement, query->taken++);

    return text == NULL ? "" : (const char *)text;
}

const void *query_take_data(struct query *query, size_t *size)
{
    const void *data = sqlite3_column_blob(query->statement, query->taken);

    *size = (size_t)sqlite3_column_bytes(query->statement, query->taken++);
    return data;
}

void query_take_exactly(struct query *query, void *data, size_t size)
{
    size_t found;
    const void *place = query_take_data(query, &found);

    if (place != NULL && found == size)
        memcpy(data, place, size);
    else
        query->result = SQLITE_CORRUPT;
}

bool query_end(struct query *query, struct error *err)
{
    const bool done = !has_failed(query);

    if (!done)
        connection_failed(query->connection, query->result, err);
    sqlite3_reset(query->statement);
    query->given = 0;
    query->result = SQLITE_OK;
    return done;
}

bool query_run(struct query *query, struct error *err)
{
    while (query_next(query))
        continue;
    return query_end(query, err);
}

int64_t query_changed(const struct query *query)
{
    return sqlite3_changes64(query->connection->sqlite);
}
