/* SPDX-License-Identifier: Apache-2.0 */
/* test_utc.c - calendar, texts of times, durations */
#include "tests/unit/check.h"

#include <string.h>

#include "agent/base/utc.h"

static utc_ms at(const char *text)
{
    enum utc_form form;
    utc_ms time = UTC_NEVER;

    if (!utc_parse(text, strlen(text), &time, &form))
        fail_msg("not a time: %s", text);
    return time;
}

/* Counts day by day from year 1 with the rules everybody knows. */
static void test_every_day_of_ten_thousand_years(void **state)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    utc_ms time = INT64_C(-62135596800000);
    struct civil civil;

    (void)state;
    for (int year = 1; year <= 9999; year++) {
        const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++) {
            const int days = lengths[month - 1] + (leap && month == 2);
            for (int day = 1; day <= days; day++, time += UTC_DAY) {
                const utc_ms last = time + UTC_DAY - 1;
                utc_to_civil(last, &civil);
                if (civil.year != year || civil.month != month || civil.day != day ||
                    civil.hour != 23 || civil.minute != 59 || civil.second != 59 ||
                    civil.millisecond != 999 || utc_from_civil(&civil) != last ||
                    !utc_civil_is_valid(&civil))
                    fail_msg("wrong on %04d-%02d-%02d", year, month, day);
            }
            civil = (struct civil){.year = year, .month = month, .day = days + 1};
            assert_false(utc_civil_is_valid(&civil));
        }
    }
    assert_true(time == INT64_C(253402300800000));
}

static void test_civil_limits(void **state)
{
    const struct civil good = {2024, 2, 29, 23, 59, 59, 999};
    const struct civil bad[] = {
        {0, 1, 1, 0, 0, 0, 0},     {10000, 1, 1, 0, 0, 0, 0},   {2024, 0, 1, 0, 0, 0, 0},
        {2024, 13, 1, 0, 0, 0, 0}, {2024, 1, 0, 0, 0, 0, 0},    {2023, 2, 29, 0, 0, 0, 0},
        {2024, 1, 1, 24, 0, 0, 0}, {2024, 1, 1, 0, 60, 0, 0},   {2024, 1, 1, 0, 0, 60, 0},
        {2024, 1, 1, 0, 0, 0, -1}, {2024, 1, 1, 0, 0, 0, 1000}, {2024, 1, 1, 0, 0, -1, 0},
        {2024, 1, 1, -1, 0, 0, 0}, {2024, 1, 1, 0, -1, 0, 0},   {-4, 1, 1, 0, 0, 0, 0},
        {1900, 2, 29, 0, 0, 0, 0},
    };

    (void)state;
    assert_true(utc_civil_is_valid(&good));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(utc_civil_is_valid(&bad[i]));
}

static void test_print_cuts_and_stays_in_its_twenty_characters(void **state)
{
    char text[UTC_TEXT_SIZE + 2] = "....................!";

    (void)state;
    utc_print(INT64_C(1638786862999), text);
    assert_string_equal(text, "2021-12-06T10:34:22Z!");
    assert_string_equal(utc_text(-1, text), "1969-12-31T23:59:59Z");
    assert_string_equal(utc_text(0, text), "1970-01-01T00:00:00Z");
    assert_string_equal(utc_text(UTC_NEVER, text), "0001-01-01T00:00:00Z");
    assert_string_equal(utc_text(INT64_MAX, text), "9999-12-31T23:59:59Z");
}

static void test_print_and_parse_are_inverse(void **state)
{
    char text[UTC_TEXT_SIZE + 1];

    (void)state;
    for (utc_ms time = -UTC_DAY * 800; time < UTC_DAY * 40000; time += 7919 * UTC_SECOND)
        if (at(utc_text(time, text)) != time)
            fail_msg("%s is not read back", text);
}

