/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.c - digests of groups against those last sent
 *
 *   key of a queue      identifier, NUL, name, NUL (the pair makes a queue at the receiver)
 *   key of an agent     identifier, NUL
 *   digest of volumes   time 8, duration 8, offered 4, answered 4, channel 1 bytes, big endian,
 *                       of every record, in ascending order
 *   digest of a status  its end 8 bytes, big endian; the activity's text
 */
#include "agent/flow/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/map.h"
#include "agent/base/os.h"

#define CANONICAL_SIZE 25

struct canonical {
    uint8_t bytes[CANONICAL_SIZE];
};

struct known {
    struct ledger_entry entry;
    bool is_seen;
};

/* The key of a subject of this slice, made once. */
struct subject_key {
    bool is_made;
    const struct queue *queue; /* the one it was made for; NULL: an agent */
    struct digest key;
};

struct entries {
    struct ledger_entry *items;
    size_t count, capacity;
};

struct ledger {
    struct digester *digester;
    utc_ms keep_from;
    struct map *places; /* (time, key) -> index of known */
    struct known *known;
    size_t known_capacity;
    struct entries changes, vanished;
    uint64_t shrunk;
    struct subject_key *subjects; /* by own number */
    size_t subject_capacity;
    struct canonical *canonical;
    size_t canonical_capacity;
};

struct ledger *ledger_new(const uint8_t key[DIGEST_KEY_SIZE])
{
    struct ledger *ledger = os_alloc(sizeof *ledger);

    ledger->digester = digester_new(key);
    ledger->places = map_new(MAP_NONE - 1);
    ledger_begin(ledger, UTC_NEVER);
    return ledger;
}

void ledger_free(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    digester_free(ledger->digester);
    map_free(ledger->places);
    os_free(ledger->known);
    os_free(ledger->changes.items);
    os_free(ledger->vanished.items);
    os_free(ledger->subjects);
    os_free(ledger->canonical);
    os_free(ledger);
}

void ledger_begin(struct ledger *ledger, utc_ms keep_from)
{
    ledger->keep_from = keep_from;
    ledger->changes.count = 0;
    ledger->vanished.count = 0;
    ledger->shrunk = 0;
    map_reset(ledger->places);
    if (ledger->subjects != NULL)
        memset(ledger->subjects, 0, ledger->subject_capacity * sizeof *ledger->subjects);
}

void ledger_forget(struct ledger *ledger)
{
    ledger->changes.count = 0;
    map_reset(ledger->places);
}

static void add_entry(struct entries *entries, const struct ledger_entry *entry)
{
    if (entries->count == entries->capacity) {
        entries->capacity = 2 * entries->capacity + 64;
        entries->items = os_resize(entries->items, entries->capacity * sizeof *entries->items);
    }
    entries->items[entries->count++] = *entry;
}

struct place {
    utc_ms time;
    struct digest key;
};

void ledger_known(struct ledger *ledger, const struct ledger_entry *entry)
{
    struct place place = {.time = entry->time, .key = entry->key};
    bool is_new = false;
    uint32_t index = map_add(ledger->places, &place, sizeof place, &is_new);

    if (!is_new)
        return;
    if (index >= ledger->known_capacity) {
        ledger->known_capacity = 2 * ledger->known_capacity + 64;
        ledger->known = os_resize(ledger->known, ledger->known_capacity * sizeof *ledger->known);
    }
    ledger->known[index] = (struct known){.entry = *entry};
}

static struct known *find(const struct ledger *ledger, utc_ms time, const struct digest *key)
{
    struct place place = {.time = time, .key = *key};
    uint32_t index = map_find(ledger->places, &place, sizeof place);

    return index == MAP_NONE ? NULL : &ledger->known[index];
}

struct digest ledger_queue_key(struct ledger *ledger, const struct queue *queue)
{
    digester_begin(ledger->digester);
    digester_add(ledger->digester, queue->identifier, strlen(queue->identifier) + 1);
    digester_add(ledger->digester, queue->name, strlen(queue->name) + 1);
    return digester_end(ledger->digester);
}

static struct digest agent_key(struct ledger *ledger, const char *agent)
{
    digester_begin(ledger->digester);
    digester_add(ledger->digester, agent, strlen(agent) + 1);
    return digester_end(ledger->digester);
}

static struct subject_key *subject_key(struct ledger *ledger, uint32_t subject)
{
    if (subject >= ledger->subject_capacity) {
        size_t capacity = 2 * (size_t)subject + 64;
        ledger->subjects = os_resize(ledger->subjects, capacity * sizeof *ledger->subjects);
        memset(ledger->subjects + ledger->subject_capacity, 0,
               (capacity - ledger->subject_capacity) * sizeof *ledger->subjects);
        ledger->subject_capacity = capacity;
    }
    return &ledger->subjects[subject];
}

