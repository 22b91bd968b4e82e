/* SPDX-License-Identifier: Apache-2.0 */
/* store_schema.h - the store's tables, and the way from an older version to this one
 *
 * The version stands in the file's header (user_version), where a program finds it that does not
 * understand the tables. Version 0 is an empty file.
 */
#ifndef AGENT_FLOW_STORE_SCHEMA_H
#define AGENT_FLOW_STORE_SCHEMA_H

#include "agent/flow/connection.h"

struct schema_steps {
    const char *const *texts; /* texts[n] leads from version n to n + 1 */
    int count;
};
extern const struct schema_steps schema_steps;

/* ERROR_FATAL: newer than the steps lead to. A file that is not a store is damaged. */
bool schema_version(struct connection *connection, const struct schema_steps *steps, int *version,
                    struct error *err) MUST_USE;
/* Is the whole file well formed? Looks only at files small enough to be read at every start; in
 * others damage is found when it is met. */
bool schema_check(struct connection *connection, struct error *err) MUST_USE;
/* Copies the file to PATH.version-N, before its tables are changed. */
bool schema_copy(struct connection *connection, int version, struct error *err) MUST_USE;
/* Takes the remaining steps, inside the caller's transaction. */
bool schema_raise(struct connection *connection, const struct schema_steps *steps, int version,
                  struct error *err) MUST_USE;

#endif
