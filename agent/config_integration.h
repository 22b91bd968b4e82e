/* SPDX-License-Identifier: Apache-2.0 */
/* config_integration.h - reads one integration; used by both ends of the pipe to a source process
 */
#ifndef AGENT_CONFIG_INTEGRATION_H
#define AGENT_CONFIG_INTEGRATION_H

#include "agent/base/settings_read.h"
#include "agent/config.h"

/* Fills integration (zeroed) from its map, telling every error through the reader. */
void config_integration_read(struct settings_reader *reader, const struct node *node,
                             struct integration_config *integration);

#endif
