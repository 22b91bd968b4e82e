/* SPDX-License-Identifier: Apache-2.0 */
/* preview_show.h - a preview as tables or as JSON */
#ifndef AGENT_COMMANDS_PREVIEW_SHOW_H
#define AGENT_COMMANDS_PREVIEW_SHOW_H

#include "agent/base/bytes.h"
#include "agent/flow/names.h"
#include "agent/flow/reject_list.h"

struct preview {
    enum data_kind kind;
    struct slice slice;
    int64_t rows_wanted, rows;
    struct bytes records; /* struct record, as many as rows; their numbers are of `names` */
    struct names *names;
    struct reject_list *rejects;
    struct normalise_counts counts;
};

/* {"records":[...],"rejects":[...],"queues":[...],"rows":N,"rejected":N} */
void preview_show_json(const struct preview *preview);
void preview_show_text(const struct preview *preview);

#endif
