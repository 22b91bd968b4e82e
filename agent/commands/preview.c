/* SPDX-License-Identifier: Apache-2.0 */
/* preview.c - `cloud-link preview`: what an import would make, without making it */
#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/commands/look.h"
#include "agent/flow/names.h"

#define OUT_LIMIT    (64 << 20)
#define REJECTS_MOST 100

static enum exit_status run(struct command_line *line);

const struct command preview_command = {
    .name = "preview",
    .arguments = "NAME [--rows N] [--from T] [--to T] [--file F] [--json]",
    .summary = "show the records an import would make; uploads and stores nothing",
    .help = "--rows N   so many records (10)\n"
            "--from T   of a database: from this moment (a day ago); 2024-03-31 or\n"
            "           2024-03-31T10:00:00Z\n"
            "--to T     to this moment (now)\n"
            "--file F   of a drop folder: this file (the oldest)\n",
    .run = run,
};

struct preview {
    enum data_kind kind;
    int64_t rows_wanted, rows, reject_count;
    struct names *names;
    struct bytes records, rejects; /* array elements, JSON or lines of text */
    struct json json_records, json_rejects;
    bool as_json;
};

static const char *moment(utc_ms time, char text[UTC_TEXT_SIZE + 1])
{
    return time == UTC_NEVER ? NULL : utc_text(time, text);
}

static void put(struct json *json, const char *key, const char *text)
{
    json_put_key(json, key);
    json_put_text(json, text);
}

static void put_volume(struct preview *p, const struct record *record)
{
    struct json *json = &p->json_records;
    char time[UTC_TEXT_SIZE + 1];
    const bool is_contact = p->kind == DATA_CONTACTS;

    put(json, "queueIdentifier", names_identifier(p->names, NAME_QUEUE, record->subject));
    put(json, "queueName", names_queue_name(p->names, record->subject));
    put(json, "timestamp", moment(record->time, time));
    put(json, "channel", channel_words[record->volume.channel]);
    json_put_key(json, "offered");
    json_put_integer(json, record->volume.offered);
    json_put_key(json, is_contact ? "handled" : "answered");
    json_put_integer(json, record->volume.answered);
    json_put_key(json, is_contact ? "duration" : "handlingTime");
    json_put_thousandths(json, record->volume.duration_ms);
}

static void put_status(struct preview *p, const struct record *record)
{
    struct json *json = &p->json_records;
    char start[UTC_TEXT_SIZE + 1], end[UTC_TEXT_SIZE + 1];

    put(json, "agentIdentifier", names_identifier(p->names, NAME_AGENT, record->subject));
    put(json, "activityIdentifier",
        names_identifier(p->names, NAME_ACTIVITY, record->status.activity));
    put(json, "startTime", moment(record->time, start));
    put(json, "endTime", moment(record->status.end, end));
}

/* --- what the source brings --- */

static bool take_columns(void *context, bool next_start, struct error *err)
{
    (void)context;
    (void)next_start;
    (void)err;
    return true;
}

static bool take_name(void *context, const struct names_told *told, struct error *err)
{
    struct preview *p = context;

    return names_put(p->names, told, err);
}

static bool take_records(void *context, struct record *records, size_t count, struct error *err)
{
    struct preview *p = context;
    const bool is_status = p->kind == DATA_AGENT_STATUS;

    for (size_t i = 0; i < count && p->rows < p->rows_wanted; i++, p->rows++) {
        struct record *record = &records[i];

        record->subject = names_own(p->names, is_status ? NAME_AGENT : NAME_QUEUE, record->subject);
        if (is_status)
            record->status.activity = names_own(p->names, NAME_ACTIVITY, record->status.activity);
        if (record->subject == UINT32_MAX)
            return error_set(err, ERROR_RETRY, "the source process sent a record of nothing");
        json_begin_object(&p->json_records);
        if (is_status)
            put_status(p, record);
        else
            put_volume(p, record);
        json_end_object(&p->json_records);
    }
    return true;
}

static bool take_reject(void *context, const struct reject *reject, struct error *err)
{
    struct preview *p = context;

    (void)err;
    if (p->reject_count++ >= REJECTS_MOST)
        return true;
    json_begin_object(&p->json_rejects);
    json_put_key(&p->json_rejects, "row");
    json_put_integer(&p->json_rejects, (int64_t)reject->line);
    put(&p->json_rejects, "reason", reject->reason);
    put(&p->json_rejects, "cells", reject->cells);
    json_end_object(&p->json_rejects);
    return true;
}

/* --- showing --- */

static void put_queues(const struct preview *p, struct json *json)
{
    json_put_key(json, "queues");
    json_begin_array(json);
    for (uint32_t i = 0; i < names_count(p->names, NAME_QUEUE); i++) {
        json_begin_object(json);
        put(json, "identifier", names_identifier(p->names, NAME_QUEUE, i));
        put(json, "name", names_queue_name(p->names, i));
        json_end_object(json);
    }
    json_end_array(json);
}

