/* SPDX-License-Identifier: Apache-2.0 */
/* config_integration.c - one integration: which tables its map is read by, and what they cannot say
 */
#include "agent/config_integration.h"

#include <string.h>

#include "agent/base/utc.h"
#include "agent/config_keys.h"

/* What decides which keys belong: looked at before the map is read. */
struct shape {
    int kind;                          /* enum data_kind; -1: not known */
    const struct connector *connector; /* NULL: not known */
};

static struct shape shape_of(const struct node *node)
{
    const struct node *data = node_child(node, "data");
    const struct node *connector = node_child(node, "connector");
    struct shape shape = {.kind = -1};

    for (int i = 0; data != NULL && data->text != NULL && data_kind_words[i] != NULL; i++) {
        if (strcmp(data_kind_words[i], data->text) == 0)
            shape.kind = i;
    }
    if (connector != NULL && connector->text != NULL)
        shape.connector = connector_find(connector->text);
    return shape;
}

static const char *refuse(void *context, const char *key)
{
    const struct shape *shape = context;

    return config_key_refusal(key, shape->kind, shape->connector);
}

static bool is_required(void *context, const struct setting *setting)
{
    const struct shape *shape = context;

    return config_key_is_required(setting, shape->kind, shape->connector);
}

static const char *fallback(void *context, const struct setting *setting)
{
    return config_key_fallback(setting, ((const struct shape *)context)->kind);
}

static bool is_name(const char *name)
{
    const size_t size = strlen(name);

    return size >= 1 && size <= 63 && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

/* "integrations.support-calls", or "integrations[2]" for one without a usable name. */
static const char *path_of(struct settings_reader *reader, const struct node *node)
{
    const struct node *name = node_child(node, "name");
    int position = 1;

    if (name != NULL && name->kind == NODE_SCALAR && is_name(name->text))
        return arena_print(reader->memory, "integrations.%s", name->text);
    if (node->parent == NULL)
        return "integration";
    for (const struct node *item = node->parent->first; item != node; item = item->next)
        position++;
    return arena_print(reader->memory, "integrations[%d]", position);
}

static void judge_every(struct settings_reader *reader, const struct node *node, int kind,
                        int64_t every_ms)
{
    const bool is_slow =
        every_ms == UTC_QUARTER || every_ms == 2 * UTC_QUARTER || every_ms == UTC_HOUR;

    if (is_slow || (kind == DATA_AGENT_STATUS && every_ms < UTC_QUARTER) || kind < 0)
        return;
    if (kind == DATA_AGENT_STATUS)
        settings_error(reader, node, "%s is not possible: 1s to 15m, 30m or 60m are", node->text);
    else
        settings_error(reader, node, "%s is not possible: 15m, 30m or 60m are%s", node->text,
                       every_ms < UTC_QUARTER ? " (less is for agent-status only)" : "");
}

static void judge_history(struct settings_reader *reader, const struct node *node,
                          const char *history)
{
    const utc_ms now = 1767225600000; /* any moment will do: 2026-01-01 */
    utc_ms start;

    if (strcmp(history, "none") == 0)
        return;
    if (!utc_span_start(history, now, &start))
        settings_error(reader, node, "\"%s\" is not none or a time such as 3y, 7mo or 10d",
                       history);
    else if (start < utc_months_before(now, 36))
        settings_error(reader, node, "%s is too long: the API takes at most 3y", history);
}

/* They decide how the rest is read. */
static void refuse_reference(struct settings_reader *reader, const struct node *node)
{
    if (node != NULL && strstr(node->text, "${") != NULL)
        settings_error(reader, node, "must be written out, not as a reference");
}

/* What the tables cannot say. */
static void judge(struct settings_reader *reader, const struct node *node,
                  const struct shape *shape, const struct integration_config *integration)
{
    const struct node *name = node_child(node, "name");
    const struct node *every = node_child(node, "every");
    const struct node *history = node_child(node, "history");
    const struct connector_facts facts = {
        .name = integration->name,
        .is_status = shape->kind == DATA_AGENT_STATUS,
        .is_interval = shape->kind == DATA_INTERVALS,
        .time_zone = integration->normalise.time_zone,
        .times = integration->normalise.times,
    };

    if (name != NULL && integration->name != NULL && integration->name[0] != '\0' &&
        !is_name(integration->name))
        settings_error(reader, name,
                       "\"%s\" is not a name: small letters, digits and -, at most 63, not "
                       "beginning with -",
                       integration->name);
    if (every != NULL && refuse((void *)shape, "every") == NULL)
        judge_every(reader, every, shape->kind, integration->import.every_ms);
    if (history != NULL && integration->import.history[0] != '\0' &&
        refuse((void *)shape, "history") == NULL)
        judge_history(reader, history, integration->import.history);
    if (reader->resolve != NULL) {
        refuse_reference(reader, node_child(node, "connector"));
        refuse_reference(reader, node_child(node, "data"));
    }
    if (shape->connector != NULL && shape->connector->validate != NULL)
        shape->connector->validate(reader, node, integration->connector_settings, &facts);
}

void config_integration_read(struct settings_reader *reader, const struct node *node,
                             struct integration_config *integration)
{
    static const struct setting no_settings[] = {{0}};
    struct shape shape = shape_of(node);
    const struct settings_rules rules = {
        .refuse = refuse, .is_required = is_required, .fallback = fallback, .context = &shape};
    const struct connector *connector = shape.connector;

    integration->node = node;
    integration->connector_settings =
        arena_take(reader->memory, connector == NULL ? 1 : connector->settings_size);
    const struct settings_part parts[] = {
        {integration_settings, integration},
        {import_settings, &integration->import},
        {normalise_settings, &integration->normalise},
        {ends_settings, &integration->ends},
        {queues_settings, &integration->queues},
        {connector == NULL ? no_settings : connector->settings, integration->connector_settings},
    };

    reader->top = node;
    reader->path = path_of(reader, node);
    reader->rules = &rules;
    settings_read(reader, node, parts, sizeof parts / sizeof parts[0]);
    reader->rules = NULL;
    if (node->kind == NODE_MAP)
        judge(reader, node, &shape, integration);
    if (integration->import.external_system == NULL)
        integration->import.external_system = integration->name;
    reader->top = NULL;
    reader->path = "";
}
