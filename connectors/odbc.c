/* SPDX-License-Identifier: Apache-2.0 */
/* odbc.c - one slice of a query: its window bound as parameters, its rows fetched in arrays
 *
 * Autocommit stays on: a SELECT then holds no transaction open behind our back, and closing the
 * cursor at the slice's end lets go of everything.
 */
#include "connectors/odbc.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "connectors/odbc_check.h"
#include "connectors/odbc_link.h"
#include "connectors/odbc_rows.h"

#define STATEMENT_MOST (1 << 20)
#define SAMPLES        100

/* One parameter, where the driver reads it while executing. */
struct parameter {
    struct bound_form form;
    bool is_upper;
    union {
        SQL_TIMESTAMP_STRUCT moment;
        SQLBIGINT number;
        char text[BOUND_SIZE];
    } value;
    SQLLEN size;
};

enum prepared { PREPARED_NOTHING, PREPARED_TIME, PREPARED_TIME_AND_END };

struct odbc {
    const struct database *database;
    struct bytes statement; /* the one being built */
    struct odbc_link *link;

    /* What the database said of the query; made anew with each connection. */
    struct sql_query query;
    struct odbc_rows *rows;
    struct database_times times;
    struct bound_form time_form, end_form;
    enum prepared prepared;
    struct parameter parameters[SQL_PLACES_MOST];
    size_t parameter_count;
};

/* ---- statements ---- */

static SQLCHAR *statement(struct odbc *odbc)
{
    return (SQLCHAR *)(uintptr_t)bytes_text(&odbc->statement);
}

static const char *column_name(const struct odbc *odbc, int column)
{
    return odbc_rows_columns(odbc->rows)->names[column];
}

/* The user's query with a marker for every placeholder. */
static void append_marked(struct odbc *odbc)
{
    const char *markers[SQL_PLACES_MOST];

    for (size_t i = 0; i < odbc->query.place_count; i++)
        markers[i] = "?";
    sql_fill(&odbc->query, markers, &odbc->statement);
}

static void build(struct odbc *odbc, bool with_end)
{
    struct sql_window window = {.columns = "*"};

    bytes_reset(&odbc->statement);
    if (odbc->query.place_count > 0) {
        append_marked(odbc);
        return;
    }
    window.time = (struct sql_range){column_name(odbc, odbc->times.time), "?", "?"};
    if (with_end)
        window.end = (struct sql_range){column_name(odbc, odbc->times.end), "?", "?"};
    sql_wrap(&odbc->query, &odbc->link->dialect, &window, &odbc->statement);
}

/* ---- parameters ---- */

static void set_parameter(struct parameter *parameter, const struct bounds *bounds)
{
    const utc_ms time = bounds_time(bounds, parameter->form, parameter->is_upper);
    struct civil civil;

    switch (parameter->form.kind) {
    case BOUND_UTC:
    case BOUND_CIVIL:
        utc_to_civil(time, &civil);
        parameter->value.moment = (SQL_TIMESTAMP_STRUCT){
            .year = (SQLSMALLINT)civil.year,
            .month = (SQLUSMALLINT)civil.month,
            .day = (SQLUSMALLINT)civil.day,
            .hour = (SQLUSMALLINT)civil.hour,
            .minute = (SQLUSMALLINT)civil.minute,
            .second = (SQLUSMALLINT)civil.second,
            .fraction = (SQLUINTEGER)civil.millisecond * 1000000,
        };
        parameter->size = sizeof parameter->value.moment;
        break;
    case BOUND_UNIX:
        parameter->value.number = utc_floor(time, UTC_SECOND) / UTC_SECOND;
        parameter->size = sizeof parameter->value.number;
        break;
    case BOUND_UNIX_MS:
        parameter->value.number = time;
        parameter->size = sizeof parameter->value.number;
        break;
    case BOUND_TEXT:
        bounds_print(time, parameter->form.separator, parameter->value.text);
        parameter->size = SQL_NTS;
        break;
    }
}

