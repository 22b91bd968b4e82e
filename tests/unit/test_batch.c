/* SPDX-License-Identifier: Apache-2.0 */
/* test_batch.c - bodies are what the API documents, cut anywhere between groups, within limits */
#include "tests/unit/check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/flow/batch.h"
#include "agent/flow/expand.h"

#define MONDAY INT64_C(1767600000000) /* 2026-01-05T08:00:00Z */

static const struct batch_rules contact_rules = {
    .kind = DATA_CONTACTS, .id = 1234, .max_records = 1000, .max_bytes = 4 << 20};

static struct batch_rules rules_of(enum data_kind kind)
{
    struct batch_rules rules = contact_rules;

    rules.kind = kind;
    return rules;
}

static struct record contact(uint32_t subject, utc_ms time, bool answered, int64_t duration_ms)
{
    return (struct record){.time = time,
                           .subject = subject,
                           .volume = {.offered = 1,
                                      .answered = answered,
                                      .duration_ms = duration_ms,
                                      .channel = CHANNEL_CALLS}};
}

static struct group group_of(const struct record *records, size_t count, uint32_t events)
{
    return (struct group){.subject = records->subject,
                          .time = utc_floor(records->time, UTC_QUARTER),
                          .records = records,
                          .count = count,
                          .events = events};
}

static void add(struct batch *batch, const struct group *group, const char *queue_name,
                bool replaces)
{
    struct error err;
    struct batch_item item = {.group = group, .queue_name = queue_name, .replaces = replaces};

    memset(item.key.bytes, (int)group->subject, sizeof item.key.bytes);
    assert_true(batch_add(batch, &item, &err));
}

static void assert_body(struct batch *batch, const char *expected)
{
    struct batch_body body;

    batch_body(batch, &body);
    assert_int_equal(body.size, strlen(expected));
    assert_memory_equal(body.data, expected, body.size);
}

static void test_a_body_is_the_documented_one_to_the_byte(void **state)
{
    struct names *names = names_new();
    struct batch *batch = batch_new(&contact_rules);
    uint32_t queue = names_add(names, NAME_QUEUE, "1337_99", "Level 1 support");
    /* 10:34:22.999 on 2021-12-06: cut, not rounded. */
    struct record record = contact(queue, INT64_C(1638786862999), false, 124600);
    struct group group = group_of(&record, 1, 1);

    (void)state;
    batch_begin(batch, names);
    assert_true(batch_is_empty(batch));
    add(batch, &group, "Level 1 support", false);
    assert_false(batch_is_empty(batch));
    assert_body(batch, "{\"data\":[{\"properties\":{\"offered\":true,\"handled\":false,"
                       "\"duration\":124.6},\"queueName\":\"Level 1 support\","
                       "\"queueIdentifier\":\"1337_99\",\"timestamp\":\"2021-12-06T10:34:22Z\","
                       "\"channel\":\"calls\"}],\"meta\":{\"integrationConfigurationId\":1234}}");
    batch_free(batch);
    names_free(names);
    batch_free(NULL);
}

