/* SPDX-License-Identifier: Apache-2.0 */
/* test_sql.c - queries judged, filled in and wrapped, in every dialect */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "connectors/sql.h"

static const struct sql_dialect *const pg = &sql_postgresql;
static const struct sql_dialect *const my = &sql_mysql;
static const struct sql_dialect *const ms = &sql_server;
static const struct sql_dialect *const lite = &sql_sqlite;
static const struct sql_dialect *const any = &sql_ansi;

struct refused {
    const char *text;
    const struct sql_dialect *const *dialect;
    const char *sentence; /* a part of it */
};

static void test_what_is_not_one_reading_statement_is_refused(void **state)
{
    static const struct refused cases[] = {
        {"", &pg, "line 1: the query is empty"},
        {" \n -- only a comment\n", &pg, "line 3: the query is empty"},
        {"()", &pg, "must be one SELECT"},
        {"DELETE FROM calls", &pg, "line 1: the query must be one SELECT, WITH, VALUES or EXEC"},
        {"-- x\n/* y */ update calls set a = 1", &pg, "line 2: the query must be"},
        {"EXPLAIN SELECT 1", &pg, "must be one SELECT"},
        {"CALL fetch()", &my, "must be one SELECT"},
        {"{call fetch(?)}", &any, "must be one SELECT"},
        {"selection", &pg, "must be one SELECT"},
        {"'SELECT 1'", &pg, "must be one SELECT"},
        {"; SELECT 1", &pg, "semicolon is out of place"},
        {"SELECT (1; 2)", &pg, "semicolon is out of place"},
        {"SELECT 1; SELECT 2", &pg, "only one statement"},
        {"SELECT 1;\n;DROP TABLE x", &pg, "line 2: only one statement"},
        {"SELECT 1; -- fine\nDELETE FROM x", &pg, "line 2: only one statement"},
        {"SELECT 1 /* ; */ ; 'x'", &pg, "only one statement"},
        {"SELECT 1) TO PROGRAM 'rm' --", &pg, "closes none"},
        {"SELECT (1", &pg, "a parenthesis is not closed"},
        {"SELECT 'it''s", &pg, "never ends"},
        {"SELECT\n\n\"a", &pg, "line 3: a quote or comment begins here"},
        {"SELECT /* 1", &pg, "never ends"},
        {"SELECT /* /* 1 */", &pg, "never ends"}, /* comments nest */
        {"SELECT $x$ 1 $y$", &pg, "never ends"},
        {"SELECT E'\\'", &pg, "never ends"},
        {"SELECT '\\'", &my, "never ends"},
        {"SELECT [a", &ms, "never ends"},
        {"SELECT `a", &my, "never ends"},
        {"WITH x AS (INSERT INTO t VALUES (1) RETURNING 1) SELECT * FROM x", &pg, "writes"},
        {"WITH x AS (/* */ dElEtE FROM t RETURNING 1) SELECT * FROM x", &pg, "writes"},
        {"SELECT 1 DELETE FROM t", &ms, "writes"}, /* no semicolon is needed there */
        {"SELECT 1\nEXEC drop_all", &ms, "line 2: a statement that writes"},
        {"SELECT 1 EXEC('drop')", &ms, "writes"},
        {"SELECT * INTO copy FROM t", &ms, "writes"},
        {"SELECT 1 INTO OUTFILE '/tmp/x'", &my, "writes"},
        {"SELECT * FROM t FOR UPDATE", &pg, "writes"},
        {"SELECT 1 TRUNCATE TABLE t", &ms, "writes"},
        {"SELECT insert (1)", &pg, "writes"},
        {"SELECT 1 /*! INTO OUTFILE '/tmp/x' */", &my, "would run"},
        {"SELECT 1 /*M! INTO OUTFILE '/tmp/x' */", &my, "would run"},
        {"SELECT 1 --1; DELETE FROM t", &my, "only one statement"},       /* no comment there */
        {"SELECT 'a\\'; DELETE FROM t; -- '", &pg, "only one statement"}, /* no escape there */
        {"SELECT * FROM t WHERE a = ?", &my, "are written :from and :to"},
        {"SELECT * FROM t WHERE a >= :from", &pg, ":to as well"},
        {"SELECT * FROM t WHERE a < :to_epoch", &pg, ":to as well"},
        {"SELECT ':to' FROM t WHERE a >= :from", &pg, ":to as well"},
    };
    struct sql_query query;
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        err.text[0] = '\0';
        if (sql_parse(&query, cases[i].text, *cases[i].dialect, &err))
            fail_msg("accepted: %s", cases[i].text);
        assert_int_equal(err.kind, ERROR_CONFIG);
        if (strstr(err.text, cases[i].sentence) == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
    }
}

