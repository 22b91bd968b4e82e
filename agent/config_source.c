/* SPDX-License-Identifier: Apache-2.0 */
/* config_source.c - what a source process is told of the configuration, and how it reads it
 *
 *     {"folder": what relative paths start from, "integration": {its map, without api_key}}
 *
 * valid if and only if the integration's map is one that config_load accepts. Every value is a
 * text, its references already resolved.
 */
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/os_file.h"
#include "agent/config.h"
#include "agent/config_integration.h"
#include "agent/config_memory.h"
#include "agent/secrets.h"

#define SECRET_MOST ((size_t)256 << 10)

const char *config_api_key(const struct config *config,
                           const struct integration_config *integration, struct secrets *secrets,
                           struct error *err)
{
    return secrets_lend(
        secrets, integration->api_key != NULL ? integration->api_key : config->peopleware.api_key,
        err);
}

/* Where a resolved scalar stands until it is written. */
struct resolving {
    struct secrets *secrets;
    struct bytes text;
};

static const char *resolve(void *context, const struct node *scalar, struct error *err)
{
    struct resolving *resolving = context;

    bytes_reset(&resolving->text);
    if (!secrets_resolve(resolving->secrets, scalar->text, &resolving->text, err))
        return NULL;
    return bytes_text(&resolving->text);
}

bool config_source_settings(const struct config *config,
                            const struct integration_config *integration, struct secrets *secrets,
                            struct bytes *out, struct error *err)
{
    struct resolving resolving = {.secrets = secrets};
    char folder[4096];
    struct json json;
    bool ok = true;

    bytes_init(&resolving.text, SECRET_MOST);
    json_init(&json, out);
    json_begin_object(&json);
    json_put_key(&json, "folder");
    json_put_text(&json, os_path_folder(config->path, folder, sizeof folder));
    json_put_key(&json, "integration");
    json_begin_object(&json);
    for (const struct node *child = integration->node->first; child != NULL && ok;
         child = child->next) {
        if (strcmp(child->key, "api_key") == 0)
            continue;
        json_put_key(&json, child->key);
        ok = node_write_json(child, resolve, &resolving, &json, err);
    }
    json_end_object(&json);
    json_end_object(&json);
    if (ok && out->overflow)
        ok = error_set(err, ERROR_CONFIG, "the settings of %s are too large", integration->name);
    bytes_free(&resolving.text);
    return ok;
}

/* Keeps the first error: there is none but for a mistake of ours or a changed secret. */
static void report(void *context, const char *file, int line, int column, const char *text)
{
    struct error *err = context;

    (void)file;
    (void)line;
    (void)column;
    if (err->text[0] == '\0')
        error_set(err, ERROR_CONFIG, "%s", text);
}

struct config *config_from_source_settings(const char *json, size_t size, struct error *err)
{
    struct config_memory *memory = config_memory_new();
    struct arena *arena = config_memory_arena(memory);
    struct config *config = arena_take(arena, sizeof *config);
    struct integration_config *integration = arena_take(arena, sizeof *integration);
    struct error first = {.kind = ERROR_CONFIG};
    struct settings_reader reader = {
        .memory = arena, .report = report, .report_context = &first, .path = ""};
    const struct node *root = config_memory_parse(memory, "settings", json, size, report, &first);
    const struct node *folder = root == NULL ? NULL : node_child(root, "folder");
    const struct node *node = root == NULL ? NULL : node_child(root, "integration");

    if (folder == NULL || node == NULL) {
        if (root != NULL)
            error_set(&first, ERROR_FATAL, "these are not the settings of an integration");
        goto failed;
    }
    reader.folder = folder->text;
    config_integration_read(&reader, node, integration);
    if (reader.errors > 0)
        goto failed;
    config->path = reader.folder;
    config->integrations = integration;
    config->integration_count = 1;
    config->root = root;
    config->memory = memory;
    return config;

failed:
    *err = first;
    config_memory_free(memory);
    return NULL;
}
