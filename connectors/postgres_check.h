/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_check.h - what an administrator of PostgreSQL should know before the first import */
#ifndef CONNECTORS_POSTGRES_CHECK_H
#define CONNECTORS_POSTGRES_CHECK_H

#include "connectors/postgres_link.h"

/* explain: EXPLAIN (VERBOSE) of the query for a narrow window, inside a transaction begun. */
bool postgres_check_link(struct postgres_link *link, const struct database_access *access,
                         const char *explain, const struct database_report *report,
                         struct error *err) MUST_USE;

#endif
