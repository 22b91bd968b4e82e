/* SPDX-License-Identifier: Apache-2.0 */
/* test_json.c - what we write, jansson reads back as the same; what it calls invalid, we do too */
#include "tests/unit/check.h"

#include <jansson.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/utc.h"

#define LAST_CODE_POINT 0x10FFFF

/* UTF-8 by the plain rule, surrogates included; its length. */
static size_t encode(uint32_t point, char text[4])
{
    const uint8_t first[] = {0x00, 0xC0, 0xE0, 0xF0};
    const size_t more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;

    for (size_t i = more; i > 0; i--, point >>= 6)
        text[i] = (char)(0x80 | (point & 0x3F));
    text[0] = (char)(first[more] | point);
    return more + 1;
}

static bool is_surrogate(uint32_t point)
{
    return point >= 0xD800 && point <= 0xDFFF;
}

static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point <= 0x9F);
}

static void check_round_trip(struct bytes *out, const char *text, size_t size)
{
    struct json json;

    bytes_reset(out);
    json_init(&json, out);
    json_put_text_sized(&json, text, size);
    json_t *read =
        json_loadb((const char *)out->data, out->size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(read);
    assert_int_equal(json_string_length(read), size);
    assert_memory_equal(json_string_value(read), text, size);
    json_decref(read);
}

static void test_every_code_point_reads_back(void **state)
{
    struct bytes out;

    (void)state;
    bytes_init(&out, 4096);
    for (uint32_t point = 0; point <= LAST_CODE_POINT; point++) {
        /* The place in the text moves, so that every place in a word of eight bytes is met. */
        char text[] = "0123456\0\0\0\0abcdefghijkl";
        const size_t before = point % 8;
        const size_t size = encode(point, text + before);
        if (!is_surrogate(point))
            check_round_trip(&out, text, sizeof text - 1 - (size == 1));
    }
    bytes_free(&out);
}

static void test_every_pair_of_ascii_reads_back_at_every_place(void **state)
{
    struct bytes out;

    (void)state;
    bytes_init(&out, 4096);
    for (int pair = 0; pair < 128 * 128; pair++) {
        char text[24];
        memset(text, 'x', sizeof text);
        text[pair % 20] = (char)(pair / 128);
        text[pair % 20 + 1] = (char)(pair % 128);
        for (size_t size = 20; size <= sizeof text; size++)
            check_round_trip(&out, text, size);
    }
    bytes_free(&out);
}

static void test_escapes_are_the_short_ones(void **state)
{
    struct bytes out;

    (void)state;
    bytes_init(&out, 4096);
    json_escape(&out, "\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa4", 13);
    assert_string_equal(bytes_text(&out), "\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa4");
    bytes_free(&out);
}

static void test_code_points_are_valid_unless_control_or_surrogate(void **state)
{
    (void)state;
    for (uint32_t point = 0; point <= LAST_CODE_POINT + 0x1000; point++) {
        const bool valid = point <= LAST_CODE_POINT && !is_surrogate(point) && !is_control(point);
        char text[16] = "12345678abcdefgh";
        const size_t size = encode(point, text + point % 9);
        assert_int_equal(json_text_is_valid(text + point % 9, size), valid);
        assert_int_equal(json_text_is_valid(text, sizeof text), valid);
    }
}

/* Bytes on both sides of every border in the table of well-formed UTF-8. */
static const uint8_t borders[] = {0x20, 0x41, 0x7E, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                  0xC0, 0xC1, 0xC2, 0xC3, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
                                  0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF};

static bool jansson_takes(const char *text, size_t size)
{
    json_t *value = json_stringn(text, size);

    json_decref(value);
    return value != NULL;
}

static void test_malformed_bytes_are_judged_as_jansson_does(void **state)
{
    const size_t count = sizeof borders;

    (void)state;
    for (size_t i = 0; i < count * count * count * count; i++) {
        char text[4];
        size_t rest = i;
        bool c1 = false;
        for (size_t at = 0; at < sizeof text; at++, rest /= count)
            text[at] = (char)borders[rest % count];
        for (size_t size = 1; size <= sizeof text; size++) {
            c1 = c1 ||
                 (size > 1 && (uint8_t)text[size - 2] == 0xC2 && (uint8_t)text[size - 1] < 0xA0);
            assert_int_equal(json_text_is_valid(text, size), jansson_takes(text, size) && !c1);
        }
    }
}

static void test_commas_stand_between_and_nowhere_else(void **state)
{
    struct bytes out;
    struct json json;

    (void)state;
    bytes_init(&out, 4096);
    json_init(&json, &out);
    json_begin_object(&json);
    json_put_key(&json, "a");
    json_begin_array(&json);
    json_end_array(&json);
    json_put_key(&json, "b\"");
    json_begin_array(&json);
    json_put_integer(&json, 1);
    json_begin_object(&json);
    json_end_object(&json);
    json_put_null(&json);
    json_put_boolean(&json, true);
    json_put_boolean(&json, false);
    json_end_array(&json);
    json_put_key(&json, "c");
    json_put_text(&json, NULL);
    json_put_key(&json, "d");
    json_put_text(&json, "");
    json_put_key(&json, "e");
    json_put_time(&json, INT64_C(1767600000999));
    json_put_key(&json, "f");
    json_put_time(&json, UTC_NEVER);
    json_end_object(&json);
    assert_string_equal(bytes_text(&out),
                        "{\"a\":[],\"b\\\"\":[1,{},null,true,false],\"c\":null,\"d\":\"\","
                        "\"e\":\"2026-01-05T08:00:00Z\",\"f\":null}");
    bytes_free(&out);
}

static void test_numbers(void **state)
{
    struct bytes out;
    struct json json;

    (void)state;
    bytes_init(&out, 4096);
    json_init(&json, &out);
    const int64_t thousandths[] = {124600, 5000, 0, 1, 10, 100, 1005, -1, -124650, INT64_MIN};
    for (size_t i = 0; i < sizeof thousandths / sizeof thousandths[0]; i++)
        json_put_thousandths(&json, thousandths[i]);
    json_put_tenths(&json, 1000);
    json_put_tenths(&json, 7);
    json_put_tenths(&json, -7);
    json_put_integer(&json, 0);
    json_put_integer(&json, INT64_MAX);
    json_put_integer(&json, INT64_MIN);
    assert_string_equal(bytes_text(&out),
                        "124.6,5,0,0.001,0.01,0.1,1.005,-0.001,-124.65,-9223372036854775.808,"
                        "100.0,0.7,-0.7,0,9223372036854775807,-9223372036854775808");
    bytes_reset(&out);
    json_append_thousandths(&out, 61500);
    json_append_thousandths(&out, 2000);
    assert_string_equal(bytes_text(&out), "61.52");
    bytes_free(&out);
}

static void test_overflow_is_the_buffers(void **state)
{
    struct bytes out;
    struct json json;

    (void)state;
    bytes_init(&out, 12);
    json_init(&json, &out);
    json_begin_array(&json);
    json_put_text(&json, "longer than this");
    json_end_array(&json);
    assert_true(out.overflow);
    bytes_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point_reads_back),
        cmocka_unit_test(test_every_pair_of_ascii_reads_back_at_every_place),
        cmocka_unit_test(test_escapes_are_the_short_ones),
        cmocka_unit_test(test_code_points_are_valid_unless_control_or_surrogate),
        cmocka_unit_test(test_malformed_bytes_are_judged_as_jansson_does),
        cmocka_unit_test(test_commas_stand_between_and_nowhere_else),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_overflow_is_the_buffers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
