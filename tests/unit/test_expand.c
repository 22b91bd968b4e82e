/* SPDX-License-Identifier: Apache-2.0 */
/* test_expand.c - the events of an interval add up to it, to the millisecond */
#include "tests/unit/check.h"

#include "agent/flow/expand.h"

static struct record volume(uint32_t offered, uint32_t answered, int64_t duration_ms)
{
    struct record record = {.time = 0};

    record.volume.offered = offered;
    record.volume.answered = answered;
    record.volume.duration_ms = duration_ms;
    return record;
}

struct sums {
    uint64_t offered, handled, both, neither, missed;
    int64_t time_ms;
    int64_t shortest_ms, longest_ms; /* of handled ones */
};

static struct sums sums_of(const struct event_run *runs, int count)
{
    struct sums sums = {.shortest_ms = INT64_MAX};

    for (int i = 0; i < count; i++) {
        const struct event_run *run = &runs[i];
        assert_true(run->count > 0);
        assert_true(run->duration_ms >= 0);
        sums.offered += run->offered ? run->count : 0;
        sums.handled += run->handled ? run->count : 0;
        sums.both += run->offered && run->handled ? run->count : 0;
        sums.neither += !run->offered && !run->handled ? run->count : 0;
        sums.time_ms += run->duration_ms * (int64_t)run->count;
        if (run->offered && !run->handled) {
            sums.missed += run->count;
            assert_int_equal(run->duration_ms, 0);
        }
        if (run->handled && run->duration_ms < sums.shortest_ms)
            sums.shortest_ms = run->duration_ms;
        if (run->handled && run->duration_ms > sums.longest_ms)
            sums.longest_ms = run->duration_ms;
    }
    return sums;
}

static void check_interval(uint32_t offered, uint32_t answered, int64_t duration_ms)
{
    const struct record record = volume(offered, answered, duration_ms);
    const uint32_t both = offered < answered ? offered : answered;
    struct event_run runs[EVENT_RUNS_MOST];
    uint64_t dropped = 5;
    struct sums sums = sums_of(runs, expand_volume(&record, true, false, runs, &dropped));

    assert_int_equal(dropped, 5);
    assert_int_equal(sums.offered, offered);
    assert_int_equal(sums.handled, answered);
    assert_int_equal(sums.both, both);
    assert_int_equal(sums.missed, offered - both);
    assert_int_equal(sums.time_ms, duration_ms);
    assert_int_equal(sums.neither, answered == 0 && duration_ms > 0);
    if (answered > 0)
        assert_true(sums.longest_ms - sums.shortest_ms <= 1);

    sums = sums_of(runs, expand_volume(&record, true, true, runs, &dropped));
    assert_int_equal(sums.offered, offered);
    assert_int_equal(sums.handled, both);
    assert_int_equal(sums.neither, 0);
    assert_int_equal(dropped - 5, answered - both + (answered == 0 && duration_ms > 0));
    if (answered <= offered && answered > 0)
        assert_int_equal(sums.time_ms, duration_ms);
}

static void test_every_small_interval_adds_up(void **state)
{
    (void)state;
    for (uint32_t offered = 0; offered <= 9; offered++)
        for (uint32_t answered = 0; answered <= 9; answered++)
            for (int64_t duration_ms = 0; duration_ms <= 40; duration_ms++)
                check_interval(offered, answered, duration_ms);
}

static void test_large_intervals_add_up(void **state)
{
    uint64_t random = 42;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const uint32_t offered = (uint32_t)(random >> 40) >> (random % 24);
        random = random * 6364136223846793005u + 1442695040888963407u;
        const uint32_t answered = (uint32_t)(random >> 40) >> (random % 24);
        check_interval(offered, answered, (int64_t)(random >> 20) >> (random % 40));
    }
    check_interval(UINT32_MAX, UINT32_MAX - 1, INT64_C(86400000) * 365000);
    check_interval(1, UINT32_MAX, INT64_C(86400000) * 365000);
}

static void test_the_first_ones_carry_the_remainder(void **state)
{
    const struct record record = volume(3, 5, 17); /* 4 4 3 | 3 3 */
    struct event_run runs[EVENT_RUNS_MOST];
    uint64_t dropped = 0;

    (void)state;
    assert_int_equal(expand_volume(&record, true, false, runs, &dropped), 3);
    assert_true(runs[0].count == 2 && runs[0].offered && runs[0].duration_ms == 4);
    assert_true(runs[1].count == 1 && runs[1].offered && runs[1].duration_ms == 3);
    assert_true(runs[2].count == 2 && !runs[2].offered && runs[2].duration_ms == 3);

    const struct record further = volume(1, 4, 11); /* 3 | 3 3 2 */
    assert_int_equal(expand_volume(&further, true, false, runs, &dropped), 3);
    assert_true(runs[0].count == 1 && runs[0].offered && runs[0].duration_ms == 3);
    assert_true(runs[1].count == 2 && !runs[1].offered && runs[1].duration_ms == 3);
    assert_true(runs[2].count == 1 && !runs[2].offered && runs[2].duration_ms == 2);

    /* What is dropped takes its share of the time along: the average stays. */
    assert_int_equal(expand_volume(&further, true, true, runs, &dropped), 1);
    assert_true(runs[0].count == 1 && runs[0].duration_ms == 3);
    assert_int_equal(dropped, 3);
}

static void test_a_contact_is_one_event_as_it_is(void **state)
{
    struct event_run runs[EVENT_RUNS_MOST];
    uint64_t dropped = 0;

    (void)state;
    for (uint32_t offered = 0; offered <= 1; offered++) {
        for (uint32_t answered = 0; answered <= 1; answered++) {
            const struct record record = volume(offered, answered, 124600);
            assert_int_equal(expand_volume(&record, false, true, runs, &dropped), 1);
            assert_int_equal(runs[0].count, 1);
            assert_int_equal(runs[0].offered, offered);
            assert_int_equal(runs[0].handled, answered);
            assert_int_equal(runs[0].duration_ms, 124600);
        }
    }
    assert_int_equal(dropped, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_small_interval_adds_up),
        cmocka_unit_test(test_large_intervals_add_up),
        cmocka_unit_test(test_the_first_ones_carry_the_remainder),
        cmocka_unit_test(test_a_contact_is_one_event_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
