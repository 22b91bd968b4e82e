/* SPDX-License-Identifier: Apache-2.0 */
/* sending.h - what the sender's two files share: the loop (sender.c), the answers
 * (sender_answer.c)
 *
 * A lane is an integration as the sender sees it: its key, and whether the API takes it. The host
 * is one for all lanes: it backs off as a whole, and what it accepts (size, compression) is learnt
 * once. A flight is a request on its way. Private to the sender's thread, but for what the mutex
 * guards.
 */
#ifndef AGENT_SENDING_H
#define AGENT_SENDING_H

#include "agent/base/bytes.h"
#include "agent/base/http.h"
#include "agent/flow/backlog.h"
#include "agent/sender.h"

#define FLIGHTS_MOST 32
#define REFUSED_MS   (5 * UTC_MINUTE) /* a refused key is tried again */
#define BODY_LIMIT   (128 << 20)

struct lane {
    int64_t store_row; /* 0: not opened yet */
    int64_t last_place;
    char *key;      /* as last resolved; NULL: not yet */
    int key_number; /* grows when the keys are read again */
    bool is_proven; /* this key was accepted since it was read */
    bool is_refused;
    int64_t refused_until_ms;
    int in_flight;
    int64_t quarantine_told_ms;
    bool is_shown_refused; /* is_refused for other threads: guarded by the mutex */
};

struct flight {
    bool is_used;
    int64_t number;
    size_t lane;
    bool is_gzip;
    int key_number;    /* of the lane, when it was sent: what is said of an older key is no news */
    int failures;      /* of the host, when it was sent: who fails together counts once */
    char key_text[33]; /* Idempotency-Key */
    struct bytes body;
};

struct sender {
    struct sender_options options;
    struct http *http;
    struct backlog *backlog;
    struct os_thread *thread;
    char url[2][600]; /* by data kind: events, statuses */

    struct lane *lanes;
    struct flight flights[FLIGHTS_MOST];
    int parallel;

    bool host_is_proven;
    bool gzip_is_proven;
    bool is_plain;        /* no compression for this host */
    int64_t trying_plain; /* the batch sent once without compression; 0: none */
    size_t size_limit;    /* learnt from 413; 0: none */
    int failures;         /* in a row: the host backs off */
    bool failure_is_told; /* in the log */
    int64_t failure_told_ms;
    int64_t not_before_ms;
    bool host_asked;             /* for that long (Retry-After): no acceptance shortens it */
    int64_t store_not_before_ms; /* the store failed: an answer now could not be written down */
    int64_t avoid;               /* the batch that failed last: another one probes first */
    int64_t accepted_count;

    int64_t accepted[FLIGHTS_MOST * 8]; /* numbers still to be acknowledged in the store */
    size_t accepted_size;
    int64_t accepted_since_ms;

    struct os_mutex *mutex; /* guards what follows */
    bool keys_changed;
    struct sender_outcome outcome;
};

/* Halves a batch between groups, in the store and in the backlog. */
bool sending_split(struct sender *sender, const struct backlog_batch *batch);
/* The lane waits for a person; `sentence` says for what. */
void sending_refuse(struct sender *sender, size_t lane, const char *sentence);
void sending_store_failed(struct sender *sender, const struct error *err);
/* Acts on an answer by the table of upload.h (sender_answer.c). */
void sending_answered(struct sender *sender, const struct http_answer *answer);

static inline const struct integration_config *sending_config(const struct sender *sender,
                                                              size_t lane)
{
    return &sender->options.config->integrations[lane];
}

#endif
