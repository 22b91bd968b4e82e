/* SPDX-License-Identifier: Apache-2.0 */
/* database.c - the connector "database": its settings, and the choice of a protocol */
#include "connectors/database.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/base/zone.h"
#include "connectors/odbc.h"
#include "connectors/odbc_pairs.h"
#include "connectors/postgres.h"
#include "connectors/sql.h"

#define QUERY_MOST (512 * 1024)

static const char *const type_words[] = {
    [DATABASE_POSTGRESQL] = "postgresql",
    [DATABASE_MYSQL] = "mysql",
    [DATABASE_SQLSERVER] = "sqlserver",
    [DATABASE_ODBC] = "odbc",
    NULL,
};
static const char *const tls_words[] = {
    [TLS_UNSET] = "",          [TLS_VERIFY_FULL] = "verify-full",
    [TLS_REQUIRE] = "require", [TLS_PREFER] = "prefer",
    [TLS_OFF] = "off",         NULL,
};

#define ACCESS(member) offsetof(struct database_access, member)
#define MOST_TIMEOUT   (24 * UTC_HOUR)

static const struct setting access_settings[] = {
    {.name = "type",
     .type = SETTING_CHOICE,
     .offset = ACCESS(type),
     .required = true,
     .choices = type_words,
     .example = "postgresql",
     .meaning = "postgresql, mysql (also MariaDB), sqlserver, or odbc for every other"},
    {.name = "host",
     .type = SETTING_TEXT,
     .offset = ACCESS(host),
     .example = "acd-db.example",
     .meaning = "where the database runs; SQL Server: HOST\\INSTANCE for a named instance"},
    {.name = "port",
     .type = SETTING_INTEGER,
     .offset = ACCESS(port),
     .least = 1,
     .most = 65535,
     .example = "5432",
     .meaning = "port of the server (the type's own)"},
    {.name = "name",
     .type = SETTING_TEXT,
     .offset = ACCESS(name),
     .example = "acd",
     .meaning = "the database's name"},
    {.name = "user",
     .type = SETTING_TEXT,
     .offset = ACCESS(user),
     .example = "reporting",
     .meaning = "a login that may only read"},
    {.name = "password",
     .type = SETTING_SECRET,
     .offset = ACCESS(password),
     .example = "${secret:acd-db}",
     .meaning = "its password"},
    {.name = "tls",
     .type = SETTING_CHOICE,
     .offset = ACCESS(tls),
     .choices = tls_words,
     .example = "verify-full",
     .meaning = "verify-full (default for a remote host), require, prefer (default on this "
                "machine), off"},
    {.name = "ca_file",
     .type = SETTING_PATH,
     .offset = ACCESS(ca_file),
     .example = "/etc/ssl/acd-ca.pem",
     .meaning = "certificates (PEM) that sign the database's (the system's store)"},
    {.name = "driver",
     .type = SETTING_TEXT,
     .offset = ACCESS(driver),
     .example = "MariaDB Unicode",
     .meaning = "ODBC driver as `odbcinst -q -d` lists it (found by itself)"},
    {.name = "connection_string",
     .type = SETTING_TEXT,
     .offset = ACCESS(connection_string),
     .example = "\"DSN=AvayaCMS;DELIMIDENT=y;PWD=${secret:cms}\"",
     .meaning = "odbc only: the whole connection"},
    {.name = "connect_timeout",
     .type = SETTING_DURATION,
     .offset = ACCESS(connect_timeout_ms),
     .fallback = "30s",
     .least = UTC_SECOND,
     .most = UTC_HOUR,
     .meaning = "how long connecting may take"},
    {.name = "query_timeout",
     .type = SETTING_DURATION,
     .offset = ACCESS(query_timeout_ms),
     .fallback = "15m",
     .least = UTC_SECOND,
     .most = MOST_TIMEOUT,
     .meaning = "how long a query may take"},
    {.name = NULL},
};

