/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_settings.h - what an integration says of times, numbers, channels and intervals */
#ifndef AGENT_FLOW_NORMALISE_SETTINGS_H
#define AGENT_FLOW_NORMALISE_SETTINGS_H

#include "agent/base/settings.h"
#include "agent/flow/record.h"

enum ambiguous { AMBIGUOUS_UNSET, AMBIGUOUS_FIRST, AMBIGUOUS_SECOND, AMBIGUOUS_ORDER };
enum times { TIMES_NONE, TIMES_UNIX, TIMES_UNIX_MS };
enum spread { SPREAD_START, SPREAD_EVEN };
enum ends_mode { ENDS_UNSET, ENDS_GIVEN, ENDS_NEXT_START };

/* The source's own words for channels. */
struct channel_map {
    const char **words;
    enum channel *channels;
    size_t count;
};

/* Filled from the integration's map by normalise_settings. */
struct normalise_settings {
    const char *time_zone;
    int ambiguous; /* enum ambiguous, times, spread, ends_mode */
    int times;
    char decimal;
    int channel; /* enum channel */
    struct channel_map channels;
    int64_t interval_ms; /* 0 but for intervals: 15, 30 or 60 minutes */
    int spread;
    int ends;
};
extern const struct setting normalise_settings[];

#endif