static void test_floor_goes_down_on_both_sides_of_1970(void **state)
{
    (void)state;
    assert_int_equal(utc_floor(UTC_QUARTER, UTC_QUARTER), UTC_QUARTER);
    assert_int_equal(utc_floor(UTC_QUARTER - 1, UTC_QUARTER), 0);
    assert_int_equal(utc_floor(-1, UTC_QUARTER), -UTC_QUARTER);
    assert_int_equal(utc_floor(-UTC_QUARTER, UTC_QUARTER), -UTC_QUARTER);
}

static void test_months_before_cut_the_day(void **state)
{
    (void)state;
    assert_true(utc_months_before(at("2024-03-31T10:20:30Z"), 1) == at("2024-02-29T10:20:30Z"));
    assert_true(utc_months_before(at("2023-03-31"), 1) == at("2023-02-28"));
    assert_true(utc_months_before(at("2024-02-29"), 12) == at("2023-02-28"));
    assert_true(utc_months_before(at("2024-01-15"), 1) == at("2023-12-15"));
    assert_true(utc_months_before(at("2024-12-15"), 12) == at("2023-12-15"));
    assert_true(utc_months_before(at("2024-01-15"), 0) == at("2024-01-15"));
    assert_true(utc_months_before(at("2024-01-15"), 999999) == at("0001-01-01"));
}

static void test_parse_takes(void **state)
{
    static const struct {
        const char *text, *same;
        enum utc_form form;
    } cases[] = {
        {"2024-05-06", "2024-05-06T00:00:00Z", UTC_FORM_CIVIL},
        {"2024-05-06 07:08", "2024-05-06T07:08:00Z", UTC_FORM_CIVIL},
        {"2024-05-06T07:08:09", "2024-05-06T07:08:09Z", UTC_FORM_CIVIL},
        {"2024-05-06 07:08:09.5", "2024-05-06T07:08:09.500Z", UTC_FORM_CIVIL},
        {"2024-05-06 07:08:09.1239999", "2024-05-06T07:08:09.123Z", UTC_FORM_CIVIL},
        {"2024-05-06 23:59:60", "2024-05-06T23:59:59Z", UTC_FORM_CIVIL},
        {"2024-05-06 07:08Z", "2024-05-06T07:08:00Z", UTC_FORM_OFFSET},
        {"2024-05-06 07:08:09+02", "2024-05-06T05:08:09Z", UTC_FORM_OFFSET},
        {"2024-05-06 07:08:09+0530", "2024-05-06T01:38:09Z", UTC_FORM_OFFSET},
        {"2024-05-06 07:08:09-03:30", "2024-05-06T10:38:09Z", UTC_FORM_OFFSET},
        {"2024-05-06 07:08:09.1234567 +12:15", "2024-05-05T18:53:09.123Z", UTC_FORM_OFFSET},
        {"0001-01-01 00:00", "0001-01-01T00:00:00Z", UTC_FORM_CIVIL},
        {"9999-12-31 23:59:59.999", "9999-12-31T23:59:59.999Z", UTC_FORM_CIVIL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum utc_form form = 7;
        utc_ms time = 0;

        if (!utc_parse(cases[i].text, strlen(cases[i].text), &time, &form))
            fail_msg("not taken: %s", cases[i].text);
        if (time != at(cases[i].same) || form != cases[i].form)
            fail_msg("taken wrongly: %s", cases[i].text);
    }
    assert_true(at("2024-05-06T07:08:09.500Z") == INT64_C(1714979289500));
}

static void test_parse_refuses_and_then_writes_nothing(void **state)
{
    static const char *const texts[] = {
        "",
        "2024",
        "2024-5-06",
        "24-05-06",
        "2024-05-06x",
        "2024-13-06",
        "2024-02-30",
        "2024-05-06T",
        "2024-05-06 07",
        "2024-05-06 7:08",
        "2024-05-06 07:8",
        "2024-05-06 24:00",
        "2024-05-06 07:60",
        "2024-05-06 07:08:",
        "2024-05-06 07:08:9",
        "2024-05-06 07:08:61",
        "2024-05-06 07:08:09.",
        "2024-05-06 07:08:09,5",
        "2024-05-06 07:08:09 ",
        "2024-05-06 07:08:09Z ",
        "2024-05-06 07:08:09 Z",
        "2024-05-06 07:08:09+2",
        "2024-05-06 07:08:09+02:",
        "2024-05-06 07:08:09+02:6",
        "2024-05-06 07:08:09+24:00",
        "2024-05-06 07:08:09+02:60",
        "2024-05-06 07:08:09+02:00x",
        "2024-05-06+02:00",
        "2024-05-06Z",
        "0000-05-06",
        " 2024-05-06",
        "2024-05-06t07:08:09",
        "2024-05-06  07:08",
        "+024-05-06",
        "2024-05-06 07:08:09  +02:00",
        "2024/05/06",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        enum utc_form form = 7;
        utc_ms time = 42;

        if (utc_parse(texts[i], strlen(texts[i]), &time, &form))
            fail_msg("taken: \"%s\"", texts[i]);
        assert_true(time == 42 && (int)form == 7);
    }
}

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        int64_t duration_ms;
        const char *shortest;
    } cases[] = {
        {"90s", 90000, "90s"},   {"15m", 900000, "15m"},     {"900s", 900000, "15m"},
        {"2h", 7200000, "2h"},   {"7d", 604800000, "7d"},    {"168h", 604800000, "7d"},
        {"250ms", 250, "250ms"}, {"1500ms", 1500, "1500ms"}, {"0", 0, "0s"},
        {"0d", 0, "0s"},         {"007m", 420000, "7m"},     {"36h", 129600000, "36h"},
    };
    static const char *const bad[] = {"",
                                      "s",
                                      "5",
                                      "-5s",
                                      "5 s",
                                      "5S",
                                      "1h30m",
                                      "5w",
                                      "1.5h",
                                      "+5s",
                                      "5mo",
                                      "3y",
                                      "5ss",
                                      "99999999999999999999s",
                                      "99999999999d",
                                      "9223372036854775807ms"};
    char text[24];
    int64_t duration_ms = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(utc_parse_duration(cases[i].text, &duration_ms));
        assert_int_equal(duration_ms, cases[i].duration_ms);
        assert_string_equal(utc_print_duration(duration_ms, text), cases[i].shortest);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (utc_parse_duration(bad[i], &duration_ms))
            fail_msg("taken: \"%s\"", bad[i]);
    assert_string_equal(utc_print_duration(-UTC_HOUR, text), "-1h");
    assert_string_equal(utc_print_duration(INT64_MIN, text), "-9223372036854775808ms");
}

