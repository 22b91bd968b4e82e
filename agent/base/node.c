/* SPDX-License-Identifier: Apache-2.0 */
/* node.c - libyaml's events become a tree that knows where each piece stands */
#include "agent/base/node.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/arena.h"
#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/node_problem.h"
#include "agent/base/os.h"

#define SIZE_MOST  ((size_t)1 << 20)
#define DEPTH_MOST 16

struct node_document {
    struct arena *arena;
    struct node *root;
};

/* The list or map being filled. */
struct level {
    struct node *node;
    struct node **tail;   /* where the next child is hung */
    const char *key;      /* map: the key whose value comes next; NULL: a key comes next */
    yaml_mark_t key_mark; /* of key */
};

struct builder {
    struct node_document *document;
    struct node_source source;
    const char *file;
    node_report *report;
    void *context;
    bool failed;
    struct level levels[DEPTH_MOST];
    int depth;
};

static void tell(struct builder *builder, size_t line, size_t column, const char *text)
{
    builder->failed = true;
    builder->report(builder->context, builder->file, (int)line, (int)column, text);
}

static void tell_at(struct builder *builder, yaml_mark_t mark, const char *text)
{
    tell(builder, mark.line + 1, mark.column + 1, text);
}

static struct node *new_node(struct builder *builder, enum node_kind kind, yaml_mark_t mark)
{
    struct node *node = arena_take(builder->document->arena, sizeof *node);

    node->kind = kind;
    node->file = builder->file;
    node->line = (int)mark.line + 1;
    node->column = (int)mark.column + 1;
    node->text = "";
    return node;
}

/* Hangs a node where it belongs: under the map's waiting key, at the list's end, or as the root. */
static void hang(struct builder *builder, struct node *node)
{
    if (builder->depth == 0) {
        builder->document->root = node;
        return;
    }
    struct level *level = &builder->levels[builder->depth - 1];

    if (level->node->kind == NODE_MAP) {
        node->key = level->key;
        node->key_line = (int)level->key_mark.line + 1;
        node->key_column = (int)level->key_mark.column + 1;
        level->key = NULL;
    }
    node->parent = level->node;
    *level->tail = node;
    level->tail = &node->next;
}

static bool expects_key(const struct builder *builder)
{
    return builder->depth > 0 && builder->levels[builder->depth - 1].node->kind == NODE_MAP &&
           builder->levels[builder->depth - 1].key == NULL;
}

/* An empty value before a comment: `password: #x`. */
static bool comment_follows(const struct builder *builder, yaml_mark_t mark)
{
    size_t size;
    size_t i = 0;
    const char *rest = node_source_rest(&builder->source, mark, &size);

    while (i < size && (rest[i] == ' ' || rest[i] == '\t'))
        i++;
    return i < size && rest[i] == '#';
}

/* Line ends and tabs may stand in a text; others come from a backslash that was meant as one. */
static bool holds_control(const unsigned char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((text[i] < ' ' && strchr("\t\n\r", text[i]) == NULL) || text[i] == 0 || text[i] == 0x7F)
            return true;
    }
    return false;
}

static void put_scalar(struct builder *builder, const yaml_event_t *event)
{
    const unsigned char *value = event->data.scalar.value;
    const size_t size = event->data.scalar.length;
    char *text = arena_take(builder->document->arena, size + 1);

    if (holds_control(value, size))
        tell_at(builder, event->start_mark,
                "this text holds a control character: in double quotes a backslash begins an "
                "escape, in single quotes it does not");
    memcpy(text, value, size);
    if (expects_key(builder)) {
        builder->levels[builder->depth - 1].key = text;
        builder->levels[builder->depth - 1].key_mark = event->start_mark;
        return;
    }
    struct node *node = new_node(builder, NODE_SCALAR, event->start_mark);
    node->text = text;
    node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->is_comment = node->is_plain && size == 0 && comment_follows(builder, event->start_mark);
    hang(builder, node);
}

static void put_collection(struct builder *builder, enum node_kind kind, const yaml_event_t *event)
{
    if (expects_key(builder)) {
        tell_at(builder, event->start_mark, "a key must be a single word");
        builder->levels[builder->depth - 1].key = "";
        builder->levels[builder->depth - 1].key_mark = event->start_mark;
    }
    struct node *node = new_node(builder, kind, event->start_mark);

    hang(builder, node);
    builder->levels[builder->depth++] = (struct level){.node = node, .tail = &node->first};
}

