/* SPDX-License-Identifier: Apache-2.0 */
/* config_keys.c - the rules that stand across the tables of an integration */
#include "agent/config_keys.h"

#include <string.h>

#include "agent/config.h"

const struct setting *const integration_tables[] = {
    integration_settings, normalise_settings, import_settings, queues_settings, ends_settings, NULL,
};

/* A key that is not listed goes with everything. */
struct key_rule {
    const char *key;
    unsigned kinds;     /* bits 1 << enum data_kind */
    bool windows_only;  /* for sources read by windows of time: not for files */
    bool files_need_it; /* required where files are read */
    const char *status_fallback, *interval_fallback; /* the default there, where it is another */
};

#define CONTACTS  (1U << DATA_CONTACTS)
#define INTERVALS (1U << DATA_INTERVALS)
#define STATUSES  (1U << DATA_AGENT_STATUS)
#define ANY       (CONTACTS | INTERVALS | STATUSES)

static const struct key_rule key_rules[] = {
    {.key = "time_zone", .kinds = ANY, .files_need_it = true},
    {.key = "ambiguous", .kinds = ANY, .interval_fallback = "order"},
    {.key = "interval", .kinds = INTERVALS},
    {.key = "spread", .kinds = INTERVALS},
    {.key = "channel", .kinds = CONTACTS | INTERVALS},
    {.key = "channels", .kinds = CONTACTS | INTERVALS},
    {.key = "rename", .kinds = CONTACTS | INTERVALS},
    {.key = "queues", .kinds = CONTACTS | INTERVALS},
    {.key = "max_new_queues", .kinds = CONTACTS | INTERVALS},
    {.key = "vanished", .kinds = CONTACTS | INTERVALS},
    {.key = "carry_over", .kinds = CONTACTS | INTERVALS},
    {.key = "ends", .kinds = STATUSES},
    {.key = "longest", .kinds = STATUSES},
    {.key = "log_off", .kinds = STATUSES},
    {.key = "ongoing", .kinds = STATUSES},
    {.key = "external_system", .kinds = STATUSES},
    {.key = "times", .kinds = ANY, .windows_only = true},
    {.key = "every", .kinds = ANY, .windows_only = true},
    {.key = "delay", .kinds = ANY, .windows_only = true, .status_fallback = "0s"},
    {.key = "lookback", .kinds = ANY, .windows_only = true, .status_fallback = "24h"},
    {.key = "recheck", .kinds = ANY, .windows_only = true},
    {.key = "history", .kinds = ANY, .windows_only = true, .status_fallback = "7mo"},
    {.key = "history_hours", .kinds = ANY, .windows_only = true},
    {.key = "history_target", .kinds = ANY, .windows_only = true},
    {.key = "history_rows_per_second", .kinds = ANY, .windows_only = true},
    {0},
};

static const struct key_rule *find_rule(const char *key)
{
    for (const struct key_rule *rule = key_rules; rule->key != NULL; rule++) {
        if (strcmp(rule->key, key) == 0)
            return rule;
    }
    return NULL;
}

static bool has_key(const struct connector *connector, const char *key)
{
    for (const struct setting *setting = connector->settings; setting->name != NULL; setting++) {
        if (strcmp(setting->name, key) == 0)
            return true;
    }
    return false;
}

/* About a key of another connector. */
static const char *refuse_connector(const char *key, const struct connector *connector)
{
    for (size_t i = 0; connectors[i] != NULL; i++) {
        if (!has_key(connectors[i], key) || (connector != NULL && has_key(connector, key)))
            continue;
        if (connector == NULL)
            return "";
        return connectors[i]->files != NULL ? "is for files (connector: csv) only"
                                            : "is for databases (connector: database) only";
    }
    return NULL;
}

const char *config_key_refusal(const char *key, int kind, const struct connector *connector)
{
    const struct key_rule *rule = find_rule(key);

    if (rule == NULL)
        return refuse_connector(key, connector);
    if (rule->windows_only && connector != NULL && connector->files != NULL)
        return "is for databases only";
    if (kind >= 0 && (rule->kinds & 1U << kind) == 0) {
        return rule->kinds == INTERVALS  ? "is for intervals only"
               : rule->kinds == STATUSES ? "is for agent-status only"
                                         : "is for contacts and intervals only";
    }
    return NULL;
}

const char *config_key_fallback(const struct setting *setting, int kind)
{
    const struct key_rule *rule = find_rule(setting->name);

    if (rule != NULL && kind == DATA_AGENT_STATUS && rule->status_fallback != NULL)
        return rule->status_fallback;
    if (rule != NULL && kind == DATA_INTERVALS && rule->interval_fallback != NULL)
        return rule->interval_fallback;
    return setting->fallback;
}

bool config_key_is_required(const struct setting *setting, int kind,
                            const struct connector *connector)
{
    const struct key_rule *rule = find_rule(setting->name);

    if (config_key_refusal(setting->name, kind, connector) != NULL ||
        (kind < 0 && rule != NULL && rule->kinds != ANY))
        return false;
    return setting->required ||
           (rule != NULL && rule->files_need_it && connector != NULL && connector->files != NULL);
}
