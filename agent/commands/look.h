/* SPDX-License-Identifier: Apache-2.0 */
/* look.h - a look at a source outside the agent, for `preview` and `test`: nothing is stored */
#ifndef AGENT_COMMANDS_LOOK_H
#define AGENT_COMMANDS_LOOK_H

#include "agent/child.h"
#include "agent/commands/context.h"

struct look;
/* Starts the integration's source process and opens its source. */
struct look *look_open(const struct context *context, const struct integration_config *integration,
                       struct error *err) MUST_USE;
void look_close(struct look *look);
struct child *look_child(struct look *look);
/* The day before now, or the oldest file of the folder (ERROR_DATA: there is none). The file's
 * name is lent until look_close. */
bool look_newest(struct look *look, struct slice *slice, struct error *err) MUST_USE;

#endif
