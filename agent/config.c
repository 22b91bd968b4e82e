/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - loads the configuration: the file, what it includes, and what only the whole shows */
#include "agent/config.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/config_integration.h"
#include "agent/config_memory.h"
#include "agent/config_messages.h"
#include "agent/secrets.h"

#define PLATFORM_PATH  "/etc/cloud-link/cloud-link.yaml"
#define FILE_SIZE_MOST ((size_t)2 << 20)

/* An included file has nothing but integrations. */
static const struct setting included_settings[] = {
    {.name = "integrations", .type = SETTING_NODE, .required = true},
    {0},
};

/* One load. */
struct loader {
    struct config_memory *memory;
    struct config_messages *messages;
    struct settings_reader reader;
    struct secrets *secrets;
    struct top_settings top;
    struct integration_config *integrations;
    size_t count, capacity;
};

const char *config_path(const char *explicit_path, char *out, size_t size)
{
    const char *path = explicit_path;

    if (path == NULL)
        path = os_variable("CLOUD_LINK_CONFIG");
    if (path == NULL)
        path = PLATFORM_PATH;
    return os_path_join(NULL, path, out, size);
}

/* NULL after an error told. */
static struct node *parse_file(struct config_memory *memory, const char *path, node_report *report,
                               void *context)
{
    struct bytes content;
    struct node *root = NULL;
    struct error err;

    bytes_init(&content, FILE_SIZE_MOST);
    if (os_file_read(path, &content, &err))
        root = config_memory_parse(memory, path, content.data, content.size, report, context);
    else
        report(context, path, 0, 0, err.text);
    bytes_free(&content);
    return root;
}

static const char *resolve(void *context, const struct node *scalar, struct error *err)
{
    struct loader *loader = context;
    const char *text = secrets_lend(loader->secrets, scalar->text, err);

    if (text != NULL || err->kind != ERROR_RETRY)
        return text;
    config_messages_note(loader->messages, scalar->file, scalar->line, scalar->column, err->text);
    return scalar->text;
}

/* References of an integration that is not enabled may be unset. */
static const char *resolve_nothing(void *context, const struct node *scalar, struct error *err)
{
    (void)context;
    (void)err;
    return scalar->text;
}

/* The state directory, before anything else is known to be right. */
static const char *find_state_dir(const struct node *root, const char *folder, char *out,
                                  size_t size)
{
    const struct node *agent = node_child(root, "agent");
    const struct node *written = agent == NULL ? NULL : node_child(agent, "state_dir");
    struct secrets *secrets = secrets_open("", folder); /* a reference to the environment */
    const char *path = agent_settings[0].fallback;
    struct error err;

    if (written != NULL && written->kind == NODE_SCALAR && written->text[0] != '\0') {
        path = secrets_lend(secrets, written->text, &err);
        if (path == NULL)
            path = agent_settings[0].fallback;
    }
    os_path_join(folder, path, out, size);
    secrets_close(secrets);
    return out;
}

static void report_nothing(void *context, const char *file, int line, int column, const char *text)
{
    (void)context;
    (void)file;
    (void)line;
    (void)column;
    (void)text;
}

const char *config_state_dir(const char *path, char *out, size_t size)
{
    static const struct node nothing = {.kind = NODE_MAP};
    struct config_memory *memory = config_memory_new();
    const struct node *root = parse_file(memory, path, report_nothing, NULL);
    char folder[4096];

    os_path_folder(path, folder, sizeof folder);
    find_state_dir(root == NULL ? &nothing : root, folder, out, size);
    config_memory_free(memory);
    return out;
}

static void judge_url(struct loader *loader, const struct node *root)
{
    const struct node *section = node_child(root, "peopleware");
    const struct node *node = section == NULL ? NULL : node_child(section, "url");
    const char *url = loader->top.peopleware.url;
    const size_t size = strlen(url);

    if (node == NULL || size == 0)
        return;
    if (strncmp(url, "https://", 8) != 0 || size == 8)
        settings_error(&loader->reader, node, "\"%s\" is not an https:// address", url);
    else if (strcspn(url + 8, "/?#@ ") < size - 8 - (url[size - 1] == '/'))
        settings_error(&loader->reader, node,
                       "\"%s\" must be https://HOST or https://HOST:PORT alone", url);
    else if (url[size - 1] == '/')
        loader->top.peopleware.url = arena_print(loader->reader.memory, "%.*s", (int)size - 1, url);
}

