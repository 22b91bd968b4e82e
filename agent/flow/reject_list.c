/* SPDX-License-Identifier: Apache-2.0 */
/* reject_list.c - rejected rows, their texts in one buffer */
#include "agent/flow/reject_list.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"

#define TEXTS_MOST (16 << 20)

/* Where a reject's texts lie: the buffer moves while it grows. 0 is the empty text. */
struct place {
    struct digest hash;
    size_t origin, reason, cells;
};

struct reject_list {
    struct bytes places;  /* struct place */
    struct bytes texts;   /* each ends with NUL; the first is "" */
    struct bytes rejects; /* struct store_reject, made when they are asked for */
};

struct reject_list *reject_list_new(void)
{
    struct reject_list *list = os_alloc(sizeof *list);

    bytes_init(&list->places, SIZE_MAX / 2);
    bytes_init(&list->texts, TEXTS_MOST);
    bytes_init(&list->rejects, SIZE_MAX / 2);
    reject_list_reset(list);
    return list;
}

void reject_list_free(struct reject_list *list)
{
    if (list == NULL)
        return;
    bytes_free(&list->places);
    bytes_free(&list->texts);
    bytes_free(&list->rejects);
    os_free(list);
}

void reject_list_reset(struct reject_list *list)
{
    bytes_reset(&list->places);
    bytes_reset(&list->texts);
    bytes_append_byte(&list->texts, '\0');
}

static size_t keep(struct reject_list *list, const char *text)
{
    const size_t place = list->texts.size;

    bytes_append(&list->texts, text, strlen(text) + 1);
    return list->texts.overflow ? 0 : place;
}

void reject_list_add(struct reject_list *list, const struct slice *slice,
                     const struct reject *reject)
{
    char origin[400], from[UTC_TEXT_SIZE + 1];
    struct place place = {.hash = reject->hash};

    if (slice->purpose == SLICE_FILE)
        snprintf(origin, sizeof origin, "%s, line %llu", slice->file,
                 (unsigned long long)reject->line);
    else
        snprintf(origin, sizeof origin, "import from %s, row %llu", utc_text(slice->from, from),
                 (unsigned long long)reject->line);
    place.origin = keep(list, origin);
    place.reason = keep(list, reject->reason);
    place.cells = keep(list, reject->cells);
    bytes_append(&list->places, &place, sizeof place);
}

const struct store_reject *reject_list_all(struct reject_list *list, size_t *count)
{
    const struct place *places = (const struct place *)(const void *)list->places.data;
    const char *texts = (const char *)list->texts.data;

    *count = list->places.size / sizeof *places;
    bytes_reset(&list->rejects);
    for (size_t i = 0; i < *count; i++) {
        const struct store_reject reject = {
            .hash = places[i].hash,
            .origin = texts + places[i].origin,
            .reason = texts + places[i].reason,
            .cells = texts + places[i].cells,
        };

        bytes_append(&list->rejects, &reject, sizeof reject);
    }
    return (const struct store_reject *)(const void *)list->rejects.data;
}
