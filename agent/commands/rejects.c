/* SPDX-License-Identifier: Apache-2.0 */
/* rejects.c - `cloud-link rejects`: the rows that were set aside, with the reason */
#include <stdio.h>

#include "agent/commands/ask.h"
#include "agent/commands/table.h"

static enum exit_status run(struct command_line *line);

const struct command rejects_command = {
    .name = "rejects",
    .arguments = "NAME [--json]",
    .summary = "show the rows of an integration that were set aside",
    .help = "The newest 1,000, each with its reason and where it stands. The rows themselves\n"
            "are personal data and not shown.\n",
    .run = run,
};

static void show(const json_t *answer)
{
    static const char *const headings[] = {"first seen", "where", "reason"};
    const json_t *rejects = json_object_get(answer, "rejects");
    struct table *table = table_new(headings, 3);

    for (size_t i = 0; i < json_array_size(rejects); i++) {
        const json_t *reject = json_array_get(rejects, i);

        table_put(table, json_string_value(json_object_get(reject, "first_seen")));
        table_put(table, json_string_value(json_object_get(reject, "origin")));
        table_put(table, json_string_value(json_object_get(reject, "reason")));
    }
    if (json_array_size(rejects) > 0)
        table_print(table);
    else
        printf("no rows were rejected\n");
    table_free(table);
}

static enum exit_status run(struct command_line *line)
{
    const struct ask ask = {
        .command = &rejects_command,
        .what = "rejects",
        .as_json = command_flag(line, "--json"),
        .show = show,
    };

    return ask_agent(line, &ask);
}