static void judge_proxy(struct loader *loader, const struct node *root)
{
    const struct node *section = node_child(root, "peopleware");
    const struct node *node = section == NULL ? NULL : node_child(section, "proxy");
    const char *proxy = loader->top.peopleware.proxy;

    if (node != NULL && proxy != NULL && proxy[0] != '\0' && strncmp(proxy, "http://", 7) != 0 &&
        strncmp(proxy, "https://", 8) != 0)
        settings_error(&loader->reader, node, "a proxy begins with http:// or https://");
    if (node != NULL && strchr(node->text, '@') != NULL && strstr(node->text, "${") == NULL)
        settings_error(&loader->reader, node,
                       "a password never stands in the file: store it with `cloud-link secret set "
                       "NAME` and write http://USER:${secret:NAME}@HOST:PORT here");
}

static struct integration_config *add_integration(struct loader *loader)
{
    if (loader->count == loader->capacity) {
        const size_t capacity = loader->capacity == 0 ? 16 : loader->capacity * 2;
        struct integration_config *more =
            arena_take(loader->reader.memory, capacity * sizeof *more);

        if (loader->count > 0)
            memcpy(more, loader->integrations, loader->count * sizeof *more);
        loader->integrations = more;
        loader->capacity = capacity;
    }
    return &loader->integrations[loader->count++];
}

static void read_integrations(struct loader *loader, const struct node *list)
{
    if (list->kind != NODE_LIST) {
        settings_error(&loader->reader, list, "must be a list: one - and its keys for each");
        return;
    }
    for (const struct node *item = list->first; item != NULL; item = item->next) {
        const struct node *enabled = node_child(item, "enabled");
        const bool is_off =
            enabled != NULL && enabled->text != NULL && strcmp(enabled->text, "false") == 0;

        loader->reader.resolve = is_off ? resolve_nothing : resolve;
        config_integration_read(&loader->reader, item, add_integration(loader));
    }
    loader->reader.resolve = resolve;
}

static void read_included_file(struct loader *loader, const char *path)
{
    config_messages_begin_file(loader->messages, path);
    const struct node *root =
        parse_file(loader->memory, path, config_messages_error, loader->messages);
    const struct node *list = NULL;
    const struct settings_part part = {included_settings, &list};

    if (root == NULL)
        return;
    settings_read(&loader->reader, root, &part, 1);
    if (list != NULL)
        read_integrations(loader, list);
}

static void read_included(struct loader *loader, const struct node *node)
{
    for (size_t i = 0; i < loader->top.include.count; i++) {
        char pattern[4096];

        os_path_join(loader->reader.folder, loader->top.include.items[i], pattern, sizeof pattern);
        char **paths = os_glob(pattern);
        if (paths[0] == NULL && strpbrk(pattern, "*?") == NULL)
            settings_error(&loader->reader, node, "there is no file %s", pattern);
        for (size_t j = 0; paths[j] != NULL; j++)
            read_included_file(loader, paths[j]);
        os_glob_free(paths);
    }
}

static const struct node *place_of(const struct integration_config *integration, const char *key)
{
    const struct node *child = node_child(integration->node, key);

    return child == NULL ? integration->node : child;
}

/* Speaks of the second one, and says where the first is. */
static void compare(struct loader *loader, const struct integration_config *first,
                    const struct integration_config *second)
{
    const struct node *name = place_of(first, "name");
    const struct node *place = place_of(second, "id");
    const bool is_status = first->data == DATA_AGENT_STATUS;

    if (strcmp(first->name, second->name) == 0)
        settings_error(&loader->reader, place_of(second, "name"),
                       "this name is taken by the integration at %s:%d", name->file, name->line);
    else if (first->id != 0 && first->id == second->id && first->enabled && second->enabled &&
             first->data == second->data)
        settings_error(&loader->reader, place,
                       "%lld is taken for %s by the integration %s at %s:%d", (long long)second->id,
                       data_kind_words[second->data], first->name, name->file, name->line);
    else if (first->id != 0 && first->id == second->id && first->enabled && second->enabled &&
             is_status == (second->data == DATA_AGENT_STATUS))
        config_messages_note(
            loader->messages, place->file, place->line, place->column,
            arena_print(
                loader->reader.memory,
                "integrations.%s.id: %lld is the id of the integration %s, too: a queue that "
                "is in both would overwrite itself",
                second->name, (long long)second->id, first->name));
}

