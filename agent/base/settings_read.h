/* SPDX-License-Identifier: Apache-2.0 */
/* settings_read.h - fills structs from nodes by their tables, strictly, every error at its place
 *
 * Unknown and doubled keys, wrong types, values out of range and missing keys are errors that name
 * the key's full path and, for a misspelt key or word, the nearest right one. Reading goes on after
 * an error, so that all of a file are shown in one go.
 */
#ifndef AGENT_BASE_SETTINGS_READ_H
#define AGENT_BASE_SETTINGS_READ_H

#include "agent/base/arena.h"
#include "agent/base/node.h"
#include "agent/base/settings.h"

/* Resolves the ${...} references of one scalar. Returns NULL and err (ERROR_CONFIG) when unset.
 * Lent until the next call. NULL function: texts are taken as they are (already resolved). */
typedef const char *settings_resolve(void *context, const struct node *scalar, struct error *err);

/* What a table cannot know: which of its keys belong in this map, must be there, and other
 * defaults. */
struct settings_rules {
    /* Why a key does not belong here ("is for intervals only"); NULL: it does, or is unknown;
     * "": it may, nothing is said of it. */
    const char *(*refuse)(void *context, const char *key);
    bool (*is_required)(void *context, const struct setting *setting);
    const char *(*fallback)(void *context, const struct setting *setting);
    void *context;
};

struct settings_reader {
    struct arena *memory; /* where texts and lists of the filled structs live */
    node_report *report;  /* receives every error */
    void *report_context;
    settings_resolve *resolve;
    void *resolve_context;
    const struct settings_rules *rules; /* of the map being read; NULL: none */
    const char *folder;                 /* what relative paths start from */
    const struct node *top;             /* what `path` is the name of; NULL: the document's root */
    const char *path; /* for messages: "integrations.support-calls"; "" for the root */
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

/* For custom readers and the like: an error at a node's place. The report receives
 * "PATH: sentence" with the node's full path: "integrations.support-calls.columns.date". */
void settings_error(struct settings_reader *reader, const struct node *where, const char *format,
                    ...) PRINTF_LIKE(3, 4);
/* The scalar's text, references resolved, kept; NULL after an error (not a single value, empty). */
const char *settings_text(struct settings_reader *reader, const struct node *node);

/* The nearest of the NULL-terminated words, within two typing errors or cut short, or NULL. */
const char *settings_nearest(const char *word, const char *const *words);

bool settings_parse_integer(const char *text, int64_t *number) MUST_USE;
/* "64KiB" "4MiB" "2GiB" "500" -> bytes, and the shortest such text. */
bool settings_parse_size(const char *text, int64_t *size) MUST_USE;
const char *settings_print_size(int64_t size, char text[32]);

#endif