struct accepted {
    const char *text;
    const struct sql_dialect *const *dialect;
    const char *filled; /* its placeholders as <FROM> <TO> <FROM_EPOCH> <TO_EPOCH> */
};

static const struct accepted placeholders[] = {
    {"SELECT 1", &pg, "SELECT 1"},
    {"select 1;", &pg, "select 1"},
    {" ( SELECT 1 ) UNION (SELECT 2) ; -- end\n;;/**/", &pg, " ( SELECT 1 ) UNION (SELECT 2)"},
    {"VALUES (1)", &pg, "VALUES (1)"},
    {"WITH a AS (SELECT 1) SELECT * FROM a -- c", &pg, "WITH a AS (SELECT 1) SELECT * FROM a"},
    {"EXEC report @from = :from, @to = :to", &ms, "EXEC report @from = <FROM>, @to = <TO>"},
    {"execute report :from,:to", &ms, "execute report <FROM>,<TO>"},
    {"SELECT :from,:to", &pg, "SELECT <FROM>,<TO>"},
    {"SELECT :FROM , :To", &pg, "SELECT <FROM> , <TO>"},
    {"SELECT x BETWEEN:from AND:to", &pg, "SELECT x BETWEEN<FROM> AND<TO>"},
    {"SELECT :from_epoch+:to_epoch", &pg, "SELECT <FROM_EPOCH>+<TO_EPOCH>"},
    {"SELECT :from::date, :to ::date", &pg, "SELECT <FROM>::date, <TO> ::date"},
    {"SELECT x::from, y::to", &pg, "SELECT x::from, y::to"},
    {"SELECT :fromage, :from_, :to2", &pg, "SELECT :fromage, :from_, :to2"},
    {"SELECT ':from', \":to\", `:to`", &pg, "SELECT ':from', \":to\", `:to`"},
    {"SELECT 'it''s :from' -- :to\n, /* :to */ 1", &pg,
     "SELECT 'it''s :from' -- :to\n, /* :to */ 1"},
    {"SELECT $$ :from $$, $a$ :to $$ $a$", &pg, "SELECT $$ :from $$, $a$ :to $$ $a$"},
    {"SELECT $1, a$b, :from, $2, :to", &pg, "SELECT $1, a$b, <FROM>, $2, <TO>"},
    {"SELECT E'\\':from', :from, :to", &pg, "SELECT E'\\':from', <FROM>, <TO>"},
    {"SELECT '\\', :from, :to --'", &pg, "SELECT '\\', <FROM>, <TO>"},
    {"SELECT '\\':from', \"\\\":to\"", &my, "SELECT '\\':from', \"\\\":to\""},
    {"SELECT a # :from\n, :from, :to", &my, "SELECT a # :from\n, <FROM>, <TO>"},
    {"SELECT a # b, :from, :to", &pg, "SELECT a # b, <FROM>, <TO>"},
    {"SELECT 1--1, :from, :to", &my, "SELECT 1--1, <FROM>, <TO>"},
    {"SELECT [:from] FROM [a]]:to]", &ms, "SELECT [:from] FROM [a]]:to]"},
    {"SELECT [:from] FROM t", &lite, "SELECT [:from] FROM t"},
    {"SELECT a[:from], :to", &pg, "SELECT a[<FROM>], <TO>"},
    {"SELECT /* /* :from */ */ :from, :to", &pg, "SELECT /* /* :from */ */ <FROM>, <TO>"},
    {"SELECT /* /* */ :from, :to", &my, "SELECT /* /* */ <FROM>, <TO>"},
    {"SELECT data ? 'key' FROM t", &pg, "SELECT data ? 'key' FROM t"},
    {"SELECT '?' AS q, \"?\" -- ?\nFROM t", &my, "SELECT '?' AS q, \"?\" -- ?\nFROM t"},
    {"SELECT t.update, t . delete, \"insert\" FROM t", &pg,
     "SELECT t.update, t . delete, \"insert\" FROM t"},
    {"SELECT insert('a', 1, 1, 'b'), truncate(1.5, 0)", &my,
     "SELECT insert('a', 1, 1, 'b'), truncate(1.5, 0)"},
    {"SELECT updated, deleted_at, creates FROM inserts", &pg,
     "SELECT updated, deleted_at, creates FROM inserts"},
    {"SELECT 'Größe', größe FROM t", &any, "SELECT 'Größe', größe FROM t"},
    {"SELECT {ts '2024-01-01 00:00:00'}", &any, "SELECT {ts '2024-01-01 00:00:00'}"},
    {"SELECT /*+ INDEX(t) */ a FROM t", &any, "SELECT /*+ INDEX(t) */ a FROM t"},
    {"SELECT @v, #t, v$session", &any, "SELECT @v, #t, v$session"},
};

