/* SPDX-License-Identifier: Apache-2.0 */
/* config_memory.h - what a loaded configuration lives in: an arena and its parsed documents */
#ifndef AGENT_CONFIG_MEMORY_H
#define AGENT_CONFIG_MEMORY_H

#include "agent/base/arena.h"
#include "agent/base/node.h"

struct config_memory;
struct config_memory *config_memory_new(void);
void config_memory_free(struct config_memory *memory);
struct arena *config_memory_arena(struct config_memory *memory);

/* Parses and keeps the document; its root, or NULL after telling every error. */
struct node *config_memory_parse(struct config_memory *memory, const char *file, const void *data,
                                 size_t size, node_report *report, void *context);

#endif
