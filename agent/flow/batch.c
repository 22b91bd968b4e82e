/* SPDX-License-Identifier: Apache-2.0 */
/* batch.c - whole groups encoded straight into a request body
 *
 * Every event is written with a comma behind it, and the last comma gives way to the tail. What
 * repeats is made once: the text of a queue (with all that stands around it) when the slice first
 * sends to it, the hour of a timestamp when it changes; an interval's equal events are copies.
 */
#include "agent/flow/batch.h"

#include <assert.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/os.h"
#include "agent/flow/expand.h"

#define BODY_MOST        ((size_t)64 << 20)
#define QUEUE_TEXTS_MOST ((size_t)1 << 20) /* beyond it they are made anew */
#define EVENT_MOST       200 /* bytes of an event without its texts: 57 + 17 + 22 + 51, or 109 */
#define HEAD             "{\"data\":["

struct text {
    const char *text;
    size_t size;
};
#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

/* [offered][handled] */
static const struct text properties[2][2] = {
    {TEXT("{\"properties\":{\"offered\":false,\"handled\":false,\"duration\":"),
     TEXT("{\"properties\":{\"offered\":false,\"handled\":true,\"duration\":")},
    {TEXT("{\"properties\":{\"offered\":true,\"handled\":false,\"duration\":"),
     TEXT("{\"properties\":{\"offered\":true,\"handled\":true,\"duration\":")},
};

static const struct text endings[CHANNEL_COUNT] = {
    [CHANNEL_CALLS] = TEXT("\",\"channel\":\"calls\"},"),
    [CHANNEL_CHATS] = TEXT("\",\"channel\":\"chats\"},"),
    [CHANNEL_EMAILS] = TEXT("\",\"channel\":\"emails\"},"),
    [CHANNEL_SOCIAL_MEDIA] = TEXT("\",\"channel\":\"social_media\"},"),
    [CHANNEL_DOCUMENTS] = TEXT("\",\"channel\":\"documents\"},"),
    [CHANNEL_CASES] = TEXT("\",\"channel\":\"cases\"},"),
};

/* What stands between an event's duration and its timestamp, as a place in queue_texts. */
struct queue_text {
    const char *name; /* the pinned name it was made with; NULL: not made */
    size_t offset, size;
};

struct batch {
    struct batch_rules rules;
    char *external_system;
    const struct names *names;

    struct bytes body; /* head and events, after batch_body the tail too */
    struct bytes tail;
    bool is_closed;
    struct batch_group *groups;
    size_t group_count, group_capacity;
    int64_t records;
    utc_ms from, to;
    uint64_t dropped;

    struct bytes queue_texts;
    struct queue_text *queues; /* by subject */
    size_t queue_capacity;
    utc_ms hour; /* of stamp */
    char stamp[UTC_TEXT_SIZE];
};

/* ]              ,"meta":{"integrationConfigurationId":1234,"externalSystem":"My ACD"}} */
static void write_tail(struct batch *batch)
{
    struct json json;

    bytes_append_text(&batch->tail, "],\"meta\":");
    json_init(&json, &batch->tail);
    json_begin_object(&json);
    json_put_key(&json, "integrationConfigurationId");
    json_put_integer(&json, batch->rules.id);
    if (batch->rules.kind == DATA_AGENT_STATUS) {
        json_put_key(&json, "externalSystem");
        json_put_text(&json, batch->external_system);
    }
    json_end_object(&json);
    bytes_append_byte(&batch->tail, '}');
}

struct batch *batch_new(const struct batch_rules *rules)
{
    struct batch *batch = os_alloc(sizeof *batch);

    batch->rules = *rules;
    batch->external_system = os_copy_text(rules->external_system);
    bytes_init(&batch->body, BODY_MOST);
    bytes_init(&batch->tail, BODY_MOST);
    bytes_init(&batch->queue_texts, BODY_MOST);
    write_tail(batch);
    batch_begin(batch, NULL);
    return batch;
}

void batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    bytes_free(&batch->body);
    bytes_free(&batch->tail);
    bytes_free(&batch->queue_texts);
    os_free(batch->external_system);
    os_free(batch->groups);
    os_free(batch->queues);
    os_free(batch);
}

static void forget_queue_texts(struct batch *batch)
{
    bytes_reset(&batch->queue_texts);
    if (batch->queues != NULL)
        memset(batch->queues, 0, batch->queue_capacity * sizeof *batch->queues);
}

void batch_begin(struct batch *batch, const struct names *names)
{
    batch->names = names;
    batch->dropped = 0;
    batch->hour = UTC_NEVER;
    forget_queue_texts(batch);
    batch_reset(batch);
}

void batch_reset(struct batch *batch)
{
    bytes_reset(&batch->body);
    bytes_append_text(&batch->body, HEAD);
    batch->is_closed = false;
    batch->group_count = 0;
    batch->records = 0;
    batch->from = batch->to = UTC_NEVER;
}

bool batch_is_empty(const struct batch *batch)
{
    return batch->group_count == 0;
}

