/* SPDX-License-Identifier: Apache-2.0 */
/* test_postgres_decode.c - every type as PostgreSQL 15 sends it, and what no server would send */
#include "tests/unit/check.h"

#include <string.h>

#include "connectors/postgres_decode.h"

#define MESSAGE_MOST 4096

static const char head[] = "5047434f50590aff0d0a000000000000000000"; /* no flags, no extension */

/* The bytes of COPY (SELECT expression) TO STDOUT (FORMAT binary), from the value's size on. */
static const struct recorded {
    const char *expression;
    enum postgres_type type;
    const char *bytes;
    enum cell_kind kind;
    int64_t integer;
    const char *text;
} recorded[] = {
    {"true", POSTGRES_BOOL, "0000000101", CELL_INTEGER, .integer = 1},
    {"false", POSTGRES_BOOL, "0000000100", CELL_INTEGER, .integer = 0},
    {"7::int2", POSTGRES_INT2, "000000020007", CELL_INTEGER, .integer = 7},
    {"(-32768)::int2", POSTGRES_INT2, "000000028000", CELL_INTEGER, .integer = -32768},
    {"2147483647", POSTGRES_INT4, "000000047fffffff", CELL_INTEGER, .integer = 2147483647},
    {"(-1)::int4", POSTGRES_INT4, "00000004ffffffff", CELL_INTEGER, .integer = -1},
    {"9223372036854775807", POSTGRES_INT8, "000000087fffffffffffffff", CELL_INTEGER,
     .integer = INT64_MAX},
    {"(-9223372036854775808)::int8", POSTGRES_INT8, "000000088000000000000000", CELL_INTEGER,
     .integer = INT64_MIN},
    {"4294967295::oid", POSTGRES_OID, "00000004ffffffff", CELL_INTEGER,
     .integer = INT64_C(4294967295)},
    {"1.5::float4", POSTGRES_FLOAT4, "000000043fc00000", CELL_THOUSANDTHS, .integer = 1500},
    {"42::float8", POSTGRES_FLOAT8, "000000084045000000000000", CELL_INTEGER, .integer = 42},
    {"(-0.0005)::float8", POSTGRES_FLOAT8, "00000008bf40624dd2f1a9fc", CELL_THOUSANDTHS,
     .integer = -1},
    {"183.33333333::float8", POSTGRES_FLOAT8, "000000084066eaaaaaa8e089", CELL_THOUSANDTHS,
     .integer = 183333},
    {"'NaN'::float8", POSTGRES_FLOAT8, "000000087ff8000000000000", CELL_UNUSABLE,
     .text = "not a number"},
    {"'-infinity'::float8", POSTGRES_FLOAT8, "00000008fff0000000000000", CELL_UNUSABLE,
     .text = "a number too large"},
    {"1e13::float8", POSTGRES_FLOAT8, "0000000842a2309ce5400000", CELL_UNUSABLE,
     .text = "a number too large"},
    {"'x'::\"char\"", POSTGRES_CHAR, "0000000178", CELL_TEXT, .text = "x"},
    {"'name'::name", POSTGRES_NAME, "000000046e616d65", CELL_TEXT, .text = "name"},
    {"'Größe €'::text", POSTGRES_TEXT, "0000000b4772c3b6c39f6520e282ac", CELL_TEXT,
     .text = "Größe €"},
    {"''::text", POSTGRES_TEXT, "00000000", CELL_TEXT, .text = ""},
    {"'ab'::char(4)", POSTGRES_BPCHAR, "0000000461622020", CELL_TEXT, .text = "ab  "},
    {"'ab '::varchar(4)", POSTGRES_VARCHAR, "00000003616220", CELL_TEXT, .text = "ab "},
    {"'{\"a\":1}'::json", POSTGRES_JSON, "000000077b2261223a317d", CELL_TEXT, .text = "{\"a\":1}"},
    {"date '2024-02-29'", POSTGRES_DATE, "0000000400002279", CELL_CIVIL, .integer = 1709164800000},
    {"date '1969-12-31'", POSTGRES_DATE, "00000004ffffd532", CELL_CIVIL, .integer = -86400000},
    {"date 'infinity'", POSTGRES_DATE, "000000047fffffff", CELL_UNUSABLE, .text = "infinity"},
    {"date '0001-01-01 BC'", POSTGRES_DATE, "00000004fff4da8b", CELL_UNUSABLE,
     .text = "a date beyond the years 1 to 9999"},
    {"timestamp '2024-03-31 02:30:00.123999'", POSTGRES_TIMESTAMP, "000000080002b7ea6b13fe5f",
     CELL_CIVIL, .integer = 1711852200123},
    {"timestamp '1999-12-31 23:59:59.9995'", POSTGRES_TIMESTAMP, "00000008fffffffffffffe0c",
     CELL_CIVIL, .integer = 946684799999},
    {"timestamp '0001-01-01 00:00:00'", POSTGRES_TIMESTAMP, "00000008ff1fe2ffc59c6000", CELL_CIVIL,
     .integer = -62135596800000},
    {"timestamp '9999-12-31 23:59:59.999'", POSTGRES_TIMESTAMP, "000000080380e70b913b7c18",
     CELL_CIVIL, .integer = 253402300799999},
    {"timestamp '10000-01-01 00:00:00'", POSTGRES_TIMESTAMP, "000000080380e70b913b8000",
     CELL_UNUSABLE, .text = "a date beyond the years 1 to 9999"},
    {"timestamp '-infinity'", POSTGRES_TIMESTAMP, "000000088000000000000000", CELL_UNUSABLE,
     .text = "infinity"},
    {"timestamptz '2024-03-31 02:30:00+02'", POSTGRES_TIMESTAMPTZ, "000000080002b7e8bdead200",
     CELL_UTC, .integer = 1711845000000},
    {"timestamptz 'infinity'", POSTGRES_TIMESTAMPTZ, "000000087fffffffffffffff", CELL_UNUSABLE,
     .text = "infinity"},
    {"interval '1 day 2:03:04.5'", POSTGRES_INTERVAL, "0000001000000001b82687200000000100000000",
     CELL_THOUSANDTHS, .integer = 93784500},
    {"interval '-0.0001 seconds'", POSTGRES_INTERVAL, "00000010ffffffffffffff9c0000000000000000",
     CELL_THOUSANDTHS, .integer = -1},
    {"interval '1 month'", POSTGRES_INTERVAL, "0000001000000000000000000000000000000001",
     CELL_UNUSABLE, .text = "an interval of months has no certain length"},
    {"'00112233-4455-6677-8899-aabbccddeeff'::uuid", POSTGRES_UUID,
     "0000001000112233445566778899aabbccddeeff", CELL_TEXT,
     .text = "00112233-4455-6677-8899-aabbccddeeff"},
    {"0::numeric", POSTGRES_NUMERIC, "000000080000000000000000", CELL_INTEGER, .integer = 0},
    {"42::numeric", POSTGRES_NUMERIC, "0000000a0001000000000000002a", CELL_INTEGER, .integer = 42},
    {"42.00::numeric", POSTGRES_NUMERIC, "0000000a0001000000000002002a", CELL_THOUSANDTHS,
     .integer = 42000},
    {"10000::numeric", POSTGRES_NUMERIC, "0000000a00010001000000000001", CELL_INTEGER,
     .integer = 10000},
    {"99990000::numeric", POSTGRES_NUMERIC, "0000000a0001000100000000270f", CELL_INTEGER,
     .integer = 99990000},
    {"999999999999::numeric", POSTGRES_NUMERIC, "0000000e0003000200000000270f270f270f",
     CELL_INTEGER, .integer = 999999999999},
    {"(-0.5)::numeric", POSTGRES_NUMERIC, "0000000a0001ffff400000011388", CELL_THOUSANDTHS,
     .integer = -500},
    {"0.001::numeric", POSTGRES_NUMERIC, "0000000a0001ffff00000003000a", CELL_THOUSANDTHS,
     .integer = 1},
    {"12.345::numeric(10,3)", POSTGRES_NUMERIC, "0000000c0002000000000003000c0d7a",
     CELL_THOUSANDTHS, .integer = 12345},
    {"(-99999.999)::numeric", POSTGRES_NUMERIC, "0000000e00030001400000030009270f2706",
     CELL_THOUSANDTHS, .integer = -99999999},
    {"12.34500::numeric", POSTGRES_NUMERIC, "0000000c0002000000000005000c0d7a", CELL_THOUSANDTHS,
     .integer = 12345},
    {"12.3456::numeric", POSTGRES_NUMERIC, "0000000c0002000000000004000c0d80", CELL_TEXT,
     .text = "12.3456"},
    {"(-0.00001)::numeric", POSTGRES_NUMERIC, "0000000a0001fffe4000000503e8", CELL_TEXT,
     .text = "-0.00001"},
    {"0.000000012::numeric", POSTGRES_NUMERIC, "0000000c0002fffe00000009000107d0", CELL_TEXT,
     .text = "0.000000012"},
    {"1234567890123::numeric", POSTGRES_NUMERIC, "000000100004000300000000000109291a85007b",
     CELL_TEXT, .text = "1234567890123"},
    {"12345678901234567890123456789012.5::numeric", POSTGRES_NUMERIC,
     "0000001a000900070000000104d2162e23340d801ed204d2162e23341388", CELL_TEXT,
     .text = "12345678901234567890123456789012.5"},
    {"100000000000000000000::numeric", POSTGRES_NUMERIC, "0000000a00010005000000000001", CELL_TEXT,
     .text = "100000000000000000000"},
    {"1e44::numeric", POSTGRES_NUMERIC, "0000000a0001000b000000000001", CELL_UNUSABLE,
     .text = "a number too large"},
    {"'NaN'::numeric", POSTGRES_NUMERIC, "0000000800000000c0000000", CELL_UNUSABLE,
     .text = "not a number"},
    {"'infinity'::numeric", POSTGRES_NUMERIC, "0000000800000000d0000020", CELL_UNUSABLE,
     .text = "infinity"},
    {"'-infinity'::numeric", POSTGRES_NUMERIC, "0000000800000000f0000020", CELL_UNUSABLE,
     .text = "infinity"},
    {"null::int", POSTGRES_INT4, "ffffffff", CELL_NULL, .integer = 0},
};

