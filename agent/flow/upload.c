/* SPDX-License-Identifier: Apache-2.0 */
/* upload.c - the table of answers, the backoff, and the rule of order */
#include "agent/flow/upload.h"

#include <limits.h>

#define SERVER_ERRORS_MOST 8

#define BACKOFF_LEAST_MS    UTC_SECOND
#define BACKOFF_MOST_MS     (5 * UTC_MINUTE)
#define RETRY_AFTER_MOST_MS UTC_HOUR
#define BACKOFF_DOUBLINGS   9 /* 2 s, 4 s ... past five minutes */

enum condition {
    ALWAYS,
    IF_HTML,          /* a proxy's page: the API never saw the request */
    IF_GZIP_UNPROVEN, /* perhaps it was only the compression */
    IF_ONLY_THIS_ONE, /* the host serves others: it is this batch */
};

/* The first line that fits decides; the last one fits always. */
static const struct answer_line {
    int from, to; /* HTTP status, both included */
    enum condition condition;
    enum verdict verdict;
} answers[] = {
    {0, 0, ALWAYS, VERDICT_RETRY}, /* timeout, reset, TLS, DNS */
    {200, 299, IF_HTML, VERDICT_REFUSED},
    {200, 299, ALWAYS, VERDICT_ACCEPTED},
    {400, 400, IF_GZIP_UNPROVEN, VERDICT_PLAIN},
    {400, 400, ALWAYS, VERDICT_BISECT},
    {408, 408, ALWAYS, VERDICT_RETRY}, /* a timeout, seen from the other side */
    {413, 413, ALWAYS, VERDICT_HALVE},
    {415, 415, IF_GZIP_UNPROVEN, VERDICT_PLAIN},
    {422, 422, ALWAYS, VERDICT_BISECT},
    {429, 429, ALWAYS, VERDICT_RETRY},
    {500, 500, IF_ONLY_THIS_ONE, VERDICT_BISECT},
    {502, 502, IF_ONLY_THIS_ONE, VERDICT_BISECT},
    {504, 504, IF_ONLY_THIS_ONE, VERDICT_BISECT},
    {500, 599, ALWAYS, VERDICT_RETRY},
    {INT_MIN, INT_MAX, ALWAYS, VERDICT_REFUSED}, /* 401, 403, 404, redirects, whatever else */
};

static bool holds(enum condition condition, const struct upload_answer *answer)
{
    switch (condition) {
    case IF_HTML:
        return answer->is_html;
    case IF_GZIP_UNPROVEN:
        return answer->was_gzip && !answer->gzip_proven;
    case IF_ONLY_THIS_ONE:
        return answer->server_errors >= SERVER_ERRORS_MOST;
    case ALWAYS:
        break;
    }
    return true;
}

static bool fits(const struct answer_line *line, const struct upload_answer *answer)
{
    return answer->status >= line->from && answer->status <= line->to &&
           holds(line->condition, answer);
}

enum verdict upload_classify(const struct upload_answer *answer)
{
    const struct answer_line *line = answers;

    while (!fits(line, answer))
        line++;
    return line->verdict;
}

int64_t upload_backoff_ms(int failures, int64_t retry_after_ms, uint32_t random)
{
    const int doublings = failures < 1                   ? 1
                          : failures > BACKOFF_DOUBLINGS ? BACKOFF_DOUBLINGS
                                                         : failures;
    int64_t most_ms = BACKOFF_LEAST_MS << doublings;
    if (most_ms > BACKOFF_MOST_MS)
        most_ms = BACKOFF_MOST_MS;

    const int64_t range_ms = most_ms - BACKOFF_LEAST_MS + 1;
    const int64_t backoff_ms = BACKOFF_LEAST_MS + range_ms * random / ((int64_t)UINT32_MAX + 1);
    if (retry_after_ms > RETRY_AFTER_MOST_MS)
        retry_after_ms = RETRY_AFTER_MOST_MS;
    return retry_after_ms > backoff_ms ? retry_after_ms : backoff_ms;
}

bool upload_must_wait(const struct upload_span *batch, const struct upload_span *older)
{
    return older->id == batch->id && older->kind == batch->kind &&
           older->sequence < batch->sequence && older->slice != batch->slice &&
           older->from < batch->to && batch->from < older->to;
}
