/* SPDX-License-Identifier: Apache-2.0 */
/* test_queues.c - what may be sent, under which name, and how many new ones at once */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "agent/flow/queues.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct queues_settings keep = {.rename = RENAME_KEEP, .max_new_queues = 200};
static const struct queues_settings follow = {.rename = RENAME_FOLLOW, .max_new_queues = 200};

static const char *name_seen(struct queues *queues, const char *identifier, const char *name,
                             enum queue_verdict expected)
{
    const struct queue *queue = NULL;

    assert_int_equal(queues_see(queues, identifier, name, &queue), expected);
    if (expected == QUEUE_DENIED) {
        assert_null(queue);
        return NULL;
    }
    assert_string_equal(queue->identifier, identifier);
    return queue->name;
}

static size_t brought(struct queues *queues)
{
    size_t count = 0;
    const struct queue *list = queues_brought(queues, &count);

    for (size_t i = 0; i < count; i++)
        assert_true(list[i].accepted);
    return count;
}

static void test_the_first_name_is_pinned(void **state)
{
    struct queues *queues = queues_new(&keep);
    const struct queue stored = {.identifier = "7", .name = "First", .accepted = true};
    size_t count = 0;

    (void)state;
    queues_load(queues, &stored);
    assert_string_equal(name_seen(queues, "7", "Second", QUEUE_KNOWN), "First");
    assert_string_equal(name_seen(queues, "8", "New", QUEUE_NEW), "New");
    assert_string_equal(name_seen(queues, "8", "Newer", QUEUE_NEW), "New");
    assert_int_equal(brought(queues), 1);
    assert_string_equal(queues_brought(queues, &count)[0].name, "New");
    queues_commit(queues);
    assert_int_equal(brought(queues), 0);
    assert_string_equal(name_seen(queues, "8", "Newest", QUEUE_KNOWN), "New");
    assert_int_equal(queues_count(queues), 2);
    assert_string_equal(queues_at(queues, 0)->name, "First");
    assert_string_equal(queues_at(queues, 1)->identifier, "8");
    queues_free(queues);
    queues_free(NULL);
}

static void test_followed_names_stay_in_the_ring(void **state)
{
    struct queues *queues = queues_new(&follow);
    const struct queue *queue = NULL;
    char names[16] = "";

    (void)state;
    assert_string_equal(name_seen(queues, "7", "A", QUEUE_NEW), "A");
    queues_commit(queues);
    assert_string_equal(name_seen(queues, "7", "B", QUEUE_NEW), "B");
    queues_commit(queues);
    assert_string_equal(name_seen(queues, "7", "C", QUEUE_NEW), "C");
    queues_abandon(queues);
    assert_string_equal(name_seen(queues, "7", "A", QUEUE_KNOWN), "A");
    assert_int_equal(brought(queues), 0);
    assert_int_equal(queues_see(queues, "7", "D", &queue), QUEUE_NEW);
    for (const struct queue *at = queue->next; at != queue; at = at->next)
        strncat(names, at->name, sizeof names - strlen(names) - 1);
    assert_int_equal(strlen(names), 2);
    assert_non_null(strchr(names, 'A'));
    assert_non_null(strchr(names, 'B'));
    queues_free(queues);
}

static void test_patterns_say_what_is_sent(void **state)
{
    const char *allow[] = {"sales_*", "7"};
    const char *deny[] = {"*_test", "sales_?"};
    struct queues_settings settings = keep;
    struct queues *queues = queues_new(&settings);

    (void)state;
    settings.queues.deny.items = deny;
    settings.queues.deny.count = COUNT(deny);
    name_seen(queues, "anything", "x", QUEUE_NEW);
    name_seen(queues, "my_test", "x", QUEUE_DENIED);
    settings.queues.allow.items = allow;
    settings.queues.allow.count = COUNT(allow);
    name_seen(queues, "anything", "x", QUEUE_DENIED);
    name_seen(queues, "sales_north", "x", QUEUE_NEW);
    name_seen(queues, "sales_n", "x", QUEUE_DENIED);
    name_seen(queues, "sales_test", "x", QUEUE_DENIED);
    name_seen(queues, "7", "x", QUEUE_NEW);
    name_seen(queues, "77", "x", QUEUE_DENIED);
    queues_free(queues);
}

static void test_too_many_new_ones_wait_until_they_are_accepted(void **state)
{
    struct queues_settings settings = keep;
    struct queues *queues = queues_new(&settings);
    struct queue candidates[3];
    const struct queue *list = NULL;
    size_t count = 0;

    (void)state;
    settings.max_new_queues = 2;
    name_seen(queues, "1", "one", QUEUE_NEW);
    name_seen(queues, "2", "two", QUEUE_NEW);
    name_seen(queues, "2", "two", QUEUE_NEW);
    assert_false(queues_too_many(queues));
    name_seen(queues, "3", "three", QUEUE_NEW);
    assert_true(queues_too_many(queues));
    list = queues_brought(queues, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        candidates[i] = (struct queue){.identifier = (const char *[]){"1", "2", "3"}[i],
                                       .name = (const char *[]){"one", "two", "three"}[i]};
        assert_string_equal(list[i].name, candidates[i].name);
    }
    queues_abandon(queues);
    assert_false(queues_too_many(queues));
    assert_int_equal(queues_count(queues), 0);
    for (size_t i = 0; i < count; i++)
        queues_load(queues, &candidates[i]);
    name_seen(queues, "1", "one", QUEUE_NEW); /* a candidate is not accepted */
    queues_abandon(queues);
    for (size_t i = 0; i < count; i++) {
        candidates[i].accepted = true;
        queues_load(queues, &candidates[i]);
        queues_load(queues, &candidates[i]);
    }
    assert_int_equal(queues_count(queues), 3);
    name_seen(queues, "3", "another", QUEUE_KNOWN);
    assert_int_equal(brought(queues), 0);
    queues_free(queues);
}

static void test_thousands_of_queues_keep_their_places(void **state)
{
    struct queues_settings settings = keep;
    struct queues *queues = queues_new(&settings);
    const struct queue *places[3000];
    char text[16];

    (void)state;
    for (int i = 0; i < 3000; i++) {
        snprintf(text, sizeof text, "%d", i);
        queues_see(queues, text, text, &places[i]);
    }
    queues_commit(queues);
    for (int i = 0; i < 3000; i++) {
        const struct queue *queue = NULL;
        snprintf(text, sizeof text, "%d", i);
        assert_int_equal(queues_see(queues, text, "other", &queue), QUEUE_KNOWN);
        assert_ptr_equal(queue, places[i]);
        assert_string_equal(queue->name, text);
    }
    queues_free(queues);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_name_is_pinned),
        cmocka_unit_test(test_followed_names_stay_in_the_ring),
        cmocka_unit_test(test_patterns_say_what_is_sent),
        cmocka_unit_test(test_too_many_new_ones_wait_until_they_are_accepted),
        cmocka_unit_test(test_thousands_of_queues_keep_their_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
