/* SPDX-License-Identifier: Apache-2.0 */
/* settings_read.c - a table and a map of the configuration become a filled struct, or errors */
#include "agent/base/settings_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/settings_value.h"

/* The node's full path: the names from the reader's top down to it. */
static const char *path_of(struct settings_reader *reader, const struct node *node)
{
    const char *path = "";

    for (; node != reader->top && node->parent != NULL; node = node->parent) {
        const bool is_last = path[0] == '\0' || path[0] == '[';
        size_t index = 1;

        for (const struct node *item = node->parent->first; item != node; item = item->next)
            index++;
        path = node->key != NULL
                   ? arena_print(reader->memory, "%s%s%s", node->key, is_last ? "" : ".", path)
                   : arena_print(reader->memory, "[%zu]%s%s", index, is_last ? "" : ".", path);
    }
    if (reader->path[0] == '\0' || path[0] == '\0')
        return path[0] == '\0' ? reader->path : path;
    return arena_print(reader->memory, "%s%s%s", reader->path, path[0] == '[' ? "" : ".", path);
}

static void report(struct settings_reader *reader, const struct node *where, const char *path,
                   const char *sentence)
{
    reader->errors++;
    reader->report(reader->report_context, where->file, where->line, where->column,
                   path[0] == '\0' ? sentence
                                   : arena_print(reader->memory, "%s: %s", path, sentence));
}

/* About a key, not its value. */
static void report_key(struct settings_reader *reader, const struct node *child,
                       const char *sentence)
{
    struct node key = *child;

    key.line = child->key_line;
    key.column = child->key_column;
    report(reader, &key, path_of(reader, child), sentence);
}

