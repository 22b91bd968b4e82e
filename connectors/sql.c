/* SPDX-License-Identifier: Apache-2.0 */
/* sql.c - what is done with a query: judge it, fill it in, wrap it */
#include "connectors/sql.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "connectors/sql_lexer.h"

const struct sql_dialect sql_postgresql = {
    .name = "PostgreSQL",
    .open = '"',
    .close = '"',
    .has_dollars = true,
    .has_nested = true,
    .has_question_mark = true,
    .wraps_everything = true,
};
const struct sql_dialect sql_mysql = {
    .name = "MySQL",
    .open = '`',
    .close = '`',
    .has_backslash = true,
    .has_hash = true,
    .wraps_everything = true,
};
const struct sql_dialect sql_server = {
    .name = "SQL Server",
    .open = '[',
    .close = ']',
    .has_brackets = true,
    .has_nested = true,
};
const struct sql_dialect sql_sqlite = {
    .name = "SQLite",
    .open = '"',
    .close = '"',
    .has_brackets = true,
    .wraps_everything = true,
};
const struct sql_dialect sql_ansi = {
    .name = "this database",
    .open = '"',
    .close = '"',
    .wraps_everything = true,
};

const struct sql_dialect *sql_dialect_find(const char *database)
{
    static const struct {
        const char *part;
        const struct sql_dialect *dialect;
    } table[] = {
        {"PostgreSQL", &sql_postgresql}, {"MySQL", &sql_mysql},   {"MariaDB", &sql_mysql},
        {"SQL Server", &sql_server},     {"SQLite", &sql_sqlite},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strstr(database, table[i].part) != NULL)
            return table[i].dialect;
    }
    return &sql_ansi;
}

/* ---- judging ---- */

static bool token_is(const struct sql_token *token, const char *word)
{
    return sql_same_word(token->text, token->size, word);
}

static bool is_sign(const struct sql_token *token, char sign)
{
    return token->kind == SQL_TOKEN_SIGN && *token->text == sign;
}

/* MySQL has functions of these names. */
static bool is_function(const struct sql_token *token)
{
    return token->text[token->size] == '(' &&
           (token_is(token, "insert") || token_is(token, "truncate"));
}

/* What no reading statement has in it, also where statements follow each other without a
 * semicolon (SQL Server), or hide in a WITH (PostgreSQL). As a column such a word wants quotes. */
static bool word_writes(const struct sql_token *token, const struct sql_token *before)
{
    static const char *const words[] = {"insert", "update",  "delete",  "merge", "into",
                                        "drop",   "alter",   "create",  "grant", "revoke",
                                        "exec",   "execute", "truncate"};

    if (token->kind != SQL_TOKEN_WORD || is_sign(before, '.'))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (token_is(token, words[i]))
            return !is_function(token);
    }
    return false;
}

struct judge {
    struct sql_query *query;
    const struct sql_dialect *dialect;
    struct sql_token before; /* the last token that is not blank */
    int depth;
    bool has_begun; /* its first word was seen */
    bool has_ended; /* a semicolon was seen */
    const char *fault;
};

static const char *judge_start(struct judge *judge, const struct sql_token *token)
{
    static const struct {
        const char *word;
        enum sql_start start;
    } starts[] = {
        {"select", SQL_START_SELECT}, {"with", SQL_START_WITH},    {"values", SQL_START_VALUES},
        {"exec", SQL_START_EXEC},     {"execute", SQL_START_EXEC},
    };

    for (size_t i = 0; token->kind == SQL_TOKEN_WORD && i < sizeof starts / sizeof *starts; i++) {
        if (!token_is(token, starts[i].word))
            continue;
        judge->query->start = starts[i].start;
        judge->has_begun = true;
        return NULL;
    }
    return "the query must be one SELECT, WITH, VALUES or EXEC statement";
}

static const char *judge_place(struct judge *judge, const struct sql_token *token)
{
    struct sql_query *query = judge->query;

    if (query->place_count == SQL_PLACES_MOST)
        return "there are more than 32 placeholders";
    query->places[query->place_count++] = (struct sql_place){
        .offset = (size_t)(token->text - query->text), .size = token->size, .value = token->value};
    return NULL;
}

/* NULL, or what is wrong with a token that is not blank. */
static const char *judge_token(struct judge *judge, const struct sql_token *token)
{
    if (is_sign(token, ';')) {
        judge->has_ended = judge->has_begun;
        return judge->has_begun && judge->depth == 0 ? NULL : "this semicolon is out of place";
    }
    if (judge->has_ended)
        return "only one statement is allowed";
    if (is_sign(token, '('))
        judge->depth++;
    else if (is_sign(token, ')') && --judge->depth < 0)
        return "this parenthesis closes none";
    else if (!judge->has_begun)
        return judge_start(judge, token);
    else if (is_sign(token, '?') && !judge->dialect->has_question_mark)
        return "parameters are written :from and :to, not ?";
    else if (word_writes(token, &judge->before))
        return "a statement that writes is refused (a column of that name must be in quotes)";
    else if (judge->depth == 0 && token->kind == SQL_TOKEN_WORD && token_is(token, "by") &&
             judge->before.kind == SQL_TOKEN_WORD && token_is(&judge->before, "order"))
        judge->query->is_ordered = true;
    else if (token->kind == SQL_TOKEN_PLACE)
        return judge_place(judge, token);
    return NULL;
}

