/* SPDX-License-Identifier: Apache-2.0 */
/* sql_lexer.h - SQL as tokens: as much of it as sql.c needs, and no more */
#ifndef CONNECTORS_SQL_LEXER_H
#define CONNECTORS_SQL_LEXER_H

#include "connectors/sql.h"

enum sql_token_kind {
    SQL_TOKEN_END,
    SQL_TOKEN_BLANK, /* blanks, or a comment */
    SQL_TOKEN_QUOTED,
    SQL_TOKEN_WORD, /* a name, a keyword, a number */
    SQL_TOKEN_PLACE,
    SQL_TOKEN_SIGN,   /* any other character */
    SQL_TOKEN_BROKEN, /* see the lexer's fault */
};

struct sql_token {
    enum sql_token_kind kind;
    const char *text; /* in the lexer's text; not terminated */
    size_t size;
    enum sql_value value; /* SQL_TOKEN_PLACE */
};

struct sql_lexer {
    const struct sql_dialect *dialect;
    const char *at;    /* where the next token begins; the text ends in a NUL */
    const char *fault; /* after SQL_TOKEN_BROKEN: what is wrong */
};

/* Tokens follow each other without a gap; after END and BROKEN comes nothing more. */
struct sql_token sql_lexer_next(struct sql_lexer *lexer);

#endif
