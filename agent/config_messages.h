/* SPDX-License-Identifier: Apache-2.0 */
/* config_messages.h - what is wrong with a configuration, collected and told in reading order */
#ifndef AGENT_CONFIG_MESSAGES_H
#define AGENT_CONFIG_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct config_messages;
struct config_messages *config_messages_new(struct arena *arena); /* lives in the arena */

/* Messages of this file stand behind those of the files named before. */
void config_messages_begin_file(struct config_messages *messages, const char *file);

/* A node_report: an error at a place. line 0: about the whole file. */
void config_messages_error(void *messages, const char *file, int line, int column,
                           const char *text);
/* The same for what is only worth knowing. */
void config_messages_note(struct config_messages *messages, const char *file, int line, int column,
                          const char *text);
bool config_messages_has_errors(const struct config_messages *messages);

/* "FILE:LINE:COLUMN: error: TEXT", file by file in the order they were begun or first spoken of,
 * each from
 * its top to its end. */
void config_messages_tell(const struct config_messages *messages,
                          void (*tell)(void *context, const char *line), void *context);

#endif
