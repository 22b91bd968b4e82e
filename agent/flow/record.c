/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - the words for kinds of data and channels */
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
