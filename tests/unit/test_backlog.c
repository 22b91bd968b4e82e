/* SPDX-License-Identifier: Apache-2.0 */
/* test_backlog.c - which ready batch goes next */
#include "tests/unit/check.h"

#include "agent/flow/backlog.h"

enum { HOUR = 3600000 };

/* A batch of an hour, of a slice of its own. */
static struct outbox_batch batch(int64_t number, int64_t hour, int priority)
{
    return (struct outbox_batch){
        .number = number,
        .place = number,
        .integration = 1,
        .slice = number,
        .from = hour * HOUR,
        .to = (hour + 1) * HOUR,
        .priority = priority,
        .records = 1,
    };
}

static void add(struct backlog *backlog, int64_t number, int64_t hour, int priority, size_t lane)
{
    const struct outbox_batch one = batch(number, hour, priority);

    backlog_add(backlog, &one, lane, 100 + (int64_t)lane, 0);
}

static bool every_lane(void *context, size_t lane)
{
    (void)context;
    (void)lane;
    return true;
}

static bool only_lane(void *context, size_t lane)
{
    return lane == *(const size_t *)context;
}

static int64_t next_number(struct backlog *backlog, int64_t avoid)
{
    const struct backlog_batch *next = backlog_next(backlog, avoid, every_lane, NULL);

    return next != NULL ? next->batch.number : 0;
}

static void test_the_oldest_of_the_highest_priority_goes_first(void **state)
{
    struct backlog *backlog = backlog_new();

    (void)state;
    assert_int_equal(next_number(backlog, 0), 0);
    add(backlog, 1, 10, 2, 0);
    add(backlog, 2, 11, 3, 0);
    add(backlog, 3, 12, 1, 0);
    add(backlog, 4, 13, 1, 0);
    assert_int_equal(next_number(backlog, 0), 3);
    backlog_remove(backlog, 3);
    assert_int_equal(next_number(backlog, 0), 4);
    backlog_remove(backlog, 4);
    assert_int_equal(next_number(backlog, 0), 1);
    assert_int_equal(next_number(backlog, 1), 2); /* the one that failed lets another probe */
    backlog_remove(backlog, 2);
    assert_int_equal(next_number(backlog, 1), 1); /* unless there is no other */
    backlog_free(backlog);
}

static void test_a_newer_version_waits_for_the_older_also_in_flight(void **state)
{
    struct backlog *backlog = backlog_new();

    (void)state;
    add(backlog, 1, 10, 2, 0);
    add(backlog, 2, 10, 0, 0); /* the same hour, near real time */
    assert_int_equal(next_number(backlog, 0), 1);
    backlog_find(backlog, 1)->is_in_flight = true;
    assert_int_equal(next_number(backlog, 0), 0);
    backlog_remove(backlog, 1);
    assert_int_equal(next_number(backlog, 0), 2);
    backlog_free(backlog);
}

static void test_a_lane_that_may_not_send_holds_up_nobody(void **state)
{
    struct backlog *backlog = backlog_new();
    size_t lane = 1;

    (void)state;
    add(backlog, 1, 10, 1, 0);
    add(backlog, 2, 10, 2, 1);
    assert_int_equal(backlog_next(backlog, 0, only_lane, &lane)->batch.number, 2);
    lane = 2;
    assert_null(backlog_next(backlog, 0, only_lane, &lane));
    backlog_free(backlog);
}

static void test_a_half_stands_where_its_batch_stood(void **state)
{
    struct backlog *backlog = backlog_new();
    struct outbox_batch half = batch(9, 10, 2);

    (void)state;
    add(backlog, 1, 10, 2, 0);
    add(backlog, 2, 10, 2, 0);
    backlog_remove(backlog, 1);
    half.place = 1;
    backlog_add(backlog, &half, 0, 100, 0);
    assert_int_equal(next_number(backlog, 0), 9);
    backlog_find(backlog, 9)->is_in_flight = true;
    assert_int_equal(next_number(backlog, 0), 0); /* the newer version still waits */
    backlog_free(backlog);
}

static void test_gaps_are_closed_and_nothing_is_lost(void **state)
{
    enum { COUNT = 5000 };
    struct backlog *backlog = backlog_new();

    (void)state;
    for (int64_t i = 1; i <= COUNT; i++)
        add(backlog, i, i, 2, 0);
    for (int64_t i = 1; i <= COUNT; i++) {
        if (i % 3 != 0)
            backlog_remove(backlog, i);
    }
    for (int64_t i = 3; i <= COUNT; i += 3) {
        assert_int_equal(next_number(backlog, 0), i);
        backlog_remove(backlog, i);
        assert_null(backlog_find(backlog, i));
    }
    assert_int_equal(next_number(backlog, 0), 0);
    backlog_free(backlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_oldest_of_the_highest_priority_goes_first),
        cmocka_unit_test(test_a_newer_version_waits_for_the_older_also_in_flight),
        cmocka_unit_test(test_a_lane_that_may_not_send_holds_up_nobody),
        cmocka_unit_test(test_a_half_stands_where_its_batch_stood),
        cmocka_unit_test(test_gaps_are_closed_and_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
