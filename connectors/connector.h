/* SPDX-License-Identifier: Apache-2.0 */
/* connector.h - how rows are read from an external system
 *
 * A connector turns one kind of system into rows. It knows nothing of Peopleware, of queues or of
 * batches; it runs in a source process of its own, which may be killed at any moment. A source is
 * used by one thread, calls may block. No function reads the clock or logs; close and open again
 * at any point must be harmless. Error texts are sentences for an administrator and keep the
 * database's own message.
 *
 *     open ---> read (slice after slice) ---> close
 */
#ifndef CONNECTORS_CONNECTOR_H
#define CONNECTORS_CONNECTOR_H

#include "agent/base/settings_read.h"
#include "agent/flow/row.h"
#include "agent/flow/slice.h"

struct connector_files; /* connector_files.h */
struct source;          /* one opened external system; each connector defines its own */

/* What every connector is told besides its own settings. */
struct connector_facts {
    const char *name; /* of the integration */
    bool is_status;   /* rows are agent statuses: times are starttime and endtime */
    bool is_interval;
    const char *time_zone; /* NULL: the source's times have an offset or are UTC */
    int times;             /* enum times of normalise.h: 0 date types and text, 1 unix, 2 unix-ms */
};

/* One line of `cloud-link test`. */
enum finding { FINDING_OK, FINDING_NOTE, FINDING_FAIL };

struct connector_limits {
    int64_t connect_timeout_ms, query_timeout_ms;
    int64_t slice_rows;
};

struct connector {
    const char *name; /* as written after `connector:` */
    const struct setting *settings;
    size_t settings_size;

    /* What the table cannot say (one key asks for another ...): reports each error through the
     * reader, at its place in the integration's map. No input or output. May be NULL. */
    void (*validate)(struct settings_reader *reader, const struct node *integration,
                     const void *settings, const struct connector_facts *facts);

    /* How long its calls may take, and how many rows a slice of history should have at most
     * (drivers that hold a whole answer in memory want fewer). Pure; settings as for open. */
    struct connector_limits (*limits)(const void *settings);

    /* Connects. NULL and err: ERROR_RETRY unreachable, ERROR_REFUSED login, ERROR_CONFIG driver,
     * query or folder. settings stay valid until close. */
    struct source *(*open)(const void *settings, const struct connector_facts *facts,
                           struct error *err);

    /* Yields every row of the slice (databases: more on both sides, never less) to the sink.
     * Stops with true when the sink returns false. */
    bool (*read)(struct source *source, const struct slice *slice, const struct row_sink *sink,
                 struct error *err);

    /* What `cloud-link test` should know beyond a successful read: a missing index, a login that
     * may write. May be NULL. */
    bool (*check)(struct source *source,
                  void (*tell)(void *context, enum finding finding, const char *sentence),
                  void *context, struct error *err);

    void (*close)(struct source *source); /* in whatever state; NULL is allowed */

    const struct connector_files *files; /* NULL: slices are windows of time */
};

extern const struct connector database_connector;
extern const struct connector csv_connector;

/* NULL-terminated; connector_find gives NULL when there is none of that name. */
extern const struct connector *const connectors[];
const struct connector *connector_find(const char *name);

#endif