static SQLRETURN bind_parameter(struct odbc *odbc, size_t index)
{
    struct parameter *parameter = &odbc->parameters[index];
    SQLSMALLINT c_type = SQL_C_TYPE_TIMESTAMP, type = SQL_TYPE_TIMESTAMP, decimals = 3;
    SQLULEN size = 23; /* with milliseconds: SQL Server's datetime takes no more */

    if (parameter->form.kind == BOUND_TEXT) {
        c_type = SQL_C_CHAR;
        type = SQL_VARCHAR;
        size = BOUND_SIZE - 1;
        decimals = 0;
    } else if (parameter->form.kind == BOUND_UNIX || parameter->form.kind == BOUND_UNIX_MS) {
        c_type = SQL_C_SBIGINT;
        type = SQL_BIGINT;
        size = 19;
        decimals = 0;
    }
    return odbc->link->odbc.BindParameter(
        odbc->link->statement, (SQLUSMALLINT)(index + 1), SQL_PARAM_INPUT, c_type, type, size,
        decimals, &parameter->value, sizeof parameter->value, &parameter->size);
}

/* What each marker stands for, in the statement's order. */
static void list_parameters(struct odbc *odbc, bool with_end)
{
    const struct bound_form forms[4] = {odbc->time_form, odbc->time_form, odbc->end_form,
                                        odbc->end_form};

    odbc->parameter_count = odbc->query.place_count > 0 ? odbc->query.place_count
                            : with_end                  ? 4
                                                        : 2;
    for (size_t i = 0; i < odbc->parameter_count; i++) {
        struct parameter *parameter = &odbc->parameters[i];
        const enum sql_value value = odbc->query.places[i].value;

        if (odbc->query.place_count == 0) {
            parameter->form = forms[i];
            parameter->is_upper = i % 2 == 1;
            continue;
        }
        parameter->is_upper = value == SQL_VALUE_TO || value == SQL_VALUE_TO_EPOCH;
        parameter->form = value == SQL_VALUE_FROM || value == SQL_VALUE_TO ? odbc->time_form
                                                                           : bounds_number_form(1);
    }
}

static bool bind_parameters(struct odbc *odbc, bool with_end, struct error *err)
{
    list_parameters(odbc, with_end);
    for (size_t i = 0; i < odbc->parameter_count; i++) {
        if (!odbc_link_succeeded(odbc->link, bind_parameter(odbc, i), err))
            return false;
    }
    return true;
}

static bool execute(struct odbc *odbc, const struct bounds *bounds, struct error *err)
{
    for (size_t i = 0; i < odbc->parameter_count; i++)
        set_parameter(&odbc->parameters[i], bounds);

    const SQLRETURN result = odbc->link->odbc.Execute(odbc->link->statement);
    return result == SQL_NO_DATA || odbc_link_succeeded(odbc->link, result, err);
}

static void close_cursor(struct odbc *odbc)
{
    odbc->link->odbc.FreeStmt(odbc->link->statement, SQL_CLOSE);
}

/* ---- describing ---- */

static bool prepare(struct odbc *odbc, struct error *err)
{
    const SQLRETURN result =
        odbc->link->odbc.Prepare(odbc->link->statement, statement(odbc), SQL_NTS);

    return odbc_link_succeeded(odbc->link, result, err);
}

static bool describe_wrapped(struct odbc *odbc, struct error *err)
{
    const char *const reason = sql_unwrappable(&odbc->query, &odbc->link->dialect);
    const struct sql_window nothing = {.columns = "*"};

    if (reason != NULL)
        return error_set(err, ERROR_CONFIG,
                         "query: %s: write :from and :to where it compares its times", reason);
    sql_wrap(&odbc->query, &odbc->link->dialect, &nothing, &odbc->statement);
    const SQLRETURN result =
        odbc->link->odbc.ExecDirect(odbc->link->statement, statement(odbc), SQL_NTS);
    if (!odbc_link_succeeded(odbc->link, result, err))
        return false;
    odbc->rows = odbc_rows_new(odbc->link, err);
    close_cursor(odbc);
    return odbc->rows != NULL;
}

