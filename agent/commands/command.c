/* SPDX-License-Identifier: Apache-2.0 */
/* command.c - what the commands share: options, usage, loading the configuration */
#include "agent/commands/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/os.h"
#include "agent/config.h"

const struct command *command_find(const char *name)
{
    for (int i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static void print_usage(FILE *to, const struct command *command)
{
    fprintf(to, "Usage: cloud-link %s%s%s [--config FILE]\n", command->name,
            command->arguments[0] == '\0' ? "" : " ", command->arguments);
}

void command_print_help(const struct command *command)
{
    print_usage(stdout, command);
    printf("\n%c%s.\n", command->summary[0] - 'a' + 'A', command->summary + 1);
    if (command->help[0] != '\0')
        printf("\n%s", command->help);
}

void command_say(const char *format, ...)
{
    va_list arguments;

    fputs("cloud-link: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

enum exit_status command_usage(const struct command *command, const char *format, ...)
{
    char text[400];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    command_say("%s: %s", command->name, text);
    print_usage(stderr, command);
    return EXIT_USAGE;
}

static void remove_arguments(struct command_line *line, int index, int count)
{
    line->count -= count;
    memmove(&line->arguments[index], &line->arguments[index + count],
            (size_t)(line->count - index) * sizeof *line->arguments);
}

bool command_flag(struct command_line *line, const char *name)
{
    for (int i = 0; i < line->count; i++) {
        if (strcmp(line->arguments[i], name) == 0) {
            remove_arguments(line, i, 1);
            return true;
        }
    }
    return false;
}

const char *command_value(struct command_line *line, const char *name)
{
    const size_t size = strlen(name);

    for (int i = 0; i < line->count; i++) {
        const char *argument = line->arguments[i];
        const char *value = NULL;

        if (strncmp(argument, name, size) != 0)
            continue;
        if (argument[size] == '=') {
            value = argument + size + 1;
            remove_arguments(line, i, 1);
        } else if (argument[size] == '\0' && i + 1 < line->count) {
            value = line->arguments[i + 1];
            remove_arguments(line, i, 2);
        }
        if (value != NULL)
            return value;
    }
    return NULL;
}

const char *command_argument(struct command_line *line)
{
    for (int i = 0; i < line->count; i++) {
        const char *argument = line->arguments[i];

        if (argument[0] != '-') {
            remove_arguments(line, i, 1);
            return argument;
        }
    }
    return NULL;
}

bool command_line_is_done(struct command_line *line, const struct command *command)
{
    if (line->count == 0)
        return true;
    if (line->arguments[0][0] == '-')
        command_usage(command, "option %s is unknown, or lacks its value", line->arguments[0]);
    else
        command_usage(command, "\"%s\" is one argument too many", line->arguments[0]);
    return false;
}

static void print_line(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

struct config *command_load_config(const struct command_line *line, struct secrets **secrets)
{
    char path[4096], state_dir[4096];
    struct error err;

    config_path(line->config, path, sizeof path);
    if (!os_become_owner_of(config_state_dir(path, state_dir, sizeof state_dir), &err)) {
        command_say("%s", err.text);
        return NULL;
    }
    return config_load(path, print_line, NULL, secrets);
}