static void test_statuses_with_and_without_end(void **state)
{
    struct batch_rules rules = rules_of(DATA_AGENT_STATUS);
    struct names *names = names_new();
    struct record records[2] = {
        {.time = MONDAY, .status = {.end = MONDAY + 5 * UTC_HOUR + 999}},
        {.time = MONDAY - 1, .status = {.end = UTC_NEVER}},
    };
    struct batch_body body;
    struct batch *batch = NULL;

    (void)state;
    rules.external_system = "My \"ACD\"";
    batch = batch_new(&rules);
    records[0].subject = names_add(names, NAME_AGENT, "bob@mycompany.com", NULL);
    records[0].status.activity = names_add(names, NAME_ACTIVITY, "Test", NULL);
    records[1].subject = names_add(names, NAME_AGENT, "eve", NULL);
    records[1].status.activity = names_add(names, NAME_ACTIVITY, "A \\ B", NULL);
    batch_begin(batch, names);
    for (int i = 0; i < 2; i++) {
        struct group group = group_of(&records[i], 1, 1);
        group.time = records[i].time;
        add(batch, &group, NULL, false);
    }
    assert_body(batch, "{\"data\":[{\"agentIdentifier\":\"bob@mycompany.com\","
                       "\"activityIdentifier\":\"Test\",\"startTime\":\"2026-01-05T08:00:00Z\","
                       "\"endTime\":\"2026-01-05T13:00:00Z\"},{\"agentIdentifier\":\"eve\","
                       "\"activityIdentifier\":\"A \\\\ B\","
                       "\"startTime\":\"2026-01-05T07:59:59Z\"}],"
                       "\"meta\":{\"integrationConfigurationId\":1234,"
                       "\"externalSystem\":\"My \\\"ACD\\\"\"}}");
    batch_body(batch, &body);
    assert_int_equal(body.from, MONDAY - UTC_QUARTER);
    assert_int_equal(body.to, MONDAY + UTC_QUARTER);
    assert_int_equal(body.groups[1].time, MONDAY - 1);
    batch_free(batch);
    names_free(names);
}

static void test_an_interval_becomes_the_events_of_expand(void **state)
{
    struct batch_rules rules = rules_of(DATA_INTERVALS);
    struct names *names = names_new();
    struct batch *batch = batch_new(&rules);
    struct record volume = {
        .time = MONDAY,
        .subject = names_add(names, NAME_QUEUE, "q", "Q"),
        .volume = {
            .offered = 5, .answered = 3, .duration_ms = 10000, .channel = CHANNEL_SOCIAL_MEDIA}};
    struct group group = group_of(&volume, 1, 5);
    struct batch_body body;
    int64_t duration_ms = 0, offered = 0, handled = 0;
    size_t i;
    json_t *root, *event;

    (void)state;
    batch_begin(batch, names);
    add(batch, &group, "Q", false);
    batch_body(batch, &body);
    assert_int_equal(body.records, 5);
    root = json_loadb((const char *)body.data, body.size, 0, NULL);
    json_array_foreach(json_object_get(root, "data"), i, event)
    {
        json_t *properties = json_object_get(event, "properties");
        offered += json_is_true(json_object_get(properties, "offered"));
        handled += json_is_true(json_object_get(properties, "handled"));
        duration_ms +=
            (int64_t)(json_number_value(json_object_get(properties, "duration")) * 1000 + 0.5);
        assert_string_equal(json_string_value(json_object_get(event, "channel")), "social_media");
    }
    assert_int_equal(i, 5);
    assert_int_equal(offered, 5);
    assert_int_equal(handled, 3);
    assert_int_equal(duration_ms, 10000);
    json_decref(root);
    batch_free(batch);
    names_free(names);
}

static void test_a_group_that_lost_all_its_events_is_overwritten(void **state)
{
    struct batch_rules rules = rules_of(DATA_INTERVALS);
    struct names *names = names_new();
    struct batch *batch = NULL;
    struct record volume = {.time = MONDAY,
                            .subject = names_add(names, NAME_QUEUE, "q", "Q"),
                            .volume = {.offered = 0, .answered = 2, .duration_ms = 7}};
    struct group shrunk = group_of(&volume, 1, 2);
    struct group vanished = {.subject = volume.subject, .time = MONDAY};

    (void)state;
    rules.drop_carry_over = true;
    rules.channel = CHANNEL_CHATS;
    batch = batch_new(&rules);
    batch_begin(batch, names);
    add(batch, &shrunk, "Q", false);
    assert_true(batch_is_empty(batch));
    assert_int_equal(batch_dropped_carry_over(batch), 2);
    add(batch, &vanished, "Q", true);
    assert_body(batch, "{\"data\":[{\"properties\":{\"offered\":false,\"handled\":false,"
                       "\"duration\":0},\"queueName\":\"Q\",\"queueIdentifier\":\"q\","
                       "\"timestamp\":\"2026-01-05T08:00:00Z\",\"channel\":\"chats\"}],"
                       "\"meta\":{\"integrationConfigurationId\":1234}}");
    batch_reset(batch);
    add(batch, &shrunk, "Q", true);
    assert_false(batch_is_empty(batch));
    batch_free(batch);
    names_free(names);
}

