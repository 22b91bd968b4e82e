/* SPDX-License-Identifier: Apache-2.0 */
/* sender.c - the thread that delivers: what is ready, sent by the rules, acknowledged together */
#include "agent/sender.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/digest.h"
#include "agent/base/log.h"
#include "agent/base/os.h"
#include "agent/sending.h"
#include "agent/status.h"

#define ACKNOWLEDGE_MS 100 /* acknowledgements are written together */
#define STORE_PAUSE_MS UTC_SECOND
#define IDLE_MS        (60 * UTC_SECOND)

/* --- what is ready --- */

struct taking {
    struct sender *sender;
    size_t lane;
};

static void take_batch(void *context, const struct outbox_batch *batch)
{
    const struct taking *taking = context;
    const struct integration_config *config = sending_config(taking->sender, taking->lane);

    backlog_add(taking->sender->backlog, batch, taking->lane, config->id,
                config->data == DATA_AGENT_STATUS);
    taking->sender->lanes[taking->lane].last_place = batch->place;
}

static void take_ready(struct sender *s)
{
    struct error err;

    for (size_t i = 0; i < s->options.config->integration_count; i++) {
        struct taking taking = {s, i};

        os_mutex_lock(s->mutex);
        const int64_t store_row = s->lanes[i].store_row;
        os_mutex_unlock(s->mutex);
        if (store_row != 0 && !outbox_ready(s->options.store, store_row, s->lanes[i].last_place,
                                            take_batch, &taking, &err))
            sending_store_failed(s, &err);
    }
}

/* --- the store --- */

void sending_store_failed(struct sender *s, const struct error *err)
{
    os_mutex_lock(s->mutex);
    const bool is_news = !s->outcome.store_failed;
    s->outcome.store_failed = true;
    s->outcome.store_is_lost = err->kind == ERROR_FATAL;
    os_mutex_unlock(s->mutex);
    if (is_news)
        log_line(LOG_LEVEL_ERROR, NULL, "%s", err->text);
    s->store_not_before_ms = os_monotonic_ms() + STORE_PAUSE_MS;
    os_event_set(s->options.changed);
}

/* Until this is written, the batches stay in the backlog as in flight: nobody sends them again, and
 * what must come after them waits. */
static void acknowledge(struct sender *s)
{
    struct error err;

    if (s->accepted_size == 0)
        return;
    if (!outbox_accepted(s->options.store, s->accepted, s->accepted_size, os_now(), &err)) {
        sending_store_failed(s, &err);
        return;
    }
    for (size_t i = 0; i < s->accepted_size; i++) {
        const struct backlog_batch *batch = backlog_find(s->backlog, s->accepted[i]);

        status_uploaded(s->options.status, batch->lane, batch->batch.records, os_now());
        backlog_remove(s->backlog, s->accepted[i]);
    }
    s->accepted_size = 0;
    os_mutex_lock(s->mutex);
    s->outcome.store_failed = false;
    s->outcome.last_accepted_ms = os_monotonic_ms();
    os_mutex_unlock(s->mutex);
    os_event_set(s->options.changed);
}

/* --- sending --- */

static bool may_send(void *context, size_t lane)
{
    const struct sender *s = context;
    const struct lane *l = &s->lanes[lane];

    if (l->is_refused && os_monotonic_ms() < l->refused_until_ms)
        return false;
    return l->in_flight == 0 || (l->is_proven && !l->is_refused);
}

static int flights_allowed(const struct sender *s)
{
    const int64_t now_ms = os_monotonic_ms();

    if (now_ms < s->not_before_ms || now_ms < s->store_not_before_ms)
        return 0;
    return s->failures == 0 && s->host_is_proven ? s->parallel : 1;
}

/* Halves a batch between groups, in the store and in the backlog. */
bool sending_split(struct sender *s, const struct backlog_batch *batch)
{
    const int64_t number = batch->batch.number;
    const size_t lane = batch->lane;
    struct outbox_batch halves[2];
    struct error err;

    if (!outbox_split(s->options.store, number, halves, &err)) {
        sending_store_failed(s, &err);
        return false;
    }
    backlog_remove(s->backlog, number);
    for (int i = 0; i < 2; i++)
        backlog_add(s->backlog, &halves[i], lane, sending_config(s, lane)->id,
                    sending_config(s, lane)->data == DATA_AGENT_STATUS);
    return true;
}

