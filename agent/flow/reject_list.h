/* SPDX-License-Identifier: Apache-2.0 */
/* reject_list.h - the rejected rows of one slice, kept until its commit; the memory is kept for the
 * next */
#ifndef AGENT_FLOW_REJECT_LIST_H
#define AGENT_FLOW_REJECT_LIST_H

#include "agent/flow/normalise.h"
#include "agent/flow/store_memory.h"

struct reject_list;
struct reject_list *reject_list_new(void);
void reject_list_free(struct reject_list *list);
void reject_list_reset(struct reject_list *list);

/* Copies it. Beyond 16 MiB of texts a reject is kept without them: it still counts. */
void reject_list_add(struct reject_list *list, const struct slice *slice,
                     const struct reject *reject);
/* Lent until the next call. */
const struct store_reject *reject_list_all(struct reject_list *list, size_t *count);

#endif