/* --- many groups with hostile names, against jansson --- */

#define QUEUES 37
#define GROUPS 300

struct sample {
    struct names *names;
    char queue_names[QUEUES][64];
    struct record records[GROUPS][8];
    struct group groups[GROUPS];
};

static const char *const hostile[] = {"\"",      "\\",       "\xC3\xBC",         "\t\n\x01", "},{",
                                      "\\u0022", "],\"meta", "\xF0\x9F\x98\x80", "/",        " "};

static void make_sample(struct sample *sample)
{
    sample->names = names_new();
    for (uint32_t i = 0; i < QUEUES; i++) {
        char identifier[64];
        snprintf(identifier, sizeof identifier, "%s%u%s", hostile[i % 10], (unsigned)i,
                 hostile[(i / 3) % 10]);
        snprintf(sample->queue_names[i], 64, "%s name %s%u", hostile[(i + 5) % 10],
                 hostile[(i / 2) % 10], (unsigned)i);
        names_add(sample->names, NAME_QUEUE, identifier, sample->queue_names[i]);
    }
    for (uint32_t i = 0; i < GROUPS; i++) {
        size_t count = 1 + (size_t)(rand() % 8);
        utc_ms quarter = MONDAY + (rand() % 3000 - 1500) * UTC_QUARTER;
        for (size_t n = 0; n < count; n++) {
            struct record *record = &sample->records[i][n];
            *record = contact(i * 7 % QUEUES, quarter + rand() % UTC_QUARTER, rand() % 2 == 0,
                              rand() % 3 == 0 ? rand() % 100 * 1000 : rand());
            record->volume.offered = rand() % 4 != 0;
            record->volume.channel = (enum channel)(rand() % CHANNEL_COUNT);
        }
        sample->groups[i] = group_of(sample->records[i], count, (uint32_t)count);
    }
}

static const char *text_at(json_t *event, const char *key)
{
    return json_string_value(json_object_get(event, key));
}

static void check_event(const struct sample *sample, const struct record *record, json_t *event)
{
    json_t *properties = json_object_get(event, "properties");
    double duration = json_number_value(json_object_get(properties, "duration"));
    char text[UTC_TEXT_SIZE + 1];

    assert_non_null(event);
    assert_int_equal(json_is_true(json_object_get(properties, "offered")), record->volume.offered);
    assert_int_equal(json_is_true(json_object_get(properties, "handled")), record->volume.answered);
    assert_int_equal((int64_t)(duration * 1000 + 0.5), record->volume.duration_ms);
    assert_string_equal(text_at(event, "queueName"), sample->queue_names[record->subject]);
    assert_string_equal(text_at(event, "queueIdentifier"),
                        names_identifier(sample->names, NAME_QUEUE, record->subject));
    assert_string_equal(text_at(event, "timestamp"), utc_text(record->time, text));
    assert_string_equal(text_at(event, "channel"), channel_words[record->volume.channel]);
}

/* The bytes of groups first..last between brackets are exactly their events. */
static void check_range(const struct sample *sample, const struct batch_body *body, size_t first,
                        size_t last)
{
    size_t begin = body->groups[first].offset;
    size_t end =
        last + 1 < body->group_count ? body->groups[last + 1].offset - 1 : body->size - body->tail;
    struct bytes text;
    size_t event = 0;
    json_t *list;

    bytes_init(&text, 1 << 20);
    bytes_append(&text, body->data, body->head);
    bytes_append(&text, body->data + begin, end - begin);
    bytes_append(&text, body->data + body->size - body->tail, body->tail);
    list = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(list);
    for (size_t i = first; i <= last; i++)
        for (size_t n = 0; n < sample->groups[i].count; n++)
            check_event(sample, &sample->groups[i].records[n],
                        json_array_get(json_object_get(list, "data"), event++));
    assert_int_equal(json_array_size(json_object_get(list, "data")), event);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(list, "meta"),
                                                        "integrationConfigurationId")),
                     1234);
    json_decref(list);
    bytes_free(&text);
}