static bool read_key(struct sender *s, size_t lane)
{
    struct lane *l = &s->lanes[lane];
    struct error err;

    if (l->key != NULL)
        return true;
    const char *key =
        config_api_key(s->options.config, sending_config(s, lane), s->options.secrets, &err);
    if (key == NULL) {
        sending_refuse(s, lane, err.text);
        return false;
    }
    l->key = os_copy_text(key);
    return true;
}

static struct flight *free_flight(struct sender *s)
{
    for (int i = 0; i < FLIGHTS_MOST; i++) {
        if (!s->flights[i].is_used)
            return &s->flights[i];
    }
    return NULL;
}

static bool send_batch(struct sender *s, struct backlog_batch *batch)
{
    struct flight *flight = free_flight(s);
    const bool wants_plain = s->is_plain || s->trying_plain == batch->batch.number;
    struct error err;

    bytes_reset(&flight->body);
    if (!outbox_body(s->options.store, batch->batch.number, wants_plain, &flight->body, &err)) {
        sending_store_failed(s, &err);
        return false;
    }
    flight->number = batch->batch.number;
    flight->lane = batch->lane;
    flight->is_gzip = !wants_plain;
    flight->key_number = s->lanes[batch->lane].key_number;
    flight->failures = s->failures;
    const struct http_request request = {
        .url = s->url[sending_config(s, batch->lane)->data == DATA_AGENT_STATUS],
        .bearer = s->lanes[batch->lane].key,
        .idempotency_key = digest_hex(batch->batch.key, sizeof batch->batch.key, flight->key_text),
        .is_gzip = flight->is_gzip,
        .body = flight->body.data,
        .body_size = flight->body.size,
        .context = flight,
    };
    if (!http_post(s->http, &request, &err)) { /* a key that cannot be one */
        sending_refuse(s, batch->lane, err.text);
        return true;
    }
    flight->is_used = true;
    batch->is_in_flight = true;
    s->lanes[batch->lane].in_flight++;
    return true;
}

static void send_what_may_go(struct sender *s)
{
    while (http_in_flight(s->http) < flights_allowed(s) &&
           s->accepted_size + FLIGHTS_MOST < sizeof s->accepted / sizeof *s->accepted) {
        struct backlog_batch *batch = backlog_next(s->backlog, s->avoid, may_send, s);

        if (batch == NULL)
            return;
        if (!read_key(s, batch->lane))
            continue;
        if (s->size_limit > 0 && batch->batch.plain_size > s->size_limit &&
            batch->batch.group_count > 1) {
            if (!sending_split(s, batch))
                return;
            continue;
        }
        if (!send_batch(s, batch))
            return;
    }
}

/* --- the loop --- */

static void read_keys_again(struct sender *s)
{
    os_mutex_lock(s->mutex);
    const bool changed = s->keys_changed;
    s->keys_changed = false;
    os_mutex_unlock(s->mutex);
    if (!changed)
        return;
    for (size_t i = 0; i < s->options.config->integration_count; i++) {
        os_free(s->lanes[i].key);
        s->lanes[i].key = NULL;
        s->lanes[i].key_number++;
        s->lanes[i].is_proven = false;
        s->lanes[i].refused_until_ms = 0;
    }
}

static void publish(struct sender *s)
{
    os_mutex_lock(s->mutex);
    s->outcome.failed = s->failures > 0;
    for (size_t i = 0; i < s->options.config->integration_count; i++)
        s->lanes[i].is_shown_refused = s->lanes[i].is_refused;
    os_mutex_unlock(s->mutex);
}

/* When the accepted ones are to be written: together, but not after the last flight. */
static int64_t acknowledge_at(const struct sender *s)
{
    const int64_t due_ms = http_in_flight(s->http) == 0 ? 0 : s->accepted_since_ms + ACKNOWLEDGE_MS;

    return due_ms > s->store_not_before_ms ? due_ms : s->store_not_before_ms;
}

/* The nearest moment at which something may be done that cannot be done now. What has passed
 * already was done, or waits for an answer. */