static void test_placeholders_are_found_where_they_are_meant(void **state)
{
    static const char *const texts[] = {"<FROM>", "<TO>", "<FROM_EPOCH>", "<TO_EPOCH>"};
    struct sql_query query;
    struct error err;
    struct bytes out;

    (void)state;
    bytes_init(&out, 4096);
    for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++) {
        const char *values[SQL_PLACES_MOST];

        if (!sql_parse(&query, placeholders[i].text, *placeholders[i].dialect, &err))
            fail_msg("%s: %s", placeholders[i].text, err.text);
        for (size_t place = 0; place < query.place_count; place++)
            values[place] = texts[query.places[place].value];
        bytes_reset(&out);
        sql_fill(&query, values, &out);
        assert_string_equal(bytes_text(&out), placeholders[i].filled);
    }
    bytes_free(&out);
}

static void test_placeholders_have_a_limit(void **state)
{
    char text[400] = "SELECT :from";
    struct sql_query query;
    struct error err;

    (void)state;
    for (int i = 0; i < SQL_PLACES_MOST - 1; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), ",:to");
    assert_true(sql_parse(&query, text, pg, &err));
    assert_int_equal(query.place_count, SQL_PLACES_MOST);
    snprintf(text + strlen(text), sizeof text - strlen(text), ",:to");
    assert_false(sql_parse(&query, text, pg, &err));
    assert_non_null(strstr(err.text, "more than 32"));
}

static void check_wrap(const struct sql_dialect *dialect, const char *text,
                       const struct sql_window *window, const char *wanted)
{
    struct sql_query query;
    struct error err;
    struct bytes out;

    bytes_init(&out, 4096);
    assert_true(sql_parse(&query, text, dialect, &err));
    sql_wrap(&query, dialect, window, &out);
    assert_string_equal(bytes_text(&out), wanted);
    bytes_free(&out);
}

static void test_a_query_is_wrapped_in_its_database_s_quoting(void **state)
{
    const struct sql_window time = {.columns = "*", .time = {"TimeStamp", "?", "?"}};
    const struct sql_window both = {
        .columns = "*", .time = {"starttime", "1", "2"}, .end = {"endtime", "3", "4"}};
    const struct sql_window strange = {.columns = "q.a", .time = {"a\"b`c]d", "x", "y"}};
    const struct sql_window nothing = {.columns = "*"};
    struct sql_dialect bare = sql_ansi;

    (void)state;
    check_wrap(pg, "SELECT 1 ; ", &time,
               "SELECT * FROM (SELECT 1\n) q WHERE q.\"TimeStamp\" >= ? AND q.\"TimeStamp\" < ? "
               "ORDER BY q.\"TimeStamp\"");
    check_wrap(my, "SELECT 1 -- c", &time,
               "SELECT * FROM (SELECT 1\n) q WHERE q.`TimeStamp` >= ? AND q.`TimeStamp` < ? "
               "ORDER BY q.`TimeStamp`");
    check_wrap(ms, "SELECT 1", &time,
               "SELECT * FROM (SELECT 1\n) q WHERE q.[TimeStamp] >= ? AND q.[TimeStamp] < ? "
               "ORDER BY q.[TimeStamp]");
    check_wrap(pg, "SELECT 1", &both,
               "SELECT * FROM (SELECT 1\n) q WHERE q.\"starttime\" >= 1 AND q.\"starttime\" < 2 "
               "OR q.\"endtime\" >= 3 AND q.\"endtime\" < 4 ORDER BY q.\"starttime\"");
    check_wrap(pg, "SELECT 1", &strange,
               "SELECT q.a FROM (SELECT 1\n) q WHERE q.\"a\"\"b`c]d\" >= x AND q.\"a\"\"b`c]d\" < "
               "y ORDER BY q.\"a\"\"b`c]d\"");
    check_wrap(lite, "SELECT 1", &nothing, "SELECT * FROM (SELECT 1\n) q WHERE 1=0");
    bare.open = bare.close = '\0';
    check_wrap(&bare, "SELECT 1", &time,
               "SELECT * FROM (SELECT 1\n) q WHERE q.TimeStamp >= ? AND q.TimeStamp < ? ORDER BY "
               "q.TimeStamp");
}

