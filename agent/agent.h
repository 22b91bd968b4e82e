/* SPDX-License-Identifier: Apache-2.0 */
/* agent.h - the running agent: the store, a reader per integration, the sender, the control socket
 *
 * agent_open takes the lock and opens the store; agent_run starts everybody, waits for the end,
 * and stops them in reverse. One agent per state directory.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/config.h"
#include "agent/status.h"

struct secrets;
struct os_event;

struct agent_options {
    const struct config *config;
    struct secrets *secrets;
    struct os_event *stop;
    bool once;           /* import what is due, deliver it, end */
    int64_t patience_ms; /* once: how long without an acceptance or a commit */
    bool take_over;
    /* Called every tick_ms while it runs, for the progress display. */
    void (*tick)(void *context, struct status *status);
    int64_t tick_ms;
    void *tick_context;
};

/* How a run ended. */
struct agent_outcome {
    bool source_unreachable, api_unreachable;
    bool is_refused; /* API key, or a database login */
    bool is_config;  /* a query, a mapping, a driver */
    bool has_failed; /* a file, or anything else that a person must see */
    bool store_failed;
    int64_t rejected, quarantined; /* in this run */
};

/* Runs until stop is set or, with once, everything is done. False: it could not start (ERROR_FATAL:
 * the store) . */
bool agent_run(const struct agent_options *options, struct agent_outcome *outcome,
               struct error *err) MUST_USE;

/* Paths in the state directory. */
const char *agent_path(const struct config *config, const char *name, char *out, size_t size);

#endif