static void test_every_range_of_groups_parses_back(void **state)
{
    struct sample *sample = os_alloc(sizeof *sample);
    struct batch *batch = batch_new(&contact_rules);
    struct batch_body body;
    int64_t records = 0;

    (void)state;
    srand(1);
    make_sample(sample);
    batch_begin(batch, sample->names);
    for (size_t i = 0; i < GROUPS; i++) {
        add(batch, &sample->groups[i], sample->queue_names[sample->groups[i].subject], false);
        records += (int64_t)sample->groups[i].count;
    }
    batch_body(batch, &body);
    assert_int_equal(body.group_count, GROUPS);
    assert_int_equal(body.records, records);
    assert_int_equal(body.groups[0].offset, body.head);
    check_range(sample, &body, 0, GROUPS - 1);
    for (size_t first = 0; first < GROUPS; first += 13)
        for (size_t last = first; last < GROUPS; last += 31)
            check_range(sample, &body, first, last);
    for (size_t i = 0; i < GROUPS; i++) {
        assert_int_equal(body.groups[i].time, sample->groups[i].time);
        assert_int_equal(body.groups[i].records, sample->groups[i].count);
        assert_int_equal(body.groups[i].key[15], sample->groups[i].subject);
        assert_true(body.from <= body.groups[i].time && body.groups[i].time < body.to);
    }
    batch_free(batch);
    names_free(sample->names);
    os_free(sample);
}

/* --- limits --- */

static void test_batches_stay_within_the_limits(void **state)
{
    struct sample *sample = os_alloc(sizeof *sample);

    (void)state;
    srand(2);
    make_sample(sample);
    for (int64_t max_records = 3; max_records < 60; max_records += 7) {
        struct batch_rules rules = contact_rules;
        struct batch *batch = NULL;
        struct batch_body body;

        rules.max_records = max_records;
        rules.max_bytes = 700 * (max_records % 5) + 600;
        batch = batch_new(&rules);
        batch_begin(batch, sample->names);
        for (size_t i = 0; i <= GROUPS; i++) {
            const struct group *group = &sample->groups[i % GROUPS];
            struct batch_item item = {.group = group,
                                      .queue_name = sample->queue_names[group->subject]};
            if (i == GROUPS || batch_is_full_for(batch, &item)) {
                batch_body(batch, &body);
                if (body.group_count > 1) {
                    assert_in_range(body.records, 1, rules.max_records);
                    assert_in_range(body.size, 1, rules.max_bytes);
                }
                batch_reset(batch);
                assert_false(batch_is_full_for(batch, &item));
            }
            add(batch, group, item.queue_name, false);
        }
        batch_free(batch);
    }
    names_free(sample->names);
    os_free(sample);
}

static void test_records_at_the_limit_exactly(void **state)
{
    struct batch_rules rules = contact_rules;
    struct names *names = names_new();
    struct batch *batch = NULL;
    struct record records[3];
    struct group group;
    struct batch_item item = {.group = &group, .queue_name = "Q"};

    (void)state;
    rules.max_records = 6;
    batch = batch_new(&rules);
    names_add(names, NAME_QUEUE, "q", "Q");
    for (int i = 0; i < 3; i++)
        records[i] = contact(0, MONDAY, true, i);
    batch_begin(batch, names);
    group = group_of(records, 3, 3);
    add(batch, &group, "Q", false);
    assert_false(batch_is_full_for(batch, &item));
    add(batch, &group, "Q", false);
    group = group_of(records, 1, 1);
    assert_true(batch_is_full_for(batch, &item));
    group.count = group.events = 0; /* vanished: one event stands for nothing */
    assert_true(batch_is_full_for(batch, &item));
    batch_free(batch);
    names_free(names);
}