static void show_json(struct preview *p, const struct normalise_counts *counts)
{
    struct bytes out;
    struct json json;

    bytes_init(&out, OUT_LIMIT);
    json_init(&json, &out);
    json_begin_object(&json);
    json_put_key(&json, "records");
    bytes_append_byte(&out, '[');
    bytes_append(&out, p->records.data, p->records.size);
    bytes_append_text(&out, "],\"rejects\":[");
    bytes_append(&out, p->rejects.data, p->rejects.size);
    bytes_append_byte(&out, ']');
    json.comma = true;
    put_queues(p, &json);
    json_put_key(&json, "rows");
    json_put_integer(&json, (int64_t)counts->rows);
    json_put_key(&json, "rejected");
    json_put_integer(&json, (int64_t)counts->rejected);
    json_end_object(&json);
    printf("%s\n", bytes_text(&out));
    bytes_free(&out);
}

/* One element a line: what stands between the outermost braces. */
static void show_elements(struct bytes *elements)
{
    const char *text = bytes_text(elements);

    while (*text != '\0') {
        const char *end = strstr(text, "},{");
        const size_t length = end != NULL ? (size_t)(end - text) : strlen(text) - 1;

        printf("  %.*s\n", (int)(length - 1), text + 1);
        text = end != NULL ? end + 2 : "";
    }
}

static void show_text(struct preview *p, const struct normalise_counts *counts)
{
    printf("records (%lld of %llu rows):\n", (long long)p->rows, (unsigned long long)counts->rows);
    show_elements(&p->records);
    if (p->kind != DATA_AGENT_STATUS) {
        printf("queues:\n");
        for (uint32_t i = 0; i < names_count(p->names, NAME_QUEUE); i++)
            printf("  %s  %s\n", names_identifier(p->names, NAME_QUEUE, i),
                   names_queue_name(p->names, i));
    }
    if (counts->rejected > 0) {
        printf("rejected (%llu rows):\n", (unsigned long long)counts->rejected);
        show_elements(&p->rejects);
    }
}

/* --- the command --- */

struct wish {
    const char *name, *from, *to, *file, *rows;
};

static bool parse_moment(const char *option, const char *text, utc_ms *time, struct error *err)
{
    enum utc_form form;

    if (text == NULL || utc_parse(text, strlen(text), time, &form))
        return true;
    return error_set(err, ERROR_CONFIG, "%s takes 2024-03-31 or 2024-03-31T10:00:00Z, not \"%s\"",
                     option, text);
}

static bool choose_slice(struct look *look, const struct wish *wish, struct slice *slice,
                         struct error *err)
{
    if (wish->file != NULL) {
        *slice = (struct slice){.purpose = SLICE_FILE, .file = wish->file};
        return true;
    }
    return look_newest(look, slice, err) && parse_moment("--from", wish->from, &slice->from, err) &&
           parse_moment("--to", wish->to, &slice->to, err);
}

static bool preview(const struct context *context, const struct integration_config *integration,
                    const struct wish *wish, struct preview *p, struct error *err)
{
    const struct child_sink sink = {p, take_columns, take_name, take_records, take_reject};
    struct look *look = look_open(context, integration, err);
    struct normalise_counts counts;
    struct slice slice;
    bool interrupted;

    const bool read =
        look != NULL && choose_slice(look, wish, &slice, err) &&
        child_read(look_child(look), &slice, &sink, INT64_MAX, &counts, &interrupted, err);
    look_close(look);
    if (!read)
        return false;
    if (p->as_json)
        show_json(p, &counts);
    else
        show_text(p, &counts);
    return true;
}

static enum exit_status preview_named(const struct context *context, const struct wish *wish,
                                      struct preview *p)
{
    const struct integration_config *integration = context_integration(context, wish->name);
    struct error err;

    if (integration == NULL)
        return EXIT_USAGE;
    p->kind = integration->data;
    p->names = names_new();
    bytes_init(&p->records, OUT_LIMIT);
    bytes_init(&p->rejects, OUT_LIMIT);
    json_init(&p->json_records, &p->records);
    json_init(&p->json_rejects, &p->rejects);
    const bool shown = preview(context, integration, wish, p, &err);
    bytes_free(&p->records);
    bytes_free(&p->rejects);
    names_free(p->names);
    if (shown)
        return EXIT_DONE;
    context_complain(&err);
    return context_exit(&err);
}

static bool count_of(const char *text, int64_t *count)
{
    *count = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || *count > 1000000)
            return false;
        *count = *count * 10 + (*c - '0');
    }
    return *text != '\0';
}

static enum exit_status run(struct command_line *line)
{
    struct preview p = {.as_json = command_flag(line, "--json")};
    struct wish wish = {
        .rows = command_value(line, "--rows"),
        .from = command_value(line, "--from"),
        .to = command_value(line, "--to"),
        .file = command_value(line, "--file"),
    };
    struct context context;

    wish.name = command_argument(line);
    if (wish.name == NULL)
        return command_usage(&preview_command, "which integration?");
    if (!command_line_is_done(line, &preview_command))
        return EXIT_USAGE;
    if (!count_of(wish.rows != NULL ? wish.rows : "10", &p.rows_wanted))
        return command_usage(&preview_command, "--rows takes a number");
    enum exit_status result = context_open(line, &context);
    if (result != EXIT_DONE)
        return result;
    result = preview_named(&context, &wish, &p);
    context_close(&context);
    return result;
}
