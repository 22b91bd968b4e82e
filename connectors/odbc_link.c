/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_link.c - connects by a guarded string; diagnostics become reactions */
#include "connectors/odbc_link.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/arena.h"
#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "connectors/odbc_connect.h"

#define CONNECT_MOST 8192
#define LIST_MOST    256

/* ---- diagnostics ---- */

/* "[unixODBC][Driver][Server]message" -> "message" */
static const char *without_origin(const char *message)
{
    while (*message == '[') {
        const char *const end = strchr(message, ']');

        if (end == NULL)
            break;
        message = end + 1;
    }
    return message + strspn(message, " ");
}

static bool is_one_of(SQLINTEGER native, const SQLINTEGER *numbers)
{
    for (; *numbers != 0; numbers++) {
        if (*numbers == native)
            return true;
    }
    return false;
}

/* SQLSTATE says too little: drivers answer HY000 or 08001 to nearly everything. Native numbers are
 * those of MySQL, MariaDB, SQL Server and Oracle, which do not overlap. */
static enum error_kind judge(const char *sqlstate, SQLINTEGER native, const char *message)
{
    static const SQLINTEGER refused[] = {1045, 1698, 4151, 18456, 18470, 18486, 18487, 1017, 0};
    static const SQLINTEGER retried[] = {1040, 1053, 1158, 1159, 1160, 1161, 1203, 1205, 1213,
                                         1317, 1969, 2002, 2003, 2005, 2006, 2013, 3024, 0};
    static const char *const human[] = {"does not exist", "certificate", "SSL", "TLS", NULL};

    if (is_one_of(native, refused) || strstr(message, "password authentication failed") != NULL)
        return ERROR_REFUSED;
    if (is_one_of(native, retried))
        return ERROR_RETRY;
    for (int i = 0; strncmp(sqlstate, "08", 2) == 0 && human[i] != NULL; i++) {
        if (strstr(message, human[i]) != NULL)
            return ERROR_CONFIG;
    }
    return database_error_kind(sqlstate);
}

static const char *explain(const char *sqlstate, const char *message)
{
    if (strcmp(sqlstate, "IM002") == 0)
        return "; `odbcinst -q -d` lists the drivers, `odbcinst -q -s` the data sources: the name "
               "must be spelt as there";
    if (strstr(message, "Can't open lib") != NULL)
        return "; that driver is listed but its file, or a library it needs, is not there: `ldd` "
               "on the file tells which";
    return "";
}

/* All messages of one handle; the first decides what to do. */
static bool fail(struct odbc_link *link, SQLSMALLINT type, SQLHANDLE handle, struct error *err)
{
    char all[900] = "", message[500];
    SQLCHAR sqlstate[6] = "HY000";
    enum error_kind kind = ERROR_RETRY;
    SQLINTEGER native = 0;
    SQLSMALLINT size;
    size_t used = 0;

    for (SQLSMALLINT i = 1; i <= 3; i++) {
        if (!SQL_SUCCEEDED(link->odbc.GetDiagRec(type, handle, i, sqlstate, &native,
                                                 (SQLCHAR *)message, sizeof message, &size)))
            break;
        database_tidy(message);
        if (i == 1)
            kind = judge((const char *)sqlstate, native, message);
        const int length = snprintf(all + used, sizeof all - used, "%s%s (%s)%s", i > 1 ? "; " : "",
                                    without_origin(message), (const char *)sqlstate,
                                    explain((const char *)sqlstate, message));
        used += length > 0 ? (size_t)length : 0;
        if (used >= sizeof all)
            break;
    }
    if (used == 0)
        snprintf(all, sizeof all, "the ODBC driver failed and does not say why");
    return error_set(err, kind, "the database says: %s", all);
}

bool odbc_link_succeeded(struct odbc_link *link, SQLRETURN result, struct error *err)
{
    return SQL_SUCCEEDED(result) || fail(link, SQL_HANDLE_STMT, link->statement, err);
}

/* ---- what is installed ---- */

