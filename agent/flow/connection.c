/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c - the store's one connection to SQLite: durability, transactions, errors as
 * reactions
 *
 * EXCLUSIVE + TRUNCATE + FULL loses nothing at a power cut: a transaction is over when the journal
 * has been cut to nothing, and that is synced. In EXCLUSIVE mode the lock is kept from the first
 * transaction on, and no shared memory is needed.
 */
#include "agent/flow/connection.h"

/* cell_size_check finds a damaged page when it is read, not when it has done harm. The cache holds
 * what a slice changes; it grows only when needed. Nothing may go to a temporary file: it would
 * hold personal data. */
static const char settings[] = "PRAGMA locking_mode = EXCLUSIVE;"
                               "PRAGMA journal_mode = TRUNCATE;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA cache_size = -4096;"
                               "PRAGMA cell_size_check = ON;"
                               "PRAGMA trusted_schema = OFF";

/* Our statements never change, so a complaint about a statement is one about the tables. */
static bool means_damage(int result)
{
    switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_FORMAT:
        return true;
    default:
        return false;
    }
}

bool connection_failed(struct connection *connection, int result, struct error *err)
{
    const char *path = connection->path;
    const char *said = sqlite3_extended_errcode(connection->sqlite) == result
                           ? sqlite3_errmsg(connection->sqlite)
                           : sqlite3_errstr(result);

    if (means_damage(result)) {
        connection->damaged = true;
        return error_set(err, ERROR_FATAL, "the store %s is damaged (%s)", path, said);
    }
    switch (result & 0xff) {
    case SQLITE_FULL:
        return error_set(err, ERROR_RETRY,
                         "the disk is full: %s cannot grow; nothing is lost, reading goes on when "
                         "there is room",
                         path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return error_set(err, ERROR_FATAL,
                         "no right to write %s (%s): give the agent's user the file and its folder",
                         path, said);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(err, ERROR_FATAL, "the store %s is in use by another process", path);
    default:
        return error_set(err, ERROR_RETRY,
                         "the store %s cannot be read or written (%s): look at its disk and folder",
                         path, said);
    }
}

bool connection_run(struct connection *connection, const char *text, struct error *err)
{
    const int result = sqlite3_exec(connection->sqlite, text, NULL, NULL, NULL);

    return result == SQLITE_OK || connection_failed(connection, result, err);
}

bool connection_open(struct connection *connection, const char *path, struct error *err)
{
    *connection = (struct connection){.path = path};
    const int result =
        sqlite3_open_v2(path, &connection->sqlite,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

    if (result == SQLITE_CANTOPEN)
        error_set(err, ERROR_FATAL, "cannot open the store %s: does the agent's user own it?",
                  path);
    else if (result != SQLITE_OK)
        connection_failed(connection, result, err);
    else {
        sqlite3_extended_result_codes(connection->sqlite, 1);
        if (connection_run(connection, settings, err))
            return true;
    }
    connection_close(connection);
    return false;
}

void connection_close(struct connection *connection)
{
    for (size_t i = 0; i < connection->kept_count; i++)
        sqlite3_finalize(connection->kept[i].statement);
    connection->kept_count = 0;
    sqlite3_close(connection->sqlite);
    connection->sqlite = NULL;
}

bool connection_begin(struct connection *connection, struct error *err)
{
    return connection_run(connection, "BEGIN EXCLUSIVE", err);
}

bool connection_commit(struct connection *connection, struct error *err)
{
    return connection_run(connection, "COMMIT", err);
}

void connection_rollback(struct connection *connection)
{
    /* SQLite has rolled back by itself after most errors; what it cannot undo now it undoes from
     * the journal at the next read. */
    if (!sqlite3_get_autocommit(connection->sqlite))
        sqlite3_exec(connection->sqlite, "ROLLBACK", NULL, NULL, NULL);
}
