/* SPDX-License-Identifier: Apache-2.0 */
/* settings_read.h - fills structs from nodes by their tables, strictly, every error at its place
 *
 * Unknown and doubled keys, wrong types, values out of range and missing keys are errors that name
 * the key's full path and, for a misspelt key or word, the nearest right one. Reading goes on after
 * an error, so that all of a file are shown in one go.
 */
#ifndef AGENT_BASE_SETTINGS_READ_H
#define AGENT_BASE_SETTINGS_READ_H

#include "agent/base/node.h"
#include "agent/base/settings.h"

struct settings_memory; /* texts and lists of filled structs; freed whole */
struct settings_memory *settings_memory_new(void);
void settings_memory_free(struct settings_memory *memory);
void *settings_keep(struct settings_memory *memory, const void *data, size_t size); /* a copy */
const char *settings_keep_text(struct settings_memory *memory, const char *text);

/* Resolves the ${...} references of one scalar. Returns NULL and err (ERROR_CONFIG) when unset.
 * Lent until the next call. NULL function: texts are taken as they are (already resolved). */
typedef const char *settings_resolve(void *context, const char *text, struct error *err);

struct settings_reader {
    struct settings_memory *memory;
    node_report *report; /* receives every error */
    void *report_context;
    settings_resolve *resolve;
    void *resolve_context;
    const char *path; /* of the map being read, for messages: "integrations.support-calls" */
    int errors;       /* counted */
};

/* node: the map (NULL: only defaults). out must be zeroed. Several tables may share one map:
 * give them all; out[i] is filled by table[i]. */
struct settings_part {
    const struct setting *table;
    void *out;
};
void settings_read(struct settings_reader *reader, const struct node *node,
                   const struct settings_part *parts, size_t count);

/* For custom readers: an error at a node's place ("FILE:LINE:COLUMN: error: PATH.key: ..."). */
void settings_error(struct settings_reader *reader, const struct node *where, const char *format,
                    ...) PRINTF_LIKE(3, 4);

/* The nearest of the NULL-terminated words within two typing errors, or NULL. */
const char *settings_nearest(const char *word, const char *const *words);

/* "64KiB" "4MiB" "2GiB" "500" -> bytes. */
bool settings_parse_size(const char *text, int64_t *size) MUST_USE;

#endif