static void judge_integrations(struct loader *loader, const struct node *root)
{
    const struct node *peopleware = node_child(root, "peopleware");
    const bool has_key = peopleware != NULL && node_child(peopleware, "api_key") != NULL;

    if (loader->top.integrations == NULL && loader->top.include.count == 0 &&
        (root->kind == NODE_MAP || root->text[0] == '\0'))
        settings_error(&loader->reader, root, "`integrations` is missing: what is to be read");
    for (size_t i = 0; i < loader->count; i++) {
        const struct integration_config *second = &loader->integrations[i];

        if (second->name == NULL || second->name[0] == '\0')
            continue;
        loader->reader.top = second->node;
        loader->reader.path = arena_print(loader->reader.memory, "integrations.%s", second->name);
        if (!has_key && second->enabled && node_child(second->node, "api_key") == NULL &&
            second->node->kind == NODE_MAP)
            settings_error(&loader->reader, second->node,
                           "there is no `api_key` here, nor in `peopleware` for all");
        for (size_t j = 0; j < i; j++) {
            if (loader->integrations[j].name != NULL)
                compare(loader, &loader->integrations[j], second);
        }
        loader->reader.top = NULL;
        loader->reader.path = "";
    }
}

static void read_all(struct loader *loader, const struct node *root)
{
    const struct settings_part part = {top_settings, &loader->top};
    const struct node *include = node_child(root, "include");

    settings_read(&loader->reader, root, &part, 1);
    judge_url(loader, root);
    judge_proxy(loader, root);
    if (loader->top.integrations != NULL)
        read_integrations(loader, loader->top.integrations);
    if (include != NULL)
        read_included(loader, include);
    judge_integrations(loader, root);
}

static struct config *finish(const struct loader *loader, const char *path, const struct node *root)
{
    struct config *config = arena_take(loader->reader.memory, sizeof *config);

    config->path = arena_keep_text(loader->reader.memory, path);
    config->peopleware = loader->top.peopleware;
    config->agent = loader->top.agent;
    config->upload = loader->top.upload;
    config->integrations = loader->integrations;
    config->integration_count = loader->count;
    config->root = root;
    config->memory = loader->memory;
    if (config->peopleware.proxy == NULL)
        config->peopleware.proxy =
            arena_keep_text(loader->reader.memory, os_variable("https_proxy"));
    return config;
}

struct config *config_load(const char *path, void (*tell)(void *context, const char *line),
                           void *context, struct secrets **secrets)
{
    struct loader loader = {.memory = config_memory_new()};
    struct arena *arena = config_memory_arena(loader.memory);
    struct config *config = NULL;
    char folder[4096], state_dir[4096];

    loader.messages = config_messages_new(arena);
    config_messages_begin_file(loader.messages, path);
    os_path_folder(path, folder, sizeof folder);
    loader.reader = (struct settings_reader){
        .memory = arena,
        .report = config_messages_error,
        .report_context = loader.messages,
        .resolve = resolve,
        .resolve_context = &loader,
        .folder = folder,
        .path = "",
    };
    const struct node *root =
        parse_file(loader.memory, path, config_messages_error, loader.messages);
    if (root != NULL) {
        find_state_dir(root, folder, state_dir, sizeof state_dir);
        loader.secrets = secrets_open(state_dir, folder);
        read_all(&loader, root);
    }
    config_messages_tell(loader.messages, tell, context);
    if (!config_messages_has_errors(loader.messages))
        config = finish(&loader, path, root);

    if (config == NULL) {
        secrets_close(loader.secrets);
        config_memory_free(loader.memory);
        loader.secrets = NULL;
    }
    *secrets = loader.secrets;
    return config;
}

void config_free(struct config *config)
{
    if (config != NULL)
        config_memory_free(config->memory); /* the config itself lives in it */
}

const struct integration_config *config_find(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->integration_count; i++) {
        if (strcmp(config->integrations[i].name, name) == 0)
            return &config->integrations[i];
    }
    return NULL;
}
