/* SPDX-License-Identifier: Apache-2.0 */
/* store_story.h - a life of a store in steps, and what must be true of it after each */
#ifndef TESTS_UNIT_STORE_STORY_H
#define TESTS_UNIT_STORE_STORY_H

#include "tests/unit/store_check.h"

#include "agent/flow/store_memory.h"

struct story {
    struct room *room;
    struct parcel *small, *large;
};

static inline bool story_stage(struct story *story, const struct parcel *parcel)
{
    return store_stage(story->room->store, story->room->integration, &parcel->batch, 1, &failure);
}

static inline bool story_commit(struct story *story, int day)
{
    const struct ledger_entry entries[] = {
        {.time = NOW + day, .key.bytes[0] = (uint8_t)day, .records = 1},
        {.time = NOW, .key.bytes[0] = 1, .records = (uint32_t)day}};
    const struct queue queue = {.identifier = "1", .name = day == 1 ? "a" : "b", .accepted = true};
    const struct store_reject reject = {
        .hash.bytes[0] = (uint8_t)day, .origin = "here", .reason = "odd", .cells = "1;2"};
    struct schedule *schedule = &story->room->schedule;
    const struct store_commit commit = {.integration = story->room->integration,
                                        .schedule = schedule,
                                        .digests = entries,
                                        .digest_count = 2,
                                        .horizon = NOW - UTC_DAY,
                                        .queues = &queue,
                                        .queue_count = 1,
                                        .rejects = &reject,
                                        .reject_count = 1,
                                        .now = NOW + day};
    int64_t rejects;

    schedule->edge = NOW + day;
    schedule->hole_count = 1;
    schedule->holes[0] = (struct hole){NOW - day * UTC_DAY, NOW, SLICE_HISTORY};
    return store_commit(story->room->store, &commit, &rejects, &failure);
}

static inline int64_t story_first(struct story *story)
{
    return room_ready(story->room, 0)->batches[0].number;
}

#define STEPS 11
static inline bool story_step(struct story *story, int step)
{
    struct store *store = story->room->store;
    struct outbox_batch halves[2];
    int64_t number;

    switch (step) {
    case 0:
    case 1:
        return story_stage(story, story->large);
    case 2:
        return story_commit(story, 1);
    case 3:
        return story_stage(story, story->small);
    case 4:
        return store_abandon(store, story->room->integration, NULL, 0, &failure);
    case 5:
        return story_stage(story, story->small);
    case 6:
        return story_commit(story, 2);
    case 7:
        number = story_first(story);
        return outbox_accepted(store, &number, 1, NOW, &failure);
    case 8:
        return outbox_split(store, story_first(story), halves, &failure);
    case 9:
        number = story_first(story);
        return outbox_accepted(store, &number, 1, NOW, &failure);
    default: /* the small one: a group alone */
        number = room_ready(story->room, 0)->batches[1].number;
        return outbox_quarantine(store, number, 422, "no", NOW, &failure);
    }
}

static inline void count_visit(void *context, const struct ledger_entry *entry)
{
    *(uint64_t *)context += entry->records * 100 + 1;
}

static inline void count_queue(void *context, const struct queue *queue)
{
    (void)queue;
    ++*(int *)context;
}

struct facts {
    char text[512]; /* all that counts, and what is ready: slice/groups */
    int64_t spooled;
};

/* Every body must open, and the totals must agree with what is there. */
static inline struct facts facts_of(struct room *room)
{
    const struct ready *ready = room_ready(room, 0);
    const struct store_window window = {room->integration, NOW - UTC_DAY, NOW + UTC_DAY};
    struct facts facts = {.spooled = store_spooled_bytes(room->store)};
    char *const text = facts.text;
    struct store_counters counters;
    struct outbox_totals totals;
    struct bytes body;
    uint64_t digests = 0;
    int64_t records = 0, bytes = 0;
    int queues = 0, used = 0;

    CHECK(store_counters(room->store, room->integration, &counters, &failure));
    CHECK(store_digests(room->store, &window, count_visit, &digests, &failure));
    CHECK(store_queues(room->store, room->integration, count_queue, &queues, &failure));
    used = snprintf(text, 512, "uploaded %d quarantined %d rejected %d digests %d queues %d:",
                    (int)counters.uploaded, (int)counters.quarantined, (int)counters.rejected,
                    (int)digests, queues);
    for (size_t i = 0; i < ready->count; i++) {
        const struct outbox_batch *batch = &ready->batches[i];
        bytes_init(&body, 1 << 24);
        CHECK(outbox_body(room->store, batch->number, true, &body, &failure));
        assert_int_equal(body.size, batch->plain_size);
        bytes_free(&body);
        records += batch->records;
        bytes += (int64_t)batch->size;
        used += snprintf(text + used, (size_t)(512 - used), " %d/%d", (int)batch->slice,
                         (int)batch->group_count);
    }
    outbox_totals(room->store, 0, &totals);
    assert_int_equal(totals.batches, ready->count);
    assert_int_equal(totals.records, records);
    assert_int_equal(totals.bytes, bytes);
    return facts;
}

static inline struct story story_new(struct room *room)
{
    return (struct story){
        .room = room, .small = parcel_new(1, 1, 50), .large = parcel_new(9, 2, 3000)};
}

static inline void story_end(struct story *story)
{
    parcel_free(story->small);
    parcel_free(story->large);
}

/* expected[n]: the store after n steps. */
static inline void tell_undisturbed(struct room *room, struct facts expected[STEPS + 1])
{
    struct story story = story_new(room);

    expected[0] = facts_of(room);
    for (int step = 0; step < STEPS; step++) {
        CHECK(story_step(&story, step));
        expected[step + 1] = facts_of(room);
    }
    story_end(&story);
}

static inline void start_anew(struct room *room)
{
    room_close(room);
    room_empty(room);
    room_open(room);
}

#endif