static const struct setting database_settings[] = {
    {.name = "database",
     .type = SETTING_SECTION,
     .offset = offsetof(struct database_settings, access),
     .required = true,
     .section = access_settings,
     .meaning = "the database and a login that may only read"},
    {.name = "query",
     .type = SETTING_TEXT,
     .offset = offsetof(struct database_settings, query),
     .example = "SELECT q.id AS queueidentifier, q.name AS queuename, c.started AS timestamp, "
                "c.answered, c.handle_seconds AS duration FROM calls c JOIN queues q ON q.id = "
                "c.queue_id",
     .meaning = "one SELECT that names its columns as the kind of data has them"},
    {.name = "query_file",
     .type = SETTING_PATH,
     .offset = offsetof(struct database_settings, query_file),
     .example = "calls.sql",
     .meaning = "a file with the query, in its place"},
    {.name = NULL},
};

/* ---- what the keys ask of each other ---- */

/* Its form, which no driver is needed for; and no password stands in it as it is written. */
static void validate_connection_string(struct settings_reader *reader, const struct node *node,
                                       const char *resolved)
{
    static const char *const passwords[] = {"PWD", "PASSWORD"};
    struct odbc_pairs pairs = {.count = 0}, written = {.count = 0};
    struct error err;

    if (!odbc_pairs_read(&pairs, resolved, &err)) {
        const char *const what = err.text + strlen("connection_string");

        settings_error(reader, node, "%s", what + strspn(what, ": "));
        return;
    }
    if (reader->resolve == NULL || !odbc_pairs_read(&written, node->text, &err))
        return; /* {${secret:NAME}} is no string of pairs before it is resolved */
    for (size_t i = 0; i < sizeof passwords / sizeof *passwords; i++) {
        const struct odbc_pair *const pair = odbc_pairs_find(&written, passwords[i]);

        if (pair != NULL && pair->value_size > 0 && strncmp(pair->value, "${", 2) != 0)
            settings_error(reader, node,
                           "a password never stands in the file: store it with `cloud-link secret "
                           "set NAME` and write %s=${secret:NAME} here",
                           passwords[i]);
    }
}

static void validate_access(struct settings_reader *reader, const struct node *node,
                            const struct database_access *access)
{
    const bool is_odbc = access->type == DATABASE_ODBC;

    if (is_odbc && access->connection_string == NULL)
        settings_error(reader, node, "connection_string is missing: type odbc needs it");
    if (is_odbc && access->connection_string != NULL)
        validate_connection_string(reader, node_child(node, "connection_string"),
                                   access->connection_string);
    if (!is_odbc && access->connection_string != NULL)
        settings_error(reader, node_child(node, "connection_string"), "is for type odbc only");
    if (!is_odbc && access->name == NULL)
        settings_error(reader, node, "name is missing: the database's name");
    if (access->type == DATABASE_SQLSERVER && access->host == NULL)
        settings_error(reader, node, "host is missing");
    if (access->type == DATABASE_SQLSERVER && access->host != NULL &&
        strchr(access->host, '\\') != NULL && access->port != 0)
        settings_error(reader, node_child(node, "port"),
                       "does not go with a named instance, which is found by its name");
    if (access->type == DATABASE_SQLSERVER && access->ca_file != NULL)
        settings_error(reader, node_child(node, "ca_file"),
                       "is not for sqlserver: its driver takes the system's certificates");
    if (access->type == DATABASE_POSTGRESQL && access->driver != NULL)
        settings_error(reader, node_child(node, "driver"), "is for ODBC; postgresql needs none");

    static const char *const not_odbc[] = {"host",     "port", "name",    "user",
                                           "password", "tls",  "ca_file", "driver"};
    for (size_t i = 0; is_odbc && i < sizeof not_odbc / sizeof *not_odbc; i++) {
        const struct node *key = node_child(node, not_odbc[i]);

        if (key != NULL)
            settings_error(reader, key, "does not apply to type odbc: say it in connection_string");
    }
}

