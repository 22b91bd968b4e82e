/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_rows.c - arrays of native values become cells */
#include "connectors/odbc_rows.h"

#include <string.h>

#include "agent/base/os.h"
#include "connectors/cells.h"

#define TEXT_MOST   4000              /* bytes, or units of UTF-16, of a value */
#define ARRAY_BYTES (4 * 1024 * 1024) /* for all columns together */
#define ROWS_MOST   512
#define TYPE_OFFSET (-155) /* SQL_SS_TIMESTAMPOFFSET, in Microsoft's own header */

struct column {
    enum odbc_kind kind;
    size_t width;  /* bytes of one value in the array, with its terminator */
    bool is_text;  /* of any kind: its size differs, and may be too large */
    char *values;  /* as many as the array has rows */
    SQLLEN *sizes; /* of each value in bytes, or SQL_NULL_DATA, SQL_NO_TOTAL */
    char *scratch; /* wide text: one value as UTF-8 */
    SQLSMALLINT c_type;
};

struct odbc_rows {
    struct odbc_link *link;
    struct columns names;
    struct column *columns;
    struct cell *cells;
    SQLUSMALLINT *states; /* of each row of the array */
    size_t array_rows;    /* 0: not bound yet */
    SQLULEN fetched;
};

/* ---- describing ---- */

static enum odbc_kind kind_of(const struct odbc_link *link, SQLSMALLINT type)
{
    if (link->is_sqlite) /* types there are what somebody declared: values are what they are */
        return ODBC_TEXT;
    switch (type) {
    case SQL_BIT:
    case SQL_TINYINT:
    case SQL_SMALLINT:
    case SQL_INTEGER:
    case SQL_BIGINT:
        return ODBC_INTEGER;
    case SQL_DECIMAL:
    case SQL_NUMERIC:
        return ODBC_DECIMAL;
    case SQL_REAL:
    case SQL_FLOAT:
    case SQL_DOUBLE:
        return ODBC_FLOAT;
    case SQL_TYPE_DATE:
    case SQL_TYPE_TIMESTAMP:
        return ODBC_CIVIL;
    case TYPE_OFFSET:
        return ODBC_OFFSET;
    case SQL_CHAR:
    case SQL_VARCHAR:
    case SQL_LONGVARCHAR: /* a driver without Unicode knows no wide text at all */
        return link->is_wide ? ODBC_WIDE_TEXT : ODBC_TEXT;
    default:
        return link->is_utf8 ? ODBC_TEXT : ODBC_WIDE_TEXT;
    }
}

/* PostgreSQL's timestamp with time zone has no type of its own in ODBC. */
static bool has_zone(const struct odbc_link *link, SQLUSMALLINT number)
{
    char name[64] = "";
    SQLSMALLINT size;

    if (!link->is_postgresql)
        return false;
    link->odbc.ColAttribute(link->statement, number, SQL_DESC_TYPE_NAME, name, sizeof name, &size,
                            NULL);
    return strcmp(name, "timestamptz") == 0;
}

static void size_column(struct column *column, SQLULEN size)
{
    const size_t most = size == 0 || size > TEXT_MOST ? TEXT_MOST : (size_t)size;

    switch (column->kind) {
    case ODBC_TEXT: /* a character has up to four bytes */
        column->c_type = SQL_C_CHAR;
        column->width = 1 + (most * 4 < TEXT_MOST ? most * 4 : TEXT_MOST);
        break;
    case ODBC_WIDE_TEXT: /* or two units */
        column->c_type = SQL_C_WCHAR;
        column->width = sizeof(SQLWCHAR) * (1 + (most * 2 < TEXT_MOST ? most * 2 : TEXT_MOST));
        break;
    case ODBC_DECIMAL:
    case ODBC_OFFSET:
        column->c_type = SQL_C_CHAR;
        column->width = 80;
        break;
    case ODBC_INTEGER:
        column->c_type = SQL_C_SBIGINT;
        column->width = sizeof(SQLBIGINT);
        break;
    case ODBC_FLOAT:
        column->c_type = SQL_C_DOUBLE;
        column->width = sizeof(SQLDOUBLE);
        break;
    case ODBC_CIVIL:
    case ODBC_UTC:
        column->c_type = SQL_C_TYPE_TIMESTAMP;
        column->width = sizeof(SQL_TIMESTAMP_STRUCT);
        break;
    }
}

static bool describe_column(struct odbc_rows *rows, size_t index, char *name, size_t name_size,
                            struct error *err)
{
    struct odbc_link *link = rows->link;
    struct column *column = &rows->columns[index];
    const SQLUSMALLINT number = (SQLUSMALLINT)(index + 1);
    SQLSMALLINT length, type, decimals, nullable;
    SQLULEN size;
    const SQLRETURN result =
        link->odbc.DescribeCol(link->statement, number, (SQLCHAR *)name, (SQLSMALLINT)name_size,
                               &length, &type, &size, &decimals, &nullable);

    if (!odbc_link_succeeded(link, result, err))
        return false;
    column->kind = kind_of(link, type);
    if (column->kind == ODBC_CIVIL && has_zone(link, number))
        column->kind = ODBC_UTC;
    size_column(column, link->is_sqlite ? 0 : size); /* there, sizes too are only declared */
    column->is_text = column->c_type == SQL_C_CHAR || column->c_type == SQL_C_WCHAR;
    return true;
}

