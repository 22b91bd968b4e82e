/* SPDX-License-Identifier: Apache-2.0 */
/* upload.h - what an answer of the API means, and which batch may go next; pure
 *
 * One table classifies every answer; the order rule keeps an old version from ever overwriting a
 * newer one. See spec: "Unknown, and what the agent does about it".
 */
#ifndef AGENT_FLOW_UPLOAD_H
#define AGENT_FLOW_UPLOAD_H

#include <stdbool.h>

#include "agent/base/utc.h"

/* What to do with a batch after an answer. */
enum verdict {
    VERDICT_ACCEPTED,
    VERDICT_RETRY,   /* the host backs off, one probe at a time */
    VERDICT_HALVE,   /* 413: halve between groups; a single group goes to quarantine */
    VERDICT_BISECT,  /* 400, 422: halve until the offending groups are alone */
    VERDICT_PLAIN,   /* 400 or 415 to gzip, never accepted here: once more without */
    VERDICT_REFUSED, /* 401, 403, 404, redirects, a proxy's page: a person must act */
};

struct upload_answer {
    int status; /* HTTP; 0: none came */
    bool is_html;
    bool was_gzip;
    bool gzip_proven;  /* this host has accepted gzip before */
    int server_errors; /* 500, 502, 504 this batch has had, this one counted, while others were
                          accepted in between */
};
enum verdict upload_classify(const struct upload_answer *answer);

/* How long a host is left alone after so many failures in a row (the first is 1): exponential with
 * full jitter, between 1 s and at most 2 s, 4 s ... 5 min; random is 0..UINT32_MAX. What the host
 * asked for in retry_after_ms (-1: nothing) is respected up to 1 h and never shortened. */
int64_t upload_backoff_ms(int failures, int64_t retry_after_ms, uint32_t random);

/* A batch as the order rule sees it. */
struct upload_span {
    int64_t id;       /* integrationConfigurationId */
    int kind;         /* endpoint: contacts and intervals share one */
    int64_t sequence; /* order of creation in the store: older is smaller; halves keep it */
    int64_t slice;    /* (integration, slice number) as one number: within a slice, batches hold
                         different groups; halves keep it */
    utc_ms from, to;  /* span of quarter hours [from, to) */
    int priority;     /* 0 near real time, 1 live, 2 history and files, 3 recheck */
};
/* Must `batch` wait for `older` (undelivered, in flight or waiting)? */
bool upload_must_wait(const struct upload_span *batch, const struct upload_span *older);

#endif
