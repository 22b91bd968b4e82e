/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - the board behind status.json */
#include "agent/status.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/log.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"

#define STATUS_LIMIT (16 << 20)

const char *const state_words[] = {
    [STATE_REFUSED] = "refused",
    [STATE_FAILED] = "failed",
    [STATE_NEEDS_ATTENTION] = "needs attention",
    [STATE_WAITING] = "waiting",
    [STATE_PAUSED] = "paused",
    [STATE_IMPORTING] = "importing",
    [STATE_IDLE] = "idle",
    NULL,
};

struct entry {
    int64_t store_row; /* 0: not in the store yet */
    struct status_reading reading;
    char refused[1024];
    int64_t sent;
};

/* What was told. */
struct board {
    struct entry *entries; /* one per integration, in the order of the configuration */
    utc_ms last_accepted;
    char upload_error[1024];
};

struct status {
    const struct config *config;
    struct store *store;
    const char *path;
    utc_ms since;
    struct os_mutex *mutex; /* guards what follows; nobody else is called under it */
    struct board board;
    bool is_changed;
};

static struct entry *new_entries(const struct config *config)
{
    return os_alloc((config->integration_count + 1) * sizeof(struct entry));
}

struct status *status_new(const struct config *config, struct store *store, const char *path,
                          utc_ms since)
{
    struct status *s = os_alloc(sizeof *s);

    s->config = config;
    s->store = store;
    s->path = os_copy_text(path);
    s->since = since;
    s->mutex = os_mutex_new();
    s->is_changed = true;
    s->board.last_accepted = UTC_NEVER;
    s->board.entries = new_entries(config);
    for (size_t i = 0; i < config->integration_count; i++) {
        struct status_reading *reading = &s->board.entries[i].reading;

        reading->state = STATE_IDLE;
        reading->last_import = reading->next_import = UTC_NEVER;
        reading->edge = reading->history_from = UTC_NEVER;
        reading->seconds_left = -1;
    }
    return s;
}

void status_free(struct status *status)
{
    if (status == NULL)
        return;
    os_mutex_free(status->mutex);
    os_free(status->board.entries);
    os_free((void *)status->path);
    os_free(status);
}

static void keep_later(utc_ms *kept, utc_ms time)
{
    if (*kept == UTC_NEVER || *kept < time)
        *kept = time;
}

void status_integration(struct status *status, size_t index, int64_t store_row,
                        const struct store_counters *counters)
{
    os_mutex_lock(status->mutex);
    status->board.entries[index].store_row = store_row;
    keep_later(&status->board.last_accepted, counters->last_accepted);
    status->is_changed = true;
    os_mutex_unlock(status->mutex);
}

int64_t status_store_row(struct status *status, size_t index)
{
    os_mutex_lock(status->mutex);
    const int64_t store_row = status->board.entries[index].store_row;
    os_mutex_unlock(status->mutex);
    return store_row;
}

void status_reading(struct status *status, size_t index, const struct status_reading *reading)
{
    os_mutex_lock(status->mutex);
    status->board.entries[index].reading = *reading;
    log_scrub(status->board.entries[index].reading.error);
    status->is_changed = true;
    os_mutex_unlock(status->mutex);
}

static void keep_sentence(char *place, size_t size, const char *sentence)
{
    snprintf(place, size, "%s", sentence);
    log_scrub(place);
}

void status_refused(struct status *status, size_t index, const char *error)
{
    struct entry *entry = &status->board.entries[index];

    os_mutex_lock(status->mutex);
    keep_sentence(entry->refused, sizeof entry->refused, error);
    status->is_changed = true;
    os_mutex_unlock(status->mutex);
}

void status_uploaded(struct status *status, size_t index, int64_t records, utc_ms now)
{
    os_mutex_lock(status->mutex);
    status->board.entries[index].sent += records;
    status->board.last_accepted = now;
    status->is_changed = true;
    os_mutex_unlock(status->mutex);
}

void status_upload_error(struct status *status, const char *error)
{
    os_mutex_lock(status->mutex);
    keep_sentence(status->board.upload_error, sizeof status->board.upload_error, error);
    status->is_changed = true;
    os_mutex_unlock(status->mutex);
}

static enum state shown_state(const struct entry *entry)
{
    return entry->refused[0] != '\0' ? STATE_REFUSED : entry->reading.state;
}

static const char *shown_error(const struct entry *entry)
{
    const char *error = entry->refused[0] != '\0' ? entry->refused : entry->reading.error;

    return error[0] != '\0' ? error : NULL;
}

void status_line(struct status *status, size_t index, struct status_line *line)
{
    const struct entry *entry = &status->board.entries[index];
    struct outbox_totals totals = {0};

    os_mutex_lock(status->mutex);
    const int64_t store_row = entry->store_row;
    line->state = shown_state(entry);
    keep_sentence(line->error, sizeof line->error,
                  shown_error(entry) != NULL ? shown_error(entry) : "");
    line->rows = entry->reading.rows;
    line->sent = entry->sent;
    line->history_tenths = entry->reading.history_tenths;
    line->seconds_left = entry->reading.seconds_left;
    os_mutex_unlock(status->mutex);

    if (status->store != NULL && store_row != 0)
        outbox_totals(status->store, store_row, &totals);
    line->spooled = totals.records;
}

/* --- status.json --- */

static void put_time(struct json *json, const char *key, utc_ms time)
{
    json_put_key(json, key);
    json_put_time(json, time);
}

static void put_integer(struct json *json, const char *key, int64_t value)
{
    json_put_key(json, key);
    json_put_integer(json, value);
}

