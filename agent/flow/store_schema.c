/* SPDX-License-Identifier: Apache-2.0 */
/* store_schema.c - the store's tables, and the way from an older version to this one
 *
 * All times are utc_ms (UTC_NEVER where there is none), spans are [since, until). Blobs:
 *
 *     sealed   nonce, cipher text, tag (digest.h), bound to the row by its key or hash:
 *              body.sealed        the request body, gzip
 *              reject.sealed      origin, reason, cells, each ending in NUL; NULL: too many
 *              agent.sealed       identifier, open activity, each ending in NUL
 *              quarantine.sealed  the server's answer ending in NUL, the request body (gzip)
 *     groups   array of struct batch_group in this machine's byte order
 *     key      16 bytes: of a batch its Idempotency-Key, of a digest, agent or group its keyed hash
 *
 * A store is valid if and only if it passes SQLite's quick_check and schema.key_hash is the keyed
 * hash made with store.key. A batch is ready if and only if its slice is not above the slice of
 * its integration.
 */
#include "agent/flow/store_schema.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/os_file.h"
#include "agent/flow/query.h"

/* body stands apart from batch, so that looking through a full spool reads no bodies. */
static const char version_1[] =
    "CREATE TABLE schema (key_hash BLOB NOT NULL, machine_hash BLOB NOT NULL);"
    "CREATE TABLE integration (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
    " id INTEGER NOT NULL, kind INTEGER NOT NULL, slice INTEGER NOT NULL, edge INTEGER NOT NULL,"
    " history_from INTEGER NOT NULL, rechecked INTEGER NOT NULL, UNIQUE (name, id, kind));"
    "CREATE TABLE counter (integration INTEGER PRIMARY KEY, read INTEGER NOT NULL DEFAULT 0,"
    " rejected INTEGER NOT NULL DEFAULT 0, unchanged INTEGER NOT NULL DEFAULT 0,"
    " uploaded INTEGER NOT NULL DEFAULT 0, quarantined INTEGER NOT NULL DEFAULT 0,"
    " rounded INTEGER NOT NULL DEFAULT 0, ambiguous INTEGER NOT NULL DEFAULT 0,"
    " nonexistent INTEGER NOT NULL DEFAULT 0, last_import INTEGER NOT NULL, last_accepted INTEGER "
    "NOT NULL);"
    "CREATE TABLE hole (integration INTEGER NOT NULL, since INTEGER NOT NULL,"
    " purpose INTEGER NOT NULL, until INTEGER NOT NULL,"
    " PRIMARY KEY (integration, since, purpose)) WITHOUT ROWID;"
    "CREATE TABLE batch (number INTEGER PRIMARY KEY, place INTEGER NOT NULL,"
    " integration INTEGER NOT NULL, slice INTEGER NOT NULL, since INTEGER NOT NULL,"
    " until INTEGER NOT NULL, priority INTEGER NOT NULL, records INTEGER NOT NULL,"
    " plain_size INTEGER NOT NULL, size INTEGER NOT NULL, group_count INTEGER NOT NULL,"
    " created INTEGER NOT NULL, key BLOB NOT NULL);"
    "CREATE INDEX batch_in_order ON batch (integration, place);"
    "CREATE TABLE body (number INTEGER PRIMARY KEY, head INTEGER NOT NULL, tail INTEGER NOT NULL,"
    " groups BLOB NOT NULL, sealed BLOB NOT NULL);"
    "CREATE TABLE digest (integration INTEGER NOT NULL, time INTEGER NOT NULL, key BLOB NOT NULL,"
    " digest BLOB NOT NULL, records INTEGER NOT NULL, sent INTEGER NOT NULL,"
    " PRIMARY KEY (integration, time, key)) WITHOUT ROWID;"
    "CREATE TABLE staged_digest (integration INTEGER NOT NULL, time INTEGER NOT NULL,"
    " key BLOB NOT NULL, digest BLOB NOT NULL, records INTEGER NOT NULL);"
    "CREATE TABLE agent (integration INTEGER NOT NULL, key BLOB NOT NULL,"
    " open_start INTEGER NOT NULL, earliest_start INTEGER NOT NULL, sealed BLOB NOT NULL,"
    " PRIMARY KEY (integration, key)) WITHOUT ROWID;"
    "CREATE TABLE file (integration INTEGER NOT NULL, hash BLOB NOT NULL, name TEXT NOT NULL,"
    " imported INTEGER NOT NULL, slice INTEGER NOT NULL,"
    " PRIMARY KEY (integration, hash)) WITHOUT ROWID;"
    "CREATE TABLE queue (number INTEGER PRIMARY KEY, integration INTEGER NOT NULL,"
    " identifier TEXT NOT NULL, name TEXT NOT NULL, accepted INTEGER NOT NULL,"
    " UNIQUE (integration, identifier, name));"
    "CREATE TABLE reject (number INTEGER PRIMARY KEY, integration INTEGER NOT NULL,"
    " hash BLOB NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, sealed BLOB,"
    " UNIQUE (integration, hash));"
    "CREATE INDEX reject_in_order ON reject (integration, number);"
    "CREATE TABLE quarantine (number INTEGER PRIMARY KEY, place INTEGER NOT NULL,"
    " integration INTEGER NOT NULL, time INTEGER NOT NULL, key BLOB NOT NULL,"
    " records INTEGER NOT NULL, status INTEGER NOT NULL, since INTEGER NOT NULL,"
    " sealed BLOB NOT NULL);"
    "CREATE INDEX quarantine_by_group ON quarantine (integration, time, key);";