static uint8_t *put_big_endian(uint8_t *at, uint64_t value, int size)
{
    for (int i = size - 1; i >= 0; i--)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

static int compare_canonical(const void *a, const void *b)
{
    return memcmp(a, b, CANONICAL_SIZE);
}

static struct digest digest_of_volumes(struct ledger *ledger, const struct group *group)
{
    struct canonical *canonical = ledger->canonical;
    bool is_sorted = true;

    if (group->count > ledger->canonical_capacity) {
        ledger->canonical_capacity = 2 * group->count;
        canonical = os_resize(canonical, ledger->canonical_capacity * sizeof *canonical);
        ledger->canonical = canonical;
    }
    for (size_t i = 0; i < group->count; i++) {
        const struct record *record = &group->records[i];
        uint8_t *at = canonical[i].bytes;

        at = put_big_endian(at, (uint64_t)record->time, 8);
        at = put_big_endian(at, (uint64_t)record->volume.duration_ms, 8);
        at = put_big_endian(at, record->volume.offered, 4);
        at = put_big_endian(at, record->volume.answered, 4);
        put_big_endian(at, (uint64_t)record->volume.channel, 1);
        if (i > 0 && is_sorted)
            is_sorted = compare_canonical(&canonical[i - 1], &canonical[i]) <= 0;
    }
    if (!is_sorted)
        qsort(canonical, group->count, sizeof *canonical, compare_canonical);
    digester_begin(ledger->digester);
    digester_add(ledger->digester, canonical, group->count * sizeof *canonical);
    return digester_end(ledger->digester);
}

static struct digest digest_of_status(struct ledger *ledger, const struct record *record,
                                      const char *activity)
{
    uint8_t end[8];

    put_big_endian(end, (uint64_t)record->status.end, sizeof end);
    digester_begin(ledger->digester);
    digester_add(ledger->digester, end, sizeof end);
    digester_add(ledger->digester, activity, strlen(activity));
    return digester_end(ledger->digester);
}

/* Compares with what is known of the group (NULL: nothing) and notes what is to be written. */
static enum ledger_verdict compare(struct ledger *ledger, struct known *known,
                                   const struct ledger_entry *now)
{
    if (known != NULL) {
        known->is_seen = true;
        if (memcmp(&known->entry.digest, &now->digest, sizeof now->digest) == 0)
            return LEDGER_SAME;
        if (now->records < known->entry.records)
            ledger->shrunk++;
    }
    add_entry(&ledger->changes, now);
    return known != NULL ? LEDGER_CHANGED : LEDGER_NEW;
}

enum ledger_verdict ledger_judge_volume(struct ledger *ledger, const struct group *group,
                                        const struct queue **queue, struct digest *key)
{
    struct subject_key *subject = subject_key(ledger, group->subject);
    struct ledger_entry now = {.time = group->time, .records = (uint32_t)group->count};
    struct known *known = NULL;

    if (!subject->is_made || subject->queue != *queue)
        *subject = (struct subject_key){true, *queue, ledger_queue_key(ledger, *queue)};
    *key = subject->key;
    if (group->time < ledger->keep_from)
        return LEDGER_NEW;

    known = find(ledger, group->time, key);
    for (const struct queue *other = (*queue)->next; known == NULL && other != *queue;
         other = other->next) {
        struct digest other_key = ledger_queue_key(ledger, other);
        known = find(ledger, group->time, &other_key);
        if (known != NULL) {
            *queue = other;
            *key = other_key;
            break;
        }
    }
    now.key = *key;
    now.digest = digest_of_volumes(ledger, group);
    return compare(ledger, known, &now);
}

enum ledger_verdict ledger_judge_status(struct ledger *ledger, const struct group *group,
                                        const char *agent, const char *activity, struct digest *key)
{
    struct subject_key *subject = subject_key(ledger, group->subject);
    struct ledger_entry now = {.time = group->time, .records = 1};

    if (!subject->is_made)
        *subject = (struct subject_key){true, NULL, agent_key(ledger, agent)};
    *key = subject->key;
    if (group->time < ledger->keep_from)
        return LEDGER_NEW;
    now.key = *key;
    now.digest = digest_of_status(ledger, group->records, activity);
    return compare(ledger, find(ledger, now.time, key), &now);
}

uint64_t ledger_shrunk(const struct ledger *ledger)
{
    return ledger->shrunk;
}

const struct ledger_entry *ledger_vanished(struct ledger *ledger, utc_ms from, utc_ms to,
                                           size_t *count)
{
    ledger->vanished.count = 0;
    for (uint32_t i = 0; i < map_count(ledger->places); i++) {
        const struct known *known = &ledger->known[i];
        if (!known->is_seen && known->entry.records > 0 && known->entry.time >= from &&
            known->entry.time < to)
            add_entry(&ledger->vanished, &known->entry);
    }
    *count = ledger->vanished.count;
    return ledger->vanished.items;
}

void ledger_overwrite(struct ledger *ledger, const struct ledger_entry *vanished)
{
    struct ledger_entry nothing = {.time = vanished->time, .key = vanished->key};

    digester_begin(ledger->digester);
    nothing.digest = digester_end(ledger->digester);
    add_entry(&ledger->changes, &nothing);
}

const struct ledger_entry *ledger_changes(const struct ledger *ledger, size_t *count)
{
    *count = ledger->changes.count;
    return ledger->changes.items;
}
