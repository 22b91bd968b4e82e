/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_connect.c - one builder per type, one guard for what people write */
#include "connectors/odbc_connect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "connectors/odbc_pairs.h"
#include "connectors/sql.h"

static bool contains(const char *text, const char *part)
{
    const size_t size = strlen(part);

    for (; strlen(text) >= size; text++) {
        if (sql_same_word(text, size, part))
            return true;
    }
    return false;
}

/* ---- writing ---- */

static void append_braced(struct bytes *out, const char *value, size_t size)
{
    bytes_append_byte(out, '{');
    for (size_t i = 0; i < size; i++) {
        if (value[i] == '}')
            bytes_append_byte(out, '}');
        bytes_append_byte(out, (uint8_t)value[i]);
    }
    bytes_append_byte(out, '}');
}

/* KEY=value; nothing for a NULL value. */
static void append_pair(struct bytes *out, const char *key, const char *value)
{
    if (value == NULL)
        return;

    const size_t size = strlen(value);
    bytes_append_text(out, key);
    bytes_append_byte(out, '=');
    if (strpbrk(value, "[]{}(),;?*=!@ ") != NULL)
        append_braced(out, value, size);
    else
        bytes_append(out, value, size);
    bytes_append_byte(out, ';');
}

static void append_number(struct bytes *out, const char *key, int64_t number)
{
    char text[24];

    if (number == 0)
        return;
    snprintf(text, sizeof text, "%" PRId64, number);
    append_pair(out, key, text);
}

/* ---- drivers ---- */

static const char *find_driver(const struct odbc_installed *installed, const char *name,
                               size_t size)
{
    for (size_t i = 0; i < installed->driver_count; i++) {
        if (sql_same_word(name, size, installed->drivers[i]))
            return installed->drivers[i];
    }
    return NULL;
}

/* what: "the ODBC driver ..." */
static bool fail_driver(const struct odbc_installed *installed, const char *what, const char *hint,
                        struct error *err)
{
    char names[600] = "none";
    size_t size = 0;

    for (size_t i = 0; i < installed->driver_count && size < sizeof names; i++) {
        const int length = snprintf(names + size, sizeof names - size, "%s%s", i > 0 ? ", " : "",
                                    installed->drivers[i]);

        size += length > 0 ? (size_t)length : 0;
    }
    return error_set(err, ERROR_CONFIG, "%s is not installed: %s (installed ODBC drivers: %s)",
                     what, hint, names);
}

static bool fail_named_driver(const struct odbc_installed *installed, const char *name, size_t size,
                              struct error *err)
{
    char what[160];

    snprintf(what, sizeof what, "the ODBC driver \"%.*s\"", size < 100 ? (int)size : 100, name);
    return fail_driver(installed, what, "DRIVER must be a name that odbcinst.ini lists, not a file",
                       err);
}

/* What a type needs, when no driver is named. */
struct driver_wish {
    const char *parts[3]; /* in its name; the first is wanted most */
    const char *what, *hint;
};

/* The driver that was asked for; else the last by name that has a part in its name and no "ANSI":
 * the newest version that speaks Unicode. */
static const char *choose_driver(const struct database_access *access,
                                 const struct odbc_installed *installed,
                                 const struct driver_wish *wish, struct error *err)
{
    const char *best = NULL;

    if (access->driver != NULL) {
        best = find_driver(installed, access->driver, strlen(access->driver));
        if (best == NULL)
            fail_named_driver(installed, access->driver, strlen(access->driver), err);
        return best;
    }
    for (const char *const *part = wish->parts; *part != NULL && best == NULL; part++) {
        for (size_t i = 0; i < installed->driver_count; i++) {
            const char *const name = installed->drivers[i];

            if (contains(name, *part) && !contains(name, "ansi") &&
                (best == NULL || strcmp(name, best) > 0))
                best = name;
        }
    }
    if (best == NULL)
        fail_driver(installed, wish->what, wish->hint, err);
    return best;
}

/* ---- MySQL and MariaDB ---- */

