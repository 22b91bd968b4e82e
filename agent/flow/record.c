/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - the words for kinds of data and channels, and what no record can be */
#include "agent/flow/record.h"

#include <stddef.h>

const char *const data_kind_words[] = {
    [DATA_CONTACTS] = "contacts",
    [DATA_INTERVALS] = "intervals",
    [DATA_AGENT_STATUS] = "agent-status",
    NULL,
};

const char *const channel_words[] = {
    [CHANNEL_CALLS] = "calls",
    [CHANNEL_CHATS] = "chats",
    [CHANNEL_EMAILS] = "emails",
    [CHANNEL_SOCIAL_MEDIA] = "social_media",
    [CHANNEL_DOCUMENTS] = "documents",
    [CHANNEL_CASES] = "cases",
    [CHANNEL_COUNT] = NULL,
};

static bool is_moment(utc_ms time)
{
    return time >= UTC_EARLIEST && time <= UTC_LATEST;
}

bool record_is_possible(const struct record *record, enum data_kind kind)
{
    if (!is_moment(record->time))
        return false;
    if (kind == DATA_AGENT_STATUS)
        return record->status.end == UTC_NEVER || is_moment(record->status.end);
    return record->volume.duration_ms >= 0 && (unsigned)record->volume.channel < CHANNEL_COUNT;
}