void settings_error(struct settings_reader *reader, const struct node *where, const char *format,
                    ...)
{
    char sentence[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    report(reader, where, path_of(reader, where), sentence);
}

/* The text of a single value as it is written, or NULL and an error. */
static const char *written_text(struct settings_reader *reader, const struct node *node)
{
    if (node->kind != NODE_SCALAR) {
        settings_error(reader, node, "must be a single value, not a %s",
                       node->kind == NODE_MAP ? "map" : "list");
        return NULL;
    }
    if (node->is_comment) {
        settings_error(reader, node,
                       "has no value: what follows # is a comment, unless it is quoted");
        return NULL;
    }
    if (node->text[0] == '\0') {
        settings_error(reader, node, "has no value");
        return NULL;
    }
    return node->text;
}

static const char *resolved(struct settings_reader *reader, const struct node *node)
{
    struct error err;

    if (reader->resolve == NULL)
        return node->text;
    const char *text = reader->resolve(reader->resolve_context, node, &err);
    if (text == NULL)
        settings_error(reader, node, "%s", err.text);
    return text;
}

const char *settings_text(struct settings_reader *reader, const struct node *node)
{
    if (written_text(reader, node) == NULL)
        return NULL;
    const char *text = resolved(reader, node);
    return text == NULL ? NULL : arena_keep_text(reader->memory, text);
}

/* `${kind:name}` and nothing else. */
static bool is_one_reference(const char *text)
{
    const char *colon = strchr(text, ':');
    const char *brace = strchr(text, '}');

    return strncmp(text, "${", 2) == 0 && colon != NULL && brace > colon + 1 && brace[1] == '\0' &&
           strstr(text + 2, "${") == NULL;
}

static const char *read_secret(struct settings_reader *reader, const struct node *node)
{
    if (written_text(reader, node) == NULL)
        return NULL;
    if (reader->resolve == NULL)
        return arena_keep_text(reader->memory, node->text);
    if (!is_one_reference(node->text)) {
        settings_error(reader, node,
                       "a secret never stands in the file: store it with `cloud-link secret set "
                       "NAME` and write ${secret:NAME} here");
        return NULL;
    }
    return resolved(reader, node) == NULL ? NULL : arena_keep_text(reader->memory, node->text);
}

static size_t count_children(const struct node *node)
{
    size_t count = 0;

    for (const struct node *child = node->first; child != NULL; child = child->next)
        count++;
    return count;
}

static void read_list(struct settings_reader *reader, const struct node *node,
                      struct setting_list *list)
{
    if (node->kind == NODE_MAP) {
        settings_error(reader, node, "must be a list, not a map");
        return;
    }
    const bool is_single = node->kind == NODE_SCALAR;
    const size_t count = is_single ? 1 : count_children(node);

    list->items = arena_take(reader->memory, count * sizeof *list->items);
    for (const struct node *item = is_single ? node : node->first; item != NULL;
         item = is_single ? NULL : item->next) {
        const char *text = settings_text(reader, item);

        if (text != NULL)
            list->items[list->count++] = text;
    }
}

static void refuse_doubled_key(struct settings_reader *reader, const struct node *map,
                               const struct node *child)
{
    const struct node *first = node_child(map, child->key);

    if (first != child)
        report_key(reader, child,
                   arena_print(reader->memory, "this key stands twice, first in line %d",
                               first->key_line));
}

/* Here and below: for maps that no table describes. */
static void refuse_doubled_keys(struct settings_reader *reader, const struct node *node)
{
    for (const struct node *child = node->first; child != NULL; child = child->next) {
        if (child->key != NULL)
            refuse_doubled_key(reader, node, child);
        refuse_doubled_keys(reader, child);
    }
}

static void read_section(struct settings_reader *reader, const struct setting *setting,
                         const struct node *node, void *place)
{
    const struct settings_part part = {.table = setting->section, .out = place};
    const struct settings_rules *rules = reader->rules;

    reader->rules = NULL;
    settings_read(reader, node, &part, 1);
    reader->rules = rules;
}

static void read_setting(struct settings_reader *reader, const struct setting *setting,
                         const struct node *node, void *out)
{
    void *place = (char *)out + setting->offset;
    const char *text;

    switch (setting->type) {
    case SETTING_SECTION:
        read_section(reader, setting, node, place);
        return;
    case SETTING_CUSTOM:
        refuse_doubled_keys(reader, node);
        setting->read(reader, node, place);
        return;
    case SETTING_NODE:
        *(const struct node **)place = node;
        return;
    case SETTING_LIST:
        read_list(reader, node, place);
        return;
    case SETTING_SECRET:
        text = read_secret(reader, node);
        if (text != NULL)
            *(const char **)place = text;
        return;
    default:
        text = settings_text(reader, node);
        if (text != NULL)
            settings_read_value(reader, setting, node, text, place);
        else if (setting->type == SETTING_TEXT || setting->type == SETTING_PATH)
            *(const char **)place = ""; /* it is not missing, so nobody shall say so */
        return;
    }
}

static void set_default(struct settings_reader *reader, const struct setting *setting, void *out)
{
    const char *fallback = setting->fallback;

    if (reader->rules != NULL && reader->rules->fallback != NULL)
        fallback = reader->rules->fallback(reader->rules->context, setting);
    if (setting->type == SETTING_SECTION) {
        read_section(reader, setting, NULL, (char *)out + setting->offset);
    } else if (setting->type == SETTING_CUSTOM) {
        setting->read(reader, NULL, (char *)out + setting->offset);
    } else if (fallback != NULL) {
        const struct node node = {.kind = NODE_SCALAR, .file = "default", .text = fallback};

        settings_read_value(reader, setting, &node, fallback, (char *)out + setting->offset);
    }
}

static const char *refusal(const struct settings_reader *reader, const char *key)
{
    return reader->rules == NULL || reader->rules->refuse == NULL
               ? NULL
               : reader->rules->refuse(reader->rules->context, key);
}

static bool is_required(const struct settings_reader *reader, const struct setting *setting)
{
    return reader->rules == NULL || reader->rules->is_required == NULL
               ? setting->required
               : reader->rules->is_required(reader->rules->context, setting);
}

/* The names of all settings that belong in this map. */
static const char *const *known_names(struct settings_reader *reader,
                                      const struct settings_part *parts, size_t count)
{
    size_t names = 0;

    for (size_t i = 0; i < count; i++) {
        for (const struct setting *setting = parts[i].table; setting->name != NULL; setting++)
            names++;
    }
    const char **known = arena_take(reader->memory, (names + 1) * sizeof *known);
    names = 0;
    for (size_t i = 0; i < count; i++) {
        for (const struct setting *setting = parts[i].table; setting->name != NULL; setting++) {
            if (refusal(reader, setting->name) == NULL)
                known[names++] = setting->name;
        }
    }
    return known;
}

static void refuse_wrong_keys(struct settings_reader *reader, const struct node *map,
                              const struct settings_part *parts, size_t count)
{
    const char *const *known = known_names(reader, parts, count);

    for (const struct node *child = map->first; child != NULL; child = child->next) {
        const char *why = refusal(reader, child->key);
        const char *nearest = settings_nearest(child->key, known);
        int index;

        if (why != NULL && why[0] != '\0')
            report_key(reader, child, why);
        else if (why != NULL)
            continue;
        else if (settings_find_word(child->key, known, &index))
            refuse_doubled_key(reader, map, child);
        else if (strchr(child->key, ':') != NULL)
            report_key(reader, child, "unknown key; a blank must follow the colon after a key");
        else if (nearest != NULL)
            report_key(reader, child,
                       arena_print(reader->memory, "unknown key; did you mean \"%s\"?", nearest));
        else
            report_key(reader, child, "unknown key");
    }
}

static void read_or_default(struct settings_reader *reader, const struct setting *setting,
                            const struct node *map, void *out)
{
    const bool belongs = refusal(reader, setting->name) == NULL;
    const struct node *child = map == NULL || !belongs ? NULL : node_child(map, setting->name);

    if (child != NULL && setting->type != SETTING_CUSTOM)
        set_default(reader, setting, out); /* stands if what is written turns out wrong */
    if (child != NULL) {
        read_setting(reader, setting, child, out);
        return;
    }
    if (is_required(reader, setting) && belongs && map != NULL) {
        const char *path = path_of(reader, map);

        report(
            reader, map,
            arena_print(reader->memory, "%s%s%s", path, path[0] == '\0' ? "" : ".", setting->name),
            "this key is missing");
    }
    set_default(reader, setting, out);
}

void settings_read(struct settings_reader *reader, const struct node *node,
                   const struct settings_part *parts, size_t count)
{
    const bool is_empty = node != NULL && node->kind == NODE_SCALAR && node->text[0] == '\0';

    if (node != NULL && node->kind != NODE_MAP && !is_empty) {
        if (node->kind == NODE_SCALAR && strchr(node->text, ':') != NULL)
            settings_error(reader, node,
                           "must be a map of keys; a blank must follow the colon "
                           "after a key");
        else
            settings_error(reader, node, "must be a map of keys");
        node = NULL;
    }
    if (node != NULL)
        refuse_wrong_keys(reader, node, parts, count);
    for (size_t i = 0; i < count; i++) {
        for (const struct setting *setting = parts[i].table; setting->name != NULL; setting++)
            read_or_default(reader, setting, node, parts[i].out);
    }
}
