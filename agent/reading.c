/* SPDX-License-Identifier: Apache-2.0 */
/* reading.c - one slice through the source process into the store, and what to do when it fails */
#include "agent/reading.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/digest.h"
#include "agent/base/log.h"
#include "agent/base/os.h"
#include "agent/secrets.h"
#include "agent/sender.h"

#define SETTINGS_LIMIT (1 << 20)
#define RETRY_FIRST_MS UTC_SECOND
#define RETRY_MOST_MS  (5 * UTC_MINUTE)
#define SLICE_ROOM     (64 << 20)
#define ROOM_CHECK_MS  (5 * UTC_SECOND)

/* --- the source process --- */

bool reading_open(struct reader *reader, struct error *err)
{
    struct bytes settings;
    bool opened = false;

    if (child_is_open(reader->child))
        return true;
    bytes_init(&settings, SETTINGS_LIMIT);
    if (!config_source_settings(reader->options.config, reader->config, reader->options.secrets,
                                &settings, err))
        goto out;
    opened = child_open(reader->child, (const char *)settings.data, settings.size,
                        store_key(reader->options.store), err);
out:
    bytes_wipe(&settings);
    bytes_free(&settings);
    return opened;
}

static bool take_columns(void *context, bool next_start, struct error *err)
{
    struct reader *r = context;

    return r->config->normalise.ends != ENDS_UNSET || intake_next_start(r->intake, next_start, err);
}

static bool take_name(void *context, const struct names_told *told, struct error *err)
{
    struct reader *r = context;

    return intake_name(r->intake, told, err);
}

/* history_rows_per_second counts inside a slice: the pipe fills, and the source waits with it. */
static void throttle(struct reader *r, size_t count)
{
    const int64_t cap = r->config->import.rows_per_second;

    r->slice_rows += (int64_t)count;
    if (!r->is_throttled || cap <= 0)
        return;
    const int64_t due_ms = r->slice_began_ms + r->slice_rows * 1000 / cap;
    const int64_t ahead_ms = due_ms - os_monotonic_ms();
    if (ahead_ms > 0)
        os_event_wait(&r->options.stop, 1, ahead_ms);
}

static bool take_records(void *context, struct record *records, size_t count, struct error *err)
{
    struct reader *r = context;

    throttle(r, count);
    r->reading.rows += (int64_t)count;
    return intake_records(r->intake, records, count, err);
}

static bool take_reject(void *context, const struct reject *reject, struct error *err)
{
    struct reader *r = context;

    (void)err;
    intake_reject(r->intake, reject);
    return true;
}

bool reading_slice(struct reader *reader, const struct slice *slice, int64_t give_up_ms,
                   bool *interrupted, struct reading_result *result, struct error *err)
{
    const struct child_sink sink = {reader, take_columns, take_name, take_records, take_reject};

    *interrupted = false;
    intake_forget_trouble(reader->intake);
    memset(result, 0, sizeof *result);
    reader->slice_began_ms = os_monotonic_ms();
    reader->slice_rows = 0;
    reader->is_throttled = slice->purpose != SLICE_LIVE && slice->purpose != SLICE_PASS;
    if (!reading_open(reader, err))
        return false;
    const struct slice read = intake_read_slice(reader->intake, slice);
    if (!intake_begin(reader->intake, slice, os_now(), err) ||
        !child_read(reader->child, &read, &sink, give_up_ms, &result->counts, interrupted, err)) {
        reading_abandon(reader);
        return false;
    }
    result->took_ms = os_monotonic_ms() - reader->slice_began_ms;
    return true;
}

bool reading_commit(struct reader *reader, const struct schedule *schedule,
                    const struct store_file *file, struct reading_result *result, struct error *err)
{
    if (!intake_commit(reader->intake, schedule, file, &result->counts, &result->intake, err)) {
        reading_abandon(reader);
        return false;
    }
    if (result->intake.sent > 0)
        sender_wake(reader->options.sender);
    return true;
}

void reading_abandon(struct reader *reader)
{
    struct error err;

    /* Staged leftovers are harmless: they are not ready, and the next commit or start drops them.
     */
    if (!intake_abandon(reader->intake, &err))
        log_line(LOG_LEVEL_WARNING, reader->config->name, "%s", err.text);
}

/* --- telling --- */

