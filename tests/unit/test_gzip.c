/* SPDX-License-Identifier: Apache-2.0 */
/* test_gzip.c - what was squeezed comes back whole, or is refused */
#include "tests/unit/check.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/gzip.h"

#define PLAIN "{\"data\":[{\"a\":1},{\"a\":1},{\"a\":1},{\"a\":1},{\"a\":1},{\"a\":1},{\"a\":1}]}"

static void test_comes_back_whole_behind_what_was_there(void **state)
{
    struct gzip *gzip = gzip_new();
    struct bytes packed, plain;
    struct error err;

    (void)state;
    bytes_init(&packed, 4096);
    bytes_init(&plain, 4096);
    for (int round = 0; round < 3; round++) {
        bytes_reset(&packed);
        bytes_reset(&plain);
        bytes_append_text(&packed, "<<");
        gzip_compress(gzip, PLAIN, strlen(PLAIN), &packed);
        assert_false(packed.overflow);
        assert_in_range(packed.size, 20, strlen(PLAIN));
        bytes_append_text(&plain, ">>");
        assert_true(gzip_decompress(packed.data + 2, packed.size - 2, strlen(PLAIN), &plain, &err));
        assert_string_equal(bytes_text(&plain), ">>" PLAIN);
    }
    bytes_free(&packed);
    bytes_free(&plain);
    gzip_free(gzip);
    gzip_free(NULL);
}

static void test_damaged_or_of_another_size_is_refused(void **state)
{
    struct gzip *gzip = gzip_new();
    struct bytes packed, plain;
    struct error err;
    size_t size = strlen(PLAIN);

    (void)state;
    bytes_init(&packed, 4096);
    bytes_init(&plain, 100);
    gzip_compress(gzip, PLAIN, size, &packed);
    assert_false(gzip_decompress(packed.data, packed.size, size - 1, &plain, &err));
    assert_int_equal(err.kind, ERROR_DATA);
    assert_false(gzip_decompress(packed.data, packed.size, size + 1, &plain, &err));
    assert_false(gzip_decompress(packed.data, packed.size - 1, size, &plain, &err));
    packed.data[packed.size / 2] ^= 1;
    assert_false(gzip_decompress(packed.data, packed.size, size, &plain, &err));
    packed.data[packed.size / 2] ^= 1;
    assert_int_equal(plain.size, 0);
    assert_true(gzip_decompress(packed.data, packed.size, size, &plain, &err));
    assert_false(gzip_decompress(packed.data, packed.size, size, &plain, &err));
    assert_int_equal(plain.size, size);
    bytes_free(&packed);
    bytes_free(&plain);
    gzip_free(gzip);
}

static void test_no_room_for_the_worst_case_is_an_overflow(void **state)
{
    struct gzip *gzip = gzip_new();
    struct bytes packed;

    (void)state;
    bytes_init(&packed, strlen(PLAIN));
    gzip_compress(gzip, PLAIN, strlen(PLAIN), &packed);
    assert_true(packed.overflow);
    assert_int_equal(packed.size, 0);
    bytes_free(&packed);
    gzip_free(gzip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back_whole_behind_what_was_there),
        cmocka_unit_test(test_damaged_or_of_another_size_is_refused),
        cmocka_unit_test(test_no_room_for_the_worst_case_is_an_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
