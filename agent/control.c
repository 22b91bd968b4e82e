/* SPDX-License-Identifier: Apache-2.0 */
/* control.c - requests of the command line, answered from the store */
#include "agent/control.h"

#include <jansson.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/log.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/base/os_process.h"
#include "agent/flow/store_memory.h"

#define REQUEST_LIMIT  4096
#define ANSWER_LIMIT   (64 << 20)
#define ANSWER_WAIT_MS (30 * UTC_SECOND)
#define REJECTS_SHOWN  1000

struct control {
    struct control_options options;
    struct os_listener *listener;
    struct os_thread *thread;
};

/* --- answers --- */

static void put_reject(void *context, const struct store_reject *reject)
{
    struct json *json = context;

    json_begin_object(json);
    json_put_key(json, "first_seen");
    json_put_time(json, reject->first_seen);
    json_put_key(json, "origin");
    json_put_text(json, reject->origin);
    json_put_key(json, "reason");
    json_put_text(json, reject->reason);
    json_end_object(json);
}

static void put_queue(void *context, const struct queue *queue)
{
    struct json *json = context;

    json_begin_object(json);
    json_put_key(json, "identifier");
    json_put_text(json, queue->identifier);
    json_put_key(json, "name");
    json_put_text(json, queue->name);
    json_put_key(json, "accepted");
    json_put_boolean(json, queue->accepted);
    json_end_object(json);
}

struct request {
    const struct control_options *options;
    const char *what;
    size_t index; /* of the integration */
    int64_t store_row;
};

static bool answer_list(const struct request *request, struct json *json, struct error *err)
{
    struct store *store = request->options->store;
    const bool is_queues = strcmp(request->what, "queues") == 0;

    json_begin_object(json);
    json_put_key(json, request->what);
    json_begin_array(json);
    const bool done =
        is_queues ? store_queues(store, request->store_row, put_queue, json, err)
                  : store_rejects(store, request->store_row, REJECTS_SHOWN, put_reject, json, err);
    json_end_array(json);
    json_end_object(json);
    return done;
}

static bool answer_accept(const struct request *request, struct json *json, struct error *err)
{
    int64_t admitted;

    if (!store_accept_queues(request->options->store, request->store_row, &admitted, err))
        return false;
    if (request->options->admitted != NULL)
        request->options->admitted(request->options->context, request->index);
    json_begin_object(json);
    json_put_key(json, "admitted");
    json_put_integer(json, admitted);
    json_end_object(json);
    return true;
}

static bool find_integration(struct request *request, const char *name, struct error *err)
{
    const struct config *config = request->options->config;
    struct schedule schedule;

    for (size_t i = 0; i < config->integration_count; i++) {
        const struct integration_config *candidate = &config->integrations[i];
        const struct store_identity identity = {candidate->name, candidate->id,
                                                (int)candidate->data};

        if (strcmp(candidate->name, name) != 0)
            continue;
        request->index = i;
        return store_integration(request->options->store, &identity, &request->store_row, &schedule,
                                 err);
    }
    return error_set(err, ERROR_CONFIG, "there is no integration \"%s\" in the running agent",
                     name);
}

static bool answer(const struct control_options *options, const char *line, struct json *json,
                   struct error *err)
{
    json_t *asked = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    const char *what = json_string_value(json_object_get(asked, "do"));
    const char *name = json_string_value(json_object_get(asked, "integration"));
    struct request request = {.options = options, .what = what};
    bool done = false;

    if (what == NULL || name == NULL)
        error_set(err, ERROR_CONFIG, "a request that is none");
    else if (!find_integration(&request, name, err))
        done = false;
    else if (strcmp(what, "rejects") == 0 || strcmp(what, "queues") == 0)
        done = answer_list(&request, json, err);
    else if (strcmp(what, "accept-queues") == 0)
        done = answer_accept(&request, json, err);
    else
        error_set(err, ERROR_CONFIG, "this agent does not know \"%s\"", what);
    json_decref(asked);
    return done;
}

static void answer_or_error(const struct control_options *options, const char *line,
                            struct bytes *out)
{
    struct json json;
    struct error err;