static int64_t pause_ms(const struct sender *s)
{
    const int64_t now_ms = os_monotonic_ms();
    int64_t wake_ms = now_ms + IDLE_MS;

    if (s->not_before_ms > now_ms && s->not_before_ms < wake_ms)
        wake_ms = s->not_before_ms;
    if (s->store_not_before_ms > now_ms && s->store_not_before_ms < wake_ms)
        wake_ms = s->store_not_before_ms;
    if (s->accepted_size > 0 && acknowledge_at(s) < wake_ms)
        wake_ms = acknowledge_at(s);
    for (size_t i = 0; i < s->options.config->integration_count; i++) {
        const int64_t until_ms = s->lanes[i].refused_until_ms;

        if (s->lanes[i].is_refused && until_ms > now_ms && until_ms < wake_ms)
            wake_ms = until_ms;
    }
    return wake_ms > now_ms ? wake_ms - now_ms : 0;
}

static void run(void *argument)
{
    struct sender *s = argument;
    struct http_answer answer;

    while (!os_event_is_set(s->options.stop)) {
        read_keys_again(s);
        take_ready(s);
        send_what_may_go(s);
        publish(s); /* before anybody learns that nothing is left to send */
        /* Only now that all that may go is on its way: a commit costs more than a request. */
        if (s->accepted_size > 0 && os_monotonic_ms() >= acknowledge_at(s)) {
            acknowledge(s);
            continue; /* what waited for them may go */
        }
        if (http_next(s->http, pause_ms(s), &answer)) {
            do {
                sending_answered(s, &answer);
            } while (http_next(s->http, 0, &answer));
        }
    }
    acknowledge(s);
}

/* --- starting and ending --- */

struct sender *sender_start(const struct sender_options *options, struct error *err)
{
    const struct config *config = options->config;
    const struct http_options http = {
        .proxy = config->peopleware.proxy,
        .ca_file = config->peopleware.ca_file,
        .timeout_ms = config->peopleware.timeout_ms,
        .parallel = FLIGHTS_MOST,
    };
    struct sender *s = os_alloc(sizeof *s);

    s->options = *options;
    s->mutex = os_mutex_new();
    s->backlog = backlog_new();
    s->parallel =
        config->upload.parallel < FLIGHTS_MOST ? (int)config->upload.parallel : FLIGHTS_MOST;
    s->is_plain = config->upload.compress == COMPRESS_OFF;
    s->lanes = os_alloc((config->integration_count + 1) * sizeof *s->lanes);
    for (int i = 0; i < FLIGHTS_MOST; i++)
        bytes_init(&s->flights[i].body, BODY_LIMIT);
    snprintf(s->url[0], sizeof s->url[0], "%s/external-systems/contact-events",
             config->peopleware.url);
    snprintf(s->url[1], sizeof s->url[1], "%s/external-systems/agent-statuses",
             config->peopleware.url);
    s->http = http_open(&http, err);
    if (s->http == NULL) {
        sender_end(s);
        return NULL;
    }
    s->thread = os_thread_start(run, s);
    return s;
}

void sender_integration(struct sender *sender, size_t index, int64_t store_row)
{
    os_mutex_lock(sender->mutex);
    sender->lanes[index].store_row = store_row;
    os_mutex_unlock(sender->mutex);
    http_wake(sender->http);
}

void sender_wake(struct sender *sender)
{
    http_wake(sender->http);
}

void sender_keys_changed(struct sender *sender)
{
    os_mutex_lock(sender->mutex);
    sender->keys_changed = true;
    os_mutex_unlock(sender->mutex);
    http_wake(sender->http);
}

bool sender_is_refused(struct sender *sender, size_t index)
{
    os_mutex_lock(sender->mutex);
    const bool is_refused = sender->lanes[index].is_shown_refused;
    os_mutex_unlock(sender->mutex);
    return is_refused;
}

struct sender_outcome sender_outcome(struct sender *sender)
{
    os_mutex_lock(sender->mutex);
    const struct sender_outcome outcome = sender->outcome;
    os_mutex_unlock(sender->mutex);
    return outcome;
}

void sender_end(struct sender *sender)
{
    if (sender == NULL)
        return;
    if (sender->thread != NULL) {
        http_wake(sender->http);
        os_thread_join(sender->thread);
    }
    http_close(sender->http);
    backlog_free(sender->backlog);
    for (int i = 0; i < FLIGHTS_MOST; i++)
        bytes_free(&sender->flights[i].body);
    for (size_t i = 0; sender->lanes != NULL && i < sender->options.config->integration_count; i++)
        os_free(sender->lanes[i].key);
    os_free(sender->lanes);
    os_mutex_free(sender->mutex);
    os_free(sender);
}