static void assert_too_large(struct batch *batch, const struct batch_item *item)
{
    struct batch_body body;
    struct error err;

    assert_false(batch_add(batch, item, &err));
    assert_int_equal(err.kind, ERROR_DATA);
    assert_non_null(strstr(err.text, "wrong time column"));
    batch_body(batch, &body);
    assert_int_equal(body.group_count, 1);
    batch_reset(batch);
}

static void test_a_group_beyond_reason_fails_and_leaves_the_batch(void **state)
{
    struct batch_rules rules = rules_of(DATA_INTERVALS);
    struct names *names = names_new();
    struct batch *batch = batch_new(&rules);
    struct record volume = {.time = MONDAY, .volume = {.offered = GROUP_EVENTS_MOST}};
    struct group group = group_of(&volume, 1, GROUP_EVENTS_MOST);
    struct batch_item item = {.group = &group};
    char *long_name = os_alloc(1001);
    struct batch_body body;
    struct error err;

    (void)state;
    memset(long_name, '"', 1000);
    item.queue_name = long_name;
    names_add(names, NAME_QUEUE, "q", "Q");
    batch_begin(batch, names);
    /* 100,000 events of 2,200 bytes are more than 64 MiB. */
    volume.volume.offered = 1;
    add(batch, &group, "Q", false);
    volume.volume.offered = GROUP_EVENTS_MOST;
    assert_too_large(batch, &item);
    item.queue_name = "Q";
    volume.volume.offered = 1;
    add(batch, &group, "Q", false);
    volume.volume.offered = GROUP_EVENTS_MOST + 1;
    assert_too_large(batch, &item);
    volume.volume.offered = GROUP_EVENTS_MOST;
    assert_true(batch_add(batch, &item, &err));
    batch_body(batch, &body);
    assert_int_equal(body.records, GROUP_EVENTS_MOST);
    os_free(long_name);
    batch_free(batch);
    names_free(names);
}

static bool holds(const struct batch_body *body, const char *text)
{
    size_t size = strlen(text);

    for (size_t i = 0; i + size <= body->size; i++)
        if (memcmp(body->data + i, text, size) == 0)
            return true;
    return false;
}

static void test_a_new_slice_has_new_numbers(void **state)
{
    struct names *names = names_new();
    struct batch *batch = batch_new(&contact_rules);
    struct record record = contact(0, MONDAY, true, 0);
    struct group group = group_of(&record, 1, 1);
    const char *name = "Same";
    struct batch_body body;

    (void)state;
    names_add(names, NAME_QUEUE, "first", name);
    batch_begin(batch, names);
    add(batch, &group, name, false);
    names_reset(names);
    names_add(names, NAME_QUEUE, "second", name);
    batch_begin(batch, names);
    assert_true(batch_is_empty(batch));
    add(batch, &group, name, false);
    batch_body(batch, &body);
    assert_false(holds(&body, "first"));
    assert_true(holds(&body, "\"second\""));
    /* One queue under two names, as after a rename. */
    batch_reset(batch);
    add(batch, &group, name, false);
    add(batch, &group, "Other", false);
    batch_body(batch, &body);
    assert_true(holds(&body, "\"Same\""));
    assert_true(holds(&body, "\"Other\""));
    batch_free(batch);
    names_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_body_is_the_documented_one_to_the_byte),
        cmocka_unit_test(test_statuses_with_and_without_end),
        cmocka_unit_test(test_an_interval_becomes_the_events_of_expand),
        cmocka_unit_test(test_a_group_that_lost_all_its_events_is_overwritten),
        cmocka_unit_test(test_every_range_of_groups_parses_back),
        cmocka_unit_test(test_batches_stay_within_the_limits),
        cmocka_unit_test(test_records_at_the_limit_exactly),
        cmocka_unit_test(test_a_group_beyond_reason_fails_and_leaves_the_batch),
        cmocka_unit_test(test_a_new_slice_has_new_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