/* A statement with placeholders is described once prepared; a driver that cannot do that is given
 * a window of no length. */
static bool describe_marked(struct odbc *odbc, struct error *err)
{
    append_marked(odbc);
    if (!prepare(odbc, err))
        return false;
    odbc->rows = odbc_rows_new(odbc->link, err);
    if (odbc->rows == NULL)
        return false;
    if (odbc_rows_columns(odbc->rows)->count > 0)
        return true;

    odbc_rows_free(odbc->rows);
    odbc->rows = NULL;
    odbc->time_form = (struct bound_form){.kind = BOUND_CIVIL};
    if (!bind_parameters(odbc, false, err) || !execute(odbc, &bounds_never, err))
        return false;
    odbc->rows = odbc_rows_new(odbc->link, err);
    close_cursor(odbc);
    return odbc->rows != NULL;
}

static void limit_rows(struct odbc *odbc, int rows)
{
    odbc->link->odbc.SetStmtAttr(odbc->link->statement, SQL_ATTR_MAX_ROWS,
                                 (SQLPOINTER)(uintptr_t)rows, 0);
}

static void build_sample(struct odbc *odbc, int column)
{
    const struct sql_dialect *const dialect = &odbc->link->dialect;

    bytes_reset(&odbc->statement);
    if (odbc->query.place_count > 0) {
        append_marked(odbc);
        return;
    }
    bytes_append_text(&odbc->statement, "SELECT ");
    sql_column(dialect, column_name(odbc, column), &odbc->statement);
    bytes_append_text(&odbc->statement, " FROM (");
    append_marked(odbc);
    bytes_append_text(&odbc->statement, "\n) q WHERE ");
    sql_column(dialect, column_name(odbc, column), &odbc->statement);
    bytes_append_text(&odbc->statement, " IS NOT NULL");
}

static bool fetch_sample(struct odbc *odbc, int column, struct database_sample *sample,
                         struct error *err)
{
    const struct odbc_library *functions = &odbc->link->odbc;
    SQLHSTMT handle = odbc->link->statement;
    const SQLUSMALLINT number = (SQLUSMALLINT)(odbc->query.place_count > 0 ? column + 1 : 1);
    char text[64];
    SQLLEN length;

    if (!prepare(odbc, err) ||
        (odbc->query.place_count > 0 && !bind_parameters(odbc, false, err)) ||
        !execute(odbc, &bounds_ever, err))
        return false;
    for (int i = 0; i < SAMPLES && SQL_SUCCEEDED(functions->Fetch(handle)); i++) {
        if (SQL_SUCCEEDED(
                functions->GetData(handle, number, SQL_C_CHAR, text, sizeof text, &length)) &&
            length != SQL_NULL_DATA)
            database_sample_take(sample, text);
    }
    close_cursor(odbc);
    return true;
}

static bool sample_text(struct odbc *odbc, int column, struct bound_form *form, struct error *err)
{
    const char *const name = column_name(odbc, column);
    struct database_sample sample = {.texts = 0};

    /* what the placeholders stand for meanwhile */
    if (!database_sample_form(odbc->database, name, &sample, &odbc->time_form, err))
        return false;
    odbc->parameter_count = 0;
    build_sample(odbc, column);
    limit_rows(odbc, SAMPLES); /* drivers that know it do not fetch the rest */
    if (!fetch_sample(odbc, column, &sample, err))
        return false;
    limit_rows(odbc, 0);
    return database_sample_form(odbc->database, name, &sample, form, err);
}

static bool find_form(struct odbc *odbc, int column, struct bound_form *form, struct error *err)
{
    switch (odbc_rows_kind(odbc->rows, column)) {
    case ODBC_CIVIL:
        *form = (struct bound_form){.kind = BOUND_CIVIL};
        return true;
    case ODBC_UTC:
    case ODBC_OFFSET:
        *form = (struct bound_form){.kind = BOUND_UTC};
        return true;
    case ODBC_INTEGER:
    case ODBC_DECIMAL:
    case ODBC_FLOAT:
        return database_number_form(odbc->database, column_name(odbc, column), form, err);
    case ODBC_TEXT:
    case ODBC_WIDE_TEXT:
        break;
    }
    return sample_text(odbc, column, form, err);
}

