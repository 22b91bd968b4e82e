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
#define KEEP_SOURCE_MS UTC_MINUTE /* a source process idle for longer is ended */

/* --- what the store knows --- */

bool reading_load_schedule(struct reader *reader, struct error *err)
{
    const struct integration_config *config = reader->config;
    const struct store_identity identity = {config->name, config->id, (int)config->data};

    return store_integration(reader->options.store, &identity, &reader->store_row,
                             &reader->schedule, err);
}

bool reading_refresh(struct reader *reader, struct error *err)
{
    if (!reader->must_refresh)
        return true;
    if (!reading_load_schedule(reader, err) || !intake_refresh(reader->intake, err))
        return false;
    reader->stored = reader->schedule;
    reader->must_refresh = false;
    return true;
}

/* --- the source process --- */

bool reading_open(struct reader *reader, struct error *err)
{
    struct bytes settings;
    bool opened = false;

    intake_forget_trouble(reader->intake);
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
    const int64_t until_ms = due_ms < r->give_up_ms ? due_ms : r->give_up_ms;
    const int64_t ahead_ms = until_ms - os_monotonic_ms();
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
                   struct reading_result *result, struct error *err)
{
    const struct child_sink sink = {reader, take_columns, take_name, take_records, take_reject};
    struct child_reading reading = {.sink = &sink, .give_up_ms = give_up_ms};

    memset(result, 0, sizeof *result);
    reader->slice_began_ms = os_monotonic_ms();
    reader->slice_rows = 0;
    reader->give_up_ms = give_up_ms;
    reader->is_throttled = slice->purpose != SLICE_LIVE && slice->purpose != SLICE_PASS;
    if (!reading_open(reader, err))
        return false;
    const struct slice read = intake_read_slice(reader->intake, slice);
    reading.slice = &read;
    if (!intake_begin(reader->intake, slice, os_now(), err) ||
        !child_read(reader->child, &reading, err)) {
        result->is_interrupted = reading.is_interrupted;
        reading_abandon(reader);
        return false;
    }
    result->counts = reading.counts;
    result->took_ms = os_monotonic_ms() - reader->slice_began_ms;
    return true;
}

bool reading_commit(struct reader *reader, const struct schedule *schedule,
                    const struct store_file *file, struct reading_result *result, struct error *err)
{
    if (!intake_commit(reader->intake, schedule, file, &result->counts, &result->intake, err)) {
        reader->must_refresh = true; /* a disk may fail after all was written */
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

    /* Staged leftovers are harmless: they are not ready, and dropped before the next slice begins.
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

/* Where a person must act it is knocked at seldom: accounts get locked. */
static int64_t pause_after(const struct reader *r, enum error_kind kind)
{
    const int64_t pause_ms = RETRY_FIRST_MS << (r->failures < 9 ? r->failures : 9);

    return kind == ERROR_RETRY && pause_ms < RETRY_MOST_MS ? pause_ms : RETRY_MOST_MS;
}

bool reading_try_again(struct reader *reader, const struct error *err)
{
    const enum state state = state_after(reader, err->kind);
    const int64_t pause_ms = pause_after(reader, err->kind);

    /* A new process reads the secrets anew, and has not what may ail this one. */
    child_close(reader->child);
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
    return (!reader->options.once || err->kind == ERROR_RETRY) && reading_wait(reader, pause_ms);
}

/* --- waiting --- */

bool reading_wait_also(struct reader *reader, struct os_event *other, int64_t timeout_ms)
{
    struct os_event *const events[] = {reader->options.stop, reader->wake, other};

    if (timeout_ms > KEEP_SOURCE_MS)
        child_close(reader->child);
    if (os_event_wait(events, other != NULL ? 3 : 2, timeout_ms) == 1) {
        os_event_reset(reader->wake);
        reader->must_refresh = true;
    }
    return !os_event_is_set(reader->options.stop);
}

bool reading_wait(struct reader *reader, int64_t timeout_ms)
{
    return reading_wait_also(reader, NULL, timeout_ms);
}

void reading_waits_for_upload(struct reader *reader, bool waits)
{
    os_mutex_lock(reader->mutex);
    reader->outcome.waits_for_upload = waits;
    os_mutex_unlock(reader->mutex);
}

bool reading_wait_for_room(struct reader *reader)
{
    const int64_t most = reader->options.config->agent.max_spool;
    const int64_t room = most / 4 < SLICE_ROOM ? most / 4 : SLICE_ROOM;
    bool told = false;
    bool goes_on = true;

    while (goes_on && store_spooled_bytes(reader->options.store) > most - room) {
        if (!told) {
            reading_report(reader, STATE_NEEDS_ATTENTION,
                           "the spool is full: nothing is lost, imports go on when the API takes "
                           "data again (agent.max_spool)");
            log_line(LOG_LEVEL_WARNING, reader->config->name, "%s", reader->reading.error);
            reading_waits_for_upload(reader, true);
        }
        told = true;
        goes_on = reading_wait(reader, ROOM_CHECK_MS);
    }
    if (told)
        reading_waits_for_upload(reader, false);
    return goes_on;
}

void reading_done(struct reader *reader)
{
    os_mutex_lock(reader->mutex);
    reader->outcome.is_done = true;
    os_mutex_unlock(reader->mutex);
    os_event_set(reader->options.changed);
}