static void validate(struct settings_reader *reader, const struct node *integration,
                     const void *settings, const struct connector_facts *facts)
{
    const struct database_settings *database = settings;
    const struct node *access = node_child(integration, "database");

    (void)facts;
    if (database->query == NULL && database->query_file == NULL)
        settings_error(reader, integration, "query or query_file is missing");
    if (database->query != NULL && database->query_file != NULL)
        settings_error(reader, node_child(integration, "query_file"),
                       "query is given too: one of both is enough");
    if (access != NULL)
        validate_access(reader, access, &database->access);
}

static struct connector_limits limits(const void *settings)
{
    const struct database_access *access = &((const struct database_settings *)settings)->access;

    return (struct connector_limits){
        .connect_timeout_ms = access->connect_timeout_ms,
        .query_timeout_ms = access->query_timeout_ms,
        /* ODBC drivers hold the whole answer in memory */
        .slice_rows = access->type == DATABASE_POSTGRESQL ? 100000 : 20000,
    };
}

/* ---- shared by both protocols ---- */

bool database_is_local(const char *host)
{
    return host == NULL || host[0] == '\0' || host[0] == '/' || host[0] == '@' ||
           strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

enum database_tls database_tls(const struct database_access *access)
{
    if (access->tls != TLS_UNSET)
        return (enum database_tls)access->tls;
    return database_is_local(access->host) ? TLS_PREFER : TLS_VERIFY_FULL;
}

const char *database_certificates(const struct database_access *access)
{
    static const char *const paths[] = {
        "/etc/ssl/certs/ca-certificates.crt", /* Debian, Ubuntu */
        "/etc/pki/tls/certs/ca-bundle.crt",   /* Red Hat */
        "/etc/ssl/ca-bundle.pem",             /* SUSE */
        "/etc/ssl/cert.pem",                  /* Alpine */
    };

    if (access->ca_file != NULL)
        return access->ca_file;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (os_file_exists(paths[i]))
            return paths[i];
    }
    return NULL;
}

static int find_column(const struct columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (sql_same_word(columns->names[i], strlen(columns->names[i]), name))
            return (int)i;
    }
    return -1;
}

bool database_find_times(const struct database *database, const struct columns *columns,
                         struct database_times *times, struct error *err)
{
    const char *const name = database->facts.is_status ? "starttime" : "timestamp";
    struct bytes all;

    times->time = find_column(columns, name);
    times->end = database->facts.is_status ? find_column(columns, "endtime") : -1;
    if (times->time >= 0)
        return true;

    bytes_init(&all, 4096);
    for (size_t i = 0; i < columns->count; i++) {
        bytes_append_text(&all, i > 0 ? ", " : "");
        bytes_append_text(&all, columns->names[i]);
    }
    error_set(err, ERROR_CONFIG, "the query has no column named %s (it has: %s)", name,
              bytes_text(&all));
    bytes_free(&all);
    return false;
}

bool database_number_form(const struct database *database, const char *column,
                          struct bound_form *form, struct error *err)
{
    if (database->facts.times == 0)
        return error_set(err, ERROR_CONFIG,
                         "column \"%s\" holds numbers: say `times: unix` or `times: unix-ms`, or "
                         "convert it in the query",
                         column);
    *form = bounds_number_form(database->facts.times);
    return true;
}

void database_sample_take(struct database_sample *sample, const char *text)
{
    const size_t size = strlen(text);
    enum utc_form zone;
    utc_ms time;

    if (size == 0 || sample->is_found)
        return;
    sample->texts++;
    sample->numbers += strspn(text, "0123456789.") == size;
    sample->is_found = utc_parse(text, size, &time, &zone);
    if (sample->is_found)
        sample->form = bounds_text_form(text, size);
}

bool database_sample_form(const struct database *database, const char *column,
                          const struct database_sample *sample, struct bound_form *form,
                          struct error *err)
{
    if (sample->is_found) {
        *form = sample->form;
        return true;
    }
    if (sample->numbers > 0 || (sample->texts == 0 && database->facts.times != 0))
        return database_number_form(database, column, form, err);
    if (sample->texts > 0)
        return error_set(err, ERROR_CONFIG,
                         "column \"%s\" holds texts that are no times (YYYY-MM-DD hh:mm:ss)",
                         column);
    *form = bounds_text_form("", 0);
    return true;
}

