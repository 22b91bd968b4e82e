/* SPDX-License-Identifier: Apache-2.0 */
/* normalise.h - row -> record: columns by name, numbers, local time to UTC, channels, rejects
 *
 * Runs in the source process. One object per integration; one thread. Between
 * normalise_begin and the last row of a slice, texts are numbered in the order they appear: a new
 * one is told to `name` before the first record that uses it. A bad row is told to `reject` and
 * never stops the others.
 */
#ifndef AGENT_FLOW_NORMALISE_H
#define AGENT_FLOW_NORMALISE_H

#include "agent/base/digest.h"
#include "agent/flow/normalise_settings.h"
#include "agent/flow/record.h"
#include "agent/flow/row.h"
#include "agent/flow/slice.h"

/* What a number stands for. Queues are told as identifier and name. */
enum name_role { NAME_QUEUE, NAME_AGENT, NAME_ACTIVITY };

struct reject {
    struct digest hash; /* keyed, of the row's cells: the row is known when it is read again */
    uint64_t line;
    const char *reason; /* one clause without any value: "timestamp is not a time" */
    const char *cells;  /* the row as text, cut to 1,000 bytes: personal data; "" when unknown */
};

struct normalise_sink {
    void *context;
    /* Each returns false to stop; the context then knows why. */
    bool (*name)(void *context, enum name_role role, uint32_t number, const char *identifier,
                 const char *name); /* name: NULL but for queues */
    bool (*record)(void *context, const struct record *record);
    bool (*reject)(void *context, const struct reject *reject);
};

struct normalise_counts {
    uint64_t rows; /* inside the window, good or bad */
    uint64_t rejected;
    uint64_t rounded;     /* decimals in offered or answered */
    uint64_t ambiguous;   /* labels that occur twice */
    uint64_t nonexistent; /* labels in a gap */
    utc_ms newest;        /* UTC_NEVER: none */
};

struct normalise;

/* reject_key: for the hash of rejected rows. settings' texts and maps stay valid until
 * normalise_free. ERROR_CONFIG: an unknown time zone. */
struct normalise *normalise_new(enum data_kind kind, const struct normalise_settings *settings,
                                const uint8_t reject_key[DIGEST_KEY_SIZE],
                                struct error *err) MUST_USE;
void normalise_free(struct normalise *normalise);

void normalise_begin(struct normalise *normalise, const struct slice *slice,
                     const struct normalise_sink *sink);
/* The row_sink's two calls. False: stop (see normalise_error). ERROR_CONFIG: a missing column; a
 * time without an offset where there is no time_zone. */
bool normalise_columns(struct normalise *normalise, const struct columns *columns);
bool normalise_row(struct normalise *normalise, const struct row *row);
/* Once the columns are known: does a status last until the same agent's next one? */
bool normalise_is_next_start(const struct normalise *normalise);
/* After a false: why; kind ERROR_FATAL with empty text when a sink call stopped it. */
const struct error *normalise_error(const struct normalise *normalise);
/* At the slice's end. Fails (ERROR_CONFIG, with the commonest reason) when at least 100 rows and
 * more than half were rejected: that is a wrong mapping, not bad rows. */
bool normalise_end(struct normalise *normalise, struct error *err) MUST_USE;
const struct normalise_counts *normalise_counts(const struct normalise *normalise);

#endif