static void append_mariadb_tls(const struct database_access *access, struct bytes *out)
{
    const enum database_tls tls = database_tls(access);

    if (tls == TLS_VERIFY_FULL || tls == TLS_REQUIRE)
        append_pair(out, "FORCETLS", "1");
    if (tls == TLS_VERIFY_FULL) {
        append_pair(out, "SSLVERIFY", "1");
        append_pair(out, "SSLCA", database_certificates(access));
    }
}

static void append_mysql_tls(const struct database_access *access, struct bytes *out)
{
    static const char *const modes[] = {
        [TLS_VERIFY_FULL] = "VERIFY_IDENTITY",
        [TLS_REQUIRE] = "REQUIRED",
        [TLS_PREFER] = "PREFERRED",
        [TLS_OFF] = "DISABLED",
    };
    const enum database_tls tls = database_tls(access);

    append_pair(out, "SSLMODE", modes[tls]);
    if (tls == TLS_VERIFY_FULL)
        append_pair(out, "SSLCA", database_certificates(access));
    append_pair(out, "ENABLE_LOCAL_INFILE", "0"); /* a server may ask for any file of ours */
}

static bool build_mysql(const struct database_access *access,
                        const struct odbc_installed *installed, struct bytes *out,
                        struct error *err)
{
    static const struct driver_wish wish = {
        {"mariadb", "mysql", NULL},
        "an ODBC driver for MySQL or MariaDB",
        "Debian, Ubuntu: apt install odbc-mariadb",
    };
    const char *const driver = choose_driver(access, installed, &wish, err);
    const bool is_socket = access->host != NULL && access->host[0] == '/';
    /* "localhost" is a socket to these drivers, whatever the port */
    const bool is_tcp = access->host == NULL || strcmp(access->host, "localhost") == 0;

    if (driver == NULL)
        return false;
    append_pair(out, "DRIVER", driver);
    append_pair(out, is_socket ? "SOCKET" : "SERVER", is_tcp ? "127.0.0.1" : access->host);
    append_number(out, "PORT", access->port);
    append_pair(out, "DATABASE", access->name);
    append_pair(out, "UID", access->user);
    append_pair(out, "PWD", access->password);
    append_pair(out, "CHARSET", "utf8mb4");
    if (contains(driver, "mariadb")) {
        append_number(out, "CONN_TIMEOUT", access->connect_timeout_ms / 1000);
        append_number(out, "READ_TIMEOUT", access->query_timeout_ms / 1000);
        append_mariadb_tls(access, out);
    } else {
        append_mysql_tls(access, out);
    }
    return true;
}

/* ---- SQL Server ---- */

static bool append_freetds(const struct database_access *access, struct bytes *out,
                           struct error *err)
{
    static const char *const encryption[] = {
        [TLS_REQUIRE] = "require",
        [TLS_PREFER] = "request",
        [TLS_OFF] = "off",
    };
    const enum database_tls tls = database_tls(access);

    if (tls == TLS_VERIFY_FULL)
        return error_set(err, ERROR_CONFIG,
                         "FreeTDS cannot be told to verify the server's certificate: install "
                         "Microsoft's msodbcsql18, or say `tls: require`");
    append_pair(out, "SERVER", access->host);
    if (strchr(access->host, '\\') == NULL)
        append_number(out, "PORT", access->port != 0 ? access->port : 1433);
    append_pair(out, "TDS_Version", "7.4");
    append_pair(out, "ClientCharset", "UTF-8");
    append_pair(out, "Encryption", encryption[tls]);
    return true;
}

static void append_microsoft(const struct database_access *access, struct bytes *out)
{
    const enum database_tls tls = database_tls(access);
    char server[300];

    if (access->port != 0)
        snprintf(server, sizeof server, "%s,%" PRId64, access->host, access->port);
    else
        snprintf(server, sizeof server, "%s", access->host);
    append_pair(out, "SERVER", server);
    append_pair(out, "Encrypt", tls == TLS_VERIFY_FULL || tls == TLS_REQUIRE ? "yes" : "no");
    append_pair(out, "TrustServerCertificate", tls == TLS_VERIFY_FULL ? "no" : "yes");
}

