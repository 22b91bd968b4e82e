/* SPDX-License-Identifier: Apache-2.0 */
/* map.h - texts numbered in the order they were first seen: 0, 1, 2 ...
 *
 * The one lookup table of the program: queue names, agents, activities, digests by key. Keys are
 * bytes (may hold NUL), copied into the map. map_reset forgets the keys and keeps the memory.
 */
#ifndef AGENT_BASE_MAP_H
#define AGENT_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAP_NONE UINT32_MAX

struct map;

struct map *map_new(size_t limit); /* at most this many keys */
void map_free(struct map *map);
void map_reset(struct map *map);
uint32_t map_count(const struct map *map);

/* The key's number, a new one for a new key (*added then true; added may be NULL).
 * MAP_NONE when the limit is reached. */
uint32_t map_add(struct map *map, const void *key, size_t size, bool *added);
uint32_t map_find(const struct map *map, const void *key, size_t size); /* or MAP_NONE */
/* Lent until the next map_add or map_reset; terminated by a NUL that does not count. */
const char *map_key(const struct map *map, uint32_t number, size_t *size);

#endif
