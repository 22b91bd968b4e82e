/* SPDX-License-Identifier: Apache-2.0 */
/* test_odbc_connect.c - connection strings: exactly as built, and hostile ones refused */
#include "tests/unit/check.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "connectors/odbc_connect.h"

static const char *const drivers[] = {
    "FreeTDS",
    "MariaDB Unicode",
    "MySQL ODBC 8.0 ANSI Driver",
    "MySQL ODBC 8.0 Unicode Driver",
    "ODBC Driver 17 for SQL Server",
    "ODBC Driver 18 for SQL Server",
    "PostgreSQL Unicode",
    "SQLite3",
};
static const struct odbc_data_source sources[] = {
    {"AvayaCMS", "Informix"},
    {"pg", "/usr/lib/psqlodbcw.so"},
};
static const struct odbc_installed installed = {drivers, 8, sources, 2};

static void check_built(const struct database_access *access, const struct odbc_installed *machine,
                        const char *wanted)
{
    struct bytes out;
    struct error err;

    bytes_init(&out, 8192);
    if (!odbc_connect_string(access, machine, &out, &err))
        fail_msg("%s", err.text);
    assert_string_equal(bytes_text(&out), wanted);
    bytes_free(&out);
}

static void check_refused(const struct database_access *access,
                          const struct odbc_installed *machine, const char *part)
{
    struct bytes out;
    struct error err;

    bytes_init(&out, 8192);
    if (odbc_connect_string(access, machine, &out, &err))
        fail_msg("accepted: %s", bytes_text(&out));
    assert_int_equal(err.kind, ERROR_CONFIG);
    if (strstr(err.text, part) == NULL)
        fail_msg("%s", err.text);
    assert_null(strstr(err.text, "s3cret"));
    bytes_free(&out);
}

static struct database_access mysql(void)
{
    return (struct database_access){
        .type = DATABASE_MYSQL,
        .host = "db.example",
        .name = "acd",
        .user = "reader",
        .password = "s3cret",
        .ca_file = "/etc/ca.pem",
        .connect_timeout_ms = 30000,
        .query_timeout_ms = 900000,
    };
}

static struct database_access sqlserver(void)
{
    return (struct database_access){
        .type = DATABASE_SQLSERVER,
        .host = "db.example",
        .name = "acd",
        .user = "reader",
        .password = "s3cret",
    };
}

static void test_mysql_by_mariadb_s_driver(void **state)
{
    struct database_access access = mysql();

    (void)state;
    check_built(&access, &installed,
                "DRIVER={MariaDB Unicode};SERVER=db.example;DATABASE=acd;UID=reader;PWD=s3cret;"
                "CHARSET=utf8mb4;CONN_TIMEOUT=30;READ_TIMEOUT=900;FORCETLS=1;SSLVERIFY=1;"
                "SSLCA=/etc/ca.pem;");
    access.tls = TLS_REQUIRE;
    access.port = 3307;
    access.password = "a;b}c d";
    check_built(&access, &installed,
                "DRIVER={MariaDB Unicode};SERVER=db.example;PORT=3307;DATABASE=acd;UID=reader;"
                "PWD={a;b}}c d};CHARSET=utf8mb4;CONN_TIMEOUT=30;READ_TIMEOUT=900;FORCETLS=1;");
    access.host = "localhost"; /* not the socket */
    access.tls = TLS_UNSET;
    access.password = NULL;
    check_built(&access, &installed,
                "DRIVER={MariaDB Unicode};SERVER=127.0.0.1;PORT=3307;DATABASE=acd;UID=reader;"
                "CHARSET=utf8mb4;CONN_TIMEOUT=30;READ_TIMEOUT=900;");
    access.host = "/run/mysqld/mysqld.sock";
    access.port = 0;
    check_built(&access, &installed,
                "DRIVER={MariaDB Unicode};SOCKET=/run/mysqld/mysqld.sock;DATABASE=acd;UID=reader;"
                "CHARSET=utf8mb4;CONN_TIMEOUT=30;READ_TIMEOUT=900;");
}

static void test_mysql_by_its_own_driver(void **state)
{
    const struct odbc_installed machine = {drivers + 2, 2, NULL, 0};
    struct database_access access = mysql();

    (void)state;
    check_built(&access, &machine,
                "DRIVER={MySQL ODBC 8.0 Unicode Driver};SERVER=db.example;DATABASE=acd;UID=reader;"
                "PWD=s3cret;CHARSET=utf8mb4;SSLMODE=VERIFY_IDENTITY;SSLCA=/etc/ca.pem;"
                "ENABLE_LOCAL_INFILE=0;");
    access.tls = TLS_OFF;
    access.driver = "mysql odbc 8.0 ansi driver";
    check_built(&access, &machine,
                "DRIVER={MySQL ODBC 8.0 ANSI Driver};SERVER=db.example;DATABASE=acd;UID=reader;"
                "PWD=s3cret;CHARSET=utf8mb4;SSLMODE=DISABLED;ENABLE_LOCAL_INFILE=0;");
}

