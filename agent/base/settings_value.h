/* SPDX-License-Identifier: Apache-2.0 */
/* settings_value.h - part of settings_read.c: the types that are written as a single value */
#ifndef AGENT_BASE_SETTINGS_VALUE_H
#define AGENT_BASE_SETTINGS_VALUE_H

#include "agent/base/settings_read.h"

/* Puts the text (references resolved) into its place, or tells an error at the node. */
void settings_read_value(struct settings_reader *reader, const struct setting *setting,
                         const struct node *node, const char *text, void *place);

bool settings_find_word(const char *text, const char *const *words, int *index);

#endif
