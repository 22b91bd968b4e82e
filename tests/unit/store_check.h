/* SPDX-License-Identifier: Apache-2.0 */
/* store_check.h - a store in a folder of its own, and batches to put into it */
#ifndef TESTS_UNIT_STORE_CHECK_H
#define TESTS_UNIT_STORE_CHECK_H

#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/bytes.h"
#include "agent/base/digest.h"
#include "agent/base/gzip.h"
#include "agent/base/os_file.h"
#include "agent/flow/outbox.h"
#include "agent/flow/store_inside.h"
#include "agent/flow/store_slice.h"
#include "tests/unit/folder.h"

#define NOW (INT64_C(1767600000000)) /* 2026-01-05T08:00:00Z */

#define CHECK(call)                                                                                \
    do {                                                                                           \
        if (!(call))                                                                               \
            fail_msg("%s: %s", #call, failure.text);                                               \
    } while (0)

static struct error failure;

struct room {
    char *folder;
    char notice[STORE_NOTICE_SIZE];
    struct store *store;
    struct schedule schedule;
    int64_t integration;
};

static inline void remove_entry(void *context, const struct os_entry *entry)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", (const char *)context, entry->name);
    unlink(path);
}

static inline void room_empty(struct room *room)
{
    CHECK(os_folder_list(room->folder, remove_entry, room->folder, &failure));
}

static inline struct store *room_try(struct room *room, const char *machine, bool take_over)
{
    const struct store_options options = {
        .folder = room->folder, .machine = machine, .now = NOW, .take_over = take_over};

    return store_open(&options, room->notice, &failure);
}

static inline void room_open(struct room *room)
{
    const struct store_identity identity = {.name = "support-calls", .id = 1234, .kind = 0};

    room->store = room_try(room, "this machine", false);
    if (room->store == NULL)
        fail_msg("store_open: %s", failure.text);
    memset(&room->schedule, 0, sizeof room->schedule);
    CHECK(store_integration(room->store, &identity, &room->integration, &room->schedule, &failure));
}

static inline void room_close(struct room *room)
{
    store_close(room->store);
    room->store = NULL;
}

static inline void room_reopen(struct room *room)
{
    room_close(room);
    room_open(room);
}

static inline int room_setup(void **state)
{
    struct room *room = calloc(1, sizeof *room);
    void *folder;

    if (folder_make(&folder) != 0)
        return 1;
    room->folder = folder;
    room_open(room);
    *state = room;
    return 0;
}

static inline int room_teardown(void **state)
{
    struct room *room = *state;

    void *folder = room->folder;

    room_close(room);
    free(room);
    return folder_remove(&folder);
}

/* A batch of `count` groups, one event each: group i is of quarter hour i. */
#define PARCEL_GROUPS_MOST 64
struct parcel {
    struct bytes plain, zipped;
    struct batch_group groups[PARCEL_GROUPS_MOST];
    struct store_batch batch;
};

#define PARCEL_HEAD "{\"data\":["
#define PARCEL_TAIL "],\"meta\":{}}"

/* mark tells batches apart; size: of each event's padding. */
static inline struct parcel *parcel_new(size_t count, int mark, size_t padding)
{
    struct parcel *parcel = calloc(1, sizeof *parcel);
    struct gzip *gzip = gzip_new();
    char event[64];

    bytes_init(&parcel->plain, 1 << 24);
    bytes_init(&parcel->zipped, 1 << 24);
    bytes_append_text(&parcel->plain, PARCEL_HEAD);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            bytes_append_byte(&parcel->plain, ',');
        parcel->groups[i] = (struct batch_group){.offset = (uint32_t)parcel->plain.size,
                                                 .records = (uint32_t)(1 + i % 3),
                                                 .time = NOW + (int64_t)i * UTC_QUARTER};
        parcel->groups[i].key[0] = (uint8_t)(i + 1);
        snprintf(event, sizeof event, "{\"mark\":%d,\"group\":%zu,\"x\":\"", mark, i);
        bytes_append_text(&parcel->plain, event);
        for (size_t x = 0; x < padding; x++)
            bytes_append_byte(&parcel->plain, (uint8_t)('a' + (x * x + i) % 26));
        bytes_append_text(&parcel->plain, "\"}");
        parcel->batch.records += parcel->groups[i].records;
    }
    bytes_append_text(&parcel->plain, PARCEL_TAIL);
    gzip_compress(gzip, parcel->plain.data, parcel->plain.size, &parcel->zipped);
    gzip_free(gzip);
    parcel->batch.data = parcel->zipped.data;
    parcel->batch.size = parcel->zipped.size;
    parcel->batch.plain_size = parcel->plain.size;
    parcel->batch.head = strlen(PARCEL_HEAD);
    parcel->batch.tail = strlen(PARCEL_TAIL);
    parcel->batch.groups = parcel->groups;
    parcel->batch.group_count = count;
    parcel->batch.from = NOW;
    parcel->batch.to = NOW + (int64_t)count * UTC_QUARTER;
    parcel->batch.created = NOW + mark;
    parcel->batch.priority = 2;
    digest_random(parcel->batch.key, sizeof parcel->batch.key);
    return parcel;
}

static inline void parcel_free(struct parcel *parcel)
{
    bytes_free(&parcel->plain);
    bytes_free(&parcel->zipped);
    free(parcel);
}

static inline void room_stage(struct room *room, const struct parcel *parcel)
{
    CHECK(store_stage(room->store, room->integration, &parcel->batch, 1, &failure));
}

static inline bool room_try_commit(struct room *room)
{
    const struct store_commit commit = {.integration = room->integration,
                                        .schedule = &room->schedule,
                                        .horizon = NOW - 7 * UTC_DAY,
                                        .now = NOW};
    int64_t rejects;

    return store_commit(room->store, &commit, &rejects, &failure);
}

static inline void room_commit(struct room *room)
{
    CHECK(room_try_commit(room));
}

/* What outbox_ready visits. */
struct ready {
    size_t count;
    struct outbox_batch batches[512];
};

static inline void ready_add(void *context, const struct outbox_batch *batch)
{
    struct ready *ready = context;

    assert_true(ready->count < sizeof ready->batches / sizeof *ready->batches);
    ready->batches[ready->count++] = *batch;
}

static inline const struct ready *room_ready(struct room *room, int64_t after)
{
    static struct ready ready;

    ready.count = 0;
    CHECK(outbox_ready(room->store, room->integration, after, ready_add, &ready, &failure));
    return &ready;
}

/* The one number that a statement yields. */
static inline int64_t room_ask(struct room *room, const char *text)
{
    int64_t value = -1;

    CHECK(store_begin(room->store, &failure));
    struct query query = query_begin(&room->store->connection, text);
    while (query_next(&query))
        value = query_take(&query);
    CHECK(store_end(room->store, query_end(&query, &failure), &failure));
    return value;
}

static inline void stage_and_commit(struct room *room, const struct parcel *parcel)
{
    room_stage(room, parcel);
    room_commit(room);
}

static inline int64_t accept_all(struct room *room)
{
    const struct ready *ready = room_ready(room, 0);
    int64_t numbers[512];

    for (size_t i = 0; i < ready->count; i++)
        numbers[i] = ready->batches[i].number;
    CHECK(outbox_accepted(room->store, numbers, ready->count, NOW + 7, &failure));
    return (int64_t)ready->count;
}

#endif
