/* SPDX-License-Identifier: Apache-2.0 */
/* test_bounds.c - a window as a database compares it: never narrower, also where clocks change */
#include "tests/unit/check.h"

#include <string.h>

#include "agent/base/zone.h"
#include "connectors/bounds.h"

static utc_ms at(const char *text)
{
    enum utc_form form;
    utc_ms time = 0;

    assert_true(utc_parse(text, strlen(text), &time, &form));
    return time;
}

static void check(const char *from, const char *to, const char *zone_name, struct bound_form form,
                  const char *wanted_from, const char *wanted_to)
{
    const struct slice slice = {.from = at(from), .to = at(to)};
    struct error err;
    struct zone *zone = zone_name != NULL ? zone_open(zone_name, &err) : NULL;
    const struct bounds bounds = bounds_of(&slice, zone);
    char text[BOUND_SIZE];

    bounds_write(&bounds, form, false, text);
    assert_string_equal(text, wanted_from);
    bounds_write(&bounds, form, true, text);
    assert_string_equal(text, wanted_to);
    zone_close(zone);
}

static void test_bounds_are_a_second_wider(void **state)
{
    const char *const from = "2024-03-01T10:00Z", *const to = "2024-03-01T10:15Z";

    (void)state;
    check(from, to, NULL, (struct bound_form){.kind = BOUND_UTC}, "2024-03-01 09:59:59",
          "2024-03-01 10:15:01");
    check(from, to, "Europe/Berlin", (struct bound_form){.kind = BOUND_UTC}, "2024-03-01 09:59:59",
          "2024-03-01 10:15:01");
    check(from, to, NULL, (struct bound_form){.kind = BOUND_CIVIL}, "2024-03-01 09:59:59",
          "2024-03-01 10:15:01");
    check(from, to, "Europe/Berlin", (struct bound_form){.kind = BOUND_CIVIL},
          "2024-03-01 10:59:59", "2024-03-01 11:15:01");
    check(from, to, "Europe/Berlin", (struct bound_form){.kind = BOUND_UNIX}, "1709287199",
          "1709288101");
    check(from, to, "Europe/Berlin", (struct bound_form){.kind = BOUND_UNIX_MS}, "1709287199000",
          "1709288101000");
}

static void test_both_offsets_count_where_a_clock_changes(void **state)
{
    const struct bound_form civil = {.kind = BOUND_CIVIL};

    (void)state;
    /* autumn: 02:30 occurs twice, at 00:30Z and 01:30Z */
    check("2024-10-27T00:30Z", "2024-10-27T00:45Z", "Europe/Berlin", civil, "2024-10-27 01:29:59",
          "2024-10-27 02:45:01");
    check("2024-10-27T01:30Z", "2024-10-27T01:45Z", "Europe/Berlin", civil, "2024-10-27 02:29:59",
          "2024-10-27 03:45:01");
    /* spring: 02:00 to 03:00 does not occur */
    check("2024-03-31T00:45Z", "2024-03-31T01:00Z", "Europe/Berlin", civil, "2024-03-31 01:44:59",
          "2024-03-31 03:00:01");
    check("2024-10-29T00:30Z", "2024-10-29T00:45Z", "Europe/Berlin", civil, "2024-10-29 01:29:59",
          "2024-10-29 01:45:01");
}

static void test_texts_are_bounded_in_their_own_form(void **state)
{
    const char *const from = "2024-03-01T10:00Z", *const to = "2024-03-01T10:15Z";
    static const struct {
        const char *sample, *from, *to;
    } cases[] = {
        {"", "2024-03-01 10:59:59", "2024-03-01 11:15:01"},
        {"yesterday", "2024-03-01 10:59:59", "2024-03-01 11:15:01"},
        {"2023-01-01", "2024-03-01 10:59:59", "2024-03-01 11:15:01"},
        {"2023-01-01 00:00:00.123", "2024-03-01 10:59:59", "2024-03-01 11:15:01"},
        {"2023-01-01T00:00:00", "2024-03-01T10:59:59", "2024-03-01T11:15:01"},
        /* whatever the offsets are, texts are compared as texts */
        {"2023-01-01T00:00:00Z", "2024-02-29T18:59:59", "2024-03-02T01:15:01"},
        {"2023-01-01 00:00:00+05:30", "2024-02-29 18:59:59", "2024-03-02 01:15:01"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(from, to, "Europe/Berlin", bounds_text_form(cases[i].sample, strlen(cases[i].sample)),
              cases[i].from, cases[i].to);
}

static void test_numbers_are_seconds_or_milliseconds(void **state)
{
    (void)state;
    assert_int_equal(bounds_number_form(1).kind, BOUND_UNIX);
    assert_int_equal(bounds_number_form(2).kind, BOUND_UNIX_MS);
    /* a pass reads to now, which is no whole second: rounded down is still late enough */
    check("2024-03-01T10:00:00.900Z", "2024-03-01T10:15:00.900Z", NULL,
          (struct bound_form){.kind = BOUND_UNIX}, "1709287199", "1709288101");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds_are_a_second_wider),
        cmocka_unit_test(test_both_offsets_count_where_a_clock_changes),
        cmocka_unit_test(test_texts_are_bounded_in_their_own_form),
        cmocka_unit_test(test_numbers_are_seconds_or_milliseconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
