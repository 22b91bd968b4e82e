/* SPDX-License-Identifier: Apache-2.0 */
/* ask.h - a command that asks the agent (or the store) one thing about one integration */
#ifndef AGENT_COMMANDS_ASK_H
#define AGENT_COMMANDS_ASK_H

#include <jansson.h>

#include "agent/commands/command.h"

/* The rest of the line is the integration's name. Prints the answer as it is, or by `show`. */
struct ask {
    const struct command *command;
    const char *what; /* see control.h */
    bool as_json;
    void (*show)(const json_t *answer);
};
enum exit_status ask_agent(struct command_line *line, const struct ask *ask);

#endif
