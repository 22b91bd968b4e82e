/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - memory for many small things that live and die together
 *
 * What is taken stays where it is until arena_free. Used while a configuration is read, never in
 * the flow. An object belongs to one thread.
 */
#ifndef AGENT_BASE_ARENA_H
#define AGENT_BASE_ARENA_H

#include "agent/base/error.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);

void *arena_take(struct arena *arena, size_t size); /* zeroed, aligned for any type */
void *arena_keep(struct arena *arena, const void *data, size_t size); /* a copy */
const char *arena_keep_text(struct arena *arena, const char *text);   /* NULL gives NULL */
char *arena_print(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
