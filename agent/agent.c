/* SPDX-License-Identifier: Apache-2.0 */
/* agent.c - starts everybody, waits, stops them in reverse */
#include "agent/agent.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/log.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/control.h"
#include "agent/flow/outbox.h"
#include "agent/flow/store.h"
#include "agent/reader.h"
#include "agent/secrets.h"
#include "agent/sender.h"

#define STATUS_MS  UTC_SECOND
#define SECRETS_MS (2 * UTC_SECOND) /* how soon a changed secret is noticed */

struct agent {
    struct agent_options options;
    struct os_lock *lock;
    struct store *store;
    struct status *status;
    struct os_event *halt;    /* ours: ends readers and sender */
    struct os_event *changed; /* somebody has something new to say */
    struct sender *sender;
    struct reader **readers; /* one per enabled integration; NULL for the others */
    struct control *control;
    uint64_t secrets_mark;
    int64_t status_written_ms, secrets_looked_ms;
    int64_t began_ms;
};

const char *agent_path(const struct config *config, const char *name, char *out, size_t size)
{
    return os_path_join(config->agent.state_dir, name, out, size);
}

/* --- starting --- */

static bool open_store(struct agent *a, struct error *err)
{
    const struct config *config = a->options.config;
    char machine[64], path[1024];
    char notice[STORE_NOTICE_SIZE] = "";
    const struct store_options options = {
        .folder = config->agent.state_dir,
        .machine = os_machine_id(machine),
        .now = os_now(),
        .take_over = a->options.take_over,
    };

    if (!os_folder_make(config->agent.state_dir, err))
        goto unusable;
    a->lock = os_lock_take(agent_path(config, "lock", path, sizeof path), err);
    if (a->lock == NULL)
        goto unusable;
    a->store = store_open(&options, notice, err);
    if (notice[0] != '\0')
        log_line(LOG_LEVEL_ERROR, NULL, "%s", notice);
    if (a->store != NULL)
        return true;

unusable:
    err->kind = ERROR_FATAL; /* whatever the reason: there is no state to work with */
    return false;
}

static bool start_readers(struct agent *a, struct error *err)
{
    const struct config *config = a->options.config;
    struct reader_options options = {
        .config = config,
        .store = a->store,
        .secrets = a->options.secrets,
        .status = a->status,
        .sender = a->sender,
        .stop = a->halt,
        .changed = a->changed,
        .once = a->options.once,
    };

    for (size_t i = 0; i < config->integration_count; i++) {
        if (!config->integrations[i].enabled)
            continue;
        options.index = i;
        a->readers[i] = reader_start(&options, err);
        if (a->readers[i] == NULL)
            return false;
    }
    return true;
}

/* Batches of an integration that was renamed, removed or switched off: its key is not known any
 * more, so they wait until it is back, and hold up nothing meanwhile. */
static void tell_what_is_left_behind(const struct agent *a)
{
    struct outbox_totals left;

    outbox_left_behind(a->store, &left);
    if (left.batches > 0)
        log_line(LOG_LEVEL_WARNING, NULL,
                 "%lld records wait for integrations that the configuration does not have (any "
                 "more): they are not sent until it names them again as they were",
                 (long long)left.records);
}

static void queues_admitted(void *context, size_t index)
{
    struct agent *a = context;

    if (a->readers[index] != NULL)
        reader_wake(a->readers[index]);
}

static bool start(struct agent *a, struct error *err)
{
    const struct config *config = a->options.config;
    char path[1024];

    if (!open_store(a, err))
        return false;
    a->status = status_new(config, a->store, agent_path(config, "status.json", path, sizeof path),
                           os_now());
    const struct sender_options sender = {
        .config = config,
        .store = a->store,
        .secrets = a->options.secrets,
        .status = a->status,
        .stop = a->halt,
        .changed = a->changed,
    };
    a->secrets_mark = secrets_mark(a->options.secrets);
    a->sender = sender_start(&sender, err);
    if (a->sender == NULL || !start_readers(a, err))
        return false;
    tell_what_is_left_behind(a);
    const struct control_options control = {
        .config = config,
        .store = a->store,
        .stop = a->halt,
        .admitted = queues_admitted,
        .context = a,
    };
    a->control = control_start(&control, err);
    return a->control != NULL;
}

/* --- while it runs --- */

static void look_at_secrets(struct agent *a)
{
    if (os_monotonic_ms() - a->secrets_looked_ms < SECRETS_MS)
        return;
    a->secrets_looked_ms = os_monotonic_ms();
    const uint64_t mark = secrets_mark(a->options.secrets);

    if (mark == a->secrets_mark)
        return;
    a->secrets_mark = mark;
    log_line(LOG_LEVEL_INFO, NULL, "secrets changed; they are read again");
    sender_keys_changed(a->sender);
    for (size_t i = 0; i < a->options.config->integration_count; i++) {
        if (a->readers[i] != NULL)
            reader_wake(a->readers[i]);
    }
}

