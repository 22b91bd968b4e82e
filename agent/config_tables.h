/* SPDX-License-Identifier: Apache-2.0 */
/* config_tables.h - what the agent itself can be told: the structs and their tables */
#ifndef AGENT_CONFIG_TABLES_H
#define AGENT_CONFIG_TABLES_H

#include "agent/base/settings.h"
#include "agent/flow/record.h"

struct peopleware_settings {
    const char *url;     /* https://HOST[:PORT], no path */
    const char *api_key; /* the reference as written; NULL: every integration has its own */
    const char *proxy;   /* NULL: none */
    const char *ca_file; /* absolute; NULL: the system's store alone */
    int64_t timeout_ms;
};
extern const struct setting peopleware_settings[];

struct agent_settings {
    const char *state_dir; /* absolute */
    int64_t max_spool;
    struct {
        int level, format; /* enum log_level, log_format */
    } log;
};
extern const struct setting agent_settings[];

enum upload_compress { COMPRESS_AUTO, COMPRESS_GZIP, COMPRESS_OFF };
struct upload_settings {
    int64_t parallel, max_records, max_bytes;
    int compress; /* enum upload_compress */
};
extern const struct setting upload_settings[];

enum corrections { CORRECTIONS_RESEND, CORRECTIONS_NEVER };
enum vanished { VANISHED_KEEP, VANISHED_ZERO };
enum carry_over { CARRY_OVER_SEND, CARRY_OVER_DROP };
struct import_settings {
    int64_t every_ms, delay_ms, lookback_ms, recheck_ms, target_ms;
    int64_t rows_per_second; /* 0: no cap */
    const char *history;     /* "none", or a span for utc_span_start */
    int64_t hours_from_ms,
        hours_to_ms; /* since midnight; equal: at any time; from may be after to */
    int corrections, vanished, carry_over; /* enum corrections, vanished, carry_over */
    const char *external_system;           /* the integration's name by default */
};
extern const struct setting import_settings[];

/* Name, id, connector, data, enabled, api_key of struct integration_config. */
extern const struct setting integration_settings[];

/* The whole file. */
struct top_settings {
    struct peopleware_settings peopleware;
    struct agent_settings agent;
    struct upload_settings upload;
    struct setting_list include;
    const struct node *integrations;
};
extern const struct setting top_settings[];

#endif
