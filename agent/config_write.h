/* SPDX-License-Identifier: Apache-2.0 */
/* config_write.h - the configuration written out again: as it is in force, its schema, an example
 *
 * All from the tables that also read it. Each appends to out; ask out->overflow at the end.
 */
#ifndef AGENT_CONFIG_WRITE_H
#define AGENT_CONFIG_WRITE_H

#include <stdbool.h>

struct bytes;
struct config;

/* Every value in force and where it comes from: "FILE:LINE" or "default". Values are shown as they
 * are written, so a reference stays one; what is a secret by itself is shown as ****. */
void config_show(const struct config *config, bool as_json, struct bytes *out);

/* JSON Schema (2020-12), for editors. */
void config_schema(struct bytes *out);

/* A configuration with every key, its meaning and its default, that is right as it stands. */
void config_example(struct bytes *out);

#endif
