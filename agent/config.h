/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - the configuration: one YAML file, read strictly, all errors at once
 *
 * Immutable once loaded. References (${secret:...} ...) are resolved while loading, so that an
 * unset one is an error at its place; secrets themselves are read again, late, by config_api_key
 * and config_source_settings.
 */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include "agent/base/log.h"
#include "agent/config_tables.h"
#include "agent/flow/ends.h"
#include "agent/flow/normalise.h"
#include "agent/flow/queues.h"
#include "connectors/connector.h"

struct secrets;
struct bytes;

struct integration_config {
    const char *name;
    int64_t id;
    enum data_kind data;
    bool enabled;
    const char *api_key; /* the reference as written; NULL: peopleware's */
    const struct connector *connector;
    struct import_settings import;
    struct normalise_settings normalise;
    struct ends_settings ends;
    struct queues_settings queues;
    void *connector_settings; /* references resolved, but for those that are secrets */
    const struct node *node;  /* as written */
};

struct config {
    const char *path; /* absolute */
    struct peopleware_settings peopleware;
    struct agent_settings agent;
    struct upload_settings upload;
    const struct integration_config *integrations; /* those that are not enabled, too */
    size_t integration_count;
    const struct node *root;      /* as written */
    struct config_memory *memory; /* what all of it lives in */
};

/* Where the configuration is: explicit path, else $CLOUD_LINK_CONFIG, else the platform's. */
const char *config_path(const char *explicit_path, char *out, size_t size);
/* The state directory that the file names, whatever else is wrong in it (the default when it names
 * none): for who must become its owner, or store a secret, before the file can be loaded. */
const char *config_state_dir(const char *path, char *out, size_t size);

/* NULL after telling every error through `tell`, one line each ("FILE:LINE:COLUMN: error: ...").
 * Notes ("note: ...") are told too and do not fail. secrets: opened on the state_dir that the file
 * names, by the loader; *secrets stays with the caller (secrets_close), NULL after a failure. */
struct config *config_load(const char *path, void (*tell)(void *context, const char *line),
                           void *context, struct secrets **secrets);
void config_free(struct config *config);
const struct integration_config *config_find(const struct config *config, const char *name);

/* The key of an integration's uploads, resolved now. Lent until the next call with these secrets.
 */
const char *config_api_key(const struct config *config,
                           const struct integration_config *integration, struct secrets *secrets,
                           struct error *err) MUST_USE;
/* What its source process is told: this integration's map as JSON without api_key, references
 * resolved now. */
bool config_source_settings(const struct config *config,
                            const struct integration_config *integration, struct secrets *secrets,
                            struct bytes *out, struct error *err) MUST_USE;
/* The other end of it: fills one integration (in the source process). Free with config_free. */
struct config *config_from_source_settings(const char *json, size_t size,
                                           struct error *err) MUST_USE;

#endif