static uint8_t digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Appends bytes written as hexadecimal digits; the new size. */
static size_t append(uint8_t *message, size_t size, const char *digits)
{
    for (; *digits != '\0'; digits += 2)
        message[size++] = (uint8_t)(digit(digits[0]) << 4 | digit(digits[1]));
    return size;
}

static void check_cell(const struct cell *cell, const struct recorded *wanted)
{
    const bool is_text = wanted->kind == CELL_TEXT || wanted->kind == CELL_UNUSABLE;

    if (cell->kind != wanted->kind)
        fail_msg("%s is of kind %d", wanted->expression, (int)cell->kind);
    if (is_text &&
        (cell->size != strlen(wanted->text) || memcmp(cell->text, wanted->text, cell->size) != 0))
        fail_msg("%s is %.*s", wanted->expression, (int)cell->size, cell->text);
    if (!is_text && wanted->kind != CELL_NULL && cell->integer != wanted->integer)
        fail_msg("%s is %lld", wanted->expression, (long long)cell->integer);
}

static void test_every_type_is_decoded(void **state)
{
    uint8_t message[MESSAGE_MOST];
    const struct cell *cells;

    (void)state;
    for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) {
        const uint32_t type = recorded[i].type;
        struct postgres_decoder *decoder = postgres_decoder_new(&type, 1);
        size_t size = append(message, 0, head);

        size = append(message, size, "0001");
        size = append(message, size, recorded[i].bytes);
        assert_int_equal(postgres_decode(decoder, message, size, &cells), POSTGRES_ROW);
        check_cell(&cells[0], &recorded[i]);
        assert_int_equal(postgres_decode(decoder, message, append(message, 0, "ffff"), &cells),
                         POSTGRES_END);
        postgres_decoder_free(decoder);
    }
}

