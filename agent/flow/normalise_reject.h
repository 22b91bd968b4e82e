/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_reject.h - rows that are set aside: known by a hash, told with a reason, counted by it
 */
#ifndef AGENT_FLOW_NORMALISE_REJECT_H
#define AGENT_FLOW_NORMALISE_REJECT_H

#include "agent/flow/normalise.h"

struct rejecter;
struct rejecter *rejecter_new(const uint8_t key[DIGEST_KEY_SIZE]);
void rejecter_free(struct rejecter *rejecter);
void rejecter_reset(struct rejecter *rejecter); /* forgets the reasons */

/* Fills reject; its texts are lent until the next call. The reason is "column clause", or just the
 * clause where column is NULL. row->cells may be NULL. */
void rejecter_describe(struct rejecter *rejecter, const struct columns *columns,
                       const struct row *row, const char *column, const char *clause,
                       struct reject *reject);
const char *rejecter_commonest(const struct rejecter *rejecter); /* reason; "" when none */

#endif
