/* SPDX-License-Identifier: Apache-2.0 */
/* node.h - a parsed YAML document (libyaml events) with the place of every piece
 *
 * The tree lives in one arena and is freed whole. Aliases, tags and several documents are refused;
 * depth 16, size 1 MiB. What libyaml says badly is said well. JSON is YAML, so the same reader
 * takes what node_write_json wrote.
 */
#ifndef AGENT_BASE_NODE_H
#define AGENT_BASE_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/base/error.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    const char *file; /* name for messages */
    int line, column; /* from 1 */
    const char *key;  /* inside a map: this entry's key; else NULL */
    int key_line, key_column;
    const char *text;   /* scalar: UTF-8, without quotes; "" when empty */
    bool is_plain;      /* scalar: written without quotes */
    bool is_comment;    /* scalar: empty, because what follows on its line is a # comment */
    struct node *first; /* list, map: children in order */
    struct node *next;  /* sibling */
    const struct node *parent;
};

struct node_document;

/* Each problem is told to `report` (may be several); NULL when the document cannot be used. */
typedef void node_report(void *context, const char *file, int line, int column, const char *text);
struct node_document *node_parse(const char *file, const void *data, size_t size,
                                 node_report *report, void *context);
struct node *node_root(struct node_document *document);
void node_free(struct node_document *document);
struct node *node_child(const struct node *map, const char *key); /* or NULL */

/* Writes the tree as JSON, every scalar as a text: what `text` makes of it (NULL function: as it
 * is). False as soon as `text` says NULL; err is then its own. */
struct json;
typedef const char *node_text(void *context, const struct node *scalar, struct error *err);
bool node_write_json(const struct node *node, node_text *text, void *context, struct json *out,
                     struct error *err) MUST_USE;

const char *node_library_version(void); /* of libyaml */

#endif
