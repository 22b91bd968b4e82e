/* SPDX-License-Identifier: Apache-2.0 */
/* sender_answer.c - what the sender does with an answer of the API */
#include <stdio.h>
#include <string.h>

#include "agent/base/digest.h"
#include "agent/base/log.h"
#include "agent/base/os.h"
#include "agent/sending.h"
#include "agent/status.h"

#define ANSWER_SHOWN 500
#define TELL_MS      UTC_MINUTE /* what happens again and again is logged so often at most */

/* It answered, whatever it said: it is there. */
static void host_is_there(struct sender *s)
{
    if (s->failures == 0)
        return;
    if (s->failure_is_told)
        log_line(LOG_LEVEL_INFO, NULL, "the API answers again");
    s->failure_is_told = false;
    s->failures = 0;
    if (!s->host_asked)
        s->not_before_ms = 0;
    s->host_asked = false;
    s->avoid = 0;
    status_upload_error(s->options.status, "");
}

static void key_is_taken(struct sender *s, size_t lane)
{
    if (!s->lanes[lane].is_refused)
        return;
    log_line(LOG_LEVEL_INFO, sending_config(s, lane)->name, "the API takes the key");
    s->lanes[lane].is_refused = false;
    status_refused(s->options.status, lane, "");
}

static void accept(struct sender *s, const struct flight *flight)
{
    struct lane *lane = &s->lanes[flight->lane];

    if (s->trying_plain == flight->number) {
        s->is_plain = true; /* it takes no gzip */
        s->trying_plain = 0;
    }
    s->host_is_proven = true;
    s->gzip_is_proven = s->gzip_is_proven || flight->is_gzip;
    lane->is_proven = lane->is_proven || flight->key_number == lane->key_number;
    s->accepted_count++;
    if (s->accepted_size == 0)
        s->accepted_since_ms = os_monotonic_ms();
    s->accepted[s->accepted_size++] = flight->number;
}

/* How often this batch alone was in trouble: with others accepted in between. */
static void count_server_error(struct sender *s, struct backlog_batch *batch, int status)
{
    if ((status != 500 && status != 502 && status != 504) ||
        batch->accepted_then == s->accepted_count)
        return;
    batch->server_errors++;
    batch->accepted_then = s->accepted_count;
}

static void tell_failure(struct sender *s, const char *text)
{
    const int64_t now_ms = os_monotonic_ms();

    status_upload_error(s->options.status, text);
    if (s->failures > 1 || (s->failure_told_ms != 0 && now_ms - s->failure_told_ms < TELL_MS))
        return;
    log_line(LOG_LEVEL_WARNING, NULL, "%s", text);
    s->failure_is_told = true;
    s->failure_told_ms = now_ms;
}

/* Flights that were under way together fail together: that is one failure. */
static void back_off(struct sender *s, const struct flight *flight,
                     const struct http_answer *answer)
{
    int64_t retry_after_ms = answer->retry_after_ms;
    char text[1200];
    uint32_t random;

    if (answer->status == 0)
        snprintf(text, sizeof text, "%s", answer->error.text);
    else
        snprintf(text, sizeof text, "the API answers %d; tried again until it accepts",
                 answer->status);
    if (s->failures == flight->failures)
        s->failures++;
    tell_failure(s, text);
    digest_random(&random, sizeof random);
    if (answer->retry_at_ms >= 0 && answer->retry_at_ms > os_now())
        retry_after_ms = answer->retry_at_ms - os_now();
    const int64_t until_ms =
        os_monotonic_ms() + upload_backoff_ms(s->failures, retry_after_ms, random);
    if (s->not_before_ms < until_ms)
        s->not_before_ms = until_ms;
    s->host_asked = s->host_asked || retry_after_ms >= 0;
    s->avoid = flight->number;
}

static void page_title(const struct http_answer *answer, char *title, size_t size)
{
    const char *start = strstr(answer->body, "<title>");
    const char *end = start != NULL ? strstr(start, "</title>") : NULL;

    if (end == NULL)
        snprintf(title, size, "a web page instead of an answer of the API");
    else
        snprintf(title, size, "a web page titled \"%.*s\"", (int)(end - start - 7), start + 7);
}

void sending_refuse(struct sender *s, size_t lane, const char *sentence)
{
    struct lane *l = &s->lanes[lane];

    if (!l->is_refused)
        log_line(LOG_LEVEL_ERROR, sending_config(s, lane)->name, "%s", sentence);
    l->is_refused = true;
    l->is_proven = false;
    l->refused_until_ms = os_monotonic_ms() + REFUSED_MS;
    status_refused(s->options.status, lane, sentence);
}