static bool describe(struct odbc *odbc, struct error *err)
{
    struct bound_form form;

    bytes_reset(&odbc->statement);
    if (!sql_parse(&odbc->query, odbc->database->query, &odbc->link->dialect, err))
        return false;
    if (!(odbc->query.place_count > 0 ? describe_marked(odbc, err) : describe_wrapped(odbc, err)))
        return false;
    if (!database_find_times(odbc->database, odbc_rows_columns(odbc->rows), &odbc->times, err))
        return false;
    if (odbc->times.end >= 0 && !find_form(odbc, odbc->times.end, &odbc->end_form, err))
        return false;
    if (!find_form(odbc, odbc->times.time, &form, err))
        return false;
    odbc->time_form = form;
    odbc->prepared = PREPARED_NOTHING;
    return true;
}

/* ---- the source ---- */

static void forget(struct odbc *odbc)
{
    odbc_link_close(odbc->link); /* before the rows: its statement is bound to them */
    odbc_rows_free(odbc->rows);
    odbc->link = NULL;
    odbc->rows = NULL;
}

static bool connect_source(struct odbc *odbc, struct error *err)
{
    odbc->link = odbc_link_open(odbc->database->access, err);
    return odbc->link != NULL && describe(odbc, err);
}

struct odbc *odbc_open(const struct database *database, struct error *err)
{
    struct odbc *odbc = os_alloc(sizeof *odbc);

    odbc->database = database;
    bytes_init(&odbc->statement, STATEMENT_MOST);
    if (!connect_source(odbc, err)) {
        odbc_close(odbc);
        return NULL;
    }
    return odbc;
}

void odbc_close(struct odbc *odbc)
{
    if (odbc == NULL)
        return;
    forget(odbc);
    bytes_free(&odbc->statement);
    os_free(odbc);
}

static bool prepare_slice(struct odbc *odbc, const struct slice *slice, struct error *err)
{
    const bool with_end = slice->purpose == SLICE_PASS && odbc->times.end >= 0;
    const enum prepared wanted = with_end ? PREPARED_TIME_AND_END : PREPARED_TIME;

    if (odbc->prepared == wanted)
        return true;
    build(odbc, with_end);
    if (!prepare(odbc, err) || !bind_parameters(odbc, with_end, err) ||
        !odbc_rows_bind(odbc->rows, err))
        return false;
    odbc->prepared = wanted;
    return true;
}

static bool read_slice(struct odbc *odbc, const struct slice *slice, const struct row_sink *sink,
                       struct error *err)
{
    const struct bounds bounds = bounds_of(slice, odbc->database->zone);

    if (odbc->link == NULL && !connect_source(odbc, err))
        return false;
    if (!prepare_slice(odbc, slice, err) || !execute(odbc, &bounds, err))
        return false;
    if (sink->columns(sink->context, odbc_rows_columns(odbc->rows)) &&
        !odbc_rows_fetch(odbc->rows, sink, err))
        return false;
    close_cursor(odbc);
    return true;
}

bool odbc_read(struct odbc *odbc, const struct slice *slice, const struct row_sink *sink,
               struct error *err)
{
    const bool done = read_slice(odbc, slice, sink, err);

    if (!done)
        forget(odbc);
    return done;
}

/* ---- checking ---- */

bool odbc_check(struct odbc *odbc, const struct database_report *report, struct error *err)
{
    /* a connection of its own: the other's statement has its columns bound */
    struct odbc_link *link = odbc_link_open(odbc->database->access, err);
    const bool done = link != NULL && odbc_check_login(link, report, err);

    odbc_link_close(link);
    return done;
}
