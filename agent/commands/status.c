/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - `cloud-link status`: how every integration is doing, with or without an agent */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/commands/context.h"

#define STATUS_LIMIT (16 << 20)

static enum exit_status run(struct command_line *line);

const struct command status_command = {
    .name = "status",
    .arguments = "[NAME] [--json]",
    .summary = "show how every integration is doing",
    .help = "Works with and without a running agent. --json: see the manual for its names.\n",
    .run = run,
};

static const json_t *find(const json_t *status, const char *name)
{
    const json_t *integrations = json_object_get(status, "integrations");

    for (size_t i = 0; i < json_array_size(integrations); i++) {
        const json_t *candidate = json_array_get(integrations, i);
        const char *its_name = json_string_value(json_object_get(candidate, "name"));

        if (its_name != NULL && strcmp(its_name, name) == 0)
            return candidate;
    }
    return NULL;
}

/* What an agent would write before its first start. */
static json_t *status_of_nothing(const struct config *config)
{
    struct status *nothing = status_new(config, NULL, "", UTC_NEVER);
    struct bytes text;

    bytes_init(&text, STATUS_LIMIT);
    status_json(nothing, false, &text);
    json_t *status = json_loadb((const char *)text.data, text.size, 0, NULL);
    bytes_free(&text);
    status_free(nothing);
    return status;
}

/* What the agent wrote last. *told NULL: nothing yet. */
static bool read_told(const struct config *config, json_t **told, struct error *err)
{
    char path[1024];
    struct bytes text;

    *told = NULL;
    if (!os_file_exists(agent_path(config, "status.json", path, sizeof path)))
        return true;
    bytes_init(&text, STATUS_LIMIT);
    const bool read = os_file_read(path, &text, err);
    if (read)
        *told = json_loadb((const char *)text.data, text.size, 0, NULL);
    bytes_free(&text);
    return read && (*told != NULL || error_set(err, ERROR_DATA, "%s cannot be read", path));
}

/* Nobody imports, and nothing is planned. */
static void put_to_rest(json_t *integration)
{
    const char *state = json_string_value(json_object_get(integration, "state"));

    if (state != NULL && strcmp(state, state_words[STATE_IMPORTING]) == 0)
        json_object_set_new(integration, "state", json_string(state_words[STATE_IDLE]));
    json_object_set_new(integration, "next_import", json_null());
}

/* The integrations are those of the configuration, whatever the agent knew when it wrote. */
static void merge(json_t *status, json_t *told, bool running)
{
    json_t *integrations = json_object_get(status, "integrations");

    for (size_t i = 0; i < json_array_size(integrations); i++) {
        json_t *integration = json_array_get(integrations, i);
        const json_t *known = find(told, json_string_value(json_object_get(integration, "name")));

        if (known != NULL &&
            json_equal(json_object_get(known, "id"), json_object_get(integration, "id")))
            json_object_update_existing(integration, (json_t *)known);
        if (!running)
            put_to_rest(integration);
    }
    json_object_set(status, "upload", json_object_get(told, "upload"));
    if (running)
        json_object_set(status, "since", json_object_get(told, "since"));
}

static json_t *read_status(const struct config *config, bool running, struct error *err)
{
    json_t *told;

    if (!read_told(config, &told, err))
        return NULL;
    json_t *status = status_of_nothing(config);
    if (told != NULL)
        merge(status, told, running);
    json_object_set_new(status, "running", json_boolean(running));
    json_decref(told);
    return status;
}

static void keep_only(json_t *status, const json_t *only)
{
    json_t *list = json_object_get(status, "integrations");

    for (size_t i = json_array_size(list); only != NULL && i > 0; i--) {
        if (json_array_get(list, i - 1) != only)
            json_array_remove(list, i - 1);
    }
}

