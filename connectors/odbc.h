/* SPDX-License-Identifier: Apache-2.0 */
/* odbc.h - rows of one query from any database with an ODBC driver */
#ifndef CONNECTORS_ODBC_H
#define CONNECTORS_ODBC_H

#include "connectors/database.h"

struct odbc;

/* Connects and has the query described, so that a wrong one is known at once. */
struct odbc *odbc_open(const struct database *database, struct error *err) MUST_USE;
void odbc_close(struct odbc *odbc);

/* As connector.h says of a source. After a failure the next read connects again. */
bool odbc_read(struct odbc *odbc, const struct slice *slice, const struct row_sink *sink,
               struct error *err) MUST_USE;
bool odbc_check(struct odbc *odbc, const struct database_report *report,
                struct error *err) MUST_USE;

#endif
