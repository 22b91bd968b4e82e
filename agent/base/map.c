/* SPDX-License-Identifier: Apache-2.0 */
/* map.c - texts numbered in the order they were first seen: open addressing over one store of keys
 *
 *   places:  [hash, number] ...   a power of two of them, at most 3/4 taken, searched forwards
 *   starts:  where key n begins in the text; starts[count] is where the next one will
 *   text:    key 0, NUL, key 1, NUL, ...
 */
#include "agent/base/map.h"

#include <string.h>

#include "agent/base/os.h"

#define PLACES_FIRST ((size_t)64)
#define TEXT_FIRST   ((size_t)1024)
#define MULTIPLIER   UINT64_C(0x9E3779B97F4A7C15) /* 2^64 / golden ratio, odd */

struct place {
    uint32_t hash;
    uint32_t number; /* MAP_NONE: free */
};

struct map {
    size_t limit;
    uint32_t count;
    struct place *places;
    size_t place_count;
    size_t *starts; /* one for every key that fits before the places grow, and one more */
    char *text;
    size_t text_capacity;
};

static size_t fill_limit(size_t place_count)
{
    return place_count / 4 * 3;
}

/* Free is MAP_NONE, all bits set. */
static void clear_places(struct map *map)
{
    memset(map->places, 0xFF, map->place_count * sizeof *map->places);
}

static void make_places(struct map *map, size_t place_count)
{
    map->place_count = place_count;
    map->places = os_resize(map->places, place_count * sizeof *map->places);
    map->starts = os_resize(map->starts, (fill_limit(place_count) + 1) * sizeof *map->starts);
    clear_places(map);
}

struct map *map_new(size_t limit)
{
    struct map *map = os_alloc(sizeof *map);

    map->limit = limit < MAP_NONE ? limit : MAP_NONE - 1;
    map->text = os_alloc(TEXT_FIRST);
    map->text_capacity = TEXT_FIRST;
    make_places(map, PLACES_FIRST);
    map->starts[0] = 0;
    return map;
}

void map_free(struct map *map)
{
    if (map == NULL)
        return;
    os_free(map->places);
    os_free(map->starts);
    os_free(map->text);
    os_free(map);
}

void map_reset(struct map *map)
{
    if (map->count > 0)
        clear_places(map);
    map->count = 0;
}

uint32_t map_count(const struct map *map)
{
    return map->count;
}

static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * MULTIPLIER;
    return sum ^ (sum >> 32);
}

static uint32_t hash_of(const void *key, size_t size)
{
    const char *at = key;
    uint64_t sum = mix(0, size);
    uint64_t word;

    for (; size >= sizeof word; at += sizeof word, size -= sizeof word) {
        memcpy(&word, at, sizeof word);
        sum = mix(sum, word);
    }
    word = 0;
    if (size > 0)
        memcpy(&word, at, size);
    return (uint32_t)mix(mix(sum, word), 0);
}

const char *map_key(const struct map *map, uint32_t number, size_t *size)
{
    if (size != NULL)
        *size = map->starts[number + 1] - map->starts[number] - 1;
    return map->text + map->starts[number];
}

/* The key's place, or the free one where it belongs. There always is one. */
static struct place *find_place(const struct map *map, uint32_t hash, const void *key, size_t size)
{
    for (size_t i = hash;; i++) {
        struct place *place = &map->places[i & (map->place_count - 1)];
        if (place->number == MAP_NONE)
            return place;
        if (place->hash != hash)
            continue;
        size_t found_size;
        const char *found = map_key(map, place->number, &found_size);
        if (found_size == size && (size == 0 || memcmp(found, key, size) == 0))
            return place;
    }
}

uint32_t map_find(const struct map *map, const void *key, size_t size)
{
    return find_place(map, hash_of(key, size), key, size)->number;
}

static void double_places(struct map *map)
{
    struct place *old = map->places;
    const size_t old_count = map->place_count;

    map->places = NULL;
    make_places(map, old_count * 2);
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].number == MAP_NONE)
            continue;
        size_t at = old[i].hash;
        while (map->places[at & (map->place_count - 1)].number != MAP_NONE)
            at++;
        map->places[at & (map->place_count - 1)] = old[i];
    }
    os_free(old);
}

static void keep_key(struct map *map, const void *key, size_t size)
{
    const size_t start = map->starts[map->count];

    if (map->text_capacity - start <= size) {
        while (map->text_capacity - start <= size)
            map->text_capacity *= 2;
        map->text = os_resize(map->text, map->text_capacity);
    }
    if (size > 0)
        memcpy(map->text + start, key, size);
    map->text[start + size] = '\0';
    map->starts[map->count + 1] = start + size + 1;
}

uint32_t map_add(struct map *map, const void *key, size_t size, bool *added)
{
    const uint32_t hash = hash_of(key, size);
    struct place *place = find_place(map, hash, key, size);

    if (added != NULL)
        *added = false;
    if (place->number != MAP_NONE || map->count >= map->limit)
        return place->number;
    if (map->count >= fill_limit(map->place_count)) {
        double_places(map);
        place = find_place(map, hash, key, size);
    }
    keep_key(map, key, size);
    *place = (struct place){.hash = hash, .number = map->count};
    if (added != NULL)
        *added = true;
    return map->count++;
}
