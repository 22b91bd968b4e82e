/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c - one question about one integration */
#include "agent/commands/ask.h"

#include <stdio.h>

#include "agent/base/bytes.h"
#include "agent/commands/context.h"
#include "agent/control.h"

#define ANSWER_LIMIT (64 << 20)

static enum exit_status ask_about(const struct context *context, const char *name,
                                  const struct ask *ask)
{
    struct bytes answer;
    struct error err;

    if (context_integration(context, name) == NULL)
        return EXIT_USAGE;
    bytes_init(&answer, ANSWER_LIMIT);
    const bool answered = control_ask(context->config, ask->what, name, &answer, &err);
    if (!answered) {
        context_complain(&err);
    } else if (ask->as_json) {
        printf("%s\n", bytes_text(&answer));
    } else {
        json_t *told = json_loadb((const char *)answer.data, answer.size, 0, NULL);

        ask->show(told);
        json_decref(told);
    }
    bytes_free(&answer);
    return answered ? EXIT_DONE : context_exit(&err);
}

enum exit_status ask_agent(struct command_line *line, const struct ask *ask)
{
    const char *name = command_argument(line);
    struct context context;

    if (name == NULL)
        return command_usage(ask->command, "which integration?");
    if (!command_line_is_done(line, ask->command))
        return EXIT_USAGE;
    enum exit_status result = context_open(line, &context);
    if (result != EXIT_DONE)
        return result;
    result = ask_about(&context, name, ask);
    context_close(&context);
    return result;
}