/* },"queueName":"Level 1 support","queueIdentifier":"1337_99","timestamp":" */
static void make_queue_text(struct batch *batch, uint32_t subject, const char *name)
{
    const char *identifier = names_identifier(batch->names, NAME_QUEUE, subject);
    struct bytes *texts = &batch->queue_texts;
    struct queue_text *queue = NULL;

    if (texts->size > QUEUE_TEXTS_MOST)
        forget_queue_texts(batch);
    if (subject >= batch->queue_capacity) {
        size_t capacity = 2 * (size_t)subject + 64;
        batch->queues = os_resize(batch->queues, capacity * sizeof *batch->queues);
        memset(batch->queues + batch->queue_capacity, 0,
               (capacity - batch->queue_capacity) * sizeof *batch->queues);
        batch->queue_capacity = capacity;
    }
    queue = &batch->queues[subject];
    *queue = (struct queue_text){.name = name, .offset = texts->size};
    bytes_append_text(texts, "},\"queueName\":\"");
    json_escape(texts, name, strlen(name));
    bytes_append_text(texts, "\",\"queueIdentifier\":\"");
    json_escape(texts, identifier, strlen(identifier));
    bytes_append_text(texts, "\",\"timestamp\":\"");
    assert(!texts->overflow); /* texts come through frames of 1 MiB */
    queue->size = texts->size - queue->offset;
}

/* Names are compared by address: queues.h keeps them where they are. */
static struct text queue_text(struct batch *batch, const struct batch_item *item)
{
    uint32_t subject = item->group->subject;

    if (subject >= batch->queue_capacity || batch->queues[subject].name != item->queue_name)
        make_queue_text(batch, subject, item->queue_name);
    return (struct text){(const char *)batch->queue_texts.data + batch->queues[subject].offset,
                         batch->queues[subject].size};
}

static size_t bytes_at_most(struct batch *batch, const struct batch_item *item)
{
    const struct group *group = item->group;

    if (batch->rules.kind != DATA_AGENT_STATUS)
        return (group->events + (size_t)1) * (EVENT_MOST + queue_text(batch, item).size);
    /* An escaped byte makes six at most. */
    return EVENT_MOST + 6 * (strlen(names_identifier(batch->names, NAME_AGENT, group->subject)) +
                             strlen(names_identifier(batch->names, NAME_ACTIVITY,
                                                     group->records->status.activity)));
}

bool batch_is_full_for(struct batch *batch, const struct batch_item *item)
{
    size_t most =
        batch->rules.max_bytes < (int64_t)BODY_MOST ? (size_t)batch->rules.max_bytes : BODY_MOST;
    int64_t events = item->group->events > 0 ? item->group->events : 1; /* it may replace */

    if (batch_is_empty(batch))
        return false;
    return batch->records + events > batch->rules.max_records ||
           batch->body.size + batch->tail.size + bytes_at_most(batch, item) > most;
}

/* The timestamp's text, cut to whole seconds. */
static const char *stamp(struct batch *batch, utc_ms time)
{
    if (batch->hour == UTC_NEVER || time < batch->hour || time - batch->hour >= UTC_HOUR) {
        batch->hour = utc_floor(time, UTC_HOUR);
        utc_print(batch->hour, batch->stamp);
    }

    unsigned second = (unsigned)((time - batch->hour) / UTC_SECOND);
    unsigned minute = second / 60;

    second %= 60;
    batch->stamp[14] = (char)('0' + minute / 10);
    batch->stamp[15] = (char)('0' + minute % 10);
    batch->stamp[17] = (char)('0' + second / 10);
    batch->stamp[18] = (char)('0' + second % 10);
    return batch->stamp;
}

static void put_event(struct batch *batch, const struct record *record,
                      const struct event_run *event, struct text queue)
{
    const struct text *before = &properties[event->offered][event->handled];
    const struct text *ending = &endings[record->volume.channel];
    struct bytes *body = &batch->body;

    bytes_append(body, before->text, before->size);
    json_append_thousandths(body, event->duration_ms);
    bytes_append(body, queue.text, queue.size);
    bytes_append(body, stamp(batch, record->time), UTC_TEXT_SIZE);
    bytes_append(body, ending->text, ending->size);
}

/* The event just written, again. */
static void repeat(struct bytes *body, size_t begin, uint64_t times)
{
    size_t size = body->size - begin;

    for (uint64_t i = 0; i < times && !body->overflow; i++) {
        uint8_t *place = bytes_reserve(body, size);
        if (place == NULL)
            return;
        memcpy(place, body->data + begin, size);
        bytes_grown(body, size);
    }
}

/* An interval's volume; its events are written until one group can hold no more. */
static uint64_t put_interval(struct batch *batch, const struct record *volume, struct text queue)
{
    struct event_run runs[EVENT_RUNS_MOST];
    uint64_t dropped = 0;
    int count = expand_volume(volume, true, batch->rules.drop_carry_over, runs, &dropped);
    uint64_t events = 0;

    for (int i = 0; i < count; i++) {
        events += runs[i].count;
        if (events > GROUP_EVENTS_MOST)
            break;
        size_t begin = batch->body.size;
        put_event(batch, volume, &runs[i], queue);
        repeat(&batch->body, begin, runs[i].count - 1);
    }
    batch->dropped += dropped;
    return events;
}

