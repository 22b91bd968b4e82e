/* SPDX-License-Identifier: Apache-2.0 */
/* sql_lexer.c - quotes, comments, words and placeholders of SQL, in each database's way */
#include "connectors/sql_lexer.h"

#include <string.h>

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

bool sql_same_word(const char *a, size_t size, const char *b)
{
    for (size_t i = 0; i < size; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false; /* also at b's end */
    }
    return b[size] == '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

/* Behind the closing quote that belongs to the opening one at `at`; NULL if there is none. */
static const char *skip_quoted(const char *at, char closing, bool has_backslash)
{
    for (at++; *at != '\0'; at++) {
        const bool is_escaped = has_backslash && *at == '\\' && at[1] != '\0';
        const bool is_doubled = *at == closing && at[1] == closing;

        if (is_escaped || is_doubled)
            at++;
        else if (*at == closing)
            return at + 1;
    }
    return NULL;
}

/* Behind $tag$ ... $tag$; `at` itself if this dollar begins none; NULL if it does not end. */
static const char *skip_dollars(const char *at)
{
    const char *tag_end = at + 1;

    while (is_word(*tag_end) && !(tag_end == at + 1 && *tag_end >= '0' && *tag_end <= '9'))
        tag_end++;
    if (*tag_end != '$')
        return at;

    const size_t tag_size = (size_t)(tag_end + 1 - at);
    for (const char *end = strchr(tag_end + 1, '$'); end != NULL; end = strchr(end + 1, '$')) {
        if (strncmp(end, at, tag_size) == 0)
            return end + tag_size;
    }
    return NULL;
}

static const char *skip_line(const char *at)
{
    return at + strcspn(at, "\n");
}

/* Behind a comment; `at` itself if there is none; NULL if it does not end. */
static const char *skip_comment(const struct sql_dialect *dialect, const char *at)
{
    int depth = 0;

    if (at[0] == '-' && at[1] == '-')
        return !dialect->has_hash || is_blank(at[2]) || at[2] == '\0' ? skip_line(at) : at;
    if (at[0] == '#' && dialect->has_hash)
        return skip_line(at);
    if (at[0] != '/' || at[1] != '*')
        return at;
    while (*at != '\0') {
        if (at[0] == '/' && at[1] == '*' && (depth == 0 || dialect->has_nested)) {
            depth++;
            at += 2;
        } else if (at[0] == '*' && at[1] == '/') {
            depth--;
            at += 2;
            if (depth == 0)
                return at;
        } else {
            at++;
        }
    }
    return NULL;
}

/* :from and its like; `at` itself for any other colon. */
static const char *skip_place(const char *at, enum sql_value *value)
{
    static const char *const names[] = {
        [SQL_VALUE_FROM] = "from",
        [SQL_VALUE_TO] = "to",
        [SQL_VALUE_FROM_EPOCH] = "from_epoch",
        [SQL_VALUE_TO_EPOCH] = "to_epoch",
    };
    const char *end = at + 1;

    while (is_word(*end))
        end++;
    for (int i = 0; i <= SQL_VALUE_TO_EPOCH; i++) {
        if (sql_same_word(at + 1, (size_t)(end - at - 1), names[i])) {
            *value = (enum sql_value)i;
            return end;
        }
    }
    return at;
}

static const char *skip_word(const char *at)
{
    /* SQL Server's @names and #tables, Oracle's v$views; a PostgreSQL $1 is no word */
    while (is_word(*at) || *at == '@' || *at == '#' || *at == '$')
        at++;
    return at;
}

/* The kind and the end of the token at lexer->at; NULL end: it does not end. */
static enum sql_token_kind lex(struct sql_lexer *lexer, const char **end, enum sql_value *value)
{
    const struct sql_dialect *dialect = lexer->dialect;
    const char *at = lexer->at;

    *end = at;
    if (*at == '\0')
        return SQL_TOKEN_END;
    if (is_blank(*at)) {
        *end = at + strspn(at, " \t\n\v\f\r");
        return SQL_TOKEN_BLANK;
    }
    *end = skip_comment(dialect, at);
    if (*end != at)
        return SQL_TOKEN_BLANK;
    if (*at == '\'' || *at == '"' || *at == '`') {
        *end = skip_quoted(at, *at, dialect->has_backslash && *at != '`');
        return SQL_TOKEN_QUOTED;
    }
    if (*at == '[' && dialect->has_brackets) {
        *end = skip_quoted(at, ']', false);
        return SQL_TOKEN_QUOTED;
    }
    if (dialect->has_dollars && (*at == 'E' || *at == 'e') && at[1] == '\'') {
        *end = skip_quoted(at + 1, '\'', true);
        return SQL_TOKEN_QUOTED;
    }
    if (dialect->has_dollars && *at == '$') {
        *end = skip_dollars(at);
        if (*end != at)
            return SQL_TOKEN_QUOTED;
    }
    if (is_word(*at) || *at == '@') {
        *end = skip_word(at + 1);
        return SQL_TOKEN_WORD;
    }
    if (*at == ':') {
        *end = skip_place(at, value);
        if (*end != at)
            return SQL_TOKEN_PLACE;
    }
    *end = at + (at[0] == ':' && at[1] == ':' ? 2 : 1);
    return SQL_TOKEN_SIGN;
}

struct sql_token sql_lexer_next(struct sql_lexer *lexer)
{
    struct sql_token token = {.text = lexer->at};
    const char *end;

    token.kind = lex(lexer, &end, &token.value);
    if (end == NULL) {
        token.kind = SQL_TOKEN_BROKEN;
        lexer->fault = "a quote or comment begins here and never ends";
        return token;
    }
    /* MySQL runs what stands in such a comment */
    if (lexer->dialect->has_hash && token.kind == SQL_TOKEN_BLANK &&
        (strncmp(token.text, "/*!", 3) == 0 || strncmp(token.text, "/*M!", 4) == 0)) {
        token.kind = SQL_TOKEN_BROKEN;
        lexer->fault = "a comment that the database would run is not allowed";
        return token;
    }
    token.size = (size_t)(end - lexer->at);
    lexer->at = end;
    return token;
}
