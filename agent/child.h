/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - a source process as the agent sees it: orders, answers, and a deadline for each
 *
 * It may hang, leak or crash at any moment; every function then fails with ERROR_RETRY, the
 * process is gone, and the next child_open starts a new one. One thread per object.
 */
#ifndef AGENT_CHILD_H
#define AGENT_CHILD_H

#include "agent/flow/names.h"
#include "agent/flow/normalise.h"
#include "connectors/connector.h"
#include "connectors/connector_files.h"

struct os_event;

struct child_options {
    const char *integration;
    int64_t connect_timeout_ms; /* for open */
    int64_t query_timeout_ms;   /* for everything else, to the first frame */
    struct os_event *stop;      /* ends every waiting; may be NULL */
};

struct child;
struct child *child_new(const struct child_options *options);
void child_free(struct child *child);

/* Starts the process if none runs and opens the source. settings: JSON with secrets resolved. */
bool child_open(struct child *child, const char *settings, size_t size,
                const uint8_t reject_key[32], struct error *err) MUST_USE;
bool child_is_open(const struct child *child);
void child_close(struct child *child); /* ends the process */

/* Takes what a slice brings. Each returns false with err to stop: the process is then ended. */
struct child_sink {
    void *context;
    /* Before everything else: do statuses last until the next one of their agent? */
    bool (*columns)(void *context, bool next_start, struct error *err);
    bool (*name)(void *context, const struct names_told *told, struct error *err);
    bool (*records)(void *context, struct record *records, size_t count, struct error *err);
    bool (*reject)(void *context, const struct reject *reject, struct error *err);
};

/* One slice: what to read, where to, until when; and how it went. */
struct child_reading {
    const struct slice *slice;
    const struct child_sink *sink;
    int64_t give_up_ms; /* os_monotonic_ms; INT64_MAX: never */
    struct normalise_counts counts;
    bool is_interrupted; /* give_up_ms came first; the process is ended */
};
bool child_read(struct child *child, struct child_reading *reading, struct error *err) MUST_USE;

/* Of a drop folder. */
bool child_list(struct child *child, void (*visit)(void *context, const struct source_file *file),
                void *context, struct error *err) MUST_USE;
bool child_hash(struct child *child, const char *name, uint8_t sha256[32],
                struct error *err) MUST_USE;
bool child_settle(struct child *child, const char *name, const uint8_t sha256[32],
                  struct error *err) MUST_USE;

/* `cloud-link test`. */
bool child_check(struct child *child,
                 void (*tell)(void *context, enum finding finding, const char *sentence),
                 void *context, struct error *err) MUST_USE;

#endif