static bool has_value(const struct sql_query *query, enum sql_value a, enum sql_value b)
{
    for (size_t i = 0; i < query->place_count; i++) {
        if (query->places[i].value == a || query->places[i].value == b)
            return true;
    }
    return false;
}

static const char *judge_whole(const struct judge *judge)
{
    const struct sql_query *query = judge->query;

    if (!judge->has_begun)
        return "the query is empty";
    if (judge->depth != 0)
        return "a parenthesis is not closed";
    if (query->place_count > 0 && (!has_value(query, SQL_VALUE_FROM, SQL_VALUE_FROM_EPOCH) ||
                                   !has_value(query, SQL_VALUE_TO, SQL_VALUE_TO_EPOCH)))
        return "a query with :from needs :to as well, and the other way round";
    return NULL;
}

static int line_of(const char *text, const char *at)
{
    int line = 1;

    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

bool sql_parse(struct sql_query *query, const char *text, const struct sql_dialect *dialect,
               struct error *err)
{
    struct sql_lexer lexer = {.dialect = dialect, .at = text};
    struct sql_query parsed = {.text = text};
    struct judge judge = {.query = &parsed, .dialect = dialect};
    struct sql_token token = sql_lexer_next(&lexer);
    const char *fault = NULL;

    while (token.kind != SQL_TOKEN_END && token.kind != SQL_TOKEN_BROKEN && fault == NULL) {
        if (token.kind != SQL_TOKEN_BLANK) {
            fault = judge_token(&judge, &token);
            judge.before = token;
            if (!judge.has_ended)
                parsed.size = (size_t)(token.text + token.size - text);
        }
        if (fault == NULL)
            token = sql_lexer_next(&lexer);
    }
    if (token.kind == SQL_TOKEN_BROKEN)
        fault = lexer.fault;
    if (fault == NULL)
        fault = judge_whole(&judge);
    if (fault != NULL)
        return error_set(err, ERROR_CONFIG, "query, line %d: %s", line_of(text, token.text), fault);
    *query = parsed;
    return true;
}

const char *sql_unwrappable(const struct sql_query *query, const struct sql_dialect *dialect)
{
    if (query->start == SQL_START_EXEC)
        return "EXEC cannot be wrapped";
    if (!dialect->wraps_everything && query->start == SQL_START_WITH)
        return "SQL Server cannot wrap a WITH";
    if (!dialect->wraps_everything && query->is_ordered)
        return "SQL Server cannot wrap an ORDER BY";
    return NULL;
}

/* ---- writing ---- */

void sql_fill(const struct sql_query *query, const char *const values[], struct bytes *out)
{
    size_t written = 0;

    for (size_t i = 0; i < query->place_count; i++) {
        const struct sql_place *place = &query->places[i];

        bytes_append(out, query->text + written, place->offset - written);
        bytes_append_text(out, values[i]);
        written = place->offset + place->size;
    }
    bytes_append(out, query->text + written, query->size - written);
}

void sql_column(const struct sql_dialect *dialect, const char *name, struct bytes *out)
{
    bytes_append_text(out, "q.");
    if (dialect->open == '\0') {
        bytes_append_text(out, name);
        return;
    }
    bytes_append_byte(out, (uint8_t)dialect->open);
    for (; *name != '\0'; name++) {
        if (*name == dialect->close)
            bytes_append_byte(out, (uint8_t)dialect->close);
        bytes_append_byte(out, (uint8_t)*name);
    }
    bytes_append_byte(out, (uint8_t)dialect->close);
}

static void append_range(const struct sql_dialect *dialect, const struct sql_range *range,
                         struct bytes *out)
{
    sql_column(dialect, range->name, out);
    bytes_append_text(out, " >= ");
    bytes_append_text(out, range->from);
    bytes_append_text(out, " AND ");
    sql_column(dialect, range->name, out);
    bytes_append_text(out, " < ");
    bytes_append_text(out, range->to);
}

void sql_wrap(const struct sql_query *query, const struct sql_dialect *dialect,
              const struct sql_window *window, struct bytes *out)
{
    bytes_append_text(out, "SELECT ");
    bytes_append_text(out, window->columns);
    bytes_append_text(out, " FROM (");
    bytes_append(out, query->text, query->size);
    bytes_append_text(out, "\n) q WHERE "); /* the line break ends a comment of the user's */
    if (window->time.name == NULL) {
        bytes_append_text(out, "1=0");
        return;
    }
    append_range(dialect, &window->time, out);
    if (window->end.name != NULL) {
        bytes_append_text(out, " OR ");
        append_range(dialect, &window->end, out);
    }
    bytes_append_text(out, " ORDER BY ");
    sql_column(dialect, window->time.name, out);
}
