/* SPDX-License-Identifier: Apache-2.0 */
/* queues.c - the queue guard: what is pinned, and what the current slice would add to it */
#include "agent/flow/queues.h"

#include <string.h>

#include "agent/base/map.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"

static const char *const rename_words[] = {"keep", "follow", NULL};

static const struct setting filter_settings[] = {
    {.name = "allow",
     .type = SETTING_LIST,
     .offset =
         offsetof(struct queues_settings, queues.allow) - offsetof(struct queues_settings, queues),
     .example = "[\"sales_*\"]",
     .meaning = "only queues whose identifier matches one of these patterns (* and ?) are sent"},
    {.name = "deny",
     .type = SETTING_LIST,
     .offset =
         offsetof(struct queues_settings, queues.deny) - offsetof(struct queues_settings, queues),
     .example = "[\"test*\"]",
     .meaning = "queues whose identifier matches one of these patterns are not sent"},
    {0}};

const struct setting queues_settings[] = {
    {.name = "rename",
     .type = SETTING_CHOICE,
     .offset = offsetof(struct queues_settings, rename),
     .fallback = "keep",
     .choices = rename_words,
     .meaning = "a renamed queue goes on under its first name (keep), or makes a new queue at the "
                "receiver (follow)"},
    {.name = "queues",
     .type = SETTING_SECTION,
     .offset = offsetof(struct queues_settings, queues),
     .section = filter_settings,
     .meaning = "which queues are sent; a queue can never be deleted at the receiver"},
    {.name = "max_new_queues",
     .type = SETTING_INTEGER,
     .offset = offsetof(struct queues_settings, max_new_queues),
     .fallback = "200",
     .least = 0,
     .most = 1000000,
     .meaning = "a slice that brings more new queues waits for `cloud-link queues NAME --accept`"},
    {0}};

/* A growing list of queues that stay where they are. */
struct list {
    struct queue **items;
    size_t count, capacity;
};

struct queues {
    const struct queues_settings *settings;
    struct map *identifiers;
    struct queue **current; /* by number of the identifier; NULL: none */
    size_t current_capacity;
    struct list pinned, tentative;
    struct queue *brought; /* the tentative ones as the store takes them */
    size_t brought_capacity;
};

struct queues *queues_new(const struct queues_settings *settings)
{
    struct queues *queues = os_alloc(sizeof *queues);

    queues->settings = settings;
    queues->identifiers = map_new(MAP_NONE - 1);
    return queues;
}

static void free_queue(struct queue *queue)
{
    os_free((char *)queue->identifier);
    os_free((char *)queue->name);
    os_free(queue);
}

static void free_items(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_queue(list->items[i]);
    list->count = 0;
}

void queues_free(struct queues *queues)
{
    if (queues == NULL)
        return;
    free_items(&queues->pinned);
    free_items(&queues->tentative);
    os_free(queues->pinned.items);
    os_free(queues->tentative.items);
    map_free(queues->identifiers);
    os_free(queues->current);
    os_free(queues->brought);
    os_free(queues);
}

static void append(struct list *list, struct queue *queue)
{
    if (list->count == list->capacity) {
        list->capacity = 2 * list->capacity + 64;
        list->items = os_resize(list->items, list->capacity * sizeof *list->items);
    }
    list->items[list->count++] = queue;
}

/* The place of the identifier's current queue. */
static struct queue **current_of(struct queues *queues, const char *identifier)
{
    bool is_new = false;
    uint32_t number = map_add(queues->identifiers, identifier, strlen(identifier), &is_new);

    if (number >= queues->current_capacity) {
        queues->current_capacity = 2 * (size_t)number + 64;
        queues->current =
            os_resize(queues->current, queues->current_capacity * sizeof *queues->current);
    }
    if (is_new)
        queues->current[number] = NULL;
    return &queues->current[number];
}

