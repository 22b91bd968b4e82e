/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_connect.c - one builder per type, one guard for what people write */
#include "connectors/odbc_connect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "connectors/sql.h"

#define PAIRS_MOST 64

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

static bool fail_driver(const struct odbc_installed *installed, const char *sentence,
                        struct error *err)
{
    char names[600] = "none";
    size_t size = 0;

    for (size_t i = 0; i < installed->driver_count && size < sizeof names; i++) {
        const int length = snprintf(names + size, sizeof names - size, "%s%s", i > 0 ? ", " : "",
                                    installed->drivers[i]);

        size += length > 0 ? (size_t)length : 0;
    }
    return error_set(err, ERROR_CONFIG, "%s (installed ODBC drivers: %s)", sentence, names);
}

/* The driver that was asked for; else the last by name that has one of the parts in its name, no
 * "ANSI" among them: the newest version that speaks Unicode. */
static const char *choose_driver(const struct database_access *access,
                                 const struct odbc_installed *installed, const char *const *parts)
{
    const char *best = NULL;

    if (access->driver != NULL)
        return find_driver(installed, access->driver, strlen(access->driver));
    for (; *parts != NULL && best == NULL; parts++) {
        for (size_t i = 0; i < installed->driver_count; i++) {
            const char *const name = installed->drivers[i];

            if (contains(name, *parts) && !contains(name, "ansi") &&
                (best == NULL || strcmp(name, best) > 0))
                best = name;
        }
    }
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
    static const char *const parts[] = {"mariadb", "mysql", NULL};
    const char *const driver = choose_driver(access, installed, parts);
    const bool is_socket = access->host != NULL && access->host[0] == '/';
    /* "localhost" is a socket to these drivers, whatever the port */
    const bool is_tcp = access->host == NULL || strcmp(access->host, "localhost") == 0;

    if (driver == NULL)
        return fail_driver(installed,
                           "there is no ODBC driver for MySQL or MariaDB, or none of that name; "
                           "Debian, Ubuntu: apt install odbc-mariadb",
                           err);
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
    static const char *const parts[] = {"for sql server", "freetds", NULL};
    const char *const driver = choose_driver(access, installed, parts);

    if (driver == NULL)
        return fail_driver(installed,
                           "there is no ODBC driver for SQL Server, or none of that name; install "
                           "Microsoft's msodbcsql18 (or, Debian, Ubuntu: apt install tdsodbc)",
                           err);
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

struct pair {
    const char *key, *value;
    size_t key_size, value_size;
    bool is_braced; /* value: what stands between the braces, } doubled */
};

struct pairs {
    struct pair items[PAIRS_MOST];
    size_t count;
};

static bool is_key(const char *key, size_t size)
{
    static const char alphabet[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. ";

    for (size_t i = 0; i < size; i++) {
        if (strchr(alphabet, key[i]) == NULL)
            return false;
    }
    return size > 0;
}

static const struct pair *find_pair(const struct pairs *pairs, const char *key)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (sql_same_word(pairs->items[i].key, pairs->items[i].key_size, key))
            return &pairs->items[i];
    }
    return NULL;
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " ");
}

static size_t without_blanks(const char *text, const char *end)
{
    while (end > text && end[-1] == ' ')
        end--;
    return (size_t)(end - text);
}

/* Behind the value; NULL: a brace that is not closed, or something behind it. */
static const char *read_value(const char *at, struct pair *pair)
{
    const char *end = at;

    pair->is_braced = *at == '{';
    if (!pair->is_braced) {
        end = at + strcspn(at, ";");
        pair->value = at;
        pair->value_size = without_blanks(at, end);
        return end;
    }
    for (end = at + 1; *end != '\0' && (*end != '}' || end[1] == '}'); end++)
        end += *end == '}';
    if (*end == '\0')
        return NULL;
    pair->value = at + 1;
    pair->value_size = (size_t)(end - at - 1);
    end = skip_blanks(end + 1);
    return *end == ';' || *end == '\0' ? end : NULL;
}

/* NULL, or what is wrong. *at moves behind the pair. */
static const char *read_pair(const char **at, struct pair *pair)
{
    const char *const equals = strpbrk(*at, "=;");

    if (equals == NULL || *equals == ';')
        return "has something that is not KEY=value";
    pair->key = *at;
    pair->key_size = without_blanks(*at, equals);
    if (!is_key(pair->key, pair->key_size))
        return "has a key with strange characters";

    const char *const end = read_value(skip_blanks(equals + 1), pair);
    if (end == NULL)
        return "has a { that is not closed, or something behind a }";
    *at = end;
    return NULL;
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7F;
}

