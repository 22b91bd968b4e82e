/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - finds the command and runs it */
#include <stddef.h>
#include <string.h>

#include "agent/base/os.h"
#include "agent/base/settings_read.h"
#include "agent/commands/command.h"
#include "agent/source.h"

const struct command *const commands[] = {
    &run_command,    &check_command,   &test_command,   &preview_command,
    &status_command, &rejects_command, &queues_command, &config_command,
    &secret_command, &version_command, &help_command,   NULL,
};

static enum exit_status refuse_command(const char *name)
{
    const char *names[32] = {NULL};

    for (int i = 0; commands[i] != NULL; i++)
        names[i] = commands[i]->name;
    const char *nearest = settings_nearest(name, names);
    if (nearest != NULL)
        command_say("there is no command \"%s\"; did you mean \"%s\"?", name, nearest);
    else
        command_say("there is no command \"%s\"; `cloud-link help` lists them", name);
    return EXIT_USAGE;
}

static enum exit_status run(struct command_line *line)
{
    line->config = command_value(line, "--config");
    const bool wants_help = command_flag(line, "--help");
    if (command_flag(line, "--version"))
        return version_command.run(line);
    const char *name = command_argument(line);
    if (name == NULL && !wants_help) {
        command_say("which command? `cloud-link help` lists them");
        return EXIT_USAGE;
    }
    const struct command *command = name == NULL ? &help_command : command_find(name);
    if (command == NULL)
        return refuse_command(name);
    if (wants_help && command != &help_command) {
        command_print_help(command);
        return EXIT_DONE;
    }
    return command->run(line);
}

int main(int argc, char **argv)
{
    struct command_line line = {.arguments = argv + 1, .count = argc - 1};

    os_harden();
    if (argc == 2 && strcmp(argv[1], SOURCE_ARGUMENT) == 0)
        return source_main();
    return (int)run(&line);
}