/* Into the ring of its identifier, as the current one. */
static void link_queue(struct queues *queues, struct queue *queue)
{
    struct queue **current = current_of(queues, queue->identifier);

    queue->next = queue;
    if (*current != NULL) {
        queue->next = (*current)->next;
        (*current)->next = queue;
    }
    *current = queue;
}

static struct queue *make_queue(const char *identifier, const char *name)
{
    struct queue *queue = os_alloc(sizeof *queue);

    queue->identifier = os_copy_text(identifier);
    queue->name = os_copy_text(name);
    return queue;
}

/* The queue of this name in the ring, or NULL. */
static struct queue *find_name(struct queue *ring, const char *name)
{
    struct queue *at = ring;

    if (ring == NULL)
        return NULL;
    do {
        if (strcmp(at->name, name) == 0)
            return at;
        at = (struct queue *)at->next;
    } while (at != ring);
    return NULL;
}

void queues_load(struct queues *queues, const struct queue *queue)
{
    struct queue *loaded = NULL;

    if (!queue->accepted || find_name(*current_of(queues, queue->identifier), queue->name) != NULL)
        return;
    loaded = make_queue(queue->identifier, queue->name);
    loaded->accepted = true;
    append(&queues->pinned, loaded);
    link_queue(queues, loaded);
}

static bool matches_any(const struct setting_list *patterns, const char *identifier)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (os_name_matches(patterns->items[i], identifier))
            return true;
    return false;
}

static bool is_denied(const struct queues_settings *settings, const char *identifier)
{
    if (settings->queues.allow.count > 0 && !matches_any(&settings->queues.allow, identifier))
        return true;
    return matches_any(&settings->queues.deny, identifier);
}

enum queue_verdict queues_see(struct queues *queues, const char *identifier, const char *name,
                              const struct queue **known)
{
    struct queue **current = NULL;
    struct queue *queue = NULL;

    *known = NULL;
    if (is_denied(queues->settings, identifier))
        return QUEUE_DENIED;
    current = current_of(queues, identifier);
    queue = queues->settings->rename == RENAME_FOLLOW ? find_name(*current, name) : *current;
    if (queue == NULL) {
        queue = make_queue(identifier, name);
        append(&queues->tentative, queue);
        link_queue(queues, queue);
    } else {
        *current = queue;
    }
    *known = queue;
    return queue->accepted ? QUEUE_KNOWN : QUEUE_NEW;
}

bool queues_too_many(const struct queues *queues)
{
    return (int64_t)queues->tentative.count > queues->settings->max_new_queues;
}

const struct queue *queues_brought(struct queues *queues, size_t *count)
{
    size_t wanted = queues->tentative.count;

    if (wanted > queues->brought_capacity) {
        queues->brought = os_resize(queues->brought, wanted * sizeof *queues->brought);
        queues->brought_capacity = wanted;
    }
    for (size_t i = 0; i < wanted; i++) {
        queues->brought[i] = *queues->tentative.items[i];
        queues->brought[i].accepted = true;
    }
    *count = wanted;
    return queues->brought;
}

void queues_commit(struct queues *queues)
{
    for (size_t i = 0; i < queues->tentative.count; i++) {
        queues->tentative.items[i]->accepted = true;
        append(&queues->pinned, queues->tentative.items[i]);
    }
    queues->tentative.count = 0;
}

/* What is left is linked anew: simpler than taking queues out of their rings, and seldom. */
void queues_abandon(struct queues *queues)
{
    if (queues->tentative.count == 0)
        return;
    free_items(&queues->tentative);
    map_reset(queues->identifiers);
    for (size_t i = 0; i < queues->pinned.count; i++)
        link_queue(queues, queues->pinned.items[i]);
}

size_t queues_count(const struct queues *queues)
{
    return queues->pinned.count;
}

const struct queue *queues_at(const struct queues *queues, size_t index)
{
    return queues->pinned.items[index];
}
