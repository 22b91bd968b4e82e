/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - the texts of one slice by number, as the source process numbered them
 *
 * Queues are known by identifier: a renamed queue is one queue. So every text has a number of our
 * own, and records are renumbered through names_own when they come in.
 */
#ifndef AGENT_FLOW_NAMES_H
#define AGENT_FLOW_NAMES_H

#include <stdint.h>

#include "agent/base/error.h"
#include "agent/flow/normalise.h"

struct names;
struct names *names_new(void);
void names_free(struct names *names);
void names_reset(struct names *names);

/* What the source process calls `number` from now on. */
struct names_told {
    enum name_role role;
    uint32_t number;
    const char *identifier;
    const char *name; /* of a queue; else ignored */
};
/* Its numbers of a role come in order 0, 1, 2 ..., and its texts are valid (json.h); anything else
 * fails (ERROR_RETRY: the other side of the pipe is broken). More than 1,000,000 texts of a role,
 * or 256 MiB, fail (ERROR_CONFIG). */
bool names_put(struct names *names, const struct names_told *told, struct error *err) MUST_USE;
/* Our own number for what the source process calls `number`; UINT32_MAX for one never told. Two of
 * its queue numbers with one identifier are one of ours. */
uint32_t names_own(const struct names *names, enum name_role role, uint32_t number);
/* Our own number of a text that did not come through the pipe (name: of a queue; else ignored);
 * UINT32_MAX: no room. */
uint32_t names_add(struct names *names, enum name_role role, const char *identifier,
                   const char *name);

/* By our own numbers, 0 to names_count - 1; lent until the next put, add or reset. A queue's name
 * is the one told last. */
uint32_t names_count(const struct names *names, enum name_role role);
const char *names_identifier(const struct names *names, enum name_role role, uint32_t own);
const char *names_queue_name(const struct names *names, uint32_t own);

#endif
