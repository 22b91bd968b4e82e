/* SPDX-License-Identifier: Apache-2.0 */
/* test_zone_rule.c - the POSIX rules that a zone's file ends with, by hand */
#include "tests/unit/check.h"

#include <string.h>

#include "agent/base/zone_rule.h"

static utc_ms at(const char *text)
{
    enum utc_form form;
    utc_ms time = 0;

    if (!utc_parse(text, strlen(text), &time, &form))
        fail_msg("not a time: %s", text);
    return time;
}

static struct zone_rule rule_of(const char *text)
{
    struct zone_rule rule;

    if (!zone_rule_parse(text, strlen(text), &rule))
        fail_msg("not a rule: %s", text);
    return rule;
}

static void test_rules_that_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "UT0",
        "UTC",
        "UTC+",
        "UTC25",
        "UTC0:60",
        "UTC0:00:60",
        "<UT>0",
        "<UTC0",
        "U1C0",
        "CET-1CEST",
        "CET-1CEST,",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,",
        "CET-1CEST,M13.5.0,J1",
        "CET-1CEST,M0.5.0,J1",
        "CET-1CEST,M3.6.0,J1",
        "CET-1CEST,M3.0.0,J1",
        "CET-1CEST,M3.5.7,J1",
        "CET-1CEST,J0,J1",
        "CET-1CEST,J366,J1",
        "CET-1CEST,366,J1",
        "CET-1CEST,J1/168,J1",
        "CET-1CEST,J1/,J1",
        "CET-1CEST,J1,J2x",
        "CET-1CEST,-1,J2",
        "CET-1CEST,M3.5,J2",
        "UTC0 ",
        "CET-1CEST,J1,J99999999999999999999",
    };
    struct zone_rule rule;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (zone_rule_parse(texts[i], strlen(texts[i]), &rule))
            fail_msg("taken: \"%s\"", texts[i]);
}

static void test_days_are_counted_with_and_without_29_february(void **state)
{
    const struct zone_rule with = rule_of("AAA0BBB,59/0,J365/0");
    const struct zone_rule without = rule_of("AAA0BBB,J60/0,J365/0");

    (void)state;
    assert_true(zone_rule_span(&with, at("2024-07-01")).from == at("2024-02-29"));
    assert_true(zone_rule_span(&with, at("2023-07-01")).from == at("2023-03-01"));
    assert_true(zone_rule_span(&without, at("2024-07-01")).from == at("2024-03-01"));
    assert_true(zone_rule_span(&without, at("2023-07-01")).from == at("2023-03-01"));
    assert_true(zone_rule_span(&without, at("2024-07-01")).to == at("2024-12-30T23:00:00Z"));
}

static void test_hours_beyond_the_day_and_before_it(void **state)
{
    const struct zone_rule gaza = rule_of("EET-2EEST,M3.4.4/50,M10.4.4/50");
    const struct zone_rule early = rule_of("AAA-1BBB-2:30,J1/-167,J200/167:59:59");
    struct zone_span span = zone_rule_span(&gaza, at("2024-07-01"));

    (void)state;
    assert_true(span.from == at("2024-03-30T00:00:00Z")); /* Thursday the 28th 00:00 + 50 h - 2 h */
    assert_true(span.to == at("2024-10-25T23:00:00Z"));
    span = zone_rule_span(&early, at("2023-12-30"));
    assert_int_equal(span.offset_ms, 150 * UTC_MINUTE);
    assert_true(span.from == at("2023-12-25T00:00:00Z"));
    assert_true(span.to == at("2024-07-25T21:29:59Z"));
}

static void test_summer_time_may_last_for_ever_or_lie_behind(void **state)
{
    const struct zone_rule always = rule_of("XXX3EDT4,0/0,J365/23");
    const struct zone_rule dublin = rule_of("IST-1GMT0,M10.5.0,M3.5.0/1");

    (void)state;
    for (utc_ms time = at("2020-01-01"); time < at("2025-01-01"); time += UTC_HOUR)
        assert_int_equal(zone_rule_span(&always, time).offset_ms, -4 * UTC_HOUR);
    assert_int_equal(zone_rule_span(&dublin, at("2024-01-15")).offset_ms, 0);
    assert_int_equal(zone_rule_span(&dublin, at("2024-07-15")).offset_ms, UTC_HOUR);
    assert_true(zone_rule_span(&dublin, at("2024-07-15")).from == at("2024-03-31T01:00:00Z"));
    assert_true(zone_rule_span(&dublin, at("2024-07-15")).to == at("2024-10-27T01:00:00Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_that_are_refused),
        cmocka_unit_test(test_days_are_counted_with_and_without_29_february),
        cmocka_unit_test(test_hours_beyond_the_day_and_before_it),
        cmocka_unit_test(test_summer_time_may_last_for_ever_or_lie_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
