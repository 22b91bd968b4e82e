/* SPDX-License-Identifier: Apache-2.0 */
/* test_names.c - texts told through the pipe get numbers of our own */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "agent/flow/names.h"

static bool put(struct names *names, enum name_role role, uint32_t number, const char *identifier,
                const char *name)
{
    struct names_told told = {
        .role = role, .number = number, .identifier = identifier, .name = name};
    struct error err = {.kind = ERROR_RETRY};
    bool is_fine = names_put(names, &told, &err);

    if (!is_fine)
        assert_int_equal(err.kind, ERROR_RETRY);
    return is_fine;
}

static void test_one_identifier_is_one_queue_under_its_last_name(void **state)
{
    struct names *names = names_new();
    uint32_t own = 0;

    (void)state;
    assert_true(put(names, NAME_QUEUE, 0, "1", "Sales"));
    assert_true(put(names, NAME_QUEUE, 1, "2", "Support"));
    assert_true(put(names, NAME_QUEUE, 2, "1", "Sales and more"));
    own = names_own(names, NAME_QUEUE, 0);
    assert_int_equal(names_own(names, NAME_QUEUE, 2), own);
    assert_int_not_equal(names_own(names, NAME_QUEUE, 1), own);
    assert_int_equal(names_count(names, NAME_QUEUE), 2);
    assert_string_equal(names_identifier(names, NAME_QUEUE, own), "1");
    assert_string_equal(names_queue_name(names, own), "Sales and more");
    assert_int_equal(names_own(names, NAME_QUEUE, 3), UINT32_MAX);
    assert_int_equal(names_own(names, NAME_AGENT, 0), UINT32_MAX);
    names_free(names);
    names_free(NULL);
}

static void test_roles_are_numbered_apart(void **state)
{
    struct names *names = names_new();

    (void)state;
    assert_true(put(names, NAME_AGENT, 0, "ann", NULL));
    assert_true(put(names, NAME_ACTIVITY, 0, "Break", NULL));
    assert_true(put(names, NAME_AGENT, 1, "bob", NULL));
    assert_int_equal(names_add(names, NAME_AGENT, "ann", NULL), names_own(names, NAME_AGENT, 0));
    assert_int_equal(names_add(names, NAME_AGENT, "eve", NULL), 2);
    assert_string_equal(names_identifier(names, NAME_AGENT, 2), "eve");
    assert_string_equal(names_identifier(names, NAME_ACTIVITY, 0), "Break");
    assert_true(put(names, NAME_AGENT, 2, "", NULL)); /* told 2 is not own 2 */
    assert_int_equal(names_own(names, NAME_AGENT, 2), 3);
    names_free(names);
}

static void test_numbers_out_of_order_or_of_no_role_fail(void **state)
{
    struct names *names = names_new();

    (void)state;
    assert_false(put(names, NAME_AGENT, 1, "ann", NULL));
    assert_true(put(names, NAME_AGENT, 0, "ann", NULL));
    assert_false(put(names, NAME_AGENT, 0, "ann", NULL));
    assert_false(put(names, NAME_AGENT, 2, "bob", NULL));
    assert_false(put(names, (enum name_role)3, 0, "bob", NULL));
    names_free(names);
}

static void test_a_reset_forgets_everything(void **state)
{
    struct names *names = names_new();
    char text[16];

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 1000; i++) {
            snprintf(text, sizeof text, "%d-%u", round, (unsigned)i);
            assert_true(put(names, NAME_QUEUE, i, text, text));
        }
        for (uint32_t i = 0; i < 1000; i++) {
            snprintf(text, sizeof text, "%d-%u", round, (unsigned)i);
            assert_string_equal(names_identifier(names, NAME_QUEUE, i), text);
            assert_string_equal(names_queue_name(names, i), text);
        }
        names_reset(names);
        assert_int_equal(names_count(names, NAME_QUEUE), 0);
        assert_int_equal(names_own(names, NAME_QUEUE, 0), UINT32_MAX);
    }
    names_free(names);
}

static void test_a_million_texts_are_enough(void **state)
{
    struct names *names = names_new();
    struct names_told told = {.role = NAME_QUEUE, .name = "n"};
    struct error err;
    char text[16];

    (void)state;
    told.identifier = text;
    for (uint32_t i = 0; i < 1000000; i++) {
        snprintf(text, sizeof text, "%u", (unsigned)i / 2); /* renamed again and again */
        told.number = i;
        assert_true(names_put(names, &told, &err));
    }
    told.number = 1000000;
    assert_false(names_put(names, &told, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    names_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_identifier_is_one_queue_under_its_last_name),
        cmocka_unit_test(test_roles_are_numbered_apart),
        cmocka_unit_test(test_numbers_out_of_order_or_of_no_role_fail),
        cmocka_unit_test(test_a_reset_forgets_everything),
        cmocka_unit_test(test_a_million_texts_are_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