static void test_a_row_of_all_types_is_decoded(void **state)
{
    enum { COUNT = sizeof recorded / sizeof *recorded };
    uint8_t message[MESSAGE_MOST];
    uint32_t types[COUNT];
    const struct cell *cells;
    size_t size = append(message, 0, head);

    (void)state;
    size = append(message, size, "00");
    message[size++] = COUNT;
    for (size_t i = 0; i < COUNT; i++) {
        types[i] = recorded[i].type;
        size = append(message, size, recorded[i].bytes);
    }
    struct postgres_decoder *decoder = postgres_decoder_new(types, COUNT);
    assert_int_equal(postgres_decode(decoder, message, size, &cells), POSTGRES_ROW);
    for (size_t i = 0; i < COUNT; i++)
        check_cell(&cells[i], &recorded[i]);

    /* cut anywhere, or with a byte too many, it is no row; nothing behind the end is read */
    postgres_decoder_begin(decoder);
    assert_int_equal(postgres_decode(decoder, message, size + 1, &cells), POSTGRES_BROKEN);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t shorter[MESSAGE_MOST];

        memcpy(shorter, message, cut);
        postgres_decoder_begin(decoder);
        assert_int_equal(postgres_decode(decoder, shorter, cut, &cells), POSTGRES_BROKEN);
    }
    postgres_decoder_free(decoder);
}

