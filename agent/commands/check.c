/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - cloud-link check: is the configuration right? Offline, by the loader that run uses */
#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/os.h"
#include "agent/commands/command.h"
#include "agent/config.h"
#include "agent/secrets.h"

#define MESSAGES_MOST ((size_t)16 << 20)

static void print_line(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

static void put_line(void *context, const char *text)
{
    json_put_text(context, text);
}

static size_t count_enabled(const struct config *config)
{
    size_t count = 0;

    for (size_t i = 0; config != NULL && i < config->integration_count; i++)
        count += config->integrations[i].enabled;
    return count;
}

static enum exit_status check_as_text(const char *path)
{
    struct secrets *secrets;
    struct config *config = config_load(path, print_line, NULL, &secrets);
    const enum exit_status status = config == NULL ? EXIT_CONFIG : EXIT_DONE;

    if (config != NULL)
        printf("%s: ok, %zu integration%s\n", path, count_enabled(config),
               count_enabled(config) == 1 ? "" : "s");
    config_free(config);
    secrets_close(secrets);
    return status;
}

static enum exit_status check_as_json(const char *path)
{
    struct secrets *secrets;
    struct bytes out;
    struct json json;

    bytes_init(&out, MESSAGES_MOST);
    json_init(&json, &out);
    json_begin_object(&json);
    json_put_key(&json, "file");
    json_put_text(&json, path);
    json_put_key(&json, "messages");
    json_begin_array(&json);
    struct config *config = config_load(path, put_line, &json, &secrets);
    json_end_array(&json);
    json_put_key(&json, "ok");
    json_put_boolean(&json, config != NULL);
    json_put_key(&json, "integrations");
    json_put_integer(&json, (int64_t)count_enabled(config));
    json_end_object(&json);
    puts(bytes_text(&out));

    const enum exit_status status = config == NULL ? EXIT_CONFIG : EXIT_DONE;
    bytes_free(&out);
    config_free(config);
    secrets_close(secrets);
    return status;
}

static enum exit_status run(struct command_line *line)
{
    const bool as_json = command_flag(line, "--json");
    char path[4096], state_dir[4096];
    struct error err;

    if (!command_line_is_done(line, &check_command))
        return EXIT_USAGE;
    config_path(line->config, path, sizeof path);
    if (!os_become_owner_of(config_state_dir(path, state_dir, sizeof state_dir), &err)) {
        command_say("%s", err.text);
        return EXIT_FAILED;
    }
    return as_json ? check_as_json(path) : check_as_text(path);
}

const struct command check_command = {
    .name = "check",
    .arguments = "[--json]",
    .summary = "say whether the configuration is right, offline",
    .help = "Reads the configuration as `run` does: every error of the file in one go, each\n"
            "with its line, column and key. Exit status 0: it is right; 78: it is not.\n"
            "Nothing is connected to; `cloud-link test` does that.\n",
    .run = run,
};
