/* SPDX-License-Identifier: Apache-2.0 */
/* error.h - what went wrong, as the reaction it asks for and one sentence for an administrator */
#ifndef AGENT_BASE_ERROR_H
#define AGENT_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__GNUC__)
#define MUST_USE                 __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define MUST_USE
#define PRINTF_LIKE(text, first)
#endif

/* A kind is a reaction, not a cause. */
enum error_kind {
    ERROR_RETRY,   /* wait and try again: the other side is unreachable or busy */
    ERROR_REFUSED, /* our credentials are not accepted: try seldom, accounts get locked */
    ERROR_CONFIG,  /* a person must act */
    ERROR_DATA,    /* set this item aside and go on */
    ERROR_FATAL,   /* this process cannot go on */
};

/* Lives on the caller's stack. Written exactly when a function fails. */
struct error {
    enum error_kind kind;
    char text[1024]; /* one sentence, UTF-8, cut at the end if too long; never a secret */
};

/* Always returns false, so that a failing function can end in `return error_set(err, ...)`. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts words before the sentence, for a caller that knows more: "file x.csv: ". Returns false. */
bool error_prefix(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
