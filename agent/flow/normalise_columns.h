/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_columns.h - where the columns stand that a kind of data is made of */
#ifndef AGENT_FLOW_NORMALISE_COLUMNS_H
#define AGENT_FLOW_NORMALISE_COLUMNS_H

#include "agent/flow/record.h"
#include "agent/flow/row.h"

/* The columns of all kinds of data. */
enum slot {
    SLOT_QUEUE_IDENTIFIER,
    SLOT_QUEUE_NAME,
    SLOT_TIMESTAMP,
    SLOT_OFFERED,
    SLOT_ANSWERED,
    SLOT_DURATION,
    SLOT_HANDLING_TIME,
    SLOT_AHT,
    SLOT_CHANNEL,
    SLOT_AGENT_IDENTIFIER,
    SLOT_START_TIME,
    SLOT_END_TIME,
    SLOT_ACTIVITY,
    SLOT_COUNT
};
extern const char *const slot_names[SLOT_COUNT];

/* at[slot]: its column, or -1 when the source has none or the kind does not use it. ERROR_CONFIG:
 * a required column is missing, or one occurs twice. */
bool columns_find(const struct columns *columns, enum data_kind kind, int at[SLOT_COUNT],
                  struct error *err) MUST_USE;

#endif
