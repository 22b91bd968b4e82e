/* SPDX-License-Identifier: Apache-2.0 */
/* test.c - `cloud-link test`: everything that can be tried without sending data */
#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/digest.h"
#include "agent/base/http.h"
#include "agent/base/json.h"
#include "agent/base/os.h"
#include "agent/commands/look.h"

#define AHEAD_MS   (10 * UTC_MINUTE) /* a newest row further in the future is a wrong time zone */
#define ANSWER_MS  (60 * UTC_SECOND)
#define BODY_LIMIT 4096

static enum exit_status run(struct command_line *line);

const struct command test_command = {
    .name = "test",
    .arguments = "[NAME...]",
    .summary = "try sources and the API; sends no data",
    .help = "A line per finding: ok, note, or FAIL with what to do.\n",
    .run = run,
};

struct trial {
    const struct context *context;
    const struct integration_config *integration;
    bool is_config, is_refused, is_unreachable, has_failed;
};

static void tell(void *context, enum finding finding, const char *sentence)
{
    static const char *const words[] = {
        [FINDING_OK] = "ok  ", [FINDING_NOTE] = "note", [FINDING_FAIL] = "FAIL"};
    struct trial *t = context;

    t->has_failed = t->has_failed || finding == FINDING_FAIL;
    printf("%s  %s: %s\n", words[finding], t->integration->name, sentence);
}

static void fail(struct trial *t, const struct error *err)
{
    tell(t, FINDING_FAIL, err->text);
    t->is_config = t->is_config || err->kind == ERROR_CONFIG;
    t->is_refused = t->is_refused || err->kind == ERROR_REFUSED;
    t->is_unreachable = t->is_unreachable || err->kind == ERROR_RETRY;
}

/* --- the source --- */

static bool ignore_columns(void *context, bool next_start, struct error *err)
{
    (void)context;
    (void)next_start;
    (void)err;
    return true;
}

static bool ignore_name(void *context, const struct names_told *told, struct error *err)
{
    (void)context;
    (void)told;
    (void)err;
    return true;
}

static bool ignore_records(void *context, struct record *records, size_t count, struct error *err)
{
    (void)context;
    (void)records;
    (void)count;
    (void)err;
    return true;
}

static bool note_reject(void *context, const struct reject *reject, struct error *err)
{
    char *reason = context;

    (void)err;
    if (reason[0] == '\0')
        snprintf(reason, 300, "%s", reject->reason);
    return true;
}

static void judge_counts(struct trial *t, const struct slice *slice,
                         const struct normalise_counts *counts, const char *reason)
{
    const utc_ms now = os_now();
    const char *where = slice->purpose == SLICE_FILE ? slice->file : "the last day";
    char sentence[600], time[CONTEXT_TIME_SIZE];

    if (counts->rows == 0) {
        snprintf(sentence, sizeof sentence, "the source answers, but there is no row of %s", where);
        tell(t, FINDING_NOTE, sentence);
        return;
    }
    snprintf(sentence, sizeof sentence, "%llu rows of %s, the newest of %s",
             (unsigned long long)counts->rows, where, context_time(counts->newest, time));
    tell(t, FINDING_OK, sentence);
    if (counts->newest != UTC_NEVER && counts->newest > now + AHEAD_MS)
        tell(t, FINDING_FAIL,
             "the newest row lies in the future: is time_zone the zone the source writes in?");
    if (counts->rejected > 0) {
        snprintf(sentence, sizeof sentence, "%llu of them would be rejected, the first because %s",
                 (unsigned long long)counts->rejected, reason);
        tell(t, FINDING_NOTE, sentence);
    }
}

static void try_source(struct trial *t)
{
    char reason[300] = "";
    const struct child_sink sink = {reason, ignore_columns, ignore_name, ignore_records,
                                    note_reject};
    struct slice slice;
    struct child_reading reading = {.slice = &slice, .sink = &sink, .give_up_ms = INT64_MAX};
    struct error err;
    struct look *look = look_open(t->context, t->integration, &err);

    if (look == NULL) {
        fail(t, &err);
        return;
    }
    if (!look_newest(look, &slice, &err))
        tell(t, FINDING_NOTE, err.text);
    else if (!child_read(look_child(look), &reading, &err))
        fail(t, &err);
    else
        judge_counts(t, &slice, &reading.counts, reason);
    if (child_is_open(look_child(look)) && !child_check(look_child(look), tell, t, &err))
        fail(t, &err);
    look_close(look);
}