static uint64_t put_volumes(struct batch *batch, const struct batch_item *item)
{
    const struct group *group = item->group;
    struct text queue = queue_text(batch, item);
    uint64_t events = 0;

    for (size_t i = 0; i < group->count && events <= GROUP_EVENTS_MOST; i++) {
        const struct record *record = &group->records[i];
        if (batch->rules.kind == DATA_INTERVALS) {
            events += put_interval(batch, record, queue);
            continue;
        }
        struct event_run event = {.offered = record->volume.offered != 0,
                                  .handled = record->volume.answered != 0,
                                  .duration_ms = record->volume.duration_ms};
        put_event(batch, record, &event, queue);
        events++;
    }
    if (events == 0 && item->replaces) {
        struct record nothing = {.time = group->time, .volume = {.channel = batch->rules.channel}};
        put_event(batch, &nothing, &(struct event_run){0}, queue);
        events = 1;
    }
    return events;
}

static uint64_t put_status(struct batch *batch, const struct group *group)
{
    const struct record *record = group->records;
    const char *agent = names_identifier(batch->names, NAME_AGENT, group->subject);
    const char *activity = names_identifier(batch->names, NAME_ACTIVITY, record->status.activity);
    struct bytes *body = &batch->body;

    bytes_append_text(body, "{\"agentIdentifier\":\"");
    json_escape(body, agent, strlen(agent));
    bytes_append_text(body, "\",\"activityIdentifier\":\"");
    json_escape(body, activity, strlen(activity));
    bytes_append_text(body, "\",\"startTime\":\"");
    bytes_append(body, stamp(batch, record->time), UTC_TEXT_SIZE);
    if (record->status.end != UTC_NEVER) {
        bytes_append_text(body, "\",\"endTime\":\"");
        bytes_append(body, stamp(batch, record->status.end), UTC_TEXT_SIZE);
    }
    bytes_append_text(body, "\"},");
    return 1;
}

/* Enters what was just written from `begin` on. */
static void note_group(struct batch *batch, const struct batch_item *item, size_t begin,
                       uint64_t events)
{
    utc_ms from = utc_floor(item->group->time, UTC_QUARTER);
    struct batch_group *entry = NULL;

    if (batch->group_count == batch->group_capacity) {
        batch->group_capacity = 2 * batch->group_capacity + 256;
        batch->groups = os_resize(batch->groups, batch->group_capacity * sizeof *batch->groups);
    }
    entry = &batch->groups[batch->group_count++];
    entry->offset = (uint32_t)begin;
    entry->records = (uint32_t)events;
    entry->time = item->group->time;
    memcpy(entry->key, item->key.bytes, sizeof entry->key);

    if (batch->from == UTC_NEVER || from < batch->from)
        batch->from = from;
    if (from + UTC_QUARTER > batch->to) /* UTC_NEVER is below every time */
        batch->to = from + UTC_QUARTER;
    batch->records += (int64_t)events;
}

bool batch_add(struct batch *batch, const struct batch_item *item, struct error *err)
{
    struct bytes *body = &batch->body;
    size_t begin = body->size;
    uint64_t dropped = batch->dropped;
    uint64_t events = 0;
    char text[UTC_TEXT_SIZE + 1];

    assert(!batch->is_closed);
    events = batch->rules.kind == DATA_AGENT_STATUS ? put_status(batch, item->group)
                                                    : put_volumes(batch, item);
    if (body->overflow || body->size + batch->tail.size > BODY_MOST || events > GROUP_EVENTS_MOST) {
        body->size = begin;
        body->overflow = false;
        batch->dropped = dropped;
        return error_set(err, ERROR_DATA,
                         "more than 100,000 events or 64 MiB in the quarter hour %s: "
                         "it looks like a wrong time column",
                         utc_text(utc_floor(item->group->time, UTC_QUARTER), text));
    }
    if (events > 0)
        note_group(batch, item, begin, events);
    return true;
}

uint64_t batch_dropped_carry_over(const struct batch *batch)
{
    return batch->dropped;
}

void batch_body(struct batch *batch, struct batch_body *body)
{
    if (!batch->is_closed) {
        if (batch->group_count > 0)
            batch->body.size--; /* the last comma */
        bytes_append(&batch->body, batch->tail.data, batch->tail.size);
        batch->is_closed = true;
    }
    *body = (struct batch_body){
        .data = batch->body.data,
        .size = batch->body.size,
        .head = sizeof HEAD - 1,
        .tail = batch->tail.size,
        .groups = batch->groups,
        .group_count = batch->group_count,
        .records = batch->records,
        .from = batch->from,
        .to = batch->to,
    };
}
