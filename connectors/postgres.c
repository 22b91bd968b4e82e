/* SPDX-License-Identifier: Apache-2.0 */
/* postgres.c - one slice of a query: BEGIN READ ONLY, COPY (...) TO STDOUT, ROLLBACK
 *
 * COPY binds no values, so the window is written into the statement: our own numbers, as literals
 * of the type they meet. The server itself says that type: of the column of times, and of each
 * :from and :to, which it is shown as parameters first.
 */
#include "connectors/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "connectors/bounds.h"
#include "connectors/postgres_check.h"
#include "connectors/postgres_decode.h"
#include "connectors/postgres_link.h"
#include "connectors/sql.h"

#define STATEMENT_MOST (1 << 20)
#define LITERAL_SIZE   64

struct postgres {
    const struct database *database;
    struct sql_query query;
    struct bytes statement; /* the one being built */
    struct postgres_link *link;

    /* What the server said of the query; made anew with each connection. */
    struct columns columns;
    char **names;
    uint32_t *types;
    struct database_times times;
    struct bound_form time_form, end_form;
    uint32_t place_types[SQL_PLACES_MOST];
    struct postgres_decoder *decoder;
};

/* ---- statements ---- */

/* A statement is begun with what comes before the SELECT, and lent until the next. */
static void begin_statement(struct postgres *postgres, const char *start)
{
    bytes_reset(&postgres->statement);
    bytes_append_text(&postgres->statement, start);
}

static const char *end_statement(struct postgres *postgres, const char *end)
{
    bytes_append_text(&postgres->statement, end);
    return bytes_text(&postgres->statement);
}

/* What a bound must be to meet a type; `usual` is the form of the column of times. */
static struct bound_form form_to_meet(uint32_t type, struct bound_form usual)
{
    if (type == POSTGRES_TIMESTAMP || type == POSTGRES_DATE)
        return (struct bound_form){.kind = BOUND_CIVIL};
    if (type == POSTGRES_TIMESTAMPTZ)
        return (struct bound_form){.kind = BOUND_UTC};
    if (postgres_type_is_number(type) && usual.kind != BOUND_UNIX_MS)
        return (struct bound_form){.kind = BOUND_UNIX};
    if (postgres_type_is_text(type) && (usual.kind == BOUND_UTC || usual.kind == BOUND_CIVIL))
        return bounds_text_form("", 0);
    return usual; /* also for types of other people's */
}

static void write_literal(const struct bounds *bounds, uint32_t type, struct bound_form usual,
                          bool is_upper, char literal[LITERAL_SIZE])
{
    const struct bound_form form = form_to_meet(type, usual);
    char text[BOUND_SIZE];

    bounds_write(bounds, form, is_upper, text);
    if (type == POSTGRES_DATE) /* whole days: up to the midnight after the bound */
        snprintf(literal, LITERAL_SIZE, "(DATE '%.10s' + %d)", text, is_upper ? 1 : 0);
    else if (form.kind == BOUND_CIVIL)
        snprintf(literal, LITERAL_SIZE, "TIMESTAMP '%s'", text);
    else if (form.kind == BOUND_UTC)
        snprintf(literal, LITERAL_SIZE, "TIMESTAMPTZ '%s+00'", text);
    else if (form.kind == BOUND_TEXT || postgres_type_is_text(type))
        snprintf(literal, LITERAL_SIZE, "'%s'", text);
    else
        snprintf(literal, LITERAL_SIZE, "%s", text);
}

static void write_place(const struct postgres *postgres, const struct bounds *bounds, size_t place,
                        char literal[LITERAL_SIZE])
{
    const uint32_t type = postgres->place_types[place];
    const enum sql_value value = postgres->query.places[place].value;
    const bool is_upper = value == SQL_VALUE_TO || value == SQL_VALUE_TO_EPOCH;
    char text[BOUND_SIZE];

    if (value == SQL_VALUE_FROM || value == SQL_VALUE_TO) {
        write_literal(bounds, type, postgres->time_form, is_upper, literal);
        return;
    }
    bounds_write(bounds, (struct bound_form){.kind = BOUND_UNIX}, is_upper, text);
    snprintf(literal, LITERAL_SIZE, postgres_type_is_text(type) ? "'%s'" : "%s", text);
}

