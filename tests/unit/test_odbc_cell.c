/* SPDX-License-Identifier: Apache-2.0 */
/* test_odbc_cell.c - values as ODBC drivers lay them into memory */
#include "tests/unit/check.h"

#include <sql.h>
#include <sqlext.h>
#include <string.h>

#include "connectors/odbc_cell.h"

static void check_text(struct cell cell, const char *wanted)
{
    assert_int_equal(cell.kind, CELL_TEXT);
    assert_int_equal(cell.size, strlen(wanted));
    assert_memory_equal(cell.text, wanted, cell.size);
}

static void check_integer(struct cell cell, enum cell_kind kind, int64_t wanted)
{
    assert_int_equal(cell.kind, kind);
    assert_int_equal(cell.integer, wanted);
}

static void test_utf_16_becomes_utf_8(void **state)
{
    static const SQLWCHAR wide[] = {'a', 0xFC, 0x20AC, 0xD83D, 0xDE00, 'z'};
    static const SQLWCHAR alone[] = {0xD83D, 'b', 0xDE00, 0xD83D};
    char scratch[64];

    (void)state;
    check_text(odbc_cell(ODBC_WIDE_TEXT, wide, sizeof wide, scratch), "aü€😀z");
    check_text(odbc_cell(ODBC_WIDE_TEXT, alone, sizeof alone, scratch),
               "\xEF\xBF\xBD"
               "b\xEF\xBF\xBD\xEF\xBF\xBD");
    check_text(odbc_cell(ODBC_WIDE_TEXT, wide, 0, scratch), "");
    check_text(odbc_cell(ODBC_TEXT, "Größe", 7, NULL), "Größe");
}

static struct cell decimal(const char *text)
{
    return odbc_cell(ODBC_DECIMAL, text, strlen(text), NULL);
}

static void test_decimals_are_exact_or_stay_texts(void **state)
{
    static const char *const texts[] = {"",
                                        "-",
                                        ".",
                                        "1.2345",
                                        "1,5",
                                        "1e5",
                                        " 1",
                                        "+1",
                                        "NaN",
                                        "1234567890123456",
                                        "1234567890123456.5"};

    (void)state;
    check_integer(decimal("0"), CELL_INTEGER, 0);
    check_integer(decimal("-42"), CELL_INTEGER, -42);
    check_integer(decimal("123456789012345"), CELL_INTEGER, INT64_C(123456789012345));
    check_integer(decimal("12.5"), CELL_THOUSANDTHS, 12500);
    check_integer(decimal("-.5"), CELL_THOUSANDTHS, -500); /* as SQL Server and Oracle write */
    check_integer(decimal(".001"), CELL_THOUSANDTHS, 1);
    check_integer(decimal("1.2340000"), CELL_THOUSANDTHS, 1234);
    check_integer(decimal("123456789012345.678"), CELL_THOUSANDTHS, INT64_C(123456789012345678));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_text(decimal(texts[i]), texts[i]);
}

static void test_numbers(void **state)
{
    const SQLBIGINT integer = INT64_MIN;
    const SQLDOUBLE fraction = 183.33333, whole = 42, huge = 1e300;

    (void)state;
    check_integer(odbc_cell(ODBC_INTEGER, &integer, sizeof integer, NULL), CELL_INTEGER, INT64_MIN);
    check_integer(odbc_cell(ODBC_FLOAT, &fraction, sizeof fraction, NULL), CELL_THOUSANDTHS,
                  183333);
    check_integer(odbc_cell(ODBC_FLOAT, &whole, sizeof whole, NULL), CELL_INTEGER, 42);
    assert_int_equal(odbc_cell(ODBC_FLOAT, &huge, sizeof huge, NULL).kind, CELL_UNUSABLE);
}

static void test_timestamps(void **state)
{
    const SQL_TIMESTAMP_STRUCT good = {2024, 3, 31, 2, 30, 15, 123999999};
    const SQL_TIMESTAMP_STRUCT zero = {0, 0, 0, 0, 0, 0, 0};

    (void)state;
    check_integer(odbc_cell(ODBC_CIVIL, &good, sizeof good, NULL), CELL_CIVIL,
                  INT64_C(1711852215123));
    check_integer(odbc_cell(ODBC_UTC, &good, sizeof good, NULL), CELL_UTC, INT64_C(1711852215123));
    assert_int_equal(odbc_cell(ODBC_CIVIL, &zero, sizeof zero, NULL).kind, CELL_UNUSABLE);
}

static void test_sql_server_s_times_with_offset(void **state)
{
    static const char *const texts[] = {"2024-03-31 02:30:00", "", "x +02:00",
                                        "2024-03-31 02:30:00.0000000000000000000000000 +02:00"};
    const char *const good = "2024-03-31 02:30:00.1230000 +02:00";

    (void)state;
    check_integer(odbc_cell(ODBC_OFFSET, good, strlen(good), NULL), CELL_UTC,
                  INT64_C(1711845000123));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_text(odbc_cell(ODBC_OFFSET, texts[i], strlen(texts[i]), NULL), texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf_16_becomes_utf_8),
        cmocka_unit_test(test_decimals_are_exact_or_stay_texts),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_timestamps),
        cmocka_unit_test(test_sql_server_s_times_with_offset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
