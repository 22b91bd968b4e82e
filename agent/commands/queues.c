/* SPDX-License-Identifier: Apache-2.0 */
/* queues.c - `cloud-link queues`: queues seen, pinned names, and what the guard holds back */
#include <stdio.h>

#include "agent/commands/ask.h"
#include "agent/commands/table.h"

static enum exit_status run(struct command_line *line);

const struct command queues_command = {
    .name = "queues",
    .arguments = "NAME [--accept] [--json]",
    .summary = "show the queues of an integration, and admit new ones",
    .help = "A queue can never be deleted at the receiver, so many new ones at once are held\n"
            "back. --accept admits exactly those that are shown as waiting.\n",
    .run = run,
};

static void show(const json_t *answer)
{
    static const char *const headings[] = {"queue", "name", "state"};
    const json_t *queues = json_object_get(answer, "queues");
    struct table *table = table_new(headings, 3);
    size_t waiting = 0;

    for (size_t i = 0; i < json_array_size(queues); i++) {
        const json_t *queue = json_array_get(queues, i);
        const bool accepted = json_is_true(json_object_get(queue, "accepted"));

        waiting += !accepted;
        table_put(table, json_string_value(json_object_get(queue, "identifier")));
        table_put(table, json_string_value(json_object_get(queue, "name")));
        table_put(table, accepted ? "accepted" : "waiting");
    }
    if (json_array_size(queues) > 0)
        table_print(table);
    else
        printf("no queues yet\n");
    if (waiting > 0)
        printf("%zu wait: --accept admits them\n", waiting);
    table_free(table);
}

static void show_admitted(const json_t *answer)
{
    printf("%lld queues admitted\n",
           (long long)json_integer_value(json_object_get(answer, "admitted")));
}

static enum exit_status run(struct command_line *line)
{
    const bool accept = command_flag(line, "--accept");
    const struct ask ask = {
        .command = &queues_command,
        .what = accept ? "accept-queues" : "queues",
        .as_json = command_flag(line, "--json"),
        .show = accept ? show_admitted : show,
    };

    return ask_agent(line, &ask);
}
