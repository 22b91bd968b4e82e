/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_check.c - a table read whole for every slice; a login that may write; no encryption */
#include "connectors/postgres_check.h"

#include <stdio.h>
#include <string.h>

#define SENTENCE_SIZE 900
#define NAME_SIZE     256
#define TABLES_MOST   3 /* told of */

static void tell(const struct database_report *report, enum finding finding, const char *sentence)
{
    report->tell(report->context, finding, sentence);
}

/* ---- the plan ---- */

struct tables {
    char names[TABLES_MOST][NAME_SIZE]; /* schema.table, quoted where needed */
    size_t count;
};

/* "  ->  Parallel Seq Scan on public.calls c" */
static void take_plan_line(void *context, const char *line)
{
    static const char scan[] = "Seq Scan on ";
    struct tables *tables = context;
    const char *at = strstr(line, scan);
    size_t size = 0;
    bool is_quoted = false;

    if (at == NULL || tables->count == TABLES_MOST)
        return;
    at += sizeof scan - 1;
    for (; at[size] != '\0' && (is_quoted || at[size] != ' '); size++)
        is_quoted ^= at[size] == '"';
    snprintf(tables->names[tables->count++], NAME_SIZE, "%.*s", (int)size, at);
}

static void take_text(void *context, const char *text)
{
    snprintf(context, NAME_SIZE, "%s", text);
}

/* The statement with a name as a literal in place of its %s. */
static void write_question(char *statement, size_t size, const char *name)
{
    char literal[2 * NAME_SIZE + 3] = "'";
    size_t used = 1;

    for (; *name != '\0'; name++) {
        if (*name == '\'')
            literal[used++] = '\'';
        literal[used++] = *name;
    }
    literal[used++] = '\'';
    literal[used] = '\0';
    snprintf(statement, size,
             "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s) AND "
             "reltuples > 100000",
             literal);
}

static bool check_plan(struct postgres_link *link, const char *explain,
                       const struct database_report *report, struct error *err)
{
    struct tables tables = {.count = 0};
    bool is_whole = false;

    if (!postgres_link_ask(link, explain, take_plan_line, &tables, err))
        return false;
    for (size_t i = 0; i < tables.count; i++) {
        char statement[3 * NAME_SIZE], rows[NAME_SIZE] = "", sentence[SENTENCE_SIZE];

        write_question(statement, sizeof statement, tables.names[i]);
        if (!postgres_link_ask(link, statement, take_text, rows, err))
            return false;
        if (rows[0] == '\0')
            continue;
        is_whole = true;
        snprintf(sentence, sizeof sentence,
                 "every slice reads the whole table %s (about %s rows): an index on the column "
                 "that the query's times come from makes it fast",
                 tables.names[i], rows);
        tell(report, FINDING_NOTE, sentence);
    }
    if (!is_whole)
        tell(report, FINDING_OK, "no large table is read whole for a slice");
    return true;
}

/* ---- the login ---- */

static bool check_login(struct postgres_link *link, const struct database_access *access,
                        const struct database_report *report, struct error *err)
{
    static const char question[] =
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema$)' "
        "AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY 1 LIMIT 1";
    char table[NAME_SIZE] = "", sentence[SENTENCE_SIZE];

    if (!postgres_link_ask(link, question, take_text, table, err))
        return false;
    if (table[0] == '\0') {
        tell(report, FINDING_OK, "the login may only read");
        return true;
    }
    const int schema_size = (int)strcspn(table, ".");
    snprintf(sentence, sizeof sentence,
             "the login may write (%s, for one); a login that may only read: CREATE ROLE "
             "cloud_link LOGIN PASSWORD '...'; GRANT CONNECT ON DATABASE \"%s\" TO cloud_link; "
             "GRANT USAGE ON SCHEMA %.*s TO cloud_link; GRANT SELECT ON ALL TABLES IN SCHEMA %.*s "
             "TO cloud_link;",
             table, access->name, schema_size, table, schema_size, table);
    tell(report, FINDING_NOTE, sentence);
    return true;
}

bool postgres_check_link(struct postgres_link *link, const struct database_access *access,
                         const char *explain, const struct database_report *report,
                         struct error *err)
{
    if (!postgres_link_is_encrypted(link) && !database_is_local(access->host))
        tell(report, FINDING_NOTE, "the connection to the database is not encrypted");
    return check_plan(link, explain, report, err) && check_login(link, access, report, err);
}
