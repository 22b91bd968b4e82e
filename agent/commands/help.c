/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - cloud-link help: what the program can do */
#include <stdio.h>

#include "agent/commands/command.h"

static void print_overview(void)
{
    fputs("Usage: cloud-link COMMAND [--config FILE] ...\n\n"
          "Reads contacts, intervals and agent statuses from databases and files and\n"
          "uploads them to the Peopleware API.\n\n",
          stdout);
    for (int i = 0; commands[i] != NULL; i++)
        printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n`cloud-link help COMMAND` tells more. The configuration is --config FILE, else\n"
          "$CLOUD_LINK_CONFIG, else /etc/cloud-link/cloud-link.yaml.\n",
          stdout);
}

static enum exit_status run(struct command_line *line)
{
    const char *name = command_argument(line);

    if (!command_line_is_done(line, &help_command))
        return EXIT_USAGE;
    if (name == NULL) {
        print_overview();
        return EXIT_DONE;
    }
    const struct command *command = command_find(name);
    if (command == NULL)
        return command_usage(&help_command, "there is no command \"%s\"", name);
    command_print_help(command);
    return EXIT_DONE;
}

const struct command help_command = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "tell what the commands do",
    .help = "",
    .run = run,
};