    json_init(&json, out);
    if (answer(options, line, &json, &err))
        return;
    bytes_reset(out);
    json_init(&json, out);
    json_begin_object(&json);
    json_put_key(&json, "error");
    json_put_text(&json, err.text);
    json_put_key(&json, "store");
    json_put_boolean(&json, err.kind != ERROR_CONFIG); /* what else can fail here */
    json_end_object(&json);
}

/* --- the agent's side --- */

static void run(void *argument)
{
    struct control *c = argument;
    char line[REQUEST_LIMIT];
    struct bytes out;

    bytes_init(&out, ANSWER_LIMIT);
    while (os_listener_next(c->listener, c->options.stop, line, sizeof line)) {
        bytes_reset(&out);
        answer_or_error(&c->options, line, &out);
        bytes_append_byte(&out, '\n');
        os_listener_answer(c->listener, (const char *)out.data, out.size);
    }
    bytes_free(&out);
}

struct control *control_start(const struct control_options *options, struct error *err)
{
    struct control *c = os_alloc(sizeof *c);
    char path[1024];

    c->options = *options;
    c->listener =
        os_listener_open(agent_path(options->config, "control.sock", path, sizeof path), err);
    if (c->listener == NULL) {
        os_free(c);
        return NULL;
    }
    c->thread = os_thread_start(run, c);
    return c;
}

void control_end(struct control *control)
{
    if (control == NULL)
        return;
    os_thread_join(control->thread);
    os_listener_close(control->listener);
    os_free(control);
}

/* --- the command's side --- */

static bool ask_store(const struct config *config, const char *line, struct bytes *out,
                      struct error *err)
{
    char path[1024], machine[64];
    char notice[STORE_NOTICE_SIZE];
    const struct store_options options = {
        .folder = config->agent.state_dir,
        .machine = os_machine_id(machine),
        .now = os_now(),
    };
    struct control_options control = {.config = config};
    struct os_lock *lock;

    lock = os_lock_take(agent_path(config, "lock", path, sizeof path), err);
    if (lock == NULL)
        return false;
    control.store = store_open(&options, notice, err);
    if (notice[0] != '\0')
        log_line(LOG_LEVEL_ERROR, NULL, "%s", notice);
    if (control.store != NULL)
        answer_or_error(&control, line, out);
    store_close(control.store);
    os_lock_release(lock);
    return control.store != NULL;
}

static bool is_answer(const struct bytes *out, struct error *err)
{
    json_t *said = json_loadb((const char *)out->data, out->size, 0, NULL);
    const char *error = json_string_value(json_object_get(said, "error"));
    const bool is_store = json_is_true(json_object_get(said, "store"));

    if (said == NULL)
        error_set(err, ERROR_FATAL, "the agent's answer cannot be read");
    else if (error != NULL)
        error_set(err, is_store ? ERROR_FATAL : ERROR_CONFIG, "%s", error);
    const bool is_good = said != NULL && error == NULL;
    json_decref(said);
    return is_good;
}

bool control_ask(const struct config *config, const char *what, const char *integration,
                 struct bytes *answer_text, struct error *err)
{
    char path[1024];
    struct bytes line;
    struct json json;
    bool done = false;

    bytes_init(&line, REQUEST_LIMIT);
    json_init(&json, &line);
    json_begin_object(&json);
    json_put_key(&json, "do");
    json_put_text(&json, what);
    json_put_key(&json, "integration");
    json_put_text(&json, integration);
    json_end_object(&json);

    if (os_lock_is_held(agent_path(config, "lock", path, sizeof path)))
        done = os_call(agent_path(config, "control.sock", path, sizeof path), bytes_text(&line),
                       ANSWER_WAIT_MS, answer_text, err);
    else if (os_file_exists(agent_path(config, "store.db", path, sizeof path)))
        done = ask_store(config, bytes_text(&line), answer_text, err);
    else {
        bytes_append_text(answer_text, "{}");
        done = true;
    }
    bytes_free(&line);
    return done && is_answer(answer_text, err);
}
