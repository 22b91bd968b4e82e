/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_connection_string.c - no connection string makes a driver manager load what is not listed
 *
 * Input: a type of database (1 byte), then the string itself, or for MySQL and SQL Server lines:
 * host, name, user, password, driver. What comes out is read here as a driver manager reads it.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/base/bytes.h"
#include "connectors/odbc_connect.h"
#include "tests/fuzz/fuzz.h"

static const char *const drivers[] = {"FreeTDS",
                                      "MariaDB Unicode",
                                      "MySQL ODBC 8.0 Unicode Driver",
                                      "ODBC Driver 18 for SQL Server",
                                      "PostgreSQL Unicode",
                                      "SQLite3"};
static const struct odbc_data_source sources[] = {{"AvayaCMS", "Informix"},
                                                  {"pg", "/usr/lib/psqlodbcw.so"}};
static const struct odbc_installed installed = {drivers, 6, sources, 2};

/* --- as a driver manager reads it --- */

#define VALUE_MOST 8192

struct pair {
    char key[VALUE_MOST], value[VALUE_MOST];
};

/* Takes one pair off the string; false at its end. A } in braces is doubled. */
static bool take_pair(const char **at, struct pair *pair)
{
    size_t size = 0;

    *at += strspn(*at, " ;");
    if (**at == '\0')
        return false;
    const size_t key_size = strcspn(*at, "=");
    PROMISE(key_size < VALUE_MOST && (*at)[key_size] == '=');
    memcpy(pair->key, *at, key_size);
    pair->key[key_size] = '\0';
    *at += key_size + 1;

    const bool is_braced = **at == '{';
    *at += is_braced;
    while (**at != '\0' && (is_braced || **at != ';')) {
        if (is_braced && **at == '}' && (*at)[1] != '}')
            break;
        *at += is_braced && **at == '}';
        PROMISE(size < VALUE_MOST - 1);
        pair->value[size++] = *(*at)++;
    }
    pair->value[size] = '\0';
    if (is_braced) {
        PROMISE(**at == '}');
        (*at)++;
    }
    PROMISE(**at == ';');
    return true;
}

static bool is_listed_driver(const char *name)
{
    for (size_t i = 0; i < installed.driver_count; i++) {
        if (strcasecmp(drivers[i], name) == 0)
            return true;
    }
    return false;
}

static bool is_listed_source(const char *name)
{
    for (size_t i = 0; i < installed.source_count; i++) {
        if (strcasecmp(sources[i].name, name) == 0)
            return true;
    }
    return false;
}

/* How many there are of each that says what is loaded; none says something that is not listed. */
static void check_loads(const char *string)
{
    static const char *const refused[] = {"FILEDSN", "SAVEFILE", "TRACEFILE", "TRANSLATIONDLL"};
    static struct pair pair;
    int loads = 0;

    for (const char *at = string; take_pair(&at, &pair);) {
        const bool is_driver = strcasecmp(pair.key, "DRIVER") == 0;
        const bool is_source = strcasecmp(pair.key, "DSN") == 0;

        loads += is_driver + is_source;
        PROMISE(!is_driver || is_listed_driver(pair.value));
        PROMISE(!is_source || is_listed_source(pair.value));
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
            PROMISE(strcasecmp(pair.key, refused[i]) != 0);
    }
    PROMISE(loads == 1);
}

static void expect_value(const char *string, const char *key, const char *value)
{
    static struct pair pair;

    for (const char *at = string; value != NULL && take_pair(&at, &pair);) {
        if (strcmp(pair.key, key) == 0) {
            PROMISE(strcmp(pair.value, value) == 0);
            return;
        }
    }
    PROMISE(value == NULL);
}

/* --- both ways to a string --- */

static void check_guarded(const char *string)
{
    struct database_access access = {.type = DATABASE_ODBC, .connection_string = string};
    struct bytes out, again;
    struct error err;

    bytes_init(&out, 1 << 16);
    bytes_init(&again, 1 << 16);
    if (odbc_connect_string(&access, &installed, &out, &err)) {
        access.connection_string = bytes_text(&out);
        check_loads(access.connection_string);
        PROMISE(odbc_connect_string(&access, &installed, &again, &err));
        PROMISE(strcmp(bytes_text(&again), access.connection_string) == 0);
    } else {
        PROMISE(err.kind == ERROR_CONFIG);
    }
    bytes_free(&out);
    bytes_free(&again);
}

static void check_built(struct input *input, int type)
{
    char *host = input_line(input), *name = input_line(input), *user = input_line(input);
    char *password = input_line(input), *driver = input_line(input);
    const struct database_access access = {
        .type = type,
        .host = host,
        .name = name,
        .user = user[0] != '\0' ? user : NULL,
        .password = password,
        .driver = driver[0] != '\0' ? driver : NULL,
        .tls = TLS_REQUIRE,
        .connect_timeout_ms = 30000,
        .query_timeout_ms = 900000,
    };
    struct bytes out;
    struct error err;

    bytes_init(&out, 1 << 16);
    if (odbc_connect_string(&access, &installed, &out, &err)) {
        check_loads(bytes_text(&out));
        expect_value(bytes_text(&out), "DATABASE", access.name);
        expect_value(bytes_text(&out), "UID", access.user);
        expect_value(bytes_text(&out), "PWD", access.password);
    } else {
        PROMISE(err.kind == ERROR_CONFIG);
    }
    bytes_free(&out);
    free(driver);
    free(password);
    free(user);
    free(name);
    free(host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int types[] = {DATABASE_ODBC, DATABASE_MYSQL, DATABASE_SQLSERVER};
    struct input input = {data, size};
    const int type = types[input_byte(&input) % 3];

    if (size > 4096)
        return 0;
    if (type == DATABASE_ODBC) {
        char *string = input_rest(&input);

        check_guarded(string);
        free(string);
    } else {
        check_built(&input, type);
    }
    return 0;
}