static int64_t history_seconds_left(const struct reader *r)
{
    const int64_t left_ms = schedule_history_left_ms(&r->schedule);
    const int64_t spent_ms = os_monotonic_ms() - r->history_began_ms;
    const int64_t done_ms = r->history_left_then_ms - left_ms;

    if (left_ms == 0)
        return 0;
    if (r->history_began_ms == 0 || done_ms <= 0)
        return -1;
    return (int64_t)((double)spent_ms / (double)done_ms * (double)left_ms / 1000.0) + 1;
}

void reading_report(struct reader *reader, enum state state, const char *error)
{
    struct status_reading *reading = &reader->reading;

    reading->state = state;
    if (error != reading->error) /* told again: it stands there already */
        snprintf(reading->error, sizeof reading->error, "%s", error != NULL ? error : "");
    reading->edge = reader->schedule.edge;
    reading->history_from = reader->schedule.history_from;
    reading->hole_count = reader->schedule.hole_count;
    memcpy(reading->holes, reader->schedule.holes,
           reader->schedule.hole_count * sizeof *reading->holes);
    reading->history_tenths = schedule_history_tenths(&reader->schedule);
    reading->seconds_left = history_seconds_left(reader);
    status_reading(reader->options.status, reader->options.index, reading);
    os_event_set(reader->options.changed);
}

void reading_succeeded(struct reader *reader, const struct reading_result *result)
{
    reader->failures = 0;
    reader->reading.last_import = os_now();
    reader->reading.rejected += result->intake.new_rejects;
    os_mutex_lock(reader->mutex);
    reader->outcome.failed = false;
    reader->outcome.rejected += result->intake.new_rejects;
    reader->outcome.last_commit_ms = os_monotonic_ms();
    os_mutex_unlock(reader->mutex);
    reading_report(reader, STATE_IMPORTING, NULL);
}

static enum state state_after(const struct reader *r, enum error_kind kind)
{
    if (intake_trouble(r->intake) == INTAKE_HELD_BACK)
        return STATE_NEEDS_ATTENTION;
    return kind == ERROR_RETRY ? STATE_WAITING : STATE_FAILED;
}

int64_t reading_failed(struct reader *reader, const struct error *err)
{
    const enum state state = state_after(reader, err->kind);
    int64_t wait_ms =
        RETRY_MOST_MS; /* a person must act; a locked account must not be knocked at */

    if (err->kind == ERROR_RETRY) {
        const int doublings = reader->failures < 9 ? reader->failures : 9;

        wait_ms = RETRY_FIRST_MS << doublings;
        wait_ms = wait_ms < RETRY_MOST_MS ? wait_ms : RETRY_MOST_MS;
    }
    /* Say it once, not at every attempt. */
    if (reader->failures == 0 || strcmp(reader->reading.error, err->text) != 0)
        log_line(state == STATE_WAITING ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, reader->config->name,
                 "%s", err->text);
    reader->failures++;
    os_mutex_lock(reader->mutex);
    reader->outcome.failed = true;
    reader->outcome.kind = err->kind;
    os_mutex_unlock(reader->mutex);
    reading_report(reader, state, err->text);
    return wait_ms;
}

/* --- waiting --- */

bool reading_wait(struct reader *reader, int64_t timeout_ms)
{
    struct os_event *const events[] = {reader->options.stop, reader->wake, reader->watched};
    const int count = reader->watched != NULL ? 3 : 2;
    const int which = os_event_wait(events, count, timeout_ms);

    if (which == 1)
        os_event_reset(reader->wake);
    return !os_event_is_set(reader->options.stop);
}

bool reading_wait_for_room(struct reader *reader)
{
    const int64_t most = reader->options.config->agent.max_spool;
    const int64_t room = most / 4 < SLICE_ROOM ? most / 4 : SLICE_ROOM;
    bool told = false;

    while (store_spooled_bytes(reader->options.store) > most - room) {
        if (!told) {
            reading_report(reader, STATE_NEEDS_ATTENTION,
                           "the spool is full: nothing is lost, imports go on when the API takes "
                           "data again (agent.max_spool)");
            log_line(LOG_LEVEL_WARNING, reader->config->name, "%s", reader->reading.error);
        }
        told = true;
        if (!reading_wait(reader, ROOM_CHECK_MS))
            return false;
    }
    return true;
}

void reading_done(struct reader *reader)
{
    os_mutex_lock(reader->mutex);
    reader->is_done = true;
    os_mutex_unlock(reader->mutex);
    os_event_set(reader->options.changed);
}
