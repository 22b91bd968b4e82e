/* SPDX-License-Identifier: Apache-2.0 */
/* postgres.h - rows of one query from PostgreSQL, by binary COPY inside a read-only transaction */
#ifndef CONNECTORS_POSTGRES_H
#define CONNECTORS_POSTGRES_H

#include "connectors/database.h"

struct postgres;

/* Connects and has the query described, so that a wrong one is known at once. */
struct postgres *postgres_open(const struct database *database, struct error *err) MUST_USE;
void postgres_close(struct postgres *postgres);

/* As connector.h says of a source. After a failure the next read connects again. */
bool postgres_read(struct postgres *postgres, const struct slice *slice,
                   const struct row_sink *sink, struct error *err) MUST_USE;
bool postgres_check(struct postgres *postgres, const struct database_report *report,
                    struct error *err) MUST_USE;

#endif