struct odbc_rows *odbc_rows_new(struct odbc_link *link, struct error *err)
{
    struct odbc_rows *rows = os_alloc(sizeof *rows);
    SQLSMALLINT count = 0;
    char name[512];

    rows->link = link;
    if (!odbc_link_succeeded(link, link->odbc.NumResultCols(link->statement, &count), err))
        goto fail;
    rows->names.count = (size_t)count;
    char **names = os_alloc(rows->names.count * sizeof *names);
    rows->names.names = (const char *const *)names;
    rows->columns = os_alloc(rows->names.count * sizeof *rows->columns);
    rows->cells = os_alloc(rows->names.count * sizeof *rows->cells);
    for (size_t i = 0; i < rows->names.count; i++) {
        if (!describe_column(rows, i, name, sizeof name, err))
            goto fail;
        names[i] = os_copy_text(name);
    }
    return rows;

fail:
    odbc_rows_free(rows);
    return NULL;
}

void odbc_rows_free(struct odbc_rows *rows)
{
    if (rows == NULL)
        return;
    for (size_t i = 0; i < rows->names.count; i++) {
        os_free((char *)(uintptr_t)rows->names.names[i]);
        os_free(rows->columns[i].values);
        os_free(rows->columns[i].sizes);
        os_free(rows->columns[i].scratch);
    }
    os_free((char **)(uintptr_t)rows->names.names);
    os_free(rows->columns);
    os_free(rows->cells);
    os_free(rows->states);
    os_free(rows);
}

const struct columns *odbc_rows_columns(const struct odbc_rows *rows)
{
    return &rows->names;
}

enum odbc_kind odbc_rows_kind(const struct odbc_rows *rows, int column)
{
    return rows->columns[column].kind;
}

/* ---- binding ---- */

static size_t choose_array(const struct odbc_rows *rows)
{
    size_t row_bytes = 1;

    for (size_t i = 0; i < rows->names.count; i++)
        row_bytes += rows->columns[i].width + sizeof(SQLLEN);
    const size_t fit = ARRAY_BYTES / row_bytes;
    return fit < 1 ? 1 : fit > ROWS_MOST ? ROWS_MOST : fit;
}

static void allocate(struct odbc_rows *rows, size_t array_rows)
{
    rows->array_rows = array_rows;
    rows->states = os_alloc(array_rows * sizeof *rows->states);
    for (size_t i = 0; i < rows->names.count; i++) {
        struct column *column = &rows->columns[i];

        column->values = os_alloc(array_rows * column->width);
        column->sizes = os_alloc(array_rows * sizeof *column->sizes);
        if (column->kind == ODBC_WIDE_TEXT)
            column->scratch = os_alloc(column->width * 2);
    }
}

bool odbc_rows_bind(struct odbc_rows *rows, struct error *err)
{
    const struct odbc_library *odbc = &rows->link->odbc;
    SQLHSTMT statement = rows->link->statement;

    if (rows->array_rows == 0)
        allocate(rows, choose_array(rows));
    /* a driver without arrays goes on with one row at a time */
    odbc->SetStmtAttr(statement, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)(uintptr_t)rows->array_rows,
                      0);
    odbc->SetStmtAttr(statement, SQL_ATTR_ROW_STATUS_PTR, rows->states, 0);
    odbc->SetStmtAttr(statement, SQL_ATTR_ROWS_FETCHED_PTR, &rows->fetched, 0);
    for (size_t i = 0; i < rows->names.count; i++) {
        struct column *column = &rows->columns[i];
        const SQLRETURN result =
            odbc->BindCol(statement, (SQLUSMALLINT)(i + 1), column->c_type, column->values,
                          (SQLLEN)column->width, column->sizes);

        if (!odbc_link_succeeded(rows->link, result, err))
            return false;
    }
    return true;
}

/* ---- cells ---- */

static struct cell make_cell(const struct column *column, SQLULEN row)
{
    const char *const value = column->values + row * column->width;
    const SQLLEN size = column->sizes[row];
    const size_t terminator = column->kind == ODBC_WIDE_TEXT ? sizeof(SQLWCHAR) : 1;

    if (size == SQL_NULL_DATA)
        return (struct cell){.kind = CELL_NULL};
    if (column->is_text && (size < 0 || (size_t)size > column->width - terminator))
        return cell_unusable("a value too long");
    return odbc_cell(column->kind, value, (size_t)size, column->scratch);
}

static bool emit_row(struct odbc_rows *rows, SQLULEN index, struct row *row,
                     const struct row_sink *sink)
{
    row->line++;
    row->fault = NULL;
    row->cells = rows->cells;
    if (rows->states[index] == SQL_ROW_ERROR) {
        row->fault = "the ODBC driver cannot convert this row";
        row->cells = NULL;
    } else {
        for (size_t i = 0; i < rows->names.count; i++)
            rows->cells[i] = make_cell(&rows->columns[i], index);
    }
    return sink->row(sink->context, row);
}

bool odbc_rows_fetch(struct odbc_rows *rows, const struct row_sink *sink, struct error *err)
{
    struct row row = {.line = 0};
    SQLRETURN result;

    while (SQL_SUCCEEDED(result = rows->link->odbc.Fetch(rows->link->statement))) {
        for (SQLULEN i = 0; i < rows->fetched; i++) {
            if (rows->states[i] != SQL_ROW_NOROW && !emit_row(rows, i, &row, sink))
                return true;
        }
    }
    return result == SQL_NO_DATA || odbc_link_succeeded(rows->link, result, err);
}
