/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c - one integration's thread: what is due, read, committed; then wait */
#include "agent/reader.h"

#include <string.h>

#include "agent/base/log.h"
#include "agent/base/os.h"
#include "agent/base/zone.h"
#include "agent/reading.h"
#include "agent/sender.h"

#define INTERRUPT_AFTER_MS (5 * UTC_SECOND) /* a hole's slice yields to a due live pass */
#define FILE_HORIZON_MS    (35 * UTC_DAY)

/* --- a window of time --- */

static struct schedule_now facts_now(const struct reader *r)
{
    const utc_ms now = os_now();

    return (struct schedule_now){
        .now = now,
        .utc_offset_ms = r->zone != NULL ? zone_offset_ms(r->zone, now) : os_utc_offset_now_ms(now),
        .oldest_open = intake_oldest_open(r->intake, now),
    };
}

/* When a slice must give way to live import: not before 5 s, and not if it is live itself. */
static int64_t give_up_at(const struct reader *r, const struct slice *slice)
{
    const struct schedule_now facts = facts_now(r);
    const int64_t earliest = os_monotonic_ms() + INTERRUPT_AFTER_MS;

    const bool is_smallest = slice->to - slice->from <= r->schedule.rules.grid_ms;

    if (slice->purpose == SLICE_LIVE || slice->purpose == SLICE_PASS || r->options.once ||
        is_smallest)
        return INT64_MAX;
    const utc_ms due = schedule_live_due(&r->schedule, &facts);
    const int64_t until_due = due - facts.now;

    return until_due <= INTERRUPT_AFTER_MS ? earliest : os_monotonic_ms() + until_due;
}

static void log_import(struct reader *r, const struct slice *slice,
                       const struct reading_result *result)
{
    char from[UTC_TEXT_SIZE + 1], to[UTC_TEXT_SIZE + 1];
    const bool is_live = slice->purpose == SLICE_LIVE;
    const bool is_daily_news = is_live && r->schedule.rules.every_ms >= UTC_QUARTER;

    if (result->intake.new_rejects > 0)
        log_line(LOG_LEVEL_WARNING, r->config->name,
                 "%lld rows were rejected; see `cloud-link rejects %s`",
                 (long long)result->intake.new_rejects, r->config->name);
    if (is_live && result->intake.vanished > r->vanished_told)
        log_line(LOG_LEVEL_INFO, r->config->name,
                 "%lld groups sent before are no longer in the source",
                 (long long)result->intake.vanished);
    if (is_live)
        r->vanished_told = result->intake.vanished;
    log_line(is_daily_news ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, r->config->name,
             "read %s to %s: %llu rows, %lld records to send, %lld unchanged, in %lld ms",
             utc_text(slice->from, from), utc_text(slice->to, to),
             (unsigned long long)result->counts.rows, (long long)result->intake.sent,
             (long long)result->intake.unchanged, (long long)result->took_ms);
}

static void note_history(struct reader *r, const struct slice *slice)
{
    if (r->history_began_ms != 0 || slice->purpose == SLICE_LIVE || slice->purpose == SLICE_PASS)
        return;
    r->history_began_ms = os_monotonic_ms();
    r->history_left_then_ms = schedule_history_left_ms(&r->schedule);
}

/* Reads and commits. *again: the slice failed in a way that a smaller or ordered one will not. */
static bool read_window(struct reader *r, const struct slice *slice, bool *again, struct error *err)
{
    struct reading_result result;
    struct schedule after;

    *again = false;
    note_history(r, slice);
    if (!reading_open(r, err)) /* not the slice's fault */
        return false;
    if (!reading_slice(r, slice, give_up_at(r, slice), &result, err))
        goto failed;
    after = r->schedule;
    schedule_done(&after, slice, os_now(), result.took_ms, (int64_t)result.counts.rows);
    const bool moves = !schedule_is_kept(&r->stored, &after);
    if (!reading_commit(r, moves ? &after : NULL, NULL, &result, err))
        goto failed;
    r->schedule = r->stored = after;
    reading_succeeded(r, &result);
    log_import(r, slice, &result);
    return true;

failed:
    if (result.is_interrupted || intake_trouble(r->intake) == INTAKE_TOO_LARGE)
        *again = schedule_halve(&r->schedule, slice);
    else if (intake_trouble(r->intake) == INTAKE_AGAIN)
        *again = true;
    else if (err->kind == ERROR_RETRY)
        schedule_halve(&r->schedule, slice); /* too slow, perhaps */
    return false;
}

/* Does what is due, or waits for it. False: nothing is due any more (once), or stop is set. */
static bool take_step(struct reader *r, bool *failed, struct error *err)
{
    struct slice slice;
    utc_ms wake;
    bool again;

    *failed = !reading_refresh(r, err);
    if (*failed)
        return true;
    const struct schedule_now facts = facts_now(r);
    if (!schedule_next(&r->schedule, &facts, &slice, &wake)) {
        if (r->options.once)
            return false;
        r->reading.next_import = wake;
        reading_report(r, STATE_IDLE, NULL);
        return reading_wait(r, wake - facts.now);
    }
    if (!reading_wait_for_room(r))
        return false;
    if (r->failures == 0) /* else the board goes on saying what is wrong */
        reading_report(r, STATE_IMPORTING, NULL);
    *failed = !read_window(r, &slice, &again, err) && !again;
    return true;
}

static void run_windows(struct reader *r)
{
    struct error err;
    bool failed;

    while (take_step(r, &failed, &err) && !os_event_is_set(r->options.stop)) {
        if (failed && !reading_try_again(r, &err))
            break;
    }
    if (r->failures == 0 && !os_event_is_set(r->options.stop))
        reading_report(r, STATE_IDLE, NULL);
}

