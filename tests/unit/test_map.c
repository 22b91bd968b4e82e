/* SPDX-License-Identifier: Apache-2.0 */
/* test_map.c - keys get the numbers 0, 1, 2 ... and keep them */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/map.h"

#define MANY 200000

static uint32_t add_text(struct map *map, const char *text)
{
    return map_add(map, text, strlen(text), NULL);
}

static void test_keys_are_numbered_as_first_seen(void **state)
{
    struct map *map = map_new(10);
    bool added;

    (void)state;
    assert_int_equal(map_add(map, "sales", 5, &added), 0);
    assert_true(added);
    assert_int_equal(add_text(map, "support"), 1);
    assert_int_equal(map_add(map, "sales", 5, &added), 0);
    assert_false(added);
    assert_int_equal(map_find(map, "support", 7), 1);
    assert_int_equal(map_find(map, "suppor", 6), MAP_NONE);
    assert_int_equal(map_count(map), 2);
    map_free(map);
}

static void test_many_keys_of_every_length_are_found_again(void **state)
{
    struct map *map = map_new(MANY);
    char key[64];
    size_t size;

    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "%.*s%u", (int)(i % 23), "queue-of-a-long-name-xx", i);
        assert_int_equal(add_text(map, key), i);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "%.*s%u", (int)(i % 23), "queue-of-a-long-name-xx", i);
        assert_int_equal(map_find(map, key, strlen(key)), i);
        assert_string_equal(map_key(map, i, &size), key);
        assert_int_equal(size, strlen(key));
    }
    assert_int_equal(map_find(map, "queue", 5), MAP_NONE);
    map_free(map);
}

static void test_keys_are_bytes(void **state)
{
    struct map *map = map_new(10);
    size_t size;

    (void)state;
    assert_int_equal(map_add(map, "a\0b", 3, NULL), 0);
    assert_int_equal(map_add(map, "a\0c", 3, NULL), 1);
    assert_int_equal(map_add(map, "a", 1, NULL), 2);
    assert_int_equal(map_add(map, "a\0", 2, NULL), 3);
    assert_int_equal(map_add(map, "", 0, NULL), 4);
    assert_int_equal(map_add(map, NULL, 0, NULL), 4);
    assert_memory_equal(map_key(map, 1, &size), "a\0c", 4);
    assert_int_equal(size, 3);
    assert_string_equal(map_key(map, 4, NULL), "");
    map_free(map);
}

static void test_the_limit_refuses_new_keys_only(void **state)
{
    struct map *map = map_new(2);
    bool added = true;

    (void)state;
    add_text(map, "a");
    add_text(map, "b");
    assert_int_equal(map_add(map, "c", 1, &added), MAP_NONE);
    assert_false(added);
    assert_int_equal(add_text(map, "b"), 1);
    assert_int_equal(map_count(map), 2);
    map_free(map);
}

static void test_reset_forgets(void **state)
{
    struct map *map = map_new(1000);
    char key[16];

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 1000; i++) {
            snprintf(key, sizeof key, "%d-%u", round, i);
            assert_int_equal(add_text(map, key), i);
        }
        map_reset(map);
        assert_int_equal(map_count(map), 0);
        assert_int_equal(map_find(map, key, strlen(key)), MAP_NONE);
    }
    map_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_are_numbered_as_first_seen),
        cmocka_unit_test(test_many_keys_of_every_length_are_found_again),
        cmocka_unit_test(test_keys_are_bytes),
        cmocka_unit_test(test_the_limit_refuses_new_keys_only),
        cmocka_unit_test(test_reset_forgets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