enum error_kind database_error_kind(const char *sqlstate)
{
    static const struct {
        const char *start;
        enum error_kind kind;
    } table[] = {
        {"28", ERROR_REFUSED}, /* not with this login */
        {"08", ERROR_RETRY},   /* connection */
        {"40", ERROR_RETRY},   /* rolled back: deadlock, conflict */
        {"53", ERROR_RETRY},   /* out of memory, disk, connections */
        {"55", ERROR_RETRY},   /* locked by others */
        {"57", ERROR_RETRY},   /* shutting down, starting up, took too long */
        {"58", ERROR_RETRY},   /* its own system fails */
        {"XX", ERROR_RETRY},   /* its own fault */
        {"HYT", ERROR_RETRY},  /* ODBC: took too long */
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strncmp(sqlstate, table[i].start, strlen(table[i].start)) == 0)
            return table[i].kind;
    }
    return ERROR_CONFIG;
}

void database_tidy(char *message)
{
    char *out = message;

    for (const char *at = message; *at != '\0'; at++) {
        const bool is_blank = (unsigned char)*at <= ' ';

        if (is_blank && (out == message || out[-1] == ' '))
            continue;
        *out++ = is_blank ? ' ' : *at;
    }
    while (out > message && out[-1] == ' ')
        out--;
    *out = '\0';
}

/* ---- the connector ---- */

struct source {
    struct database database;
    char *query;
    struct postgres *postgres; /* one of the two */
    struct odbc *odbc;
};

/* A copy of the text, or of the file's. */
static char *read_query(const struct database_settings *settings, struct error *err)
{
    struct bytes text;
    char *query = NULL;

    if (settings->query != NULL)
        return os_copy_text(settings->query);
    bytes_init(&text, QUERY_MOST);
    if (os_file_read(settings->query_file, &text, err)) {
        if (memchr(text.data, '\0', text.size) == NULL)
            query = os_copy_text(bytes_text(&text));
        else
            error_set(err, ERROR_CONFIG, "%s: not a text", settings->query_file);
    }
    bytes_free(&text);
    return query;
}

static void database_close(struct source *source)
{
    if (source == NULL)
        return;
    postgres_close(source->postgres);
    odbc_close(source->odbc);
    zone_close(source->database.zone);
    os_free(source->query);
    os_free(source);
}

static struct source *database_open(const void *settings, const struct connector_facts *facts,
                                    struct error *err)
{
    const struct database_settings *told = settings;
    struct source *source = os_alloc(sizeof *source);

    source->database.access = &told->access;
    source->database.facts = *facts;
    source->query = read_query(told, err);
    if (source->query == NULL)
        goto fail;
    source->database.query = source->query;
    if (facts->time_zone != NULL) {
        source->database.zone = zone_open(facts->time_zone, err);
        if (source->database.zone == NULL)
            goto fail;
    }
    if (told->access.type == DATABASE_POSTGRESQL)
        source->postgres = postgres_open(&source->database, err);
    else
        source->odbc = odbc_open(&source->database, err);
    if (source->postgres == NULL && source->odbc == NULL)
        goto fail;
    return source;

fail:
    database_close(source);
    return NULL;
}

static bool database_read(struct source *source, const struct slice *slice,
                          const struct row_sink *sink, struct error *err)
{
    return source->postgres != NULL ? postgres_read(source->postgres, slice, sink, err)
                                    : odbc_read(source->odbc, slice, sink, err);
}

static bool database_check(struct source *source,
                           void (*tell)(void *context, enum finding finding, const char *sentence),
                           void *context, struct error *err)
{
    const struct database_report report = {tell, context};

    return source->postgres != NULL ? postgres_check(source->postgres, &report, err)
                                    : odbc_check(source->odbc, &report, err);
}

const struct connector database_connector = {
    .name = "database",
    .settings = database_settings,
    .settings_size = sizeof(struct database_settings),
    .validate = validate,
    .limits = limits,
    .open = database_open,
    .read = database_read,
    .check = database_check,
    .close = database_close,
};