static void test_spans_go_back_by_the_calendar(void **state)
{
    static const struct {
        const char *text, *start;
    } cases[] = {
        {"3y", "2021-02-28T01:00:00Z"},  {"7mo", "2023-07-29T01:00:00Z"},
        {"10d", "2024-02-19T01:00:00Z"}, {"2h", "2024-02-28T23:00:00Z"},
        {"0", "2024-02-29T01:00:00Z"},
    };
    const utc_ms from = at("2024-02-29T01:00:00Z");
    utc_ms start = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(utc_span_start(cases[i].text, from, &start));
        assert_true(start == at(cases[i].start));
    }
    assert_false(utc_span_start("none", from, &start));
    assert_false(utc_span_start("3 y", from, &start));
    assert_false(utc_span_start("3yr", from, &start));
    assert_false(utc_span_start("99999999999y", from, &start));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day_of_ten_thousand_years),
        cmocka_unit_test(test_civil_limits),
        cmocka_unit_test(test_print_cuts_and_stays_in_its_twenty_characters),
        cmocka_unit_test(test_print_and_parse_are_inverse),
        cmocka_unit_test(test_floor_goes_down_on_both_sides_of_1970),
        cmocka_unit_test(test_months_before_cut_the_day),
        cmocka_unit_test(test_parse_takes),
        cmocka_unit_test(test_parse_refuses_and_then_writes_nothing),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_spans_go_back_by_the_calendar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