static void check_broken(uint32_t type, const char *start, const char *row)
{
    struct postgres_decoder *decoder = postgres_decoder_new(&type, 1);
    uint8_t message[MESSAGE_MOST];
    const struct cell *cells;
    size_t size = append(message, 0, start);

    size = append(message, size, row);
    assert_int_equal(postgres_decode(decoder, message, size, &cells), POSTGRES_BROKEN);
    postgres_decoder_free(decoder);
}

static void test_what_no_server_sends_is_refused(void **state)
{
    (void)state;
    check_broken(POSTGRES_INT4, "", "00010000000400000001");   /* no head */
    check_broken(POSTGRES_INT4, "5047434f50590aff0d0a01", ""); /* another signature */
    check_broken(POSTGRES_INT4, "5047434f50590aff0d0a0000000000ffffffff", "0001ffffffff");
    check_broken(POSTGRES_INT4, head, "");                     /* no row, no end */
    check_broken(POSTGRES_INT4, head, "0002ffffffffffffffff"); /* two fields */
    check_broken(POSTGRES_INT4, head, "0001000000020001");     /* an int4 of two bytes */
    check_broken(POSTGRES_INT8, head, "00010000000400000001");
    check_broken(POSTGRES_TEXT, head, "0001fffffffe"); /* a size below -1 */
    check_broken(POSTGRES_TEXT, head, "00017fffffff61");
}

static void test_a_number_that_contradicts_itself_is_unusable(void **state)
{
    const uint32_t type = POSTGRES_NUMERIC;
    struct postgres_decoder *decoder = postgres_decoder_new(&type, 1);
    uint8_t message[MESSAGE_MOST];
    const struct cell *cells;
    size_t size = append(message, 0, head);

    (void)state;
    size = append(message, size, "0001000000080002000000000000"); /* two digits, none there */
    assert_int_equal(postgres_decode(decoder, message, size, &cells), POSTGRES_ROW);
    assert_int_equal(cells[0].kind, CELL_UNUSABLE);
    size = append(message, 0, "000100000003000100");
    assert_int_equal(postgres_decode(decoder, message, size, &cells), POSTGRES_ROW);
    assert_int_equal(cells[0].kind, CELL_UNUSABLE);
    postgres_decoder_free(decoder);
}

static void test_an_empty_answer_is_head_and_end(void **state)
{
    const uint32_t type = POSTGRES_INT4;
    struct postgres_decoder *decoder = postgres_decoder_new(&type, 1);
    uint8_t message[MESSAGE_MOST];
    const struct cell *cells;
    size_t size = append(message, 0, head);

    (void)state;
    size = append(message, size, "ffff");
    assert_int_equal(postgres_decode(decoder, message, size, &cells), POSTGRES_END);
    postgres_decoder_free(decoder);
    postgres_decoder_free(NULL);
}

static void test_types_are_known_by_what_they_are(void **state)
{
    (void)state;
    assert_true(postgres_type_is_known(POSTGRES_UUID));
    assert_false(postgres_type_is_known(3802)); /* jsonb */
    assert_true(postgres_type_is_number(POSTGRES_NUMERIC));
    assert_false(postgres_type_is_number(POSTGRES_DATE));
    assert_true(postgres_type_is_text(POSTGRES_VARCHAR));
    assert_false(postgres_type_is_text(POSTGRES_INT4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_is_decoded),
        cmocka_unit_test(test_a_row_of_all_types_is_decoded),
        cmocka_unit_test(test_what_no_server_sends_is_refused),
        cmocka_unit_test(test_a_number_that_contradicts_itself_is_unusable),
        cmocka_unit_test(test_an_empty_answer_is_head_and_end),
        cmocka_unit_test(test_types_are_known_by_what_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