static bool build_sqlserver(const struct database_access *access,
                            const struct odbc_installed *installed, struct bytes *out,
                            struct error *err)
{
    static const struct driver_wish wish = {
        {"for sql server", "freetds", NULL},
        "an ODBC driver for SQL Server",
        "install Microsoft's msodbcsql18 (or, Debian, Ubuntu: apt install tdsodbc)",
    };
    const char *const driver = choose_driver(access, installed, &wish, err);

    if (driver == NULL)
        return false;
    append_pair(out, "DRIVER", driver);
    if (contains(driver, "freetds")) {
        if (!append_freetds(access, out, err))
            return false;
    } else {
        append_microsoft(access, out);
    }
    append_pair(out, "DATABASE", access->name);
    append_pair(out, "UID", access->user);
    append_pair(out, "PWD", access->password);
    if (access->user == NULL)
        append_pair(out, "Trusted_Connection", "yes"); /* Kerberos */
    append_pair(out, "APP", "cloud-link");
    return true;
}

/* ---- what people write ---- */

/* The driver behind the string, by its listed name or (of a data source) its file. */
static const char *judge_driver(const struct odbc_pairs *pairs,
                                const struct odbc_installed *installed, struct error *err)
{
    const struct odbc_pair *const driver = odbc_pairs_find(pairs, "DRIVER");
    const struct odbc_pair *const source = odbc_pairs_find(pairs, "DSN");

    if ((driver == NULL) == (source == NULL)) {
        error_set(err, ERROR_CONFIG, "connection_string must name either a DSN or a DRIVER");
        return NULL;
    }
    if (driver != NULL) {
        const char *name = find_driver(installed, driver->value, driver->value_size);

        if (name == NULL)
            fail_named_driver(installed, driver->value, driver->value_size, err);
        return name;
    }
    for (size_t i = 0; i < installed->source_count; i++) {
        if (sql_same_word(source->value, source->value_size, installed->sources[i].name))
            return installed->sources[i].driver;
    }
    error_set(err, ERROR_CONFIG,
              "connection_string: no odbc.ini lists the data source \"%.*s\" (it is listed by "
              "`odbcinst -q -s`)",
              (int)source->value_size, source->value);
    return NULL;
}

static bool guard(const struct database_access *access, const struct odbc_installed *installed,
                  struct bytes *out, struct error *err)
{
    struct odbc_pairs pairs = {.count = 0};
    if (!odbc_pairs_read(&pairs, access->connection_string, err))
        return false;

    const char *const driver = judge_driver(&pairs, installed, err);
    if (driver == NULL)
        return false;

    const struct odbc_pair *const named = odbc_pairs_find(&pairs, "DRIVER");
    if (named != NULL)
        append_pair(out, "DRIVER", driver);
    for (size_t i = 0; i < pairs.count; i++) {
        if (&pairs.items[i] != named)
            odbc_pairs_append(&pairs.items[i], out);
    }
    /* else psqlODBC holds the whole answer in memory */
    if ((contains(driver, "postgresql") || contains(driver, "psqlodbc")) &&
        odbc_pairs_find(&pairs, "UseDeclareFetch") == NULL &&
        odbc_pairs_find(&pairs, "Fetch") == NULL)
        bytes_append_text(out, "UseDeclareFetch=1;Fetch=1000;");
    /* else a misspelt path becomes an empty database */
    if (contains(driver, "sqlite") && odbc_pairs_find(&pairs, "NoCreat") == NULL)
        bytes_append_text(out, "NoCreat=1;");
    return true;
}

static bool has_control(const struct database_access *access)
{
    const char *const texts[] = {access->host,     access->name,    access->user,
                                 access->password, access->ca_file, access->driver};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i] != NULL && odbc_pairs_has_control(texts[i]))
            return true;
    }
    return false;
}

bool odbc_connect_string(const struct database_access *access,
                         const struct odbc_installed *installed, struct bytes *out,
                         struct error *err)
{
    if (access->type == DATABASE_ODBC)
        return guard(access, installed, out, err);
    if (has_control(access))
        return error_set(err, ERROR_CONFIG,
                         "host, name, user or password has a line break or control character");
    if (access->type == DATABASE_MYSQL)
        return build_mysql(access, installed, out, err);
    return build_sqlserver(access, installed, out, err);
}
