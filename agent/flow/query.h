/* SPDX-License-Identifier: Apache-2.0 */
/* query.h - one SQL statement: prepared once and kept, values given and taken in order
 *
 *     struct query query = query_begin(connection, "SELECT a, b FROM t WHERE c = ? AND d = ?");
 *     query_give(&query, c);
 *     query_give_text(&query, d);
 *     while (query_next(&query)) {
 *         a = query_take(&query);
 *         b = query_take_text(&query);
 *     }
 *     return query_end(&query, err);
 *
 * An error is kept until query_end, so nothing needs to be asked before. After query_end the same
 * query can be given values and run again. Every query that was begun must be ended before its
 * transaction is.
 */
#ifndef AGENT_FLOW_QUERY_H
#define AGENT_FLOW_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "agent/flow/connection.h"

struct query {
    struct connection *connection;
    sqlite3_stmt *statement;
    int given, taken; /* values so far */
    int result;       /* of SQLite; what failed stays */
};

/* text is a literal: it is known again by its address. */
struct query query_begin(struct connection *connection, const char *text);

/* What is given is borrowed until the query is run to its end. */
void query_give(struct query *query, int64_t value);
void query_give_text(struct query *query, const char *text);
void query_give_data(struct query *query, const void *data, size_t size);

bool query_next(struct query *query); /* the next row; false: none left, or failed */
/* What is taken is lent until query_next or query_end. Texts end in a NUL and are never NULL. */
int64_t query_take(struct query *query);
const char *query_take_text(struct query *query);
const void *query_take_data(struct query *query, size_t *size);
/* Takes data of a size that is known; else the store is damaged. */
void query_take_exactly(struct query *query, void *data, size_t size);

bool query_end(struct query *query, struct error *err) MUST_USE;
bool query_run(struct query *query, struct error *err) MUST_USE; /* next until false, then end */
int64_t query_changed(const struct query *query); /* rows the last statement that ran changed */

#endif
