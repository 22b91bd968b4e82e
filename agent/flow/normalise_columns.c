/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_columns.c - where the columns stand that a kind of data is made of */
#include "agent/flow/normalise_columns.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "agent/flow/normalise_cell.h"

const char *const slot_names[SLOT_COUNT] = {
    [SLOT_QUEUE_IDENTIFIER] = "queueidentifier",
    [SLOT_QUEUE_NAME] = "queuename",
    [SLOT_TIMESTAMP] = "timestamp",
    [SLOT_OFFERED] = "offered",
    [SLOT_ANSWERED] = "answered",
    [SLOT_DURATION] = "duration",
    [SLOT_HANDLING_TIME] = "handlingtime",
    [SLOT_AHT] = "aht",
    [SLOT_CHANNEL] = "channel",
    [SLOT_AGENT_IDENTIFIER] = "agentidentifier",
    [SLOT_START_TIME] = "starttime",
    [SLOT_END_TIME] = "endtime",
    [SLOT_ACTIVITY] = "activity",
};

struct slot_use {
    enum slot slot;
    enum slot substitute; /* does as well; the slot itself where nothing does */
    bool is_required;
    const char *example; /* how an administrator gives a column this name */
};

static const struct slot_use contact_slots[] = {
    {SLOT_QUEUE_IDENTIFIER, SLOT_QUEUE_IDENTIFIER, true, "q.id AS queueidentifier"},
    {SLOT_QUEUE_NAME, SLOT_QUEUE_NAME, true, "q.name AS queuename"},
    {SLOT_TIMESTAMP, SLOT_TIMESTAMP, true, "c.started AS timestamp"},
    {SLOT_ANSWERED, SLOT_ANSWERED, true, "c.was_answered AS answered"},
    {SLOT_OFFERED, SLOT_OFFERED, false, NULL},
    {SLOT_DURATION, SLOT_DURATION, false, NULL},
    {SLOT_CHANNEL, SLOT_CHANNEL, false, NULL},
    {.slot = SLOT_COUNT},
};

static const struct slot_use interval_slots[] = {
    {SLOT_QUEUE_IDENTIFIER, SLOT_QUEUE_IDENTIFIER, true, "q.id AS queueidentifier"},
    {SLOT_QUEUE_NAME, SLOT_QUEUE_NAME, true, "q.name AS queuename"},
    {SLOT_TIMESTAMP, SLOT_TIMESTAMP, true, "s.interval_start AS timestamp"},
    {SLOT_OFFERED, SLOT_OFFERED, true, "s.calls_offered AS offered"},
    {SLOT_ANSWERED, SLOT_ANSWERED, true, "s.calls_answered AS answered"},
    {SLOT_HANDLING_TIME, SLOT_AHT, true, "s.total_seconds AS handlingtime"},
    {SLOT_AHT, SLOT_AHT, false, NULL},
    {SLOT_CHANNEL, SLOT_CHANNEL, false, NULL},
    {.slot = SLOT_COUNT},
};

static const struct slot_use status_slots[] = {
    {SLOT_AGENT_IDENTIFIER, SLOT_AGENT_IDENTIFIER, true, "a.login AS agentidentifier"},
    {SLOT_START_TIME, SLOT_START_TIME, true, "s.begun AS starttime"},
    {SLOT_ACTIVITY, SLOT_ACTIVITY, true, "s.state AS activity"},
    {SLOT_END_TIME, SLOT_END_TIME, false, NULL},
    {SLOT_DURATION, SLOT_DURATION, false, NULL},
    {.slot = SLOT_COUNT},
};

static const struct slot_use *const slots_of[] = {
    [DATA_CONTACTS] = contact_slots,
    [DATA_INTERVALS] = interval_slots,
    [DATA_AGENT_STATUS] = status_slots,
};

static bool find_one(const struct columns *columns, enum slot slot, int *at, struct error *err)
{
    const char *name = slot_names[slot];

    for (size_t i = 0; i < columns->count; i++) {
        if (!cell_text_is(columns->names[i], strlen(columns->names[i]), name))
            continue;
        if (*at >= 0)
            return error_set(err, ERROR_CONFIG, "there are two columns named \"%s\"", name);
        *at = (int)i;
    }
    return true;
}

static bool say_missing(const struct columns *columns, const struct slot_use *use,
                        struct error *err)
{
    struct bytes names;

    bytes_init(&names, 600);
    for (size_t i = 0; i < columns->count; i++) {
        if (i > 0)
            bytes_append_text(&names, ", ");
        bytes_append_text(&names, columns->names[i]);
    }
    if (columns->count == 0)
        bytes_append_text(&names, "none");
    names.overflow = false;
    error_set(err, ERROR_CONFIG,
              "the column \"%s\" is missing (the columns are: %s); name it in the query, "
              "for example: %s",
              slot_names[use->slot], bytes_text(&names), use->example);
    bytes_free(&names);
    return false;
}

bool columns_find(const struct columns *columns, enum data_kind kind, int at[SLOT_COUNT],
                  struct error *err)
{
    const struct slot_use *uses = slots_of[kind];

    for (int slot = 0; slot < SLOT_COUNT; slot++)
        at[slot] = -1;
    for (const struct slot_use *use = uses; use->slot != SLOT_COUNT; use++) {
        if (!find_one(columns, use->slot, &at[use->slot], err))
            return false;
    }
    for (const struct slot_use *use = uses; use->slot != SLOT_COUNT; use++) {
        if (use->is_required && at[use->slot] < 0 && at[use->substitute] < 0)
            return say_missing(columns, use, err);
    }
    return true;
}