static const char *moment(const json_t *object, const char *key, char text[CONTEXT_TIME_SIZE])
{
    const char *value = json_string_value(json_object_get(object, key));
    utc_ms time = UTC_NEVER;
    enum utc_form form;

    if (value != NULL && !utc_parse(value, strlen(value), &time, &form))
        time = UTC_NEVER;
    return context_time(time, text);
}

static long long number(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void show_history(const json_t *integration)
{
    const json_t *history = json_object_get(integration, "history");
    const json_t *left = json_object_get(history, "seconds_left");
    char edge[CONTEXT_TIME_SIZE];

    if (!json_is_object(history))
        return;
    const int tenths = (int)(json_number_value(json_object_get(history, "percent")) * 10.0 + 0.5);
    printf("    reaches to    %s\n", moment(integration, "edge", edge));
    printf("    history       %d.%d %%", tenths / 10, tenths % 10);
    if (json_is_integer(left) && json_integer_value(left) > 0)
        printf(", about %lld min left", (long long)(json_integer_value(left) + 59) / 60);
    printf("\n");
}

static void show(const json_t *integration)
{
    const json_t *records = json_object_get(integration, "records");
    const char *error = json_string_value(json_object_get(integration, "error"));
    char last[CONTEXT_TIME_SIZE], next[CONTEXT_TIME_SIZE];

    printf("%s (%s, %s, id %lld): %s\n", json_string_value(json_object_get(integration, "name")),
           json_string_value(json_object_get(integration, "connector")),
           json_string_value(json_object_get(integration, "data")), number(integration, "id"),
           json_string_value(json_object_get(integration, "state")));
    if (error != NULL)
        printf("    error         %s\n", error);
    printf("    last import   %s, next %s\n", moment(integration, "last_import", last),
           moment(integration, "next_import", next));
    show_history(integration);
    printf("    records       %lld read, %lld uploaded, %lld unchanged, %lld rejected, "
           "%lld quarantined\n",
           number(records, "read"), number(records, "uploaded"), number(records, "unchanged"),
           number(records, "rejected"), number(records, "quarantined"));
}

static void show_all(const json_t *status, const json_t *only)
{
    const json_t *integrations = json_object_get(status, "integrations");
    const json_t *upload = json_object_get(status, "upload");
    const char *error = json_string_value(json_object_get(upload, "last_error"));
    char text[CONTEXT_TIME_SIZE];

    printf("cloud-link %s, %s\n", json_string_value(json_object_get(status, "version")),
           json_is_true(json_object_get(status, "running")) ? "running" : "not running");
    printf("upload: %lld records in %lld batches wait, last accepted %s\n",
           number(upload, "spooled_records"), number(upload, "spooled_batches"),
           moment(upload, "last_accepted", text));
    if (error != NULL)
        printf("    error         %s\n", error);
    for (size_t i = 0; i < json_array_size(integrations); i++) {
        const json_t *integration = json_array_get(integrations, i);

        if (only == NULL || only == integration)
            show(integration);
    }
}

static enum exit_status run(struct command_line *line)
{
    const bool as_json = command_flag(line, "--json");
    const char *name = command_argument(line);
    const json_t *only = NULL;
    struct context context;
    struct error err;
    char path[1024];

    if (!command_line_is_done(line, &status_command))
        return EXIT_USAGE;
    enum exit_status result = context_open(line, &context);
    if (result != EXIT_DONE)
        return result;

    const bool running = os_lock_is_held(agent_path(context.config, "lock", path, sizeof path));
    json_t *status = read_status(context.config, running, &err);
    if (name != NULL && context_integration(&context, name) == NULL) {
        result = EXIT_USAGE;
    } else if (status == NULL) {
        context_complain(&err);
        result = context_exit(&err);
    } else {
        if (name != NULL)
            only = find(status, name);
        if (as_json) {
            keep_only(status, only);
            json_dumpf(status, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
            printf("\n");
        } else {
            show_all(status, only);
        }
    }
    json_decref(status);
    context_close(&context);
    return result;
}
