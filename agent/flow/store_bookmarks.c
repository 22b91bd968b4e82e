/* SPDX-License-Identifier: Apache-2.0 */
/* store_bookmarks.c - bookmarks.json: what a damaged store is rebuilt from
 *
 *     {"integrations":[{"name":"support-calls","id":1234,"kind":0,
 *       "edge":MS,"history_from":MS,"rechecked":MS,
 *       "holes":[[FROM,TO,PURPOSE],...],"queues":[["1337_99","Level 1 support"],...]},...]}
 *
 * Times are utc_ms. Among the holes are the spans of batches not delivered yet: with the store
 * their bodies are lost, so they must be read again. Only accepted queues are kept, in the order
 * in which they were pinned.
 */
#include <jansson.h>
#include <stdio.h>

#include "agent/base/json.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/flow/store_integration.h"

#define BOOKMARKS_MOST  ((size_t)64 << 20)
#define BOOKMARKS_EVERY UTC_HOUR
/* Sent or not, everything of the last days before the edge is read again: what was read after the
 * bookmarks were written, and corrections that were waiting. */
#define READ_AGAIN (14 * UTC_DAY)

static const char *bookmarks_path(const struct store *store, char path[STORE_PATH_MOST])
{
    return os_path_join(store->folder, "bookmarks.json", path, STORE_PATH_MOST);
}

/* Holes begin and end where any interval does, and never beyond the edge. */
static void open_again(struct schedule *schedule, utc_ms from, utc_ms to)
{
    const utc_ms edge = utc_floor(schedule->edge, UTC_QUARTER);
    const utc_ms end = utc_floor(to - 1, UTC_HOUR) + UTC_HOUR;
    const struct hole hole = {
        .from = utc_floor(from, UTC_HOUR), .to = end < edge ? end : edge, .purpose = SLICE_HISTORY};

    schedule_open_hole(schedule, &hole);
}

/* --- writing --- */

static bool add_undelivered(struct store *store, int64_t integration, struct schedule *schedule,
                            struct error *err)
{
    if (schedule->edge == UTC_NEVER) /* files: they are known by what they hold, or read again */
        return true;
    struct query query =
        query_begin(&store->connection, "SELECT min(since), max(until) FROM batch WHERE "
                                        "integration = ? GROUP BY slice");
    query_give(&query, integration);
    while (query_next(&query)) {
        const utc_ms from = query_take(&query);
        open_again(schedule, from, query_take(&query));
    }
    return query_end(&query, err);
}

static void put_schedule(struct json *json, const struct schedule *schedule)
{
    json_put_key(json, "edge");
    json_put_integer(json, schedule->edge);
    json_put_key(json, "history_from");
    json_put_integer(json, schedule->history_from);
    json_put_key(json, "rechecked");
    json_put_integer(json, schedule->rechecked);
    json_put_key(json, "holes");
    json_begin_array(json);
    for (size_t i = 0; i < schedule->hole_count; i++) {
        json_begin_array(json);
        json_put_integer(json, schedule->holes[i].from);
        json_put_integer(json, schedule->holes[i].to);
        json_put_integer(json, schedule->holes[i].purpose);
        json_end_array(json);
    }
    json_end_array(json);
}

static bool put_queues(struct store *store, int64_t integration, struct json *json,
                       struct error *err)
{
    struct query query =
        query_begin(&store->connection, "SELECT identifier, name FROM queue WHERE integration = ? "
                                        "AND accepted = 1 ORDER BY number");
    query_give(&query, integration);
    json_put_key(json, "queues");
    json_begin_array(json);
    while (query_next(&query)) {
        json_begin_array(json);
        json_put_text(json, query_take_text(&query));
        json_put_text(json, query_take_text(&query));
        json_end_array(json);
    }
    json_end_array(json);
    return query_end(&query, err);
}

static bool put_integration(struct store *store, int64_t integration, struct json *json,
                            struct error *err)
{
    struct schedule *schedule = os_alloc(sizeof *schedule);
    struct query query =
        query_begin(&store->connection, "SELECT name, id, kind FROM integration WHERE number = ?");

    json_begin_object(json);
    query_give(&query, integration);
    while (query_next(&query)) {
        json_put_key(json, "name");
        json_put_text(json, query_take_text(&query));
        json_put_key(json, "id");
        json_put_integer(json, query_take(&query));
        json_put_key(json, "kind");
        json_put_integer(json, query_take(&query));
    }
    const bool done = query_end(&query, err) &&
                      store_load_schedule(store, integration, schedule, err) &&
                      add_undelivered(store, integration, schedule, err) &&
                      put_queues(store, integration, json, err);
    put_schedule(json, schedule);
    json_end_object(json);
    os_free(schedule);
    return done;
}

