/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - everything that must survive: opening, transactions, integrations */
#include "agent/flow/store.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/flow/store_integration.h"
#include "agent/flow/store_schema.h"

/* A body may have 64 MiB, and a little more when it does not compress. */
#define SCRATCH_MOST ((size_t)80 << 20)
#define SCRATCH_KEPT ((size_t)1 << 20)

static void shrink(struct bytes *bytes)
{
    if (bytes->capacity <= SCRATCH_KEPT)
        return;
    bytes_free(bytes);
    bytes_init(bytes, SCRATCH_MOST);
}

/* The tallies as they are now are what store_end goes back to. */
static void remember_tallies(struct store *store)
{
    store->before_count = store->tally_count;
    for (size_t i = 0; i < store->tally_count; i++)
        store->before[i] = store->tallies[i];
}

static bool begin(struct store *store, struct error *err)
{
    if (store->connection.sqlite == NULL)
        return error_set(err, ERROR_FATAL, "the store %s was found damaged: start the agent again",
                         store->path);
    if (!connection_begin(&store->connection, err))
        return false;
    if (store->is_uncertain && !store_count_all(store, err))
        return false;
    store->is_uncertain = false;
    remember_tallies(store);
    return true;
}

bool store_begin(struct store *store, struct error *err)
{
    os_mutex_lock(store->mutex);
    remember_tallies(store);
    return begin(store, err) || store_end(store, false, err);
}

/* The file is moved away at once: after a restart the damage need not be found again. */
static void retire(struct store *store, struct error *err)
{
    char reason[sizeof err->text];
    char name[STORE_PATH_MOST];

    memcpy(reason, err->text, sizeof reason);
    if (store_set_aside(store, name, err))
        error_set(err, ERROR_FATAL,
                  "%s; it was set aside as %s: start the agent again, it goes on from "
                  "bookmarks.json and reads the last 14 days once more",
                  reason, name);
}

bool store_end(struct store *store, bool done, struct error *err)
{
    if (done && !connection_commit(&store->connection, err)) {
        done = false;
        store->is_uncertain = true;
    }
    if (!done && store->connection.sqlite != NULL) {
        connection_rollback(&store->connection);
        store->tally_count = store->before_count;
        for (size_t i = 0; i < store->tally_count; i++)
            store->tallies[i] = store->before[i];
        if (store->connection.damaged && store->in_use)
            retire(store, err);
    }
    shrink(&store->plain);
    shrink(&store->groups);
    shrink(&store->sealed);
    os_mutex_unlock(store->mutex);
    return done;
}

/* Binds sealed data to its row, so that rows cannot be exchanged. */
static const char *about(char text[64], const char *what, const uint8_t key[16])
{
    char hex[33];

    snprintf(text, 64, "%s %s", what, digest_hex(key, 16, hex));
    return text;
}

const struct bytes *store_seal(struct store *store, const char *what, const uint8_t key[16],
                               const void *data, size_t size)
{
    char row[64];

    bytes_reset(&store->sealed);
    sealer_seal(store->sealer, data, size, about(row, what, key), &store->sealed);
    return &store->sealed;
}

const struct bytes *store_unseal(struct store *store, const char *what, const uint8_t key[16],
                                 const void *data, size_t size, struct error *err)
{
    char row[64];

    bytes_reset(&store->plain);
    if (sealer_open(store->sealer, data, size, about(row, what, key), &store->plain, err))
        return &store->plain;
    store->connection.damaged = true;
    error_set(err, ERROR_FATAL, "the store %s is damaged (a sealed row cannot be opened)",
              store->path);
    return NULL;
}

struct digest store_hash(struct store *store, const char *text)
{
    digester_begin(store->digester);
    digester_add(store->digester, text, strlen(text));
    return digester_end(store->digester);
}

/* The store is this key's and this machine's; a new one becomes so. */
static bool check_owner(struct store *store, const struct store_options *options, bool is_new,
                        struct error *err)
{
    const struct digest key = store_hash(store, "cloud-link store");
    const struct digest machine = store_hash(store, options->machine);
    struct digest known_key = {0}, known_machine = {0};
    struct query query;

    if (!is_new) {
        query = query_begin(&store->connection, "SELECT key_hash, machine_hash FROM schema");
        if (query_next(&query)) {
            query_take_exactly(&query, &known_key, sizeof known_key);
            query_take_exactly(&query, &known_machine, sizeof known_machine);
        }
        if (!query_end(&query, err))
            return false;
        if (memcmp(&known_key, &key, sizeof key) != 0) {
            store->connection.damaged = true;
            return error_set(err, ERROR_FATAL, "store.key is not the key of the store %s",
                             store->path);
        }
        if (memcmp(&known_machine, &machine, sizeof machine) == 0)
            return true;
        if (!options->take_over)
            return error_set(err, ERROR_FATAL,
                             "the store %s belongs to another machine: if the agent has moved here "
                             "for good and is stopped there, start it once with --take-over",
                             store->path);
        if (!connection_run(&store->connection, "DELETE FROM schema", err))
            return false;
    }
    query = query_begin(&store->connection, "INSERT INTO schema VALUES (?, ?)");
    query_give_data(&query, &key, sizeof key);
    query_give_data(&query, &machine, sizeof machine);
    return query_run(&query, err);
}

