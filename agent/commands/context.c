/* SPDX-License-Identifier: Apache-2.0 */
/* context.c - what most commands begin with */
#include "agent/commands/context.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/secrets.h"

#define NAMES_MOST 65536

void context_complain(const struct error *err)
{
    command_say("%s", err->text);
}

enum exit_status context_exit(const struct error *err)
{
    static const enum exit_status statuses[] = {
        [ERROR_RETRY] = EXIT_UNREACHABLE, [ERROR_REFUSED] = EXIT_REFUSED,
        [ERROR_CONFIG] = EXIT_CONFIG,     [ERROR_DATA] = EXIT_FAILED,
        [ERROR_FATAL] = EXIT_STORE,
    };

    return statuses[err->kind];
}

enum exit_status context_open(struct command_line *line, struct context *context)
{
    memset(context, 0, sizeof *context);
    context->config = command_load_config(line, &context->secrets);
    if (context->config == NULL)
        return EXIT_CONFIG;
    log_setup((enum log_level)context->config->agent.log.level,
              (enum log_format)context->config->agent.log.format);
    return EXIT_DONE;
}

void context_close(struct context *context)
{
    config_free(context->config);
    secrets_close(context->secrets);
    memset(context, 0, sizeof *context);
}

const struct integration_config *context_integration(const struct context *context,
                                                     const char *name)
{
    const struct integration_config *found = config_find(context->config, name);

    struct bytes names;

    if (found != NULL)
        return found;
    bytes_init(&names, NAMES_MOST);
    for (size_t i = 0; i < context->config->integration_count; i++) {
        bytes_append_byte(&names, ' ');
        bytes_append_text(&names, context->config->integrations[i].name);
    }
    command_say("there is no integration \"%s\"; the configuration has:%s", name,
                bytes_text(&names));
    bytes_free(&names);
    return NULL;
}

const char *context_time(utc_ms time, char text[CONTEXT_TIME_SIZE])
{
    struct civil local;

    if (time == UTC_NEVER) {
        snprintf(text, CONTEXT_TIME_SIZE, "-");
        return text;
    }
    const int offset_minutes = (int)(os_utc_offset_now_ms(time) / UTC_MINUTE);
    const int absolute = offset_minutes < 0 ? -offset_minutes : offset_minutes;

    utc_to_civil(time + offset_minutes * UTC_MINUTE, &local);
    snprintf(text, CONTEXT_TIME_SIZE, "%04d-%02d-%02d %02d:%02d:%02d %c%02d:%02d",
             (int16_t)local.year, (int8_t)local.month, (int8_t)local.day, (int8_t)local.hour,
             (int8_t)local.minute, (int8_t)local.second, offset_minutes < 0 ? '-' : '+',
             (int8_t)(absolute / 60), (int8_t)(absolute % 60));
    return text;
}