static void run(void *argument)
{
    struct reader *r = argument;

    if (r->config->connector->files != NULL)
        folder_run(r);
    else
        run_windows(r);
    child_close(r->child);
    reading_done(r);
}

/* --- starting and ending --- */

/* Intervals lie on the grid of the zone's clock, which may be off the grid of UTC. */
static int64_t grid_phase(struct zone *zone, utc_ms now, int64_t grid_ms)
{
    const int64_t phase = zone_offset_ms(zone, now) % grid_ms;

    return phase < 0 ? phase + grid_ms : phase;
}

static void fill_schedule_rules(struct reader *r, const struct connector_limits *limits)
{
    const struct integration_config *config = r->config;

    r->schedule.rules = (struct schedule_rules){
        .every_ms = config->import.every_ms,
        .delay_ms = config->import.delay_ms,
        .lookback_ms = config->import.lookback_ms,
        .recheck_ms = config->import.recheck_ms,
        .history = config->import.history,
        .grid_ms = config->data == DATA_INTERVALS ? config->normalise.interval_ms : UTC_QUARTER,
        .target_ms = config->import.target_ms,
        .target_rows = limits->slice_rows,
        .hours_from_ms = config->import.hours_from_ms,
        .hours_to_ms = config->import.hours_to_ms,
        .rows_per_second = config->import.rows_per_second,
        .once = r->options.once,
        .is_status = config->data == DATA_AGENT_STATUS,
    };
    if (r->zone != NULL)
        r->schedule.rules.grid_phase_ms = grid_phase(r->zone, os_now(), r->schedule.rules.grid_ms);
}

static struct intake_rules intake_rules_of(const struct reader *r)
{
    const struct integration_config *config = r->config;
    const struct upload_settings *upload = &r->options.config->upload;
    const struct import_settings *import = &config->import;
    const bool is_folder = config->connector->files != NULL;

    return (struct intake_rules){
        .batch = {.kind = config->data,
                  .id = config->id,
                  .external_system = import->external_system,
                  .channel = (enum channel)config->normalise.channel,
                  .drop_carry_over = import->carry_over == CARRY_OVER_DROP,
                  .max_records = upload->max_records,
                  .max_bytes = upload->max_bytes},
        .ends = &config->ends,
        .queues = &config->queues,
        .ends_mode = (enum ends_mode)config->normalise.ends,
        .send_corrections = import->corrections == CORRECTIONS_RESEND,
        .zero_vanished = import->vanished == VANISHED_ZERO,
        .horizon_ms = is_folder                                  ? FILE_HORIZON_MS
                      : import->lookback_ms > import->recheck_ms ? import->lookback_ms
                                                                 : import->recheck_ms,
        .source = config->name,
    };
}

static bool open_in_store(struct reader *r, const struct connector_limits *limits,
                          struct error *err)
{
    const struct integration_config *config = r->config;
    struct store_counters counters;

    if (!reading_load_schedule(r, err) ||
        !store_counters(r->options.store, r->store_row, &counters, err))
        return false;
    r->reading.last_import = counters.last_import;
    status_integration(r->options.status, r->options.index, r->store_row, &counters);
    sender_integration(r->options.sender, r->options.index, r->store_row);
    const struct intake_rules rules = intake_rules_of(r);
    r->intake = intake_open(r->options.store, r->store_row, &rules,
                            r->options.config->agent.state_dir, err);
    if (r->intake == NULL)
        return false;
    if (config->connector->files != NULL)
        return true;
    fill_schedule_rules(r, limits);
    schedule_start(&r->schedule, os_now());
    r->stored = r->schedule;
    return store_schedule(r->options.store, r->store_row, &r->schedule, err);
}

struct reader *reader_start(const struct reader_options *options, struct error *err)
{
    struct reader *r = os_alloc(sizeof *r);

    r->options = *options;
    r->config = &options->config->integrations[options->index];
    r->mutex = os_mutex_new();
    r->wake = os_event_new();
    r->reading.last_import = r->reading.next_import = UTC_NEVER;
    r->schedule.edge = r->schedule.history_from = UTC_NEVER;
    const struct connector_limits limits =
        r->config->connector->limits(r->config->connector_settings);
    if (r->config->normalise.time_zone != NULL) {
        r->zone = zone_open(r->config->normalise.time_zone, err);
        if (r->zone == NULL)
            goto failed;
    }
    if (!open_in_store(r, &limits, err))
        goto failed;
    const struct child_options child = {
        .integration = r->config->name,
        .connect_timeout_ms = limits.connect_timeout_ms,
        .query_timeout_ms = limits.query_timeout_ms,
        .stop = options->stop,
    };
    r->child = child_new(&child);
    reading_report(r, STATE_IDLE, NULL);
    r->thread = os_thread_start(run, r);
    return r;

failed:
    reader_end(r);
    return NULL;
}

void reader_wake(struct reader *reader)
{
    os_event_set(reader->wake);
}

struct reader_outcome reader_outcome(struct reader *reader)
{
    os_mutex_lock(reader->mutex);
    const struct reader_outcome outcome = reader->outcome;
    os_mutex_unlock(reader->mutex);
    return outcome;
}

void reader_end(struct reader *reader)
{
    if (reader->thread != NULL)
        os_thread_join(reader->thread);
    child_free(reader->child);
    intake_close(reader->intake);
    zone_close(reader->zone);
    os_event_free(reader->wake);
    os_mutex_free(reader->mutex);
    os_free(reader);
}
