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
#include "agent/flow/ends.h"
#include "agent/flow/normalise.h"
#include "agent/flow/queues.h"
#include "agent/flow/record.h"
#include "connectors/connector.h"

struct secrets;
struct bytes;

struct peopleware_settings {
    const char *url; /* https only, no path */
    const char *proxy;
    const char *ca_file; /* absolute */
    int64_t timeout_ms;
};

struct agent_settings {
    const char *state_dir; /* absolute */
    int64_t max_spool;
    struct {
        int level, format; /* enum log_level; text or json */
    } log;
};

struct upload_settings {
    int64_t parallel, max_records, max_bytes;
    int compress; /* enum upload_compress */
};
enum upload_compress { COMPRESS_AUTO, COMPRESS_GZIP, COMPRESS_OFF };

struct import_settings {
    int64_t every_ms, delay_ms, lookback_ms, recheck_ms, target_ms, rows_per_second;
    const char *history;
    int64_t hours_from_ms, hours_to_ms;
    int corrections, vanished, carry_over; /* enum corrections ... */
    const char *external_system;           /* the integration's name by default */
};
enum corrections { CORRECTIONS_RESEND, CORRECTIONS_NEVER };
enum vanished { VANISHED_KEEP, VANISHED_ZERO };
enum carry_over { CARRY_OVER_SEND, CARRY_OVER_DROP };

struct integration_config {
    const char *name;
    int64_t id;
    enum data_kind data;
    bool enabled;
    const struct connector *connector;
    struct import_settings import;
    struct normalise_settings normalise;
    struct ends_settings ends;
    struct queues_settings queues;
    void *connector_settings; /* resolved; for `check` and the facts below */
    const struct node *node;  /* as written */
};

struct config {
    const char *path; /* absolute */
    struct peopleware_settings peopleware;
    struct agent_settings agent;
    struct upload_settings upload;
    const struct integration_config *integrations;
    size_t integration_count;
};

/* Where the configuration is: explicit path, else $CLOUD_LINK_CONFIG, else the platform's. */
const char *config_path(const char *explicit_path, char *out, size_t size);

/* NULL after telling every error through `tell`, one line each ("FILE:LINE:COLUMN: error: ...").
 * Notes ("note: ...") are told too and do not fail. secrets: opened on the state_dir that the file
 * names, by the loader; *secrets stays with the caller (secrets_close). */
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
