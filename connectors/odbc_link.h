/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_link.h - one ODBC connection with one statement, and what its diagnostics mean
 *
 * Calls may hang in a driver whatever timeouts say: the source process is killed then. After any
 * failure the link is of no more use: close it and connect again.
 */
#ifndef CONNECTORS_ODBC_LINK_H
#define CONNECTORS_ODBC_LINK_H

#include "connectors/database.h"
#include "connectors/odbc_library.h"
#include "connectors/sql.h"

struct odbc_link {
    struct odbc_library odbc;
    SQLHENV environment;
    SQLHDBC connection;
    SQLHSTMT statement;
    bool is_connected;
    struct sql_dialect dialect; /* with the quotes the driver names */
    bool is_postgresql, is_sqlite;
    bool is_utf8; /* every text may be asked for as UTF-8 */
    bool is_wide; /* even a narrow text is better asked for as UTF-16 */
};

struct odbc_link *odbc_link_open(const struct database_access *access, struct error *err) MUST_USE;
void odbc_link_close(struct odbc_link *link);

/* Was the call on the statement a success? Else err has the driver's own words. */
bool odbc_link_succeeded(struct odbc_link *link, SQLRETURN result, struct error *err) MUST_USE;

/* Runs a statement of ours whose first column is asked for as text, row after row; "" for NULL.
 * False from answer: enough. */
bool odbc_link_ask(struct odbc_link *link, const char *text,
                   bool (*answer)(void *context, const char *text), void *context,
                   struct error *err) MUST_USE;

#endif