static void write_status(struct agent *a)
{
    struct error err;

    if (os_monotonic_ms() - a->status_written_ms < STATUS_MS)
        return;
    a->status_written_ms = os_monotonic_ms();
    status_write(a->status);
    if (!store_bookmarks(a->store, os_now(), &err)) /* it waits an hour before it tries again */
        log_line(LOG_LEVEL_WARNING, NULL, "%s", err.text);
}

/* Has this integration done all that can be done without a person? */
static bool is_through(const struct agent *a, size_t index)
{
    const struct reader_outcome read = reader_outcome(a->readers[index]);
    struct outbox_totals spooled;

    if (sender_is_refused(a->sender, index))
        return read.is_done || read.waits_for_upload;
    outbox_totals(a->store, status_store_row(a->status, index), &spooled);
    return read.is_done && spooled.batches == 0;
}

/* once: is the run at its end, or out of patience? */
static bool is_finished(const struct agent *a)
{
    const struct sender_outcome sent = sender_outcome(a->sender);
    int64_t progress_ms = sent.last_accepted_ms > a->began_ms ? sent.last_accepted_ms : a->began_ms;
    bool is_reading = false; /* a long query is no reason to stop */
    bool all_through = true;

    for (size_t i = 0; i < a->options.config->integration_count; i++) {
        if (a->readers[i] == NULL)
            continue;
        const struct reader_outcome read = reader_outcome(a->readers[i]);

        if (read.last_commit_ms > progress_ms)
            progress_ms = read.last_commit_ms;
        is_reading = is_reading || (!read.failed && !read.is_done && !read.waits_for_upload);
        all_through = all_through && is_through(a, i);
    }
    return all_through ||
           (!is_reading && os_monotonic_ms() - progress_ms >= a->options.patience_ms);
}

/* Damaged, or no right to write it: only a new start can help, and the service manager makes it. */
static bool store_is_lost(const struct agent *a)
{
    for (size_t i = 0; i < a->options.config->integration_count; i++) {
        if (a->readers[i] == NULL)
            continue;
        const struct reader_outcome read = reader_outcome(a->readers[i]);

        if (read.failed && read.kind == ERROR_FATAL)
            return true;
    }
    return sender_outcome(a->sender).store_is_lost;
}

static void wait_for_the_end(struct agent *a)
{
    struct os_event *const events[] = {a->options.stop, a->changed};

    for (;;) {
        if (os_event_wait(events, 2, a->options.tick_ms) == 0)
            return;
        os_event_reset(a->changed);
        look_at_secrets(a);
        write_status(a);
        a->options.tick(a->options.tick_context, a->status);
        if (store_is_lost(a) || (a->options.once && is_finished(a)))
            return;
    }
}

/* --- the end --- */

static void note_reader(struct agent_outcome *outcome, const struct reader_outcome *read)
{
    outcome->rejected += read->rejected;
    if (!read->failed)
        return;
    outcome->source_unreachable = outcome->source_unreachable || read->kind == ERROR_RETRY;
    outcome->is_refused = outcome->is_refused || read->kind == ERROR_REFUSED;
    outcome->is_config = outcome->is_config || read->kind == ERROR_CONFIG;
    outcome->has_failed = outcome->has_failed || read->kind == ERROR_DATA;
    outcome->store_failed = outcome->store_failed || read->kind == ERROR_FATAL;
}

static void take_outcome(struct agent *a, struct agent_outcome *outcome)
{
    const struct sender_outcome sent = sender_outcome(a->sender);

    memset(outcome, 0, sizeof *outcome);
    outcome->api_unreachable = sent.failed;
    outcome->quarantined = sent.quarantined;
    outcome->store_failed = sent.store_failed;
    for (size_t i = 0; i < a->options.config->integration_count; i++) {
        outcome->is_refused = outcome->is_refused || sender_is_refused(a->sender, i);
        if (a->readers[i] == NULL)
            continue;
        const struct reader_outcome read = reader_outcome(a->readers[i]);

        note_reader(outcome, &read);
    }
}

/* In reverse: who asks for work first, then who does it. */
static void stop(struct agent *a)
{
    os_event_set(a->halt);
    control_end(a->control);
    for (size_t i = 0; i < a->options.config->integration_count; i++) {
        if (a->readers[i] != NULL)
            reader_end(a->readers[i]);
    }
    sender_end(a->sender);
    if (a->status != NULL)
        status_write(a->status);
    status_free(a->status);
    store_close(a->store);
    os_lock_release(a->lock);
    os_free(a->readers);
    os_event_free(a->changed);
    os_event_free(a->halt);
}

bool agent_run(const struct agent_options *options, struct agent_outcome *outcome,
               struct error *err)
{
    struct agent a = {.options = *options};

    a.halt = os_event_new();
    a.changed = os_event_new();
    a.readers = os_alloc((options->config->integration_count + 1) * sizeof(struct reader *));
    a.began_ms = os_monotonic_ms();
    const bool started = start(&a, err);
    if (started) {
        log_line(LOG_LEVEL_INFO, NULL, "cloud-link %s runs with %zu integrations",
                 CLOUD_LINK_VERSION, options->config->integration_count);
        wait_for_the_end(&a);
        take_outcome(&a, outcome);
        options->tick(options->tick_context, a.status);
    }
    stop(&a);
    return started;
}
