/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_connect.h - connection strings: built from settings, or guarded when a person wrote one
 *
 *     KEY=value;KEY={value; with } doubled};...
 *
 * A connection string is code execution: DRIVER=/tmp/x.so loads that file. So DRIVER must be
 * a name that odbcinst.ini lists, keys that name files are refused, and what is accepted is
 * written anew, so that the driver manager cannot read it in another way.
 */
#ifndef CONNECTORS_ODBC_CONNECT_H
#define CONNECTORS_ODBC_CONNECT_H

#include "connectors/database.h"

struct bytes;

/* What this machine has, as its ODBC files list it. */
struct odbc_installed {
    const char *const *drivers; /* names in odbcinst.ini */
    size_t driver_count;
    const struct odbc_data_source {
        const char *name;   /* in odbc.ini */
        const char *driver; /* a driver's name or file */
    } * sources;
    size_t source_count;
};

/* Appends the connection string for any type but postgresql. ERROR_CONFIG says what is wrong and
 * never quotes a value. */
bool odbc_connect_string(const struct database_access *access,
                         const struct odbc_installed *installed, struct bytes *out,
                         struct error *err) MUST_USE;

#endif
