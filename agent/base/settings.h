/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - what a module can be told, said once: a const table per struct
 *
 * From these tables come the strict reader (with FILE:LINE:COLUMN and "did you mean"), the
 * defaults, `config show`, the JSON Schema and the commented example. A table ends with a row
 * without name. Texts, lists and maps in a filled struct belong to the arena it was read with.
 */
#ifndef AGENT_BASE_SETTINGS_H
#define AGENT_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/error.h"

struct node; /* node.h */

/* The C type at the offset stands behind each. */
enum setting_type {
    SETTING_TEXT,     /* const char *; NULL when absent */
    SETTING_PATH,     /* const char *; made absolute; NULL when absent */
    SETTING_SECRET,   /* const char *; must be written as exactly one reference, which is what is
                         kept; the value itself where references are already resolved */
    SETTING_BOOLEAN,  /* bool */
    SETTING_INTEGER,  /* int64_t, least..most */
    SETTING_DURATION, /* int64_t milliseconds, least..most */
    SETTING_SIZE,     /* int64_t bytes, least..most */
    SETTING_CHOICE,   /* int: index into choices; a word "" (for "not said") cannot be written */
    SETTING_LETTER,   /* char: one of `choices` if given, else any ASCII character ("tab" for a
                         tab); 0 when absent */
    SETTING_LIST,     /* struct setting_list: texts (a single scalar is a list of one) */
    SETTING_SECTION,  /* nested struct at the offset, described by `section` */
    SETTING_CUSTOM,   /* the module's own reader: `read` */
    SETTING_NODE,     /* const struct node *, for whoever has the table read; NULL when absent */
};

struct setting_list {
    const char **items;
    size_t count;
};

struct settings_reader; /* collects errors by place, lends memory: settings_read.h */

struct setting {
    const char *name;
    enum setting_type type;
    size_t offset;
    const char *fallback; /* default, as it would be written; NULL: none */
    bool required;
    int64_t least, most;        /* both 0: any value of the type */
    const char *const *choices; /* NULL-terminated words */
    const struct setting *section;
    /* Custom: reads node (NULL: the default) into place; reports through the reader. */
    void (*read)(struct settings_reader *reader, const struct node *node, void *place);
    const char *schema;  /* custom: its JSON Schema */
    const char *example; /* in the commented example, where there is no default; may be several
                            lines: then the first character is a line end */
    const char *meaning; /* one line */
};

#endif
