/* SPDX-License-Identifier: Apache-2.0 */
/* sql.h - what a user's query is, and the query that reads one window of it
 *
 * Pure: text in, text out. A lexer that knows quotes, comments and words is enough to refuse what
 * is not one reading statement, to find :from and :to, and to wrap. It is a help, not a wall: what
 * keeps a database unwritten is a login that may only read.
 */
#ifndef CONNECTORS_SQL_H
#define CONNECTORS_SQL_H

#include "agent/base/error.h"

struct bytes;

/* How a database's SQL differs from the others'. */
struct sql_dialect {
    const char *name;
    char open, close;       /* around an identifier; 0: it cannot be quoted */
    bool has_brackets;      /* [name] is quoted, not an array's element */
    bool has_backslash;     /* '\'' is one quote */
    bool has_dollars;       /* $tag$ ... $tag$, and E'\'' */
    bool has_nested;        /* comments nest */
    bool has_hash;          /* # and only "-- " begin a comment, and comments may be executed */
    bool has_question_mark; /* ? is an operator, not a parameter */
    bool wraps_everything;  /* WITH and ORDER BY may stand in a subquery */
};
extern const struct sql_dialect sql_postgresql, sql_mysql, sql_server, sql_sqlite, sql_ansi;

/* By what a driver calls its database ("Microsoft SQL Server"); sql_ansi for strangers. */
const struct sql_dialect *sql_dialect_find(const char *database);

/* What a placeholder stands for, and where it is in the query. */
enum sql_value { SQL_VALUE_FROM, SQL_VALUE_TO, SQL_VALUE_FROM_EPOCH, SQL_VALUE_TO_EPOCH };
struct sql_place {
    size_t offset, size;
    enum sql_value value;
};
#define SQL_PLACES_MOST 32

enum sql_start { SQL_START_SELECT, SQL_START_WITH, SQL_START_VALUES, SQL_START_EXEC };

struct sql_query {
    const char *text; /* lent by the caller of sql_parse */
    size_t size;      /* without a trailing semicolon, blanks and comments */
    enum sql_start start;
    bool is_ordered; /* ORDER BY outside of parentheses */
    struct sql_place places[SQL_PLACES_MOST];
    size_t place_count; /* 0: to be wrapped */
};

/* ERROR_CONFIG, with the line, for what is not one SELECT, WITH, VALUES or EXEC. */
bool sql_parse(struct sql_query *query, const char *text, const struct sql_dialect *dialect,
               struct error *err) MUST_USE;
/* NULL, or why the query needs :from and :to: the end of a sentence. */
const char *sql_unwrappable(const struct sql_query *query, const struct sql_dialect *dialect);

/* Appends the query with its placeholders replaced, each by its own text (place_count of them). */
void sql_fill(const struct sql_query *query, const char *const values[], struct bytes *out);

/* A query and a window as one statement. */
struct sql_range {
    const char *name;      /* of a column of times, as it is really called; NULL: none */
    const char *from, *to; /* literals or markers */
};
struct sql_window {
    const char *columns;        /* what is selected: "*" */
    struct sql_range time, end; /* rows where one or the other fits; without a time: no row */
};
void sql_wrap(const struct sql_query *query, const struct sql_dialect *dialect,
              const struct sql_window *window, struct bytes *out);
/* Appends q.NAME in the dialect's quoting. */
void sql_column(const struct sql_dialect *dialect, const char *name, struct bytes *out);

/* ASCII, without regard to case: keywords and column names. */
bool sql_same_word(const char *a, size_t size, const char *b);

#endif
