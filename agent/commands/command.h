/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - one command of the command line: a const descriptor, then its function
 *
 * Results go to standard output, messages to standard error.
 */
#ifndef AGENT_COMMANDS_COMMAND_H
#define AGENT_COMMANDS_COMMAND_H

#include <stdbool.h>

#include "agent/base/error.h"

struct config;
struct secrets;

/* Exit statuses are a contract: others drive the program by them. */
enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_REJECTS = 3, /* done, but rows were rejected or quarantined */
    EXIT_USAGE = 64,
    EXIT_UNREACHABLE = 69,
    EXIT_STORE = 73,
    EXIT_REFUSED = 77,
    EXIT_CONFIG = 78,
    EXIT_INTERRUPTED = 130,
};

/* The command line after the command's name. Options are taken with command_flag and
 * command_value before arguments are; what is left over is an error of usage. */
struct command_line {
    const char *config; /* --config FILE; NULL: where it is by default */
    char **arguments;
    int count;
};

struct command {
    const char *name;
    const char *arguments; /* "NAME [--rows N] ..."; "" for none */
    const char *summary;   /* one line, beginning with a small letter */
    const char *help;      /* the rest, lines of at most 79 characters; "" for none */
    enum exit_status (*run)(struct command_line *line);
};

extern const struct command check_command, config_command, help_command, preview_command,
    queues_command, rejects_command, run_command, secret_command, status_command, test_command,
    version_command;
extern const struct command *const commands[]; /* NULL-terminated, in the order of the help */

const struct command *command_find(const char *name); /* NULL: there is none */
void command_print_help(const struct command *command);
/* Says what is wrong and how the command is used; gives EXIT_USAGE. */
enum exit_status command_usage(const struct command *command, const char *format, ...)
    PRINTF_LIKE(2, 3);
/* Says it on standard error, after "cloud-link: ". */
void command_say(const char *format, ...) PRINTF_LIKE(1, 2);

/* Takes `--name` off the line: true if it was there. */
bool command_flag(struct command_line *line, const char *name);
/* Takes `--name VALUE` or `--name=VALUE`; NULL if absent (or without its value: it then stays, for
 * command_line_is_done to complain of). */
const char *command_value(struct command_line *line, const char *name);
/* Takes the next argument that is no option; NULL if there is none. */
const char *command_argument(struct command_line *line);
/* Nothing left? Otherwise says what is wrong and how the command is used. */
bool command_line_is_done(struct command_line *line, const struct command *command);

/* Becomes the owner of the state directory when run by root, then loads the configuration, telling
 * its errors and notes. NULL: exit with EXIT_CONFIG. The caller frees both. */
struct config *command_load_config(const struct command_line *line, struct secrets **secrets);

#endif
