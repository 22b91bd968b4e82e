/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - the texts of one slice by number: one map a role, and a table from told to own */
#include "agent/flow/names.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/map.h"
#include "agent/base/os.h"

#define TEXTS_MOST      1000000
#define TEXT_BYTES_MOST ((size_t)256 << 20) /* of one role: identifiers, or names of queues */
#define ROLES           3                   /* enum name_role */

struct role {
    struct map *map; /* identifier -> own number */
    size_t map_bytes;
    uint32_t *own; /* by told number */
    uint32_t told_count, told_capacity;
};

struct names {
    struct role roles[ROLES];
    struct bytes queue_names; /* each ended by a NUL */
    size_t *queue_name_at;    /* by own number */
    uint32_t queue_name_capacity;
};

static const char *const role_plurals[ROLES] = {
    [NAME_QUEUE] = "queues", [NAME_AGENT] = "agents", [NAME_ACTIVITY] = "activities"};

struct names *names_new(void)
{
    struct names *names = os_alloc(sizeof *names);

    for (int role = 0; role < ROLES; role++)
        names->roles[role].map = map_new(TEXTS_MOST);
    bytes_init(&names->queue_names, TEXT_BYTES_MOST);
    return names;
}

void names_free(struct names *names)
{
    if (names == NULL)
        return;
    for (int role = 0; role < ROLES; role++) {
        map_free(names->roles[role].map);
        os_free(names->roles[role].own);
    }
    bytes_free(&names->queue_names);
    os_free(names->queue_name_at);
    os_free(names);
}

void names_reset(struct names *names)
{
    for (int role = 0; role < ROLES; role++) {
        map_reset(names->roles[role].map);
        names->roles[role].map_bytes = 0;
        names->roles[role].told_count = 0;
    }
    bytes_reset(&names->queue_names);
}

/* Keeps a new name of a queue; false when there is no room. */
static bool set_queue_name(struct names *names, uint32_t own, bool is_new, const char *name)
{
    if (!is_new && strcmp(names_queue_name(names, own), name) == 0)
        return true;
    if (own >= names->queue_name_capacity) {
        names->queue_name_capacity = 2 * own + 64;
        names->queue_name_at = os_resize(names->queue_name_at,
                                         names->queue_name_capacity * sizeof *names->queue_name_at);
    }
    names->queue_name_at[own] = names->queue_names.size;
    bytes_append(&names->queue_names, name, strlen(name) + 1);
    return !names->queue_names.overflow;
}

uint32_t names_add(struct names *names, enum name_role role, const char *identifier,
                   const char *name)
{
    struct role *r = &names->roles[role];
    size_t size = strlen(identifier);
    bool is_new = false;
    uint32_t own = map_find(r->map, identifier, size);

    if (own == MAP_NONE) {
        if (size > TEXT_BYTES_MOST - r->map_bytes)
            return UINT32_MAX;
        own = map_add(r->map, identifier, size, &is_new);
        if (own == MAP_NONE)
            return UINT32_MAX;
        r->map_bytes += size;
    }
    if (role == NAME_QUEUE && !set_queue_name(names, own, is_new, name))
        return UINT32_MAX;
    return own;
}

static bool is_text(const char *text)
{
    return text == NULL || json_text_is_valid(text, strlen(text));
}

bool names_put(struct names *names, const struct names_told *told, struct error *err)
{
    struct role *r = NULL;
    uint32_t own = 0;

    if (told->role > NAME_ACTIVITY)
        return error_set(err, ERROR_RETRY, "the source process names something unknown");
    if (!is_text(told->identifier) || !is_text(told->name))
        return error_set(err, ERROR_RETRY, "the source process gives a name that is no text");
    r = &names->roles[told->role];
    if (told->number != r->told_count)
        return error_set(err, ERROR_RETRY, "the source process numbers its %s out of order",
                         role_plurals[told->role]);
    if (told->number == TEXTS_MOST)
        own = UINT32_MAX;
    else
        own = names_add(names, told->role, told->identifier, told->name);
    if (own == UINT32_MAX)
        return error_set(err, ERROR_CONFIG,
                         "more than 1,000,000 %s or 256 MiB of their names at once: "
                         "it looks like a wrong column",
                         role_plurals[told->role]);
    if (r->told_count == r->told_capacity) {
        r->told_capacity = 2 * r->told_capacity + 64;
        r->own = os_resize(r->own, r->told_capacity * sizeof *r->own);
    }
    r->own[r->told_count++] = own;
    return true;
}

uint32_t names_own(const struct names *names, enum name_role role, uint32_t number)
{
    const struct role *r = &names->roles[role];

    return number < r->told_count ? r->own[number] : UINT32_MAX;
}

uint32_t names_count(const struct names *names, enum name_role role)
{
    return map_count(names->roles[role].map);
}

const char *names_identifier(const struct names *names, enum name_role role, uint32_t own)
{
    size_t size = 0;

    return map_key(names->roles[role].map, own, &size);
}

const char *names_queue_name(const struct names *names, uint32_t own)
{
    return (const char *)names->queue_names.data + names->queue_name_at[own];
}
