/* SPDX-License-Identifier: Apache-2.0 */
/* store_files.c - beside store.db: its key, and damaged stores set aside */
#include <stdio.h>
#include <string.h>

#include "agent/base/os_file.h"
#include "agent/flow/store_inside.h"

/* store.key is valid if and only if it is a struct store_keys: 32 bytes to seal with, 32 for keyed
 * hashes. Whether it is this store's key is seen by schema.key_hash. */
static bool make_keys(struct store *store, const char *path, struct error *err)
{
    digest_random(&store->keys, sizeof store->keys);
    return os_file_write(path, &store->keys, sizeof store->keys, err);
}

/* "store.db.corrupt-20260105T080000Z": a name that no file has yet. */
static void free_name(const struct store *store, const char *file, char name[STORE_PATH_MOST])
{
    char path[STORE_PATH_MOST];
    utc_ms time = store->now;

    do {
        struct civil civil;
        utc_to_civil(time, &civil);
        snprintf(name, STORE_PATH_MOST, "%s.corrupt-%04d%02d%02dT%02d%02d%02dZ", file, civil.year,
                 civil.month, civil.day, civil.hour, civil.minute, civil.second);
        os_path_join(store->folder, name, path, sizeof path);
        time += UTC_SECOND;
    } while (os_file_exists(path));
}

static bool move_away(const struct store *store, const char *file, const char *name,
                      struct error *err)
{
    char from[STORE_PATH_MOST], to[STORE_PATH_MOST];

    os_path_join(store->folder, file, from, sizeof from);
    os_path_join(store->folder, name, to, sizeof to);
    return !os_file_exists(from) || os_file_rename(from, to, err);
}

bool store_load_keys(struct store *store, struct error *err)
{
    char path[STORE_PATH_MOST], name[STORE_PATH_MOST];
    struct bytes content;

    os_path_join(store->folder, "store.key", path, sizeof path);
    if (!os_file_exists(path))
        return make_keys(store, path, err);

    bytes_init(&content, 4096);
    bool done = os_file_read_private(path, &content, err);
    if (done && content.size == sizeof store->keys) {
        memcpy(&store->keys, content.data, sizeof store->keys);
    } else if (done) {
        /* Not a key: the store that it belonged to will be seen to have another. */
        free_name(store, "store.key", name);
        done = move_away(store, "store.key", name, err) && make_keys(store, path, err);
    }
    bytes_free(&content);
    return done;
}

bool store_set_aside(struct store *store, char name[STORE_PATH_MOST], struct error *err)
{
    char journal[STORE_PATH_MOST];

    connection_close(&store->connection);
    free_name(store, "store.db", name);
    /* The store first: a journal without its store is harmless. */
    snprintf(journal, sizeof journal, "%s-journal", name);
    return move_away(store, "store.db", name, err) &&
           move_away(store, "store.db-journal", journal, err);
}
