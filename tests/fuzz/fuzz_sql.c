/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_sql.c - what is accepted as one reading statement stays one when it is wrapped or filled in
 *
 * Input: the dialect (1 byte), the query.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "connectors/sql.h"
#include "connectors/sql_lexer.h"
#include "tests/fuzz/fuzz.h"

/* Tokens follow each other without a gap. */
static void check_tokens(const char *text, const struct sql_dialect *dialect)
{
    struct sql_lexer lexer = {.dialect = dialect, .at = text};
    const char *at = text;

    for (;;) {
        const struct sql_token token = sql_lexer_next(&lexer);

        PROMISE(token.text == at);
        if (token.kind == SQL_TOKEN_END || token.kind == SQL_TOKEN_BROKEN) {
            PROMISE((token.kind == SQL_TOKEN_BROKEN) == (lexer.fault != NULL));
            PROMISE(token.kind == SQL_TOKEN_BROKEN || *at == '\0');
            return;
        }
        PROMISE(token.size > 0 && token.size <= strlen(at));
        at += token.size;
    }
}

static void check_query(const struct sql_query *query)
{
    size_t end = 0;

    PROMISE(query->size > 0 && query->size <= strlen(query->text));
    for (size_t i = 0; i < query->place_count; i++) {
        PROMISE(query->places[i].offset >= end && query->text[query->places[i].offset] == ':');
        end = query->places[i].offset + query->places[i].size;
    }
    PROMISE(end <= query->size);
}

static void check_filled(const struct sql_query *query, const struct sql_dialect *dialect)
{
    const char *values[SQL_PLACES_MOST];
    struct sql_query again;
    struct bytes out;
    struct error err;

    for (size_t i = 0; i < SQL_PLACES_MOST; i++)
        values[i] = "'2026-01-05 08:00:00'";
    bytes_init(&out, 1 << 20);
    sql_fill(query, values, &out);
    PROMISE(sql_parse(&again, bytes_text(&out), dialect, &err));
    PROMISE(again.start == query->start && again.is_ordered == query->is_ordered);
    PROMISE(again.place_count == 0 &&
            again.size <= out.size); /* MySQL: less by a "--" at the end */
    bytes_free(&out);
}

static void check_wrapped(const struct sql_query *query, const struct sql_dialect *dialect,
                          const char *column)
{
    const struct sql_window window = {
        .columns = "*", .time = {column, "'2026-01-05 08:00:00'", "'2026-01-06 08:00:00'"}};
    struct sql_query again;
    struct bytes out;
    struct error err;

    bytes_init(&out, 1 << 20);
    sql_wrap(query, dialect, &window, &out);
    PROMISE(sql_parse(&again, bytes_text(&out), dialect, &err));
    PROMISE(again.start == SQL_START_SELECT && again.is_ordered && again.place_count == 0);
    PROMISE(again.size == out.size);
    bytes_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sql_dialect *const dialects[] = {&sql_postgresql, &sql_mysql, &sql_server,
                                                         &sql_sqlite, &sql_ansi};
    struct input input = {data, size};
    const struct sql_dialect *dialect = dialects[input_byte(&input) % 5];
    char *text = input_rest(&input);
    struct sql_query query;
    struct error err;

    check_tokens(text, dialect);
    if (sql_parse(&query, text, dialect, &err)) {
        check_query(&query);
        check_filled(&query, dialect);
        if (query.place_count == 0 && sql_unwrappable(&query, dialect) == NULL) {
            check_wrapped(&query, dialect, "start of \"call\"]`");
            check_wrapped(&query, dialect, text);
        }
    } else {
        PROMISE(err.kind == ERROR_CONFIG);
    }
    free(text);
    return 0;
}
