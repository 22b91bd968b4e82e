/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_rows.h - the columns of an answer, bound once, fetched several hundred rows at a time
 *
 * Every column is bound to an array of one native type. A text column without a reasonable size of
 * its own gets 4,000 bytes, and the array then has fewer rows: longer values are no names of
 * queues, and are said to be unusable, never cut.
 */
#ifndef CONNECTORS_ODBC_ROWS_H
#define CONNECTORS_ODBC_ROWS_H

#include "agent/flow/row.h"
#include "connectors/odbc_cell.h"
#include "connectors/odbc_link.h"

struct odbc_rows;

/* Describes what the link's statement, prepared or executed, answers with. */
struct odbc_rows *odbc_rows_new(struct odbc_link *link, struct error *err) MUST_USE;
void odbc_rows_free(struct odbc_rows *rows);
const struct columns *odbc_rows_columns(const struct odbc_rows *rows);
enum odbc_kind odbc_rows_kind(const struct odbc_rows *rows, int column);

/* Binds the columns to the link's statement, each time it was prepared. */
bool odbc_rows_bind(struct odbc_rows *rows, struct error *err) MUST_USE;
/* After the statement was executed: rows go to the sink until there are no more, or it says stop
 * (true all the same). */
bool odbc_rows_fetch(struct odbc_rows *rows, const struct row_sink *sink,
                     struct error *err) MUST_USE;

#endif
