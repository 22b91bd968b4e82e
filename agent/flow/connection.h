/* SPDX-License-Identifier: Apache-2.0 */
/* connection.h - the store's one connection to SQLite: durability, transactions, errors as
 * reactions
 *
 * Belongs to the store, which holds its mutex around every call. Statements are prepared on first
 * use and kept (query.h). Errors: ERROR_RETRY (disk full, I/O), ERROR_FATAL (no rights, in use by
 * another process; `damaged`: the file is not what was written).
 */
#ifndef AGENT_FLOW_CONNECTION_H
#define AGENT_FLOW_CONNECTION_H

#include <sqlite3.h>

#include "agent/base/error.h"

#define CONNECTION_KEPT_MOST 96

struct connection {
    sqlite3 *sqlite;  /* NULL: not open */
    const char *path; /* of the file; borrowed */
    bool damaged;     /* found out by any statement since connection_open; stays */
    struct {
        const char *text; /* a literal: known again by its address */
        sqlite3_stmt *statement;
    } kept[CONNECTION_KEPT_MOST];
    size_t kept_count;
};

/* path must outlive the connection; the file is created. Nothing is read yet. */
bool connection_open(struct connection *connection, const char *path, struct error *err) MUST_USE;
void connection_close(struct connection *connection); /* not open is fine */

/* Takes the file for this process alone. */
bool connection_begin(struct connection *connection, struct error *err) MUST_USE;
bool connection_commit(struct connection *connection, struct error *err) MUST_USE;
void connection_rollback(struct connection *connection); /* no transaction is fine */

/* Runs statements that are not worth keeping. */
bool connection_run(struct connection *connection, const char *text, struct error *err) MUST_USE;

/* Says what SQLite's result means; always false. */
bool connection_failed(struct connection *connection, int result, struct error *err);

#endif
