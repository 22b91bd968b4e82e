/* SPDX-License-Identifier: Apache-2.0 */
/* test_bytes.c - grows to its limit and not beyond; overflow sticks until reset */
#include "tests/unit/check.h"

#include <string.h>

#include "agent/base/bytes.h"

static void test_appends_grow_and_keep_the_content(void **state)
{
    struct bytes bytes;

    (void)state;
    bytes_init(&bytes, 100000);
    for (int i = 0; i < 100000; i++)
        bytes_append_byte(&bytes, (uint8_t)(i % 251));
    assert_false(bytes.overflow);
    assert_int_equal(bytes.size, 100000);
    assert_true(bytes.capacity <= bytes.limit);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(bytes.data[i], i % 251);
    bytes_free(&bytes);
    assert_null(bytes.data);
}

static void test_overflow_appends_nothing_and_sticks(void **state)
{
    struct bytes bytes;

    (void)state;
    bytes_init(&bytes, 5);
    bytes_append_text(&bytes, "abc");
    bytes_append_text(&bytes, "def");
    assert_true(bytes.overflow);
    assert_int_equal(bytes.size, 3);
    bytes_append_text(&bytes, "d"); /* would fit, but what came before it is missing */
    assert_int_equal(bytes.size, 3);
    assert_null(bytes_reserve(&bytes, 0));
    assert_string_equal(bytes_text(&bytes), "");

    bytes_reset(&bytes);
    bytes_append_text(&bytes, "abcde");
    assert_false(bytes.overflow);
    assert_string_equal(bytes_text(&bytes), "abcde"); /* the NUL does not count */
    bytes_free(&bytes);
}

static void test_a_size_near_the_largest_does_not_wrap(void **state)
{
    struct bytes bytes;

    (void)state;
    bytes_init(&bytes, 1000);
    bytes_append_text(&bytes, "abc");
    assert_null(bytes_reserve(&bytes, SIZE_MAX));
    assert_true(bytes.overflow);
    assert_int_equal(bytes.size, 3);
    bytes_free(&bytes);
}

static void test_reset_keeps_the_buffer(void **state)
{
    struct bytes bytes;

    (void)state;
    bytes_init(&bytes, SIZE_MAX / 2);
    uint8_t *place = bytes_reserve(&bytes, 3000);
    assert_non_null(place);
    memset(place, 'x', 3000);
    bytes_grown(&bytes, 3000);
    const uint8_t *data = bytes.data;
    bytes_reset(&bytes);
    assert_int_equal(bytes.size, 0);
    assert_ptr_equal(bytes_reserve(&bytes, 3000), data);
    bytes_free(&bytes);
}

static void test_an_empty_buffer_is_an_empty_text(void **state)
{
    struct bytes bytes;

    (void)state;
    bytes_init(&bytes, 10);
    assert_string_equal(bytes_text(&bytes), "");
    bytes_append(&bytes, NULL, 0);
    assert_int_equal(bytes.size, 0);
    bytes_free(&bytes);
}

static void test_wiped_bytes_are_gone_from_memory(void **state)
{
    struct bytes bytes;

    (void)state;
    bytes_init(&bytes, 100);
    bytes_wipe(&bytes); /* nothing there yet */
    bytes_append_text(&bytes, "a secret");
    const uint8_t *place = bytes.data;
    bytes_wipe(&bytes);
    assert_int_equal(bytes.size, 0);
    for (int i = 0; i < 8; i++)
        assert_int_equal(place[i], 0);
    bytes_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends_grow_and_keep_the_content),
        cmocka_unit_test(test_overflow_appends_nothing_and_sticks),
        cmocka_unit_test(test_a_size_near_the_largest_does_not_wrap),
        cmocka_unit_test(test_reset_keeps_the_buffer),
        cmocka_unit_test(test_an_empty_buffer_is_an_empty_text),
        cmocka_unit_test(test_wiped_bytes_are_gone_from_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
