/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - one integration's reading: a thread that takes slice after slice into the store
 *
 * Database down, login refused, query wrong, process hung: the reader says so on the status board,
 * waits as long as the error's kind asks for, and goes on. It holds up nobody else.
 */
#ifndef AGENT_READER_H
#define AGENT_READER_H

#include "agent/config.h"
#include "agent/flow/store.h"

struct os_event;
struct secrets;
struct sender;
struct status;

struct reader_options {
    const struct config *config;
    size_t index; /* of the integration in the configuration */
    struct store *store;
    struct secrets *secrets;
    struct status *status;
    struct sender *sender;    /* told of every commit */
    struct os_event *stop;    /* ends the thread */
    struct os_event *changed; /* set whenever a reader reports: for whoever waits for the end */
    bool once;
};

struct reader;
/* Opens the integration in the store and starts the thread. */
struct reader *reader_start(const struct reader_options *options, struct error *err) MUST_USE;
/* Try again now: a secret changed, queues were admitted. Any thread. */
void reader_wake(struct reader *reader);
/* How this run goes. */
struct reader_outcome {
    bool is_done;           /* once: nothing more is due, or can be done without a person */
    bool waits_for_upload;  /* nothing can be done before something is delivered */
    bool failed;            /* the last attempt failed: */
    enum error_kind kind;   /* in this way; ERROR_FATAL: the store is lost */
    int64_t rejected;       /* rows, in this run */
    int64_t last_commit_ms; /* os_monotonic_ms of the last slice committed; 0: none */
};
struct reader_outcome reader_outcome(struct reader *reader); /* any thread */
void reader_end(struct reader *reader); /* after stop is set: waits for the thread, frees */

#endif