static bool put_all(struct store *store, struct bytes *out, struct error *err)
{
    struct json json;

    json_init(&json, out);
    json_begin_object(&json);
    json_put_key(&json, "integrations");
    json_begin_array(&json);
    for (size_t i = 1; i <= store->tally_count; i++) {
        if (!put_integration(store, (int64_t)i, &json, err))
            return false;
    }
    json_end_array(&json);
    json_end_object(&json);
    return !out->overflow || error_set(err, ERROR_DATA, "bookmarks.json would be too large");
}

bool store_write_bookmarks(struct store *store, struct error *err)
{
    char path[STORE_PATH_MOST];
    struct bytes text;

    bytes_init(&text, BOOKMARKS_MOST);
    const bool done = store_begin(store, err) &&
                      store_end(store, put_all(store, &text, err), err) &&
                      os_file_write(bookmarks_path(store, path), text.data, text.size, err);
    bytes_free(&text);
    return done;
}

bool store_bookmarks(struct store *store, utc_ms now, struct error *err)
{
    os_mutex_lock(store->mutex);
    const bool is_due = store->bookmarked == UTC_NEVER || now < store->bookmarked ||
                        now - store->bookmarked >= BOOKMARKS_EVERY;
    if (is_due)
        store->bookmarked = now; /* one of several threads writes them */
    os_mutex_unlock(store->mutex);
    return !is_due || store_write_bookmarks(store, err);
}

/* --- reading --- */

static utc_ms get_time(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? (utc_ms)json_integer_value(value) : UTC_NEVER;
}

static void get_holes(const json_t *object, struct schedule *schedule)
{
    const json_t *holes = json_object_get(object, "holes");

    for (size_t i = 0; i < json_array_size(holes); i++) {
        const json_t *hole = json_array_get(holes, i);
        const json_int_t purpose = json_integer_value(json_array_get(hole, 2));
        const struct hole opened = {
            .from = (utc_ms)json_integer_value(json_array_get(hole, 0)),
            .to = (utc_ms)json_integer_value(json_array_get(hole, 1)),
            .purpose = purpose == SLICE_RECHECK || purpose == SLICE_REIMPORT
                           ? (enum slice_purpose)purpose
                           : SLICE_HISTORY,
        };
        schedule_open_hole(schedule, &opened);
    }
}

static bool restore_queues(struct store *store, const json_t *object, int64_t integration,
                           struct error *err)
{
    const json_t *queues = json_object_get(object, "queues");

    for (size_t i = 0; i < json_array_size(queues); i++) {
        const json_t *pair = json_array_get(queues, i);
        const struct queue queue = {
            .identifier = json_string_value(json_array_get(pair, 0)),
            .name = json_string_value(json_array_get(pair, 1)),
            .accepted = true,
        };
        if (queue.identifier != NULL && queue.name != NULL &&
            !store_save_queue(store, integration, &queue, err))
            return false;
    }
    return true;
}

static bool restore_integration(struct store *store, const json_t *object, struct error *err)
{
    const struct store_identity identity = {
        .name = json_string_value(json_object_get(object, "name")),
        .id = json_integer_value(json_object_get(object, "id")),
        .kind = (int)json_integer_value(json_object_get(object, "kind")),
    };
    int64_t integration;

    if (identity.name == NULL)
        return true;
    if (!store_number(store, &identity, &integration, err))
        return false;

    struct schedule *schedule = os_alloc(sizeof *schedule);
    schedule->edge = get_time(object, "edge");
    schedule->history_from = get_time(object, "history_from");
    schedule->rechecked = get_time(object, "rechecked");
    get_holes(object, schedule);
    if (schedule->edge != UTC_NEVER)
        open_again(schedule, schedule->edge - READ_AGAIN, schedule->edge);
    const bool done = store_save_schedule(store, integration, schedule, err) &&
                      restore_queues(store, object, integration, err);
    os_free(schedule);
    return done;
}

bool store_restore(struct store *store, bool *found, struct error *err)
{
    char path[STORE_PATH_MOST];
    struct bytes text;
    struct error unreadable;
    bool done = true;

    bytes_init(&text, BOOKMARKS_MOST);
    /* Without them everything is read again: slower, and as right. */
    const bool is_read = os_file_read(bookmarks_path(store, path), &text, &unreadable);
    json_t *root = is_read ? json_loadb((const char *)text.data, text.size, 0, NULL) : NULL;
    const json_t *integrations = json_object_get(root, "integrations");

    *found = json_array_size(integrations) > 0;
    for (size_t i = 0; done && i < json_array_size(integrations); i++)
        done = restore_integration(store, json_array_get(integrations, i), err);
    json_decref(root);
    bytes_free(&text);
    return done;
}
