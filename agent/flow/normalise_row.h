/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_row.h - inside normalise: its state, and the reading of one row */
#ifndef AGENT_FLOW_NORMALISE_ROW_H
#define AGENT_FLOW_NORMALISE_ROW_H

#include "agent/base/bytes.h"
#include "agent/base/zone.h"
#include "agent/flow/normalise.h"
#include "agent/flow/normalise_columns.h"

struct map;
struct rejecter;

#define ROLES 3

/* What became of a row, as far as it has been read. */
enum outcome { ROW_GOOD, ROW_OUTSIDE, ROW_REJECTED, ROW_STOPPED };

struct normalise {
    enum data_kind kind;
    struct normalise_settings settings;
    enum ambiguous ambiguous;
    struct zone *zone; /* NULL: the source's times need none */
    struct rejecter *rejecter;

    /* Of the slice: */
    struct slice slice;
    struct normalise_sink sink;
    const struct columns *columns;
    int at[SLOT_COUNT];
    struct map *texts[ROLES]; /* by role; a queue's key is identifier, NUL, name */
    struct map *labels;       /* repeated times already met once, with their subject */
    struct normalise_counts counts;
    uint32_t order;
    struct error error;

    /* Of the row: */
    const struct cell *cells;
    enum outcome outcome;
    const char *wrong_column, *wrong; /* when rejected: the reason's two halves */
    enum zone_fit fit;                /* of its time */
    struct bytes key;                 /* scratch */

    /* The channel read last, since most sources repeat it. */
    char channel_text[32];
    size_t channel_size;
    enum channel channel;
};

/* Reads n->cells, tells what it finds to n->sink, and leaves the outcome in n. */
void normalise_take(struct normalise *n);
/* The sink wants no more: n->error says nothing, its context knows why. Returns false. */
bool normalise_stop(struct normalise *n);

#endif
