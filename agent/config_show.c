/* SPDX-License-Identifier: Apache-2.0 */
/* config_show.c - what is in force, key by key, and where each value comes from */
#include <string.h>

#include "agent/base/arena.h"
#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/node.h"
#include "agent/config.h"
#include "agent/config_keys.h"
#include "agent/config_write.h"

struct show {
    struct arena *arena;
    struct bytes *out;
    struct json *json; /* NULL: as text */
};

static void put(struct show *show, const char *path, const char *value, const char *from)
{
    if (show->json == NULL) {
        bytes_append_text(show->out, arena_print(show->arena, "%s: %s  # %s\n", path, value, from));
        return;
    }
    json_begin_object(show->json);
    json_put_key(show->json, "key");
    json_put_text(show->json, path);
    json_put_key(show->json, "value");
    json_put_text(show->json, value);
    json_put_key(show->json, "from");
    json_put_text(show->json, from);
    json_end_object(show->json);
}

/* A single value as it is, lists and maps on one line. */
static const char *written(struct show *show, const struct node *node)
{
    struct bytes text;
    struct json json;
    struct error err;

    if (node->kind == NODE_SCALAR && strchr(node->text, '\n') == NULL)
        return node->text;
    bytes_init(&text, (size_t)1 << 20);
    json_init(&json, &text);
    const char *value = node_write_json(node, NULL, NULL, &json, &err)
                            ? arena_keep_text(show->arena, bytes_text(&text))
                            : "";
    bytes_free(&text);
    return value;
}

static void show_table(struct show *show, const struct setting *table, const struct node *map,
                       const char *path, int kind)
{
    for (const struct setting *setting = table; setting->name != NULL; setting++) {
        const struct node *node = map == NULL ? NULL : node_child(map, setting->name);
        const char *full = arena_print(show->arena, "%s.%s", path, setting->name);
        const char *fallback = config_key_fallback(setting, kind);

        if (setting->type == SETTING_SECTION)
            show_table(show, setting->section, node, full, kind);
        else if (node != NULL)
            put(show, full, setting->type == SETTING_SECRET ? "****" : written(show, node),
                arena_print(show->arena, "%s:%d", node->file, node->line));
        else if (fallback != NULL)
            put(show, full, fallback, "default");
    }
}

static void show_integration(struct show *show, const struct integration_config *integration)
{
    const char *path = arena_print(show->arena, "integrations.%s", integration->name);
    struct setting one[2] = {{0}};

    for (size_t i = 0; integration_tables[i] != NULL; i++) {
        for (const struct setting *setting = integration_tables[i]; setting->name != NULL;
             setting++) {
            one[0] = *setting;
            if (config_key_refusal(setting->name, (int)integration->data, integration->connector) ==
                NULL)
                show_table(show, one, integration->node, path, (int)integration->data);
        }
    }
    show_table(show, integration->connector->settings, integration->node, path,
               (int)integration->data);
}

void config_show(const struct config *config, bool as_json, struct bytes *out)
{
    struct json json;
    struct show show = {.arena = arena_new(), .out = out, .json = as_json ? &json : NULL};

    json_init(&json, out);
    if (as_json)
        json_begin_array(&json);
    for (const struct setting *section = top_settings; section->name != NULL; section++) {
        if (section->type == SETTING_SECTION)
            show_table(&show, section->section, node_child(config->root, section->name),
                       section->name, -1);
    }
    for (size_t i = 0; i < config->integration_count; i++)
        show_integration(&show, &config->integrations[i]);
    if (as_json) {
        json_end_array(&json);
        bytes_append_text(out, "\n");
    }
    arena_free(show.arena);
}