static void refuse(struct sender *s, const struct flight *flight, const struct http_answer *answer)
{
    char text[1000], title[300];

    if (flight->key_number != s->lanes[flight->lane].key_number)
        return; /* it was an older key that is refused; the batch goes again with the new one */
    if (answer->is_html) {
        page_title(answer, title, sizeof title);
        snprintf(text, sizeof text,
                 "%s answers with %s: a proxy stands between; check peopleware.url and the proxy",
                 s->options.config->peopleware.url, title);
    } else if (answer->status == 401 || answer->status == 403) {
        snprintf(text, sizeof text,
                 "the API refuses the key of this integration (HTTP %d): make a new key and store "
                 "it with `cloud-link secret set`; imports go on and wait in the spool",
                 answer->status);
    } else {
        snprintf(text, sizeof text,
                 "the API refuses the data of this integration (HTTP %d): check peopleware.url and "
                 "the integration's id; imports go on and wait in the spool",
                 answer->status);
    }
    sending_refuse(s, flight->lane, text);
}

static bool is_open_status(struct sender *s, const struct backlog_batch *batch)
{
    struct bytes body;
    struct error err;

    if (sending_config(s, batch->lane)->data != DATA_AGENT_STATUS)
        return false;
    bytes_init(&body, BODY_LIMIT);
    const bool is_open = outbox_body(s->options.store, batch->batch.number, true, &body, &err) &&
                         strstr(bytes_text(&body), "\"endTime\"") == NULL;
    bytes_free(&body);
    return is_open;
}

/* A feed that the API refuses whole brings thousands: the status counts them, the log does not. */
static void tell_quarantine(struct sender *s, const struct backlog_batch *batch, int status)
{
    struct lane *lane = &s->lanes[batch->lane];
    const int64_t now_ms = os_monotonic_ms();

    if (lane->quarantine_told_ms != 0 && now_ms - lane->quarantine_told_ms < TELL_MS)
        return;
    lane->quarantine_told_ms = now_ms;
    log_line(LOG_LEVEL_WARNING, sending_config(s, batch->lane)->name,
             "the API refuses %lld records of one group (HTTP %d); they are in quarantine, and so "
             "is every further group that it refuses: see `cloud-link status`",
             (long long)batch->batch.records, status);
}

/* A single group that the API does not take: to quarantine whole, with its answer. */
static void set_aside(struct sender *s, const struct backlog_batch *batch,
                      const struct http_answer *answer)
{
    char shown[ANSWER_SHOWN + 1];
    struct error err;

    snprintf(shown, sizeof shown, "%s", answer->body);
    const bool is_held = answer->status == 422 && is_open_status(s, batch);
    const bool done = is_held ? outbox_hold(s->options.store, batch->batch.number, &err)
                              : outbox_quarantine(s->options.store, batch->batch.number,
                                                  answer->status, shown, os_now(), &err);
    if (!done) {
        sending_store_failed(s, &err);
        return;
    }
    if (!is_held) {
        tell_quarantine(s, batch, answer->status);
        os_mutex_lock(s->mutex);
        s->outcome.quarantined += batch->batch.records;
        os_mutex_unlock(s->mutex);
    }
    backlog_remove(s->backlog, batch->batch.number);
}

static void divide(struct sender *s, struct backlog_batch *batch, const struct http_answer *answer)
{
    const size_t half = batch->batch.plain_size / 2;

    if (answer->status == 413 && batch->batch.group_count > 1) {
        if (s->size_limit == 0 || half < s->size_limit)
            s->size_limit = half;
        s->host_is_proven = false; /* one at a time until the smaller size is accepted */
    }
    if (batch->batch.group_count > 1)
        sending_split(s, batch);
    else
        set_aside(s, batch, answer);
}

void sending_answered(struct sender *s, const struct http_answer *answer)
{
    struct flight *flight = answer->context;
    struct backlog_batch *batch = backlog_find(s->backlog, flight->number);
    const bool may_be_plain = s->options.config->upload.compress == COMPRESS_AUTO;

    count_server_error(s, batch, answer->status);
    const struct upload_answer facts = {
        .status = answer->status,
        .is_html = answer->is_html,
        .was_gzip = flight->is_gzip,
        .gzip_proven = s->gzip_is_proven || !may_be_plain,
        .server_errors = batch->server_errors,
    };
    const enum verdict verdict = upload_classify(&facts);

    flight->is_used = false;
    s->lanes[flight->lane].in_flight--;
    if (verdict != VERDICT_RETRY)
        host_is_there(s);
    if (verdict != VERDICT_RETRY && verdict != VERDICT_REFUSED)
        key_is_taken(s, flight->lane);
    if (verdict == VERDICT_ACCEPTED) {
        accept(s, flight);
        return;
    }
    batch->is_in_flight = false;
    if (s->trying_plain == flight->number && verdict != VERDICT_RETRY)
        s->trying_plain = 0;
    if (verdict == VERDICT_RETRY)
        back_off(s, flight, answer);
    else if (verdict == VERDICT_PLAIN)
        s->trying_plain = flight->number;
    else if (verdict == VERDICT_REFUSED)
        refuse(s, flight, answer);
    else
        divide(s, batch, answer);
}