/* Appends the user's query with its placeholders as literals. */
static void append_filled(struct postgres *postgres, const struct bounds *bounds)
{
    char literals[SQL_PLACES_MOST][LITERAL_SIZE];
    const char *values[SQL_PLACES_MOST];

    for (size_t i = 0; i < postgres->query.place_count; i++) {
        write_place(postgres, bounds, i, literals[i]);
        values[i] = literals[i];
    }
    sql_fill(&postgres->query, values, &postgres->statement);
}

/* "*", or every column, those of unknown types as text. */
static void write_columns(const struct postgres *postgres, struct bytes *out)
{
    bool all_known = true;

    for (size_t i = 0; i < postgres->columns.count; i++)
        all_known = all_known && postgres_type_is_known(postgres->types[i]);
    if (all_known) {
        bytes_append_text(out, "*");
        return;
    }
    for (size_t i = 0; i < postgres->columns.count; i++) {
        if (i > 0)
            bytes_append_text(out, ", ");
        sql_column(&sql_postgresql, postgres->names[i], out);
        if (!postgres_type_is_known(postgres->types[i]))
            bytes_append_text(out, "::text");
    }
}

/* A column and its two literals, which are the caller's. */
static struct sql_range range_of(const struct postgres *postgres, int column,
                                 struct bound_form form, const struct bounds *bounds,
                                 char literals[2][LITERAL_SIZE])
{
    uint32_t type = postgres->types[column];

    if (type == POSTGRES_DATE) /* a day is its midnight */
        type = POSTGRES_TIMESTAMP;
    write_literal(bounds, type, form, false, literals[0]);
    write_literal(bounds, type, form, true, literals[1]);
    return (struct sql_range){postgres->names[column], literals[0], literals[1]};
}

static void append_wrapped(struct postgres *postgres, const struct bounds *bounds,
                           const char *columns, bool with_ends)
{
    const struct database_times *times = &postgres->times;
    char literals[4][LITERAL_SIZE];
    struct sql_window window = {
        .columns = columns,
        .time = range_of(postgres, times->time, postgres->time_form, bounds, literals),
    };

    if (with_ends && times->end >= 0)
        window.end = range_of(postgres, times->end, postgres->end_form, bounds, literals + 2);
    sql_wrap(&postgres->query, &sql_postgresql, &window, &postgres->statement);
}

/* Builds the SELECT of one window. */
static void append_select(struct postgres *postgres, const struct slice *slice)
{
    const struct bounds bounds = bounds_of(slice, postgres->database->zone);
    struct bytes columns;

    bytes_init(&columns, STATEMENT_MOST);
    write_columns(postgres, &columns);
    const char *const list = bytes_text(&columns);
    if (postgres->query.place_count == 0) {
        append_wrapped(postgres, &bounds, list, slice->purpose == SLICE_PASS);
    } else if (strcmp(list, "*") == 0) {
        append_filled(postgres, &bounds);
    } else {
        bytes_append_text(&postgres->statement, "SELECT ");
        bytes_append_text(&postgres->statement, list);
        bytes_append_text(&postgres->statement, " FROM (");
        append_filled(postgres, &bounds);
        bytes_append_text(&postgres->statement, "\n) q");
    }
    bytes_free(&columns);
}

/* ---- describing ---- */

static void forget(struct postgres *postgres)
{
    postgres_link_close(postgres->link);
    postgres_decoder_free(postgres->decoder);
    for (size_t i = 0; i < postgres->columns.count; i++)
        os_free(postgres->names[i]);
    os_free(postgres->names);
    os_free(postgres->types);
    postgres->link = NULL;
    postgres->decoder = NULL;
    postgres->names = NULL;
    postgres->types = NULL;
    postgres->columns = (struct columns){0};
}

