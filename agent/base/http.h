/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - HTTPS requests with libcurl: many at once, one thread, verified, bounded
 *
 * TLS 1.2 or later, peer and host verified against the system's store plus ca_file; no redirects,
 * no netrc; HTTP/2 where offered. What libcurl reads from the environment is not used, but for the
 * proxy that the caller passes. Answers are read to a limit and the rest is dropped.
 */
#ifndef AGENT_BASE_HTTP_H
#define AGENT_BASE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/error.h"

struct http_options {
    const char *proxy;   /* NULL or "": none */
    const char *ca_file; /* NULL: the system's store alone */
    int64_t timeout_ms;  /* of a whole request; connecting at most 15 s of it */
    int parallel;        /* requests in flight at most */
};

struct http_request {
    const char *url;
    const char *bearer;          /* NULL: no Authorization */
    const char *idempotency_key; /* NULL: none */
    bool is_gzip;                /* Content-Encoding: gzip */
    const void *body;            /* POST as application/json; borrowed until the answer */
    size_t body_size;
    void *context; /* given back with the answer */
};

struct http_answer {
    void *context;
    int status; /* 0: no answer; error then says why (ERROR_RETRY) */
    struct error error;
    bool is_html;           /* Content-Type text/html, or the body begins with '<' */
    int64_t retry_after_ms; /* -1: none. A date counts from the answer's own Date header */
    int64_t retry_at_ms;    /* utc_ms: a date without a Date header to count from; -1: none */
    const char *body;       /* the first 64 KiB, terminated; lent until the next http_ call */
    size_t body_size;
};

struct http;
struct http *http_open(const struct http_options *options, struct error *err) MUST_USE;
void http_close(struct http *http); /* drops what is in flight */
/* Starts a request; http_in_flight() < parallel must hold. */
bool http_post(struct http *http, const struct http_request *request, struct error *err) MUST_USE;
int http_in_flight(const struct http *http);
/* Moves everything on; lends the next finished answer, or false after timeout_ms or http_wake (one
 * that came in between two calls, too). Answers that are there come first. */
bool http_next(struct http *http, int64_t timeout_ms, struct http_answer *answer);
void http_wake(struct http *http); /* from any thread: ends a waiting http_next */
/* The value of a Retry-After header (RFC 9110 10.2.3): seconds, or a date, counted from now_ms (-1:
 * unknown, dates are none). -1 when neither. */
int64_t http_parse_retry_after(const char *value, int64_t now_ms);
const char *http_library_versions(void);

#endif
