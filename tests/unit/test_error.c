/* SPDX-License-Identifier: Apache-2.0 */
/* test_error.c - sentences are kept, prefixed and cut */
#include "tests/unit/check.h"

#include <string.h>

#include "agent/base/error.h"

static void test_set_returns_false_and_keeps_kind_and_text(void **state)
{
    struct error err;

    (void)state;
    assert_false(error_set(&err, ERROR_DATA, "row %d is odd", 7));
    assert_int_equal(err.kind, ERROR_DATA);
    assert_string_equal(err.text, "row 7 is odd");
}

static void test_text_may_be_built_from_itself(void **state)
{
    struct error err;

    (void)state;
    error_set(&err, ERROR_RETRY, "no answer");
    error_set(&err, ERROR_RETRY, "host a: %s", err.text);
    assert_string_equal(err.text, "host a: no answer");
    assert_false(error_prefix(&err, "support-calls: "));
    assert_string_equal(err.text, "support-calls: host a: no answer");
}

static void test_a_long_text_is_cut(void **state)
{
    char longer[3000];
    struct error err;

    (void)state;
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    error_set(&err, ERROR_CONFIG, "%s", longer);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    error_prefix(&err, "%s", "before: ");
    assert_memory_equal(err.text, "before: xxx", 11);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void test_no_letter_is_cut_in_half(void **state)
{
    static const char *const letters[] = {"\u00e4", "\u20ac", "\U0001F4DE"};
    char longer[3000];
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        const size_t size = strlen(letters[i]);

        longer[0] = '\0';
        while (strlen(longer) < 2000)
            strncat(longer, letters[i], sizeof longer - strlen(longer) - 1);
        error_set(&err, ERROR_DATA, "%s", longer);
        assert_int_equal(strlen(err.text), 1023 / size * size);
        for (size_t j = 0; j <= size; j++) {
            error_prefix(&err, "x");
            assert_int_equal((strlen(err.text) - j - 1) % size, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_returns_false_and_keeps_kind_and_text),
        cmocka_unit_test(test_text_may_be_built_from_itself),
        cmocka_unit_test(test_a_long_text_is_cut),
        cmocka_unit_test(test_no_letter_is_cut_in_half),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
