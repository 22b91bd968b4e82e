/* SPDX-License-Identifier: Apache-2.0 */
/* slice.h - what is read at once: a window [from, to) of UTC, or a file of a drop folder
 *
 * Which one is due, schedule.h decides.
 */
#ifndef AGENT_FLOW_SLICE_H
#define AGENT_FLOW_SLICE_H

#include "agent/base/utc.h"

enum slice_purpose {
    SLICE_LIVE,
    SLICE_PASS, /* near real time: rows whose start or end lies in the window */
    SLICE_HISTORY,
    SLICE_REIMPORT, /* groups are sent whatever their digest */
    SLICE_RECHECK,
    SLICE_FILE, /* no window: a file of a drop folder */
};

struct slice {
    enum slice_purpose purpose;
    utc_ms from, to;
    const char *file; /* SLICE_FILE: its name in the folder */
};

#endif
