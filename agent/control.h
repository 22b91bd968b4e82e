/* SPDX-License-Identifier: Apache-2.0 */
/* control.h - what commands ask a running agent, or the store itself while none runs
 *
 * state_dir/control.sock, owner only; one line of JSON each way:
 *
 *     {"do":"rejects","integration":"support-calls"}      -> {"rejects":[{...}]}
 *     {"do":"queues","integration":"support-calls"}       -> {"queues":[{...}]}
 *     {"do":"accept-queues","integration":"support-calls"}-> {"admitted":3}
 *     anything wrong                                      -> {"error":"sentence","store":false}
 *                                     store: it is the store that failed, not the request
 *
 * control_ask finds out by itself whether an agent runs: a command sees no difference.
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include "agent/config.h"
#include "agent/flow/store.h"

struct bytes;
struct os_event;

struct control_options {
    const struct config *config;
    struct store *store;
    struct os_event *stop;
    void (*admitted)(void *context, size_t index); /* queues of this integration were admitted */
    void *context;
};

struct control;
struct control *control_start(const struct control_options *options, struct error *err) MUST_USE;
void control_end(struct control *control); /* after stop is set; NULL is allowed */

/* The answer to {"do":what,"integration":name}, as JSON. ERROR_CONFIG: what the agent says is
 * wrong; ERROR_FATAL: the store is not usable. Nothing stored yet gives an empty list. */
bool control_ask(const struct config *config, const char *what, const char *integration,
                 struct bytes *answer, struct error *err) MUST_USE;

#endif
