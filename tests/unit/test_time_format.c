/* SPDX-License-Identifier: Apache-2.0 */
/* test_time_format.c - formats of dates, times and lengths of time, and what is none */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "connectors/time_format.h"

static struct time_format compiled(const char *text)
{
    struct time_format format;
    struct error err;

    if (!time_format_compile(text, &format, &err))
        fail_msg("%s", err.text);
    return format;
}

/* What the text says, as YYYY-MM-DDThh:mm:ss.mmm with Z for UTC; "" when it is not as the format
 * says, "none" when there is no such time. */
static const char *read(const char *format_text, const char *text)
{
    static char out[64];
    struct time_format format = compiled(format_text);
    struct time_reading reading = {.is_unix = false};
    struct civil civil;
    utc_ms time;
    bool is_civil;

    if (!time_format_read(&format, text, strlen(text), &reading))
        return "";
    if (!time_reading_moment(&reading, &time, &is_civil))
        return "none";
    utc_to_civil(time, &civil);
    snprintf(out, sizeof out, "%04d-%02d-%02d %02d:%02d:%02d.%03d%s", civil.year, civil.month,
             civil.day, civil.hour, civil.minute, civil.second, civil.millisecond,
             is_civil ? "" : "Z");
    return out;
}

static void test_moments(void **state)
{
    static const struct {
        const char *format, *text, *wanted;
    } cases[] = {
        {"DD/MM/YYYY hh:mm", "05/01/2024 09:30", "2024-01-05 09:30:00.000"},
        {"DD/MM/YYYY hh:mm", " 05/01/2024 09:30 ", "2024-01-05 09:30:00.000"},
        {"DD/MM/YYYY hh:mm", "5/01/2024 09:30", ""},
        {"DD/MM/YYYY hh:mm", "05/01/2024 09:30:00", ""},
        {"DD/MM/YYYY hh:mm", "05-01-2024 09:30", ""},
        {"DD/MM/YYYY hh:mm", "05/01/2024", ""},
        {"DD/MM/YYYY hh:mm", "", ""},
        {"D.M.YYYY h:m:s", "5.1.2024 9:3:7", "2024-01-05 09:03:07.000"},
        {"D.M.YYYY h:m:s", "25.11.2024 19:33:57", "2024-11-25 19:33:57.000"},
        {"D.M.YYYY h:m:s", "125.1.2024 9:3:7", ""},
        {"DDMMYY hhmm", "050124 0930", "2024-01-05 09:30:00.000"},
        {"DDMMYYhhmmss", "310579235959", "2079-05-31 23:59:59.000"},
        {"DDMMYYhhmmss", "310580235959", "1980-05-31 23:59:59.000"},
        {"YYYY-MM-DDThh:mm:ss.SSSZ", "2024-01-05T09:30:01.250+01:00", "2024-01-05 08:30:01.250Z"},
        {"YYYY-MM-DDThh:mm:ss.SSSZ", "2024-01-05T09:30:01.2-0530", "2024-01-05 15:00:01.200Z"},
        {"YYYY-MM-DDThh:mm:ss.SSSZ", "2024-01-05T09:30:01.2509+02", "2024-01-05 07:30:01.250Z"},
        {"YYYY-MM-DDThh:mm:ss.SSSZ", "2024-01-05T09:30:01.250Z", "2024-01-05 09:30:01.250Z"},
        {"YYYY-MM-DDThh:mm:ss.SSSZ", "2024-01-05T09:30:01.Z", ""},
        {"YYYY-MM-DDThh:mm:ss.SSSZ", "2024-01-05T09:30:01.250+1", ""},
        {"YYYY-MM-DDThh:mm:ss.SSSZ", "2024-01-05T09:30:01.250+24:00", ""},
        {"M/D/YYYY h:mm a", "1/5/2024 9:30 PM", "2024-01-05 21:30:00.000"},
        {"M/D/YYYY h:mm a", "1/5/2024 12:30 am", "2024-01-05 00:30:00.000"},
        {"M/D/YYYY h:mm a", "1/5/2024 12:30 pm", "2024-01-05 12:30:00.000"},
        {"M/D/YYYY h:mm a", "1/5/2024 13:30 PM", ""},
        {"M/D/YYYY h:mm a", "1/5/2024 0:30 AM", ""},
        {"M/D/YYYY h:mm a", "1/5/2024 9:30 XM", ""},
        {"M/D/YYYY h:mm a", "1/5/2024 9:30 P", ""},
        {"DD'de'MM'de'YYYY 'o''clock' hh", "05de01de2024 o'clock 09", "2024-01-05 09:00:00.000"},
        {"DD'de'MM'de'YYYY 'o''clock' hh", "05di01de2024 o'clock 09", ""},
        {"DD.MM.YYYY hh:mm", "31.02.2024 09:00", "none"},
        {"DD.MM.YYYY hh:mm", "29.02.2024 09:00", "2024-02-29 09:00:00.000"},
        {"DD.MM.YYYY hh:mm", "01.13.2024 09:00", "none"},
        {"DD.MM.YYYY hh:mm", "01.12.2024 24:00", "none"},
        {"DD.MM.YYYY hh:mm:ss", "31.12.2016 23:59:60", "2016-12-31 23:59:59.000"},
        {"unix", "1704067200", "2024-01-01 00:00:00.000Z"},
        {"unix", "1704067200.5", "2024-01-01 00:00:00.500Z"},
        {"unix", "-1", "1969-12-31 23:59:59.000Z"},
        {"unix", "1e9", ""},
        {"unix", "", ""},
        {"unix-ms", "1704067200250", "2024-01-01 00:00:00.250Z"},
        {"unix-ms", "1704067200250.5", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = read(cases[i].format, cases[i].text);

        if (strcmp(got, cases[i].wanted) != 0)
            fail_msg("\"%s\" as %s is \"%s\", not \"%s\"", cases[i].text, cases[i].format, got,
                     cases[i].wanted);
    }
}

static void test_a_date_and_a_time_of_two_texts(void **state)
{
    struct time_format date = compiled("DD.MM.YYYY"), clock = compiled("hh:mm");
    struct time_reading reading = {.is_unix = false};
    utc_ms time;
    bool is_civil;

    (void)state;
    assert_true(date.has_date && !date.has_hour && clock.has_hour && !clock.has_date);
    assert_true(time_format_read(&date, "05.01.1970", 10, &reading));
    assert_true(time_format_read(&clock, "09:30", 5, &reading));
    assert_true(time_reading_moment(&reading, &time, &is_civil));
    assert_int_equal(time, 4 * UTC_DAY + 9 * UTC_HOUR + 30 * UTC_MINUTE);
    assert_true(is_civil);
}

static void expect_length(const char *format_text, const char *text, int64_t wanted_ms)
{
    struct time_format format = compiled(format_text);
    int64_t length_ms = -1;

    if (!time_format_read_duration(&format, text, strlen(text), &length_ms))
        length_ms = -1;
    if (length_ms != wanted_ms)
        fail_msg("\"%s\" as %s is %lld ms, not %lld", text, format_text, (long long)length_ms,
                 (long long)wanted_ms);
}

static void test_lengths_of_time(void **state)
{
    (void)state;
    expect_length("hh:mm:ss", "01:02:03", 3723000);
    expect_length("hh:mm:ss", "1:2:3", 3723000);
    expect_length("hh:mm:ss", "125:00:00", 125 * UTC_HOUR);
    expect_length("hh:mm:ss", "00:60:00", -1);
    expect_length("hh:mm:ss", "00:00", -1);
    expect_length("hh:mm:ss", "00:00:00:00", -1);
    expect_length("hh:mm:ss", "-01:00:00", -1);
    expect_length("mm:ss", "125:30", 125 * UTC_MINUTE + 30 * UTC_SECOND);
    expect_length("m:ss.SSS", "0:07.5", 7500);
    expect_length("s", "93", 93000);
    expect_length("hh'h' mm'm'", "2h 05m", 2 * UTC_HOUR + 5 * UTC_MINUTE);
}

static void expect_no_format(const char *text, const char *wanted)
{
    struct time_format format;
    struct error err;

    if (time_format_compile(text, &format, &err))
        fail_msg("%s is taken for a format", text);
    assert_int_equal(err.kind, ERROR_CONFIG);
    if (strstr(err.text, wanted) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, wanted);
}

static void test_what_is_no_format(void **state)
{
    (void)state;
    expect_no_format("", "neither a date nor a time");
    expect_no_format("..", "neither a date nor a time");
    expect_no_format("DD/MM", "needs day, month and year");
    expect_no_format("DD/MM/YYYY mm:ss", "needs the hour");
    expect_no_format("dd/MM/YYYY", "has dd, which is none of");
    expect_no_format("DD/MM/YYY", "has YYY, which");
    expect_no_format("DDD/MM/YYYY", "has DDD, which");
    expect_no_format("HH:mm", "has HH, which");
    expect_no_format("hh:mm hh", "has h twice");
    expect_no_format("hh:mm 'h", "a single quote is not closed");
    expect_no_format("unixtime", "has u, which");
    expect_no_format("hh---------------------------------------------mm", "is too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_a_date_and_a_time_of_two_texts),
        cmocka_unit_test(test_lengths_of_time),
        cmocka_unit_test(test_what_is_no_format),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
