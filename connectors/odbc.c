/* SPDX-License-Identifier: Apache-2.0 */
/* odbc.c - not yet: refuses to open */
#include "connectors/odbc.h"

struct odbc *odbc_open(const struct database *database, struct error *err)
{
    (void)database;
    error_set(err, ERROR_CONFIG, "ODBC is not built in yet");
    return NULL;
}

void odbc_close(struct odbc *odbc)
{
    (void)odbc;
}

bool odbc_read(struct odbc *odbc, const struct slice *slice, const struct row_sink *sink,
               struct error *err)
{
    (void)odbc, (void)slice, (void)sink;
    return error_set(err, ERROR_CONFIG, "ODBC is not built in yet");
}

bool odbc_check(struct odbc *odbc, const struct database_report *report, struct error *err)
{
    (void)odbc, (void)report;
    return error_set(err, ERROR_CONFIG, "ODBC is not built in yet");
}
