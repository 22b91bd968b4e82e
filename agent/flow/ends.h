/* SPDX-License-Identifier: Apache-2.0 */
/* ends.h - when a status ends: as given, or at the same agent's next start
 *
 * Works on one slice of statuses in the order the grouper hands them out (agent, start), together
 * with what the store remembers of each agent. See spec: "Agent status".
 */
#ifndef AGENT_FLOW_ENDS_H
#define AGENT_FLOW_ENDS_H

#include "agent/base/settings.h"
#include "agent/flow/group.h"
#include "agent/flow/names.h"
#include "agent/flow/slice.h"

struct ends_settings {
    int64_t longest_ms;          /* next-start only */
    struct setting_list log_off; /* activities that end a status without beginning one */
    int ongoing;                 /* enum ongoing */
};
enum ongoing { ONGOING_SEND, ONGOING_HOLD };
extern const struct setting ends_settings[];

/* What is remembered of an agent between slices (texts lent). */
struct agent_memory {
    const char *identifier;
    utc_ms open_start;         /* UTC_NEVER: nothing open */
    const char *open_activity; /* of the open status, else "" */
    utc_ms earliest_start;     /* UTC_NEVER: none imported yet */
};

/* One object per integration: the memory of all its agents. What a slice changes is tentative
 * until ends_commit. */
struct ends;
struct ends *ends_new(const struct ends_settings *settings, bool next_start); /* borrowed */
void ends_free(struct ends *ends);
void ends_load(struct ends *ends, const struct agent_memory *memory); /* from the store, at start */
utc_ms ends_oldest_open(const struct ends *ends, utc_ms not_before);  /* UTC_NEVER: none */

/* How far the source must read so that the slice's statuses get their ends: with next-start an end
 * lies beyond a hole's slice, by `longest` at most. Else slice->to. */
utc_ms ends_read_to(const struct ends *ends, const struct slice *slice);

/* slice: what is to be covered; statuses from slice->to on only end those before them. */
void ends_begin(struct ends *ends, const struct slice *slice, struct names *names);
/* Takes the slice's statuses in the grouper's order. With next-start a status waits for the next
 * of its agent, so what is ready comes out of ends_next, not of the call that put it in. */
void ends_put(struct ends *ends, const struct group *group);
void ends_finish(struct ends *ends); /* no more: the last of each agent is ready too */
/* Lends the next finished status (end UTC_NEVER: ongoing) until the next ends_ call. An ongoing
 * one under `ongoing: hold`, a log-off and a zero length do not come out. */
bool ends_next(struct ends *ends, struct group *group);

/* Agents whose memory this slice changes, after ends_finish; lent until the next ends_ call. */
const struct agent_memory *ends_changed(struct ends *ends, size_t *count);
void ends_commit(struct ends *ends);
void ends_abandon(struct ends *ends);

#endif