static const char *const texts[] = {version_1};
const struct schema_steps schema_steps = {.texts = texts, .count = 1};

/* No version will ever be that high: what says so is damage. */
#define VERSION_MOST 1000
/* Read in a fraction of a second. */
#define CHECKED_BYTES_MOST (INT64_C(64) << 20)

static bool ask(struct connection *connection, const char *text, int64_t *value, struct error *err)
{
    struct query query = query_begin(connection, text);
    int64_t found = 0;

    while (query_next(&query))
        found = query_take(&query);
    if (!query_end(&query, err))
        return false;
    *value = found;
    return true;
}

bool schema_version(struct connection *connection, const struct schema_steps *steps, int *version,
                    struct error *err)
{
    int64_t found, tables;

    if (!ask(connection, "PRAGMA user_version", &found, err))
        return false;
    if (found > steps->count && found < VERSION_MOST)
        return error_set(err, ERROR_FATAL,
                         "the store %s was made by a newer version of this program (its version "
                         "is %d, this program knows %d): install that version again",
                         connection->path, (int)found, steps->count);
    if (!ask(connection, "SELECT count(*) FROM sqlite_schema", &tables, err))
        return false;
    if (found < 0 || found > steps->count || (found == 0) != (tables == 0))
        return connection_failed(connection, SQLITE_NOTADB, err);
    *version = (int)found;
    return true;
}

bool schema_check(struct connection *connection, struct error *err)
{
    int64_t pages, page_size;

    if (!ask(connection, "PRAGMA page_count", &pages, err) ||
        !ask(connection, "PRAGMA page_size", &page_size, err))
        return false;
    if (pages * page_size > CHECKED_BYTES_MOST)
        return true;

    struct query query = query_begin(connection, "PRAGMA quick_check(1)");
    bool well = false;
    if (query_next(&query))
        well = strcmp(query_take_text(&query), "ok") == 0;
    if (!query_end(&query, err))
        return false;
    return well || connection_failed(connection, SQLITE_CORRUPT, err);
}

bool schema_copy(struct connection *connection, int version, struct error *err)
{
    char path[4096];

    snprintf(path, sizeof path, "%s.version-%d", connection->path, version);
    if (!os_file_remove(path, err)) /* of an attempt that was cut short */
        return false;

    struct query query = query_begin(connection, "VACUUM INTO ?");
    query_give_text(&query, path);
    return query_run(&query, err);
}

bool schema_raise(struct connection *connection, const struct schema_steps *steps, int version,
                  struct error *err)
{
    char mark[64];

    for (int i = version; i < steps->count; i++) {
        if (!connection_run(connection, steps->texts[i], err))
            return false;
    }
    snprintf(mark, sizeof mark, "PRAGMA user_version = %d", steps->count);
    return connection_run(connection, mark, err);
}
