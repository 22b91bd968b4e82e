/* SPDX-License-Identifier: Apache-2.0 */
/* config_keys.h - which keys of an integration go with which kind of data and which connector */
#ifndef AGENT_CONFIG_KEYS_H
#define AGENT_CONFIG_KEYS_H

#include <stdbool.h>

#include "agent/base/settings.h"

struct connector;

/* The tables of an integration's keys but for its connector's; ends with NULL. */
extern const struct setting *const integration_tables[];

/* Why a key does not belong into an integration of this kind and connector; NULL: it does, or is
 * known nowhere. "": it may, but the connector is not known. Lent for ever.
 * kind: enum data_kind, -1 when not known; connector: NULL when not known. */
const char *config_key_refusal(const char *key, int kind, const struct connector *connector);
/* Must it be there? */
bool config_key_is_required(const struct setting *setting, int kind,
                            const struct connector *connector);
/* Its default there. */
const char *config_key_fallback(const struct setting *setting, int kind);

#endif