/* --- the API --- */

static void judge_answer(struct trial *t, const struct http_answer *answer)
{
    char sentence[600];

    if (answer->status == 0) {
        fail(t, &answer->error);
    } else if (answer->is_html) {
        t->is_refused = true;
        tell(t, FINDING_FAIL,
             "a web page answers in place of the API: check peopleware.url and "
             "the proxy");
    } else if (answer->status == 401 || answer->status == 403) {
        t->is_refused = true;
        snprintf(sentence, sizeof sentence,
                 "the API refuses the key (HTTP %d): make a new one and store it with `cloud-link "
                 "secret set`",
                 answer->status);
        tell(t, FINDING_FAIL, sentence);
    } else {
        snprintf(sentence, sizeof sentence, "the API answers (HTTP %d) and does not refuse the key",
                 answer->status);
        tell(t, FINDING_OK, sentence);
    }
}

/* No data, and the meta that the integration's batches have. */
static void put_body(const struct integration_config *integration, struct bytes *out)
{
    struct json json;

    json_init(&json, out);
    json_begin_object(&json);
    json_put_key(&json, "data");
    json_begin_array(&json);
    json_end_array(&json);
    json_put_key(&json, "meta");
    json_begin_object(&json);
    json_put_key(&json, "integrationConfigurationId");
    json_put_integer(&json, integration->id);
    if (integration->data == DATA_AGENT_STATUS) {
        json_put_key(&json, "externalSystem");
        json_put_text(&json, integration->import.external_system);
    }
    json_end_object(&json);
    json_end_object(&json);
}

static void try_api(struct trial *t)
{
    const struct config *config = t->context->config;
    const bool is_status = t->integration->data == DATA_AGENT_STATUS;
    const struct http_options options = {
        .proxy = config->peopleware.proxy,
        .ca_file = config->peopleware.ca_file,
        .timeout_ms = config->peopleware.timeout_ms,
        .parallel = 1,
    };
    char url[600], key_text[33];
    uint8_t key[16];
    struct bytes body;
    struct http_request request = {.url = url};
    struct http_answer answer;
    struct error err;
    struct http *http = http_open(&options, &err);

    snprintf(url, sizeof url, "%s/external-systems/%s", config->peopleware.url,
             is_status ? "agent-statuses" : "contact-events");
    bytes_init(&body, BODY_LIMIT);
    put_body(t->integration, &body);
    request.body = body.data;
    request.body_size = body.size;
    request.bearer = config_api_key(config, t->integration, t->context->secrets, &err);
    digest_random(key, sizeof key);
    request.idempotency_key = digest_hex(key, sizeof key, key_text);
    if (http == NULL || request.bearer == NULL || !http_post(http, &request, &err)) {
        fail(t, &err);
    } else {
        while (!http_next(http, ANSWER_MS, &answer))
            continue;
        judge_answer(t, &answer);
    }
    http_close(http);
    bytes_free(&body);
}

/* --- the command --- */

static bool is_wanted(const struct command_line *wanted, const char *name)
{
    for (int i = 0; i < wanted->count; i++) {
        if (strcmp(wanted->arguments[i], name) == 0)
            return true;
    }
    return wanted->count == 0;
}

static enum exit_status exit_for(const struct trial *t)
{
    if (t->is_config)
        return EXIT_CONFIG;
    if (t->is_refused)
        return EXIT_REFUSED;
    if (t->is_unreachable)
        return EXIT_UNREACHABLE;
    return t->has_failed ? EXIT_FAILED : EXIT_DONE;
}

static enum exit_status run(struct command_line *line)
{
    struct context context;
    struct trial trial = {.context = &context};
    char now[CONTEXT_TIME_SIZE];
    enum exit_status result = context_open(line, &context);

    if (result != EXIT_DONE)
        return result;
    for (int i = 0; i < line->count; i++) {
        if (context_integration(&context, line->arguments[i]) == NULL) {
            context_close(&context);
            return EXIT_USAGE;
        }
    }
    printf("ok    clock: it is %s here; compare it with a clock you trust\n",
           context_time(os_now(), now));
    for (size_t i = 0; i < context.config->integration_count; i++) {
        trial.integration = &context.config->integrations[i];
        if (!trial.integration->enabled || !is_wanted(line, trial.integration->name))
            continue;
        try_source(&trial);
        try_api(&trial);
    }
    context_close(&context);
    return exit_for(&trial);
}