/* Both lists, in the arena. */
static void list_installed(struct odbc_link *link, struct arena *arena,
                           struct odbc_installed *installed)
{
    const char **drivers = arena_take(arena, LIST_MOST * sizeof *drivers);
    struct odbc_data_source *sources = arena_take(arena, LIST_MOST * sizeof *sources);
    SQLUSMALLINT which = SQL_FETCH_FIRST;
    SQLCHAR name[512], more[2048];
    SQLSMALLINT name_size, more_size;

    *installed = (struct odbc_installed){.drivers = drivers, .sources = sources};
    while (installed->driver_count < LIST_MOST &&
           SQL_SUCCEEDED(link->odbc.Drivers(link->environment, which, name, sizeof name, &name_size,
                                            more, sizeof more, &more_size))) {
        drivers[installed->driver_count++] = arena_keep_text(arena, (const char *)name);
        which = SQL_FETCH_NEXT;
    }
    which = SQL_FETCH_FIRST;
    while (installed->source_count < LIST_MOST &&
           SQL_SUCCEEDED(link->odbc.DataSources(link->environment, which, name, sizeof name,
                                                &name_size, more, sizeof more, &more_size))) {
        sources[installed->source_count++] = (struct odbc_data_source){
            arena_keep_text(arena, (const char *)name), arena_keep_text(arena, (const char *)more)};
        which = SQL_FETCH_NEXT;
    }
}

/* ---- connecting ---- */

static SQLPOINTER number(int64_t value)
{
    return (SQLPOINTER)(intptr_t)value; /* how ODBC passes attributes that are numbers */
}

static bool allocate(struct odbc_link *link, struct error *err)
{
    const struct odbc_library *odbc = &link->odbc;

    if (!SQL_SUCCEEDED(odbc->AllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &link->environment)))
        return error_set(err, ERROR_FATAL, "unixODBC gives no environment");
    odbc->SetEnvAttr(link->environment, SQL_ATTR_ODBC_VERSION, number(SQL_OV_ODBC3), 0);
    if (!SQL_SUCCEEDED(odbc->AllocHandle(SQL_HANDLE_DBC, link->environment, &link->connection)))
        return fail(link, SQL_HANDLE_ENV, link->environment, err);
    return true;
}

static bool connect_link(struct odbc_link *link, const struct database_access *access,
                         struct error *err)
{
    struct arena *arena = arena_new();
    struct odbc_installed installed;
    struct bytes string;
    SQLSMALLINT size;
    bool done = false;

    bytes_init(&string, CONNECT_MOST);
    list_installed(link, arena, &installed);
    if (!odbc_connect_string(access, &installed, &string, err))
        goto out;
    if (string.overflow) {
        error_set(err, ERROR_CONFIG, "the connection string is longer than 8 KiB");
        goto out;
    }
    link->odbc.SetConnectAttr(link->connection, SQL_ATTR_LOGIN_TIMEOUT,
                              number(access->connect_timeout_ms / 1000), 0);
    link->odbc.SetConnectAttr(link->connection, SQL_ATTR_ACCESS_MODE, number(SQL_MODE_READ_ONLY),
                              0); /* a hint that drivers may ignore */
    if (!SQL_SUCCEEDED(link->odbc.DriverConnect(link->connection, NULL,
                                                (SQLCHAR *)(uintptr_t)bytes_text(&string), SQL_NTS,
                                                NULL, 0, &size, SQL_DRIVER_NOPROMPT))) {
        fail(link, SQL_HANDLE_DBC, link->connection, err);
        goto out;
    }
    link->is_connected = true;
    done = true;

out:
    bytes_wipe(&string);
    bytes_free(&string);
    arena_free(arena);
    return done;
}

/* How this database writes SQL, and what its driver does with text. */
static void learn_dialect(struct odbc_link *link, const struct database_access *access)
{
    char name[128] = "", quote[8] = "";
    SQLSMALLINT size;

    link->odbc.GetInfo(link->connection, SQL_DBMS_NAME, name, sizeof name, &size);
    const struct sql_dialect *dialect = sql_dialect_find(name);
    link->dialect = *dialect;
    link->dialect.has_question_mark = false; /* it is a parameter to every driver */
    link->is_postgresql = dialect == &sql_postgresql;
    link->is_sqlite = dialect == &sql_sqlite;
    link->is_utf8 = link->is_sqlite || access->type == DATABASE_MYSQL;
    link->is_wide = dialect == &sql_server; /* its varchar has a code page */

    if (dialect == &sql_ansi &&
        SQL_SUCCEEDED(link->odbc.GetInfo(link->connection, SQL_IDENTIFIER_QUOTE_CHAR, quote,
                                         sizeof quote, &size)))
        link->dialect.open = link->dialect.close = quote[0] == ' ' ? '\0' : quote[0];
}

