/* SPDX-License-Identifier: Apache-2.0 */
/* preview_show.c - a preview as tables or as JSON */
#include "agent/commands/preview_show.h"

#include <stdio.h>

#include "agent/base/json.h"
#include "agent/commands/table.h"

#define OUT_LIMIT     (64 << 20)
#define REJECTS_SHOWN 100

static const struct record *record_at(const struct preview *p, int64_t index)
{
    return (const struct record *)(const void *)p->records.data + index;
}

/* --- JSON --- */

static void put(struct json *json, const char *key, const char *text)
{
    json_put_key(json, key);
    json_put_text(json, text);
}

static void put_time(struct json *json, const char *key, utc_ms time)
{
    json_put_key(json, key);
    json_put_time(json, time);
}

static void put_volume(struct json *json, const struct preview *p, const struct record *record)
{
    const bool is_contact = p->kind == DATA_CONTACTS;

    put(json, "queueIdentifier", names_identifier(p->names, NAME_QUEUE, record->subject));
    put(json, "queueName", names_queue_name(p->names, record->subject));
    put_time(json, "timestamp", record->time);
    put(json, "channel", channel_words[record->volume.channel]);
    json_put_key(json, "offered");
    json_put_integer(json, record->volume.offered);
    json_put_key(json, is_contact ? "handled" : "answered");
    json_put_integer(json, record->volume.answered);
    json_put_key(json, is_contact ? "duration" : "handlingTime");
    json_put_thousandths(json, record->volume.duration_ms);
}

static void put_status(struct json *json, const struct preview *p, const struct record *record)
{
    put(json, "agentIdentifier", names_identifier(p->names, NAME_AGENT, record->subject));
    put(json, "activityIdentifier",
        names_identifier(p->names, NAME_ACTIVITY, record->status.activity));
    put_time(json, "startTime", record->time);
    put_time(json, "endTime", record->status.end);
}

static void put_records(struct json *json, const struct preview *p)
{
    json_put_key(json, "records");
    json_begin_array(json);
    for (int64_t i = 0; i < p->rows; i++) {
        json_begin_object(json);
        if (p->kind == DATA_AGENT_STATUS)
            put_status(json, p, record_at(p, i));
        else
            put_volume(json, p, record_at(p, i));
        json_end_object(json);
    }
    json_end_array(json);
}

static void put_rejects(struct json *json, const struct preview *p)
{
    size_t count;
    const struct store_reject *rejects = reject_list_all(p->rejects, &count);

    json_put_key(json, "rejects");
    json_begin_array(json);
    for (size_t i = 0; i < count && i < REJECTS_SHOWN; i++) {
        json_begin_object(json);
        put(json, "origin", rejects[i].origin);
        put(json, "reason", rejects[i].reason);
        put(json, "cells", rejects[i].cells);
        json_end_object(json);
    }
    json_end_array(json);
}

static void put_queues(struct json *json, const struct preview *p)
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

void preview_show_json(const struct preview *preview)
{
    struct bytes out;
    struct json json;

    bytes_init(&out, OUT_LIMIT);
    json_init(&json, &out);
    json_begin_object(&json);
    put_records(&json, preview);
    put_rejects(&json, preview);
    put_queues(&json, preview);
    json_put_key(&json, "rows");
    json_put_integer(&json, (int64_t)preview->counts.rows);
    json_put_key(&json, "rejected");
    json_put_integer(&json, (int64_t)preview->counts.rejected);
    json_end_object(&json);
    printf("%s\n", bytes_text(&out));
    bytes_free(&out);
}

/* --- tables --- */

static void put_moment(struct table *table, utc_ms time)
{
    char text[UTC_TEXT_SIZE + 1];

    table_put(table, time == UTC_NEVER ? NULL : utc_text(time, text));
}

static void put_number(struct table *table, long long number)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", number);
    table_put(table, text);
}

static void put_seconds(struct table *table, int64_t milliseconds)
{
    struct bytes text;

    bytes_init(&text, 64);
    json_append_thousandths(&text, milliseconds);
    table_put(table, bytes_text(&text));
    bytes_free(&text);
}

static struct table *statuses(const struct preview *p)
{
    static const char *const headings[] = {"start", "end", "agent", "activity"};
    struct table *table = table_new(headings, 4);

    for (int64_t i = 0; i < p->rows; i++) {
        const struct record *record = record_at(p, i);

        put_moment(table, record->time);
        put_moment(table, record->status.end);
        table_put(table, names_identifier(p->names, NAME_AGENT, record->subject));
        table_put(table, names_identifier(p->names, NAME_ACTIVITY, record->status.activity));
    }
    return table;
}

static struct table *volumes(const struct preview *p)
{
    static const char *const contacts[] = {"time",    "queue",    "name",    "channel",
                                           "offered", "answered", "duration"};
    static const char *const intervals[] = {"time",    "queue",    "name",         "channel",
                                            "offered", "answered", "handling time"};
    struct table *table = table_new(p->kind == DATA_CONTACTS ? contacts : intervals, 7);

    for (int64_t i = 0; i < p->rows; i++) {
        const struct record *record = record_at(p, i);

        put_moment(table, record->time);
        table_put(table, names_identifier(p->names, NAME_QUEUE, record->subject));
        table_put(table, names_queue_name(p->names, record->subject));
        table_put(table, channel_words[record->volume.channel]);
        put_number(table, record->volume.offered);
        put_number(table, record->volume.answered);
        put_seconds(table, record->volume.duration_ms);
    }
    return table;
}

static struct table *queues(const struct preview *p)
{
    static const char *const headings[] = {"queue", "name"};
    struct table *table = table_new(headings, 2);

    for (uint32_t i = 0; i < names_count(p->names, NAME_QUEUE); i++) {
        table_put(table, names_identifier(p->names, NAME_QUEUE, i));
        table_put(table, names_queue_name(p->names, i));
    }
    return table;
}

static struct table *rejects(const struct preview *p)
{
    static const char *const headings[] = {"where", "reason", "row"};
    struct table *table = table_new(headings, 3);
    size_t count;
    const struct store_reject *list = reject_list_all(p->rejects, &count);

    for (size_t i = 0; i < count && i < REJECTS_SHOWN; i++) {
        table_put(table, list[i].origin);
        table_put(table, list[i].reason);
        table_put(table, list[i].cells);
    }
    return table;
}

static void show(struct table *table)
{
    table_print(table);
    table_free(table);
}

void preview_show_text(const struct preview *preview)
{
    const bool is_status = preview->kind == DATA_AGENT_STATUS;

    printf("records, %lld of %llu rows:\n", (long long)preview->rows,
           (unsigned long long)preview->counts.rows);
    show(is_status ? statuses(preview) : volumes(preview));
    if (!is_status) {
        printf("queues it would make, unless they are there:\n");
        show(queues(preview));
    }
    if (preview->counts.rejected > 0) {
        printf("rejected, %llu rows:\n", (unsigned long long)preview->counts.rejected);
        show(rejects(preview));
    }
}