static void test_sql_server_by_microsoft_s_driver(void **state)
{
    struct database_access access = sqlserver();

    (void)state;
    check_built(&access, &installed,
                "DRIVER={ODBC Driver 18 for SQL Server};SERVER=db.example;Encrypt=yes;"
                "TrustServerCertificate=no;DATABASE=acd;UID=reader;PWD=s3cret;APP=cloud-link;");
    access.port = 1444;
    access.tls = TLS_REQUIRE;
    check_built(&access, &installed,
                "DRIVER={ODBC Driver 18 for SQL Server};SERVER={db.example,1444};Encrypt=yes;"
                "TrustServerCertificate=yes;DATABASE=acd;UID=reader;PWD=s3cret;APP=cloud-link;");
    access.port = 0;
    access.host = "db.example\\ACD"; /* a named instance has no port */
    access.tls = TLS_OFF;
    access.user = access.password = NULL;
    access.driver = "ODBC Driver 17 for SQL Server";
    check_built(&access, &installed,
                "DRIVER={ODBC Driver 17 for SQL Server};SERVER=db.example\\ACD;Encrypt=no;"
                "TrustServerCertificate=yes;DATABASE=acd;Trusted_Connection=yes;APP=cloud-link;");
}

static void test_sql_server_by_freetds(void **state)
{
    const struct odbc_installed machine = {drivers, 1, NULL, 0};
    struct database_access access = sqlserver();

    (void)state;
    check_refused(&access, &machine, "FreeTDS cannot be told to verify");
    access.tls = TLS_REQUIRE;
    check_built(&access, &machine,
                "DRIVER=FreeTDS;SERVER=db.example;PORT=1433;TDS_Version=7.4;ClientCharset=UTF-8;"
                "Encryption=require;DATABASE=acd;UID=reader;PWD=s3cret;APP=cloud-link;");
    access.host = "db.example\\ACD";
    check_built(&access, &machine,
                "DRIVER=FreeTDS;SERVER=db.example\\ACD;TDS_Version=7.4;ClientCharset=UTF-8;"
                "Encryption=require;DATABASE=acd;UID=reader;PWD=s3cret;APP=cloud-link;");
}

static void test_a_missing_driver_names_its_package(void **state)
{
    const struct odbc_installed nothing = {NULL, 0, NULL, 0};
    const struct odbc_installed other = {drivers + 7, 1, NULL, 0};
    struct database_access access = mysql();

    (void)state;
    check_refused(&access, &nothing, "apt install odbc-mariadb (installed ODBC drivers: none)");
    check_refused(&access, &other, "(installed ODBC drivers: SQLite3)");
    access.driver = "/tmp/x.so";
    check_refused(&access, &installed, "the ODBC driver \"/tmp/x.so\" is not installed");
    access = sqlserver();
    check_refused(&access, &other, "msodbcsql18");
}

static void test_values_cannot_hold_line_breaks(void **state)
{
    struct database_access access = mysql();

    (void)state;
    access.password = "s3cret\n";
    check_refused(&access, &installed, "control character");
    access = mysql();
    access.host = "a\rb";
    check_refused(&access, &installed, "control character");
}

static void test_injected_keys_stay_inside_their_value(void **state)
{
    struct database_access access = sqlserver();

    (void)state;
    access.password = "s3cret};DRIVER=/tmp/x.so;X={";
    access.name = "acd;Encrypt=no";
    check_built(&access, &installed,
                "DRIVER={ODBC Driver 18 for SQL Server};SERVER=db.example;Encrypt=yes;"
                "TrustServerCertificate=no;DATABASE={acd;Encrypt=no};UID=reader;"
                "PWD={s3cret}};DRIVER=/tmp/x.so;X={};APP=cloud-link;");
}

static struct database_access odbc(const char *string)
{
    return (struct database_access){.type = DATABASE_ODBC, .connection_string = string};
}