static bool begin_transaction(struct postgres *postgres, struct error *err)
{
    char text[400];

    snprintf(text, sizeof text,
             "BEGIN READ ONLY; SET LOCAL statement_timeout = %" PRId64 "; "
             "SET LOCAL lock_timeout = 30000; "
             "SET LOCAL idle_in_transaction_session_timeout = %" PRId64 "; "
             "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; "
             "SET LOCAL extra_float_digits = 1; SET LOCAL standard_conforming_strings = on",
             postgres->database->access->query_timeout_ms,
             postgres->database->access->query_timeout_ms);
    return postgres_link_run(postgres->link, text, err);
}

static void keep_facts(struct postgres *postgres, const struct postgres_facts *facts)
{
    postgres->names = os_alloc(facts->columns * sizeof *postgres->names);
    postgres->types = os_alloc(facts->columns * sizeof *postgres->types);
    for (size_t i = 0; i < facts->columns; i++) {
        postgres->names[i] = os_copy_text(facts->names[i]);
        postgres->types[i] = facts->types[i];
    }
    postgres->columns = (struct columns){(const char *const *)postgres->names, facts->columns};
    for (size_t i = 0; i < facts->parameter_count && i < SQL_PLACES_MOST; i++)
        postgres->place_types[i] = facts->parameters[i];
}

/* Names and types of the columns, and the type of what each placeholder meets. */
static bool describe(struct postgres *postgres, struct error *err)
{
    char markers[SQL_PLACES_MOST][8];
    const char *values[SQL_PLACES_MOST];
    struct postgres_facts facts;

    for (size_t i = 0; i < postgres->query.place_count; i++) {
        snprintf(markers[i], sizeof markers[i], "$%zu", i + 1);
        values[i] = markers[i];
    }
    begin_statement(postgres, "");
    sql_fill(&postgres->query, values, &postgres->statement);
    if (!postgres_link_describe(postgres->link, end_statement(postgres, ""), &facts, err))
        return false;
    keep_facts(postgres, &facts);
    return database_find_times(postgres->database, &postgres->columns, &postgres->times, err);
}

static void take_sample(void *context, const char *text)
{
    database_sample_take(context, text);
}

static bool sample_text(struct postgres *postgres, int column, struct bound_form *form,
                        struct error *err)
{
    const char *const name = postgres->names[column];
    struct database_sample sample = {.texts = 0};

    /* what the placeholders stand for meanwhile */
    if (!database_sample_form(postgres->database, name, &sample, &postgres->time_form, err))
        return false;
    begin_statement(postgres, "SELECT ");
    sql_column(&sql_postgresql, name, &postgres->statement);
    bytes_append_text(&postgres->statement, "::text FROM (");
    append_filled(postgres, &bounds_ever);
    bytes_append_text(&postgres->statement, "\n) q WHERE ");
    sql_column(&sql_postgresql, name, &postgres->statement);
    return postgres_link_ask(postgres->link, end_statement(postgres, " IS NOT NULL LIMIT 100"),
                             take_sample, &sample, err) &&
           database_sample_form(postgres->database, name, &sample, form, err);
}

static bool find_form(struct postgres *postgres, int column, struct bound_form *form,
                      struct error *err)
{
    const uint32_t type = postgres->types[column];

    if (type == POSTGRES_TIMESTAMPTZ || type == POSTGRES_TIMESTAMP || type == POSTGRES_DATE) {
        form->kind = type == POSTGRES_TIMESTAMPTZ ? BOUND_UTC : BOUND_CIVIL;
        return true;
    }
    if (postgres_type_is_number(type))
        return database_number_form(postgres->database, postgres->names[column], form, err);
    return sample_text(postgres, column, form, err);
}

/* A connection with a transaction begun and the query described. */
static bool prepare(struct postgres *postgres, struct error *err)
{
    postgres->link = postgres_link_open(postgres->database->access, err);
    if (postgres->link == NULL)
        return false;
    if (!begin_transaction(postgres, err) || !describe(postgres, err) ||
        !find_form(postgres, postgres->times.time, &postgres->time_form, err))
        return false;
    if (postgres->times.end >= 0 &&
        !find_form(postgres, postgres->times.end, &postgres->end_form, err))
        return false;

    uint32_t *types = os_alloc(postgres->columns.count * sizeof *types);
    for (size_t i = 0; i < postgres->columns.count; i++)
        types[i] = postgres_type_is_known(postgres->types[i]) ? postgres->types[i] : POSTGRES_TEXT;
    postgres->decoder = postgres_decoder_new(types, postgres->columns.count);
    os_free(types);
    return postgres_link_run(postgres->link, "ROLLBACK", err);
}