/* What was staged for slices that were never committed does not exist. */
static bool delete_leftovers(struct store *store, struct error *err)
{
    return connection_run(&store->connection,
                          "DELETE FROM batch WHERE slice > coalesce((SELECT slice FROM integration "
                          "WHERE number = batch.integration), -1)",
                          err) &&
           connection_run(&store->connection,
                          "DELETE FROM body WHERE number NOT IN (SELECT number FROM batch)", err) &&
           connection_run(&store->connection, "DELETE FROM staged_digest", err);
}

/* One transaction: a store that was just made is whole, or still empty. */
static bool prepare(struct store *store, const struct store_options *options, int version,
                    bool *restored, struct error *err)
{
    *restored = false;
    if (!store_begin(store, err))
        return false;
    const bool done = schema_raise(&store->connection, &schema_steps, version, err) &&
                      check_owner(store, options, version == 0, err) &&
                      (version > 0 || store_restore(store, restored, err)) &&
                      delete_leftovers(store, err) && store_count_all(store, err);
    return store_end(store, done, err);
}

static bool open_file(struct store *store, const struct store_options *options, bool *restored,
                      struct error *err)
{
    struct connection *connection = &store->connection;
    int version;

    /* Made here, so that it is 0600 from the first moment. */
    if (!os_file_exists(store->path) && !os_file_write(store->path, "", 0, err))
        return false;
    if (!connection_open(connection, store->path, err))
        return false;
    if (!schema_version(connection, &schema_steps, &version, err) || !schema_check(connection, err))
        return false;
    if (version > 0 && version < schema_steps.count && !schema_copy(connection, version, err))
        return false;
    return prepare(store, options, version, restored, err);
}

static void store_free(struct store *store)
{
    connection_close(&store->connection);
    sealer_free(store->sealer);
    digester_free(store->digester);
    bytes_free(&store->sealed);
    bytes_free(&store->plain);
    bytes_free(&store->groups);
    os_free(store->tallies);
    os_free(store->before);
    os_mutex_free(store->mutex);
    os_free(store);
}

/* Opens the store; a damaged one is replaced, once. */
static bool open_or_replace(struct store *store, const struct store_options *options, char *notice,
                            struct error *err)
{
    char reason[sizeof err->text];
    char name[STORE_PATH_MOST] = "";
    bool restored = false;

    bool opened = open_file(store, options, &restored, err);
    if (!opened && store->connection.damaged) {
        memcpy(reason, err->text, sizeof reason);
        opened = store_set_aside(store, name, err) && open_file(store, options, &restored, err);
    }
    if (!opened)
        return false;
    store->in_use = true;
    if (name[0] != '\0')
        snprintf(notice, STORE_NOTICE_SIZE, "%s; it was set aside as %s; %s", reason, name,
                 restored ? "going on from bookmarks.json, the last 14 days are read again"
                          : "there are no bookmarks, so everything is read again");
    else if (restored)
        snprintf(notice, STORE_NOTICE_SIZE,
                 "there was no store in %s; going on from bookmarks.json, the last 14 days are "
                 "read again",
                 store->folder);
    return true;
}

struct store *store_open(const struct store_options *options, char notice[STORE_NOTICE_SIZE],
                         struct error *err)
{
    struct store *store = os_alloc(sizeof *store);

    notice[0] = '\0';
    store->now = options->now;
    store->bookmarked = UTC_NEVER;
    store->mutex = os_mutex_new();
    bytes_init(&store->sealed, SCRATCH_MOST);
    bytes_init(&store->plain, SCRATCH_MOST);
    bytes_init(&store->groups, SCRATCH_MOST);
    snprintf(store->folder, sizeof store->folder, "%s", options->folder);
    os_path_join(store->folder, "store.db", store->path, sizeof store->path);
    if (store_load_keys(store, err)) {
        store->sealer = sealer_new(store->keys.seal);
        store->digester = digester_new(store->keys.digest);
        if (open_or_replace(store, options, notice, err))
            return store;
    }
    if (err->kind == ERROR_CONFIG) /* a file or folder that is not ours to use */
        err->kind = ERROR_FATAL;
    store_free(store);
    return NULL;
}

void store_close(struct store *store)
{
    struct error ignored;

    if (store == NULL)
        return;
    if (store->connection.sqlite != NULL)
        store_write_bookmarks(store, &ignored);
    store_free(store);
}

const uint8_t *store_key(const struct store *store)
{
    return store->keys.digest;
}

int64_t store_spooled_bytes(struct store *store)
{
    int64_t bytes = 0;

    os_mutex_lock(store->mutex);
    for (size_t i = 0; i < store->tally_count; i++) {
        if (store->tallies[i].is_open)
            bytes += store->tallies[i].ready.bytes + store->tallies[i].staged.bytes;
    }
    os_mutex_unlock(store->mutex);
    return bytes;
}