/* What helps where the database knows it: reading only, an end to a query whose asker is gone, and
 * PostgreSQL's times with zone in UTC. A database that does not know a line is none the worse. */
static void prepare_session(struct odbc_link *link, const struct database_access *access)
{
    const int seconds = (int)(access->query_timeout_ms / 1000);
    char statement[128];

    link->odbc.SetStmtAttr(link->statement, SQL_ATTR_QUERY_TIMEOUT, number(seconds), 0);
    if (link->is_postgresql) {
        static const char *const lines[] = {"SET TIME ZONE 'UTC'", "SET client_encoding = 'UTF8'",
                                            "SET default_transaction_read_only = on",
                                            "SET lock_timeout = 30000"};

        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
            link->odbc.ExecDirect(link->statement, (SQLCHAR *)(uintptr_t)lines[i], SQL_NTS);
    } else if (link->dialect.has_hash) {
        snprintf(statement, sizeof statement, "SET SESSION max_statement_time = %d", seconds);
        link->odbc.ExecDirect(link->statement, (SQLCHAR *)statement, SQL_NTS); /* MariaDB */
        snprintf(statement, sizeof statement, "SET SESSION max_execution_time = %d000", seconds);
        link->odbc.ExecDirect(link->statement, (SQLCHAR *)statement, SQL_NTS); /* MySQL */
        snprintf(statement, sizeof statement, "SET SESSION TRANSACTION READ ONLY");
        link->odbc.ExecDirect(link->statement, (SQLCHAR *)statement, SQL_NTS);
    }
    link->odbc.FreeStmt(link->statement, SQL_CLOSE);
}

struct odbc_link *odbc_link_open(const struct database_access *access, struct error *err)
{
    struct odbc_link *link = os_alloc(sizeof *link);

    if (!odbc_library_load(&link->odbc, err) || !allocate(link, err) ||
        !connect_link(link, access, err))
        goto fail;
    learn_dialect(link, access);
    if (!SQL_SUCCEEDED(
            link->odbc.AllocHandle(SQL_HANDLE_STMT, link->connection, &link->statement))) {
        fail(link, SQL_HANDLE_DBC, link->connection, err);
        goto fail;
    }
    prepare_session(link, access);
    return link;

fail:
    odbc_link_close(link);
    return NULL;
}

void odbc_link_close(struct odbc_link *link)
{
    if (link == NULL)
        return;
    if (link->statement != NULL)
        link->odbc.FreeHandle(SQL_HANDLE_STMT, link->statement);
    if (link->is_connected)
        link->odbc.Disconnect(link->connection);
    if (link->connection != NULL)
        link->odbc.FreeHandle(SQL_HANDLE_DBC, link->connection);
    if (link->environment != NULL)
        link->odbc.FreeHandle(SQL_HANDLE_ENV, link->environment);
    os_free(link);
}

bool odbc_link_ask(struct odbc_link *link, const char *text,
                   bool (*answer)(void *context, const char *text), void *context,
                   struct error *err)
{
    char value[2048];
    SQLLEN size;
    SQLRETURN result;

    result = link->odbc.ExecDirect(link->statement, (SQLCHAR *)(uintptr_t)text, SQL_NTS);
    if (!odbc_link_succeeded(link, result, err))
        return false;
    while (SQL_SUCCEEDED(result = link->odbc.Fetch(link->statement))) {
        value[0] = '\0';
        result = link->odbc.GetData(link->statement, 1, SQL_C_CHAR, value, sizeof value, &size);
        if (!odbc_link_succeeded(link, result, err))
            return false;
        if (!answer(context, size == SQL_NULL_DATA ? "" : value))
            break;
    }
    if (result != SQL_NO_DATA && !odbc_link_succeeded(link, result, err))
        return false;
    link->odbc.FreeStmt(link->statement, SQL_CLOSE);
    return true;
}