struct postgres *postgres_open(const struct database *database, struct error *err)
{
    struct postgres *postgres = os_alloc(sizeof *postgres);

    postgres->database = database;
    bytes_init(&postgres->statement, STATEMENT_MOST);
    if (!sql_parse(&postgres->query, database->query, &sql_postgresql, err))
        goto fail;
    if (postgres->query.start == SQL_START_EXEC) {
        error_set(err, ERROR_CONFIG, "PostgreSQL has no EXEC that answers with rows: use SELECT");
        goto fail;
    }
    if (!prepare(postgres, err))
        goto fail;
    return postgres;

fail:
    postgres_close(postgres);
    return NULL;
}

void postgres_close(struct postgres *postgres)
{
    if (postgres == NULL)
        return;
    forget(postgres);
    bytes_free(&postgres->statement);
    os_free(postgres);
}

/* ---- reading ---- */

/* *stopped: the sink has had enough; the connection is then in the middle of an answer. */
static bool copy_rows(struct postgres *postgres, const struct row_sink *sink, bool *stopped,
                      struct error *err)
{
    struct row row = {.line = 0};
    const uint8_t *message;
    size_t size;
    enum postgres_step step;

    postgres_decoder_begin(postgres->decoder);
    while ((step = postgres_link_next(postgres->link, &message, &size, err)) ==
           POSTGRES_STEP_MESSAGE) {
        switch (postgres_decode(postgres->decoder, message, size, &row.cells)) {
        case POSTGRES_BROKEN:
            return error_set(err, ERROR_RETRY, "row %" PRIu64 " of the answer cannot be decoded",
                             row.line + 1);
        case POSTGRES_END:
            break;
        case POSTGRES_ROW:
            row.line++;
            *stopped = !sink->row(sink->context, &row);
            break;
        }
        if (*stopped)
            return true;
    }
    return step == POSTGRES_STEP_END;
}

static bool read_slice(struct postgres *postgres, const struct slice *slice,
                       const struct row_sink *sink, bool *stopped, struct error *err)
{
    if (postgres->link == NULL && !prepare(postgres, err))
        return false;
    if (!begin_transaction(postgres, err))
        return false;

    begin_statement(postgres, "COPY (");
    append_select(postgres, slice);
    if (!postgres_link_copy(postgres->link,
                            end_statement(postgres, "\n) TO STDOUT (FORMAT binary)"), err))
        return false;
    *stopped = !sink->columns(sink->context, &postgres->columns);
    if (*stopped)
        return true;
    if (!copy_rows(postgres, sink, stopped, err))
        return false;
    return *stopped || postgres_link_run(postgres->link, "ROLLBACK", err);
}

bool postgres_read(struct postgres *postgres, const struct slice *slice,
                   const struct row_sink *sink, struct error *err)
{
    bool stopped = false;
    const bool done = read_slice(postgres, slice, sink, &stopped, err);

    if (!done || stopped)
        forget(postgres); /* cheaper than reading the rest of an answer nobody wants */
    return done;
}

/* ---- checking ---- */

static bool check_query(struct postgres *postgres, const struct database_report *report,
                        struct error *err)
{
    /* a plan does not depend on when its quarter hour is */
    const struct slice slice = {.purpose = SLICE_LIVE, .from = 0, .to = UTC_QUARTER};

    if (postgres->link == NULL && !prepare(postgres, err))
        return false;
    if (!begin_transaction(postgres, err))
        return false;
    begin_statement(postgres, "EXPLAIN (VERBOSE) ");
    append_select(postgres, &slice);
    return postgres_check_link(postgres->link, postgres->database->access,
                               end_statement(postgres, ""), report, err) &&
           postgres_link_run(postgres->link, "ROLLBACK", err);
}

bool postgres_check(struct postgres *postgres, const struct database_report *report,
                    struct error *err)
{
    const bool done = check_query(postgres, report, err);

    if (!done)
        forget(postgres);
    return done;
}
