/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - blocks in a list; small things share one, a large thing gets its own */
#include "agent/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/os.h"

#define BLOCK_SIZE 16384

struct block {
    struct block *next;
    size_t used, size;
    max_align_t content[];
};

struct arena {
    struct block *first; /* the one being filled */
};

struct arena *arena_new(void)
{
    return os_alloc(sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    while (arena->first != NULL) {
        struct block *block = arena->first;

        arena->first = block->next;
        os_free(block);
    }
    os_free(arena);
}

void *arena_take(struct arena *arena, size_t size)
{
    const size_t step = sizeof(max_align_t);
    const size_t rounded = (size + step - 1) / step * step;
    struct block *block = arena->first;

    if (block == NULL || block->size - block->used < rounded) {
        const size_t content = rounded > BLOCK_SIZE ? rounded : BLOCK_SIZE;

        block = os_alloc(sizeof *block + content);
        block->size = content;
        block->next = arena->first;
        arena->first = block;
    }
    void *place = (char *)block->content + block->used;
    block->used += rounded;
    return place;
}

void *arena_keep(struct arena *arena, const void *data, size_t size)
{
    void *copy = arena_take(arena, size);

    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

const char *arena_keep_text(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_keep(arena, text, strlen(text) + 1);
}

char *arena_print(struct arena *arena, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);

    char *text = arena_take(arena, length < 0 ? 1 : (size_t)length + 1);
    if (length < 0)
        return text;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}