/* `*x`, `&x` and `!x`: parts of YAML that a configuration does not need, so forgotten quotes. */
static void refuse_unquoted(struct builder *builder, yaml_mark_t mark)
{
    struct node_problem problem;

    node_problem_unquoted(&builder->source, mark, &problem);
    tell(builder, problem.line, problem.column, problem.text);
}

static bool is_adorned(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor != NULL || event->data.sequence_start.tag != NULL;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor != NULL || event->data.mapping_start.tag != NULL;
    default:
        return false;
    }
}

/* Takes one event into the tree. False: stop. */
static bool take_event(struct builder *builder, const yaml_event_t *event)
{
    if (is_adorned(event))
        refuse_unquoted(builder, event->start_mark);
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->document->root == NULL)
            return true;
        tell_at(builder, event->start_mark, "one file holds one document: --- begins another");
        return false;
    case YAML_ALIAS_EVENT:
        refuse_unquoted(builder, event->start_mark);
        if (expects_key(builder)) {
            builder->levels[builder->depth - 1].key = "";
            return true;
        }
        hang(builder, new_node(builder, NODE_SCALAR, event->start_mark));
        return true;
    case YAML_SCALAR_EVENT:
        put_scalar(builder, event);
        return true;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        if (builder->depth == DEPTH_MOST) {
            tell_at(builder, event->start_mark, "this is nested too deeply");
            return false;
        }
        put_collection(builder, event->type == YAML_MAPPING_START_EVENT ? NODE_MAP : NODE_LIST,
                       event);
        return true;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        builder->depth--;
        return true;
    default:
        return true;
    }
}

static void build(struct builder *builder, yaml_parser_t *yaml)
{
    bool go_on = true;

    while (go_on) {
        yaml_event_t event;

        if (!yaml_parser_parse(yaml, &event)) {
            struct node_problem problem;

            node_problem_of(yaml, &builder->source, &problem);
            tell(builder, problem.line, problem.column, problem.text);
            return;
        }
        go_on = take_event(builder, &event) && event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
}

struct node_document *node_parse(const char *file, const void *data, size_t size,
                                 node_report *report, void *context)
{
    struct node_document *document = os_alloc(sizeof *document);
    struct builder builder = {.document = document, .report = report, .context = context};
    yaml_parser_t yaml;

    document->arena = arena_new();
    builder.file = arena_keep_text(document->arena, file);
    builder.source = (struct node_source){.data = data, .size = size};
    if (size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) /* some editors' mark of UTF-8 */
        builder.source = (struct node_source){.data = (const char *)data + 3, .size = size - 3};

    if (size > SIZE_MOST) {
        tell(&builder, 1, 1, "the file is larger than 1 MiB");
    } else if (!yaml_parser_initialize(&yaml)) {
        tell(&builder, 1, 1, "out of memory");
    } else {
        yaml_parser_set_encoding(&yaml, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&yaml, (const unsigned char *)builder.source.data,
                                     builder.source.size);
        build(&builder, &yaml);
        yaml_parser_delete(&yaml);
    }
    if (builder.failed) {
        node_free(document);
        return NULL;
    }
    if (document->root == NULL)
        document->root = new_node(&builder, NODE_SCALAR, (yaml_mark_t){0});
    return document;
}

struct node *node_root(struct node_document *document)
{
    return document->root;
}

void node_free(struct node_document *document)
{
    if (document == NULL)
        return;
    arena_free(document->arena);
    os_free(document);
}

struct node *node_child(const struct node *map, const char *key)
{
    for (struct node *child = map->first; child != NULL; child = child->next) {
        if (child->key != NULL && strcmp(child->key, key) == 0)
            return child;
    }
    return NULL;
}

static void put_key(struct json *out, const char *key)
{
    json_put_text_for_yaml(out, key);
    bytes_append_byte(out->out, ':');
    out->comma = false;
}

bool node_write_json(const struct node *node, node_text *text, void *context, struct json *out,
                     struct error *err)
{
    if (node->kind == NODE_SCALAR) {
        const char *value = text == NULL ? node->text : text(context, node, err);

        if (value != NULL)
            json_put_text_for_yaml(out, value);
        return value != NULL;
    }
    if (node->kind == NODE_MAP)
        json_begin_object(out);
    else
        json_begin_array(out);
    for (const struct node *child = node->first; child != NULL; child = child->next) {
        if (node->kind == NODE_MAP)
            put_key(out, child->key);
        if (!node_write_json(child, text, context, out, err))
            return false;
    }
    if (node->kind == NODE_MAP)
        json_end_object(out);
    else
        json_end_array(out);
    return true;
}

const char *node_library_version(void)
{
    return yaml_get_version_string();
}
