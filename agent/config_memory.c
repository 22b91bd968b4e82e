/* SPDX-License-Identifier: Apache-2.0 */
/* config_memory.c - an arena and the documents that were parsed beside it, freed together */
#include "agent/config_memory.h"

#include "agent/base/os.h"

struct document {
    struct document *next;
    struct node_document *parsed;
};

struct config_memory {
    struct arena *arena;
    struct document *documents;
};

struct config_memory *config_memory_new(void)
{
    struct config_memory *memory = os_alloc(sizeof *memory);

    memory->arena = arena_new();
    return memory;
}

void config_memory_free(struct config_memory *memory)
{
    if (memory == NULL)
        return;
    for (const struct document *document = memory->documents; document != NULL;
         document = document->next)
        node_free(document->parsed);
    arena_free(memory->arena);
    os_free(memory);
}

struct arena *config_memory_arena(struct config_memory *memory)
{
    return memory->arena;
}

struct node *config_memory_parse(struct config_memory *memory, const char *file, const void *data,
                                 size_t size, node_report *report, void *context)
{
    struct node_document *parsed = node_parse(file, data, size, report, context);

    if (parsed == NULL)
        return NULL;
    struct document *document = arena_take(memory->arena, sizeof *document);
    document->parsed = parsed;
    document->next = memory->documents;
    memory->documents = document;
    return node_root(parsed);
}