static const char *read_pairs(const char *text, struct pairs *pairs)
{
    const char *fault = NULL;

    for (const char *at = text; *at != '\0'; at++) {
        if (is_control(*at))
            return "has a line break or control character";
    }
    for (const char *at = text + strspn(text, " ;"); *at != '\0' && fault == NULL;
         at += strspn(at, " ;")) {
        struct pair pair;
        char key[64];

        if (pairs->count == PAIRS_MOST)
            return "has more than 64 keys";
        fault = read_pair(&at, &pair);
        if (fault != NULL)
            return fault;
        snprintf(key, sizeof key, "%.*s", (int)pair.key_size, pair.key);
        if (strlen(key) != pair.key_size)
            return "has a key of more than 63 characters";
        if (find_pair(pairs, key) != NULL)
            return "has the same key twice";
        pairs->items[pairs->count++] = pair;
    }
    return NULL;
}

/* Keys that make a driver or the driver manager load or write a file. */
static const char *refused_key(const struct pairs *pairs)
{
    static const char *const keys[] = {
        "FILEDSN",         "SAVEFILE",           "LOADEXT",          "PLUGIN_DIR", "PLUGINDIR",
        "TRANSLATIONDLL",  "TRANSLATIONLIBRARY", "KEYSTORELOCATION", "TRACEFILE",  "SETUP",
        "TRANSLATIONNAME",
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (find_pair(pairs, keys[i]) != NULL)
            return keys[i];
    }
    return NULL;
}

/* The driver behind the string, by its listed name or (of a data source) its file. */
static const char *judge_driver(const struct pairs *pairs, const struct odbc_installed *installed,
                                struct error *err)
{
    const struct pair *const driver = find_pair(pairs, "DRIVER");
    const struct pair *const source = find_pair(pairs, "DSN");

    if ((driver == NULL) == (source == NULL)) {
        error_set(err, ERROR_CONFIG, "connection_string must name either a DSN or a DRIVER");
        return NULL;
    }
    if (driver != NULL) {
        const char *name = find_driver(installed, driver->value, driver->value_size);

        if (name == NULL)
            fail_driver(installed,
                        "connection_string: DRIVER must be a name that odbcinst.ini lists, not a "
                        "file",
                        err);
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

static void append_found(struct bytes *out, const struct pair *pair)
{
    bytes_append(out, pair->key, pair->key_size);
    bytes_append_byte(out, '=');
    if (pair->is_braced)
        bytes_append_byte(out, '{');
    bytes_append(out, pair->value, pair->value_size);
    if (pair->is_braced)
        bytes_append_byte(out, '}');
    bytes_append_byte(out, ';');
}

static bool guard(const struct database_access *access, const struct odbc_installed *installed,
                  struct bytes *out, struct error *err)
{
    struct pairs pairs = {.count = 0};
    const char *const fault = read_pairs(access->connection_string, &pairs);

    if (fault != NULL)
        return error_set(err, ERROR_CONFIG, "connection_string %s", fault);

    const char *const key = refused_key(&pairs);
    if (key != NULL)
        return error_set(err, ERROR_CONFIG, "connection_string: %s is not allowed", key);

    const char *const driver = judge_driver(&pairs, installed, err);
    if (driver == NULL)
        return false;

    const struct pair *const named = find_pair(&pairs, "DRIVER");
    if (named != NULL)
        append_pair(out, "DRIVER", driver);
    for (size_t i = 0; i < pairs.count; i++) {
        if (&pairs.items[i] != named)
            append_found(out, &pairs.items[i]);
    }
    /* else psqlODBC holds the whole answer in memory */
    if ((contains(driver, "postgresql") || contains(driver, "psqlodbc")) &&
        find_pair(&pairs, "UseDeclareFetch") == NULL && find_pair(&pairs, "Fetch") == NULL)
        bytes_append_text(out, "UseDeclareFetch=1;Fetch=1000;");
    /* else a misspelt path becomes an empty database */
    if (contains(driver, "sqlite") && find_pair(&pairs, "NoCreat") == NULL)
        bytes_append_text(out, "NoCreat=1;");
    return true;
}

static bool has_control(const struct database_access *access)
{
    const char *const texts[] = {access->host,     access->name,    access->user,
                                 access->password, access->ca_file, access->driver};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (const char *at = texts[i]; at != NULL && *at != '\0'; at++) {
            if (is_control(*at))
                return true;
        }
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