static void test_what_cannot_be_wrapped_says_why(void **state)
{
    static const struct refused cases[] = {
        {"EXEC report", &ms, "EXEC cannot"},
        {"EXEC report", &any, "EXEC cannot"},
        {"WITH a AS (SELECT 1 x) SELECT * FROM a", &ms, "cannot wrap a WITH"},
        {"SELECT a FROM t ORDER /* c */ BY a", &ms, "cannot wrap an ORDER BY"},
        {"SELECT row_number() OVER (ORDER BY a) FROM t", &ms, NULL},
        {"SELECT [order by] FROM t", &ms, NULL},
        {"SELECT a FROM t ORDER BY a", &pg, NULL},
        {"WITH a AS (SELECT 1 x) SELECT * FROM a", &my, NULL},
    };
    struct sql_query query;
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(sql_parse(&query, cases[i].text, *cases[i].dialect, &err));
        const char *const reason = sql_unwrappable(&query, *cases[i].dialect);
        if (cases[i].sentence == NULL)
            assert_null(reason);
        else
            assert_non_null(strstr(reason, cases[i].sentence));
    }
}

static void test_a_dialect_is_found_by_what_the_driver_says(void **state)
{
    (void)state;
    assert_ptr_equal(sql_dialect_find("PostgreSQL"), pg);
    assert_ptr_equal(sql_dialect_find("MariaDB"), my);
    assert_ptr_equal(sql_dialect_find("MySQL"), my);
    assert_ptr_equal(sql_dialect_find("Microsoft SQL Server"), ms);
    assert_ptr_equal(sql_dialect_find("SQLite"), lite);
    assert_ptr_equal(sql_dialect_find("Informix"), any);
}

static void test_words_are_compared_without_case(void **state)
{
    (void)state;
    assert_true(sql_same_word("TimeStamp", 9, "timestamp"));
    assert_false(sql_same_word("timestamps", 10, "timestamp"));
    assert_false(sql_same_word("timestam", 8, "timestamp"));
    assert_true(sql_same_word("", 0, ""));
}

/* Whatever the text, the lexer stays inside it (this is run with the address sanitizer). */
static void test_every_beginning_of_a_query_is_safe(void **state)
{
    static const char text[] = "SELECT E'\\'', $a$ $a$, [x], `y`, \"z\" -- c\n, /* /* */ */ :from "
                               "FROM t # h\n WHERE a::int = :to_epoch AND {fn x} /*! y */;";
    const struct sql_dialect *const dialects[] = {pg, my, ms, lite, any};
    char start[sizeof text];
    struct sql_query query;
    struct error err;

    (void)state;
    for (size_t size = 0; size < sizeof text; size++) {
        for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
            memcpy(start, text, size);
            start[size] = '\0';
            if (sql_parse(&query, start, dialects[i], &err))
                assert_true(query.size <= size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_not_one_reading_statement_is_refused),
        cmocka_unit_test(test_placeholders_are_found_where_they_are_meant),
        cmocka_unit_test(test_placeholders_have_a_limit),
        cmocka_unit_test(test_a_query_is_wrapped_in_its_database_s_quoting),
        cmocka_unit_test(test_what_cannot_be_wrapped_says_why),
        cmocka_unit_test(test_a_dialect_is_found_by_what_the_driver_says),
        cmocka_unit_test(test_words_are_compared_without_case),
        cmocka_unit_test(test_every_beginning_of_a_query_is_safe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
