/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_cell.h - one value of an ODBC driver, in the type it was asked for, as a cell */
#ifndef CONNECTORS_ODBC_CELL_H
#define CONNECTORS_ODBC_CELL_H

#include "agent/flow/row.h"

/* What a column is asked for, and so how its values lie in memory. */
enum odbc_kind {
    ODBC_TEXT,      /* UTF-8 */
    ODBC_WIDE_TEXT, /* UTF-16 */
    ODBC_INTEGER,   /* 64 bits */
    ODBC_DECIMAL,   /* text with a point */
    ODBC_FLOAT,     /* double */
    ODBC_CIVIL,     /* SQL_TIMESTAMP_STRUCT on a clock face */
    ODBC_UTC,       /* the same, in UTC */
    ODBC_OFFSET,    /* SQL Server's datetimeoffset as text: "2024-03-31 02:00:00.000 +01:00" */
};

/* size: of a text in bytes. scratch: for wide text, twice its size; a cell may lend from it. */
struct cell odbc_cell(enum odbc_kind kind, const void *value, size_t size, char *scratch);

#endif
