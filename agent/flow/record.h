/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - a fact in UTC: a contact, an interval's volume, or an agent's status
 *
 * Records are small and of one size; the texts they speak of (queues, agents, activities) are
 * numbered once per slice in `names`. Contacts and intervals are both volumes.
 */
#ifndef AGENT_FLOW_RECORD_H
#define AGENT_FLOW_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/utc.h"

enum data_kind { DATA_CONTACTS, DATA_INTERVALS, DATA_AGENT_STATUS };
extern const char *const data_kind_words[]; /* as in the configuration, NULL-terminated */

enum channel {
    CHANNEL_CALLS,
    CHANNEL_CHATS,
    CHANNEL_EMAILS,
    CHANNEL_SOCIAL_MEDIA,
    CHANNEL_DOCUMENTS,
    CHANNEL_CASES,
    CHANNEL_COUNT
};
extern const char *const channel_words[]; /* as the API writes them, NULL-terminated */

struct record {
    utc_ms time; /* contact: when, to the millisecond; interval: its quarter hour's start; status:
                    start */
    uint32_t subject; /* number of the queue or the agent */
    uint32_t order;   /* of the row in its slice: the later one wins a tie */
    union {
        struct {
            int64_t duration_ms;        /* contact: of it; interval: handling time in total */
            uint32_t offered, answered; /* contact: 0 or 1 */
            enum channel channel;
        } volume;
        struct {
            utc_ms end;        /* UTC_NEVER: ongoing, or not known (next-start) */
            uint32_t activity; /* number of the activity's text */
        } status;
    };
};

/* Can there be such a record at all (times of years 1 to 9999, a channel there is, no negative
 * length)? For what comes through the pipe; subject and activity are names' to judge. */
bool record_is_possible(const struct record *record, enum data_kind kind);

#endif