static void test_good_strings_are_written_anew(void **state)
{
    static const char *const cases[][2] = {
        {"DSN=AvayaCMS;DELIMIDENT=y;PWD=s3cret", "DSN=AvayaCMS;DELIMIDENT=y;PWD=s3cret;"},
        {" ; dsn = avayacms ;; PWD = {a;}}b} ; ", "dsn=avayacms;PWD={a;}}b};"},
        {"DSN=pg", "DSN=pg;UseDeclareFetch=1;Fetch=1000;"},
        {"DSN={pg};Fetch=50", "DSN={pg};Fetch=50;"},
        {"UID=u;Driver={postgresql unicode};Server=h",
         "DRIVER={PostgreSQL Unicode};UID=u;Server=h;UseDeclareFetch=1;Fetch=1000;"},
        {"DRIVER=PostgreSQL Unicode;usedeclarefetch=0",
         "DRIVER={PostgreSQL Unicode};usedeclarefetch=0;"},
        {"DRIVER=SQLite3;Database=/a (b).db", "DRIVER=SQLite3;Database=/a (b).db;NoCreat=1;"},
        {"DRIVER={FreeTDS};PWD=;UID={}", "DRIVER=FreeTDS;PWD=;UID={};"},
        {"DRIVER=FreeTDS;PWD=a{b=c}d", "DRIVER=FreeTDS;PWD=a{b=c}d;"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct database_access access = odbc(cases[i][0]);

        check_built(&access, &installed, cases[i][1]);
    }
}

static void test_hostile_strings_are_refused(void **state)
{
    static const char *const cases[][2] = {
        {"", "either a DSN or a DRIVER"},
        {";;", "either a DSN or a DRIVER"},
        {"UID=u;PWD=s3cret", "either a DSN or a DRIVER"},
        {"DSN=pg;DRIVER=FreeTDS", "either a DSN or a DRIVER"},
        {"DSN=;DRIVER={/tmp/x.so}", "either a DSN or a DRIVER"},
        {"DSN=", "no odbc.ini lists"},
        {"DSN=../../tmp/x", "no odbc.ini lists"},
        {"DSN=strange;PWD=s3cret", "no odbc.ini lists the data source \"strange\""},
        {"DRIVER=/tmp/x.so", "not a file"},
        {"DRIVER={/tmp/x.so};PWD=s3cret", "not a file"},
        {"driver=./x.so", "not a file"},
        {"DRIVER=x.so", "not a file"},
        {"DRIVER=\\\\host\\share\\x.dll", "not a file"},
        {"DRIVER=", "not a file"},
        {"DRIVER={}", "not a file"},
        {"DRIVER={ FreeTDS}", "not a file"},
        {"DRIVER={FreeTDS }", "not a file"},
        {"DRIVER={FreeTDS}}}", "not a file"},
        {"DRIVER=FreeTDS/../x", "not a file"},
        {"DRIVER=FreeTDS;DRIVER=/tmp/x.so", "same key twice"},
        {"DRIVER=FreeTDS;driver=/tmp/x.so", "same key twice"},
        {"DRIVER=FreeTDS; Driver =/tmp/x.so", "same key twice"},
        {"DSN=pg;dsn=pg", "same key twice"},
        {"DSN=pg;PWD=a;PWD=s3cret", "same key twice"},
        {"DSN=pg;PWD={s3cret", "not closed"},
        {"DSN=pg;PWD={s3cret}}", "not closed"},
        {"DSN=pg;PWD={s3cret}x;A=b", "behind a }"},
        {"DSN=pg;PWD={a}{s3cret}", "behind a }"},
        {"DSN=pg;s3cret", "not KEY=value"},
        {"DSN=pg;s3cret;A=b", "not KEY=value"},
        {"DSN=pg;=b", "strange characters"},
        {"DSN=pg;{A}=s3cret", "strange characters"},
        {"DSN=pg;A\"=b", "strange characters"},
        {"DSN=pg;D\xc5\x99IVER=b", "strange characters"},
        {"DSN=pg\nDRIVER=/tmp/x.so", "control character"},
        {"DSN=pg;PWD=\ts3cret", "control character"},
        {"FILEDSN=/tmp/x.dsn", "FILEDSN is not allowed"},
        {"DSN=pg;FileDSN={/tmp/x.dsn}", "FILEDSN is not allowed"},
        {"DSN=pg;SAVEFILE=/etc/x", "SAVEFILE is not allowed"},
        {"DRIVER=SQLite3;LoadExt=/tmp/x.so", "LOADEXT is not allowed"},
        {"DRIVER=MariaDB Unicode;PLUGIN_DIR=/tmp", "PLUGIN_DIR is not allowed"},
        {"DSN=pg;TranslationDLL=/tmp/x.so", "TRANSLATIONDLL is not allowed"},
        {"DSN=pg;KeystoreLocation=/tmp/x.so", "KEYSTORELOCATION is not allowed"},
        {"DSN=pg;A123456789012345678901234567890123456789012345678901234567890123=x",
         "more than 63 characters"},
    };

    (void)state;
    assert_true(sizeof cases / sizeof *cases >= 40);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct database_access access = odbc(cases[i][0]);

        check_refused(&access, &installed, cases[i][1]);
    }
}

static void test_a_string_has_a_limit_of_keys(void **state)
{
    char text[2000] = "DSN=pg";
    struct database_access access = odbc(text);

    (void)state;
    for (int i = 0; i < 64; i++) {
        const char key[] = {';', 'K', (char)('a' + i / 26), (char)('a' + i % 26), '=', 'x', '\0'};

        strncat(text, key, sizeof text - strlen(text) - 1);
    }
    check_refused(&access, &installed, "more than 64 keys");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mysql_by_mariadb_s_driver),
        cmocka_unit_test(test_mysql_by_its_own_driver),
        cmocka_unit_test(test_sql_server_by_microsoft_s_driver),
        cmocka_unit_test(test_sql_server_by_freetds),
        cmocka_unit_test(test_a_missing_driver_names_its_package),
        cmocka_unit_test(test_values_cannot_hold_line_breaks),
        cmocka_unit_test(test_injected_keys_stay_inside_their_value),
        cmocka_unit_test(test_good_strings_are_written_anew),
        cmocka_unit_test(test_hostile_strings_are_refused),
        cmocka_unit_test(test_a_string_has_a_limit_of_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