static void put_history(struct json *json, const struct status_reading *reading)
{
    json_begin_object(json);
    put_time(json, "from", reading->history_from);
    json_put_key(json, "holes");
    json_begin_array(json);
    for (size_t i = 0; i < reading->hole_count; i++) {
        json_begin_object(json);
        put_time(json, "from", reading->holes[i].from);
        put_time(json, "to", reading->holes[i].to);
        json_end_object(json);
    }
    json_end_array(json);
    json_put_key(json, "percent");
    json_put_tenths(json, reading->history_tenths);
    json_put_key(json, "seconds_left");
    if (reading->seconds_left < 0)
        json_put_null(json);
    else
        json_put_integer(json, reading->seconds_left);
    json_end_object(json);
}

static void put_counters(struct json *json, const struct store_counters *counters)
{
    json_put_key(json, "records");
    json_begin_object(json);
    put_integer(json, "read", counters->read);
    put_integer(json, "rejected", counters->rejected);
    put_integer(json, "unchanged", counters->unchanged);
    put_integer(json, "uploaded", counters->uploaded);
    put_integer(json, "quarantined", counters->quarantined);
    put_integer(json, "rounded", counters->rounded);
    json_end_object(json);
    json_put_key(json, "times");
    json_begin_object(json);
    put_integer(json, "ambiguous", counters->ambiguous);
    put_integer(json, "nonexistent", counters->nonexistent);
    json_end_object(json);
}

static void put_integration(struct json *json, const struct integration_config *config,
                            const struct entry *entry, const struct store_counters *counters)
{
    const bool is_folder = config->connector->files != NULL;

    json_begin_object(json);
    json_put_key(json, "name");
    json_put_text(json, config->name);
    put_integer(json, "id", config->id);
    json_put_key(json, "connector");
    json_put_text(json, config->connector->name);
    json_put_key(json, "data");
    json_put_text(json, data_kind_words[config->data]);
    json_put_key(json, "state");
    json_put_text(json, state_words[shown_state(entry)]);
    json_put_key(json, "error");
    json_put_text(json, shown_error(entry));
    put_time(json, "last_import", entry->reading.last_import);
    put_time(json, "next_import", entry->reading.next_import);
    put_time(json, "edge", is_folder ? UTC_NEVER : entry->reading.edge);
    json_put_key(json, "history");
    if (is_folder)
        json_put_null(json);
    else
        put_history(json, &entry->reading);
    put_counters(json, counters);
    json_end_object(json);
}

static void put_upload(struct json *json, const struct board *board,
                       const struct outbox_totals *totals)
{
    json_put_key(json, "upload");
    json_begin_object(json);
    put_integer(json, "spooled_batches", totals->batches);
    put_integer(json, "spooled_records", totals->records);
    put_integer(json, "spooled_bytes", totals->bytes);
    put_time(json, "oldest", totals->oldest);
    put_time(json, "last_accepted", board->last_accepted);
    json_put_key(json, "last_error");
    json_put_text(json, board->upload_error[0] != '\0' ? board->upload_error : NULL);
    json_end_object(json);
}

/* What the store counts is written beside what was told; a store that cannot be read leaves 0. */
static void put_integrations(struct json *json, const struct status *s, const struct board *board)
{
    json_put_key(json, "integrations");
    json_begin_array(json);
    for (size_t i = 0; i < s->config->integration_count; i++) {
        const struct entry *entry = &board->entries[i];
        struct store_counters counters = {0};
        struct error err;

        if (entry->store_row != 0 && !store_counters(s->store, entry->store_row, &counters, &err))
            memset(&counters, 0, sizeof counters);
        put_integration(json, &s->config->integrations[i], entry, &counters);
    }
    json_end_array(json);
}

static struct board copy_board(struct status *s)
{
    struct entry *entries = new_entries(s->config);

    os_mutex_lock(s->mutex);
    struct board board = s->board;
    memcpy(entries, s->board.entries, s->config->integration_count * sizeof *entries);
    os_mutex_unlock(s->mutex);
    board.entries = entries;
    return board;
}

void status_json(struct status *status, bool running, struct bytes *out)
{
    const struct board board = copy_board(status);
    struct outbox_totals totals = {.oldest = UTC_NEVER};
    struct json json;

    if (status->store != NULL)
        outbox_totals(status->store, OUTBOX_ALL, &totals);
    json_init(&json, out);
    json_begin_object(&json);
    json_put_key(&json, "version");
    json_put_text(&json, CLOUD_LINK_VERSION);
    json_put_key(&json, "running");
    json_put_boolean(&json, running);
    put_time(&json, "since", running ? status->since : UTC_NEVER);
    put_upload(&json, &board, &totals);
    put_integrations(&json, status, &board);
    json_end_object(&json);
    os_free(board.entries);
}

void status_write(struct status *status)
{
    struct bytes text;
    struct error err;

    os_mutex_lock(status->mutex);
    const bool is_changed = status->is_changed;
    status->is_changed = false;
    os_mutex_unlock(status->mutex);
    if (!is_changed)
        return;

    bytes_init(&text, STATUS_LIMIT);
    status_json(status, true, &text);
    bytes_append_byte(&text, '\n');
    if (!text.overflow && !os_file_replace(status->path, text.data, text.size, &err)) {
        os_mutex_lock(status->mutex);
        status->is_changed = true; /* again in a second: a full disk passes */
        os_mutex_unlock(status->mutex);
    }
    bytes_free(&text);
}
