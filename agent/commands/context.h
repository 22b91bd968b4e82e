/* SPDX-License-Identifier: Apache-2.0 */
/* context.h - what most commands begin with: the configuration, its secrets, the right user */
#ifndef AGENT_COMMANDS_CONTEXT_H
#define AGENT_COMMANDS_CONTEXT_H

#include "agent/commands/command.h"
#include "agent/config.h"

struct context {
    struct config *config;
    struct secrets *secrets;
};

/* Loads the configuration of --config and acts as the owner of its state directory. On failure
 * everything is said and the exit status to end with is returned; else EXIT_DONE. */
enum exit_status context_open(struct command_line *line, struct context *context);
void context_close(struct context *context);

/* The integration of this name. NULL: said, with those there are (EXIT_USAGE). */
const struct integration_config *context_integration(const struct context *context,
                                                     const char *name);

/* "cloud-link: sentence" on standard error. */
void context_complain(const struct error *err);
/* What an error's kind means as an exit status of a command. */
enum exit_status context_exit(const struct error *err);

/* A moment in local time with its offset, for people: "2026-01-05 09:15:03 +01:00"; "-" for none.
 */
#define CONTEXT_TIME_SIZE 32
const char *context_time(utc_ms time, char text[CONTEXT_TIME_SIZE]);

#endif
