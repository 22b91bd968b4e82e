/* SPDX-License-Identifier: Apache-2.0 */
/* utc.c - the proleptic Gregorian calendar, and the texts in which times and durations come
 *
 * Calendar arithmetic counts years from March, so that the leap day is the last of its year and
 * 400 years (146,097 days) repeat exactly. See Howard Hinnant, "chrono-compatible low-level date
 * algorithms".
 */
#include "agent/base/utc.h"

#include <stdio.h>
#include <string.h>

#define DAYS_PER_400_YEARS     INT64_C(146097)
#define DAYS_BEFORE_1970_MARCH INT64_C(719468) /* from 0000-03-01 to 1970-01-01 */

static bool is_leap_year(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

bool utc_civil_is_valid(const struct civil *civil)
{
    return civil->year >= 1 && civil->year <= 9999 && civil->month >= 1 && civil->month <= 12 &&
           civil->day >= 1 && civil->day <= days_of_month(civil->year, civil->month) &&
           civil->hour >= 0 && civil->hour <= 23 && civil->minute >= 0 && civil->minute <= 59 &&
           civil->second >= 0 && civil->second <= 59 && civil->millisecond >= 0 &&
           civil->millisecond <= 999;
}

utc_ms utc_from_civil(const struct civil *civil)
{
    const int64_t year = civil->month > 2 ? civil->year : civil->year - 1;
    const int64_t month = (civil->month + 9) % 12; /* March is 0 */
    const int64_t days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
                         civil->day - 1 - DAYS_BEFORE_1970_MARCH;

    return days * UTC_DAY + civil->hour * UTC_HOUR + civil->minute * UTC_MINUTE +
           civil->second * UTC_SECOND + civil->millisecond;
}

void utc_to_civil(utc_ms time, struct civil *civil)
{
    int64_t days = time / UTC_DAY;
    int64_t of_day = time % UTC_DAY;
    if (of_day < 0) {
        of_day += UTC_DAY;
        days--;
    }

    days += DAYS_BEFORE_1970_MARCH;
    int64_t cycle = days / DAYS_PER_400_YEARS;
    int64_t day = days % DAYS_PER_400_YEARS;
    if (day < 0) {
        day += DAYS_PER_400_YEARS;
        cycle--;
    }
    const int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= year * 365 + year / 4 - year / 100;
    const int month = (int)((5 * day + 2) / 153); /* March is 0 */
    const int rest = (int)(of_day % UTC_MINUTE);

    civil->year = (int)(cycle * 400 + year) + (month >= 10);
    civil->month = month < 10 ? month + 3 : month - 9;
    civil->day = (int)day - (153 * month + 2) / 5 + 1;
    civil->hour = (int)(of_day / UTC_HOUR);
    civil->minute = (int)(of_day / UTC_MINUTE) % 60;
    civil->second = rest / 1000;
    civil->millisecond = rest % 1000;
}

utc_ms utc_floor(utc_ms time, int64_t step_ms)
{
    const int64_t over = time % step_ms;

    return over < 0 ? time - over - step_ms : time - over;
}

utc_ms utc_months_before(utc_ms time, int months)
{
    struct civil civil;

    utc_to_civil(time, &civil);
    int month = civil.year * 12 + civil.month - 1 - months;
    if (month < 12)
        return UTC_EARLIEST;
    civil.year = month / 12;
    civil.month = month % 12 + 1;
    const int last = days_of_month(civil.year, civil.month);
    if (civil.day > last)
        civil.day = last;
    return utc_from_civil(&civil);
}

/* Every event that is sent carries a time, so this is printed by pairs of digits. */
static void put_pair(char *place, int number)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";

    memcpy(place, pairs + 2 * (size_t)number, 2);
}

void utc_print(utc_ms time, char text[UTC_TEXT_SIZE])
{
    static const char form[UTC_TEXT_SIZE] = "    -  -  T  :  :  Z";
    struct civil civil;

    if (time < UTC_EARLIEST)
        time = UTC_EARLIEST;
    if (time > UTC_LATEST)
        time = UTC_LATEST;
    utc_to_civil(time, &civil);
    memcpy(text, form, sizeof form);
    put_pair(text, civil.year / 100);
    put_pair(text + 2, civil.year % 100);
    put_pair(text + 5, civil.month);
    put_pair(text + 8, civil.day);
    put_pair(text + 11, civil.hour);
    put_pair(text + 14, civil.minute);
    put_pair(text + 17, civil.second);
}

const char *utc_text(utc_ms time, char text[UTC_TEXT_SIZE + 1])
{
    utc_print(time, text);
    text[UTC_TEXT_SIZE] = '\0';
    return text;
}

/* What is left to read of a text. */
struct rest {
    const char *at, *end;
};

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

static bool take(struct rest *rest, char letter)
{
    if (rest->at == rest->end || *rest->at != letter)
        return false;
    rest->at++;
    return true;
}

/* Exactly `width` digits. */
static bool take_number(struct rest *rest, int width, int *number)
{
    int value = 0;

    if (rest->end - rest->at < width)
        return false;
    for (int i = 0; i < width; i++) {
        if (!is_digit(rest->at[i]))
            return false;
        value = value * 10 + (rest->at[i] - '0');
    }
    rest->at += width;
    *number = value;
    return true;
}

static bool take_fraction(struct rest *rest, int *millisecond)
{
    int unit = 100;

    if (rest->at == rest->end || !is_digit(*rest->at))
        return false;
    for (; rest->at < rest->end && is_digit(*rest->at); rest->at++) {
        *millisecond += unit * (*rest->at - '0');
        unit /= 10;
    }
    return true;
}

/* hh:mm[:ss[.fff...]] */
static bool take_clock(struct rest *rest, struct civil *civil)
{
    if (!take_number(rest, 2, &civil->hour) || !take(rest, ':') ||
        !take_number(rest, 2, &civil->minute))
        return false;
    if (!take(rest, ':'))
        return true;
    if (!take_number(rest, 2, &civil->second))
        return false;
    if (civil->second == 60) /* a leap second: this count has none */
        civil->second = 59;
    return !take(rest, '.') || take_fraction(rest, &civil->millisecond);
}

/* [Z|+hh:mm|+hhmm|+hh] at the end; SQL Server puts a blank before it. */
static bool take_offset(struct rest *rest, int64_t *offset_ms, enum utc_form *form)
{
    int hours = 0;
    int minutes = 0;

    *form = UTC_FORM_CIVIL;
    *offset_ms = 0;
    if (rest->at == rest->end)
        return true;
    *form = UTC_FORM_OFFSET;
    if (take(rest, 'Z'))
        return rest->at == rest->end;

    take(rest, ' ');
    const bool is_west = take(rest, '-');
    if ((!is_west && !take(rest, '+')) || !take_number(rest, 2, &hours))
        return false;
    if (rest->at < rest->end) {
        take(rest, ':');
        if (!take_number(rest, 2, &minutes))
            return false;
    }
    const int64_t size_ms = hours * UTC_HOUR + minutes * UTC_MINUTE;
    *offset_ms = is_west ? -size_ms : size_ms;
    return rest->at == rest->end && hours <= 23 && minutes <= 59;
}

bool utc_parse(const char *text, size_t size, utc_ms *time, enum utc_form *form)
{
    struct rest rest = {.at = text, .end = text + size};
    struct civil civil = {.hour = 0};
    enum utc_form found = UTC_FORM_CIVIL;
    int64_t offset_ms = 0;

    if (!take_number(&rest, 4, &civil.year) || !take(&rest, '-') ||
        !take_number(&rest, 2, &civil.month) || !take(&rest, '-') ||
        !take_number(&rest, 2, &civil.day))
        return false;
    if (take(&rest, 'T') || take(&rest, ' ')) {
        if (!take_clock(&rest, &civil) || !take_offset(&rest, &offset_ms, &found))
            return false;
    }
    if (rest.at != rest.end || !utc_civil_is_valid(&civil))
        return false;
    *time = utc_from_civil(&civil) - offset_ms;
    *form = found;
    return true;
}

/* Longest first: what divides a duration without rest names it shortest. */
static const struct {
    const char *name;
    int64_t size_ms;
} units[] = {
    {"d", UTC_DAY}, {"h", UTC_HOUR}, {"m", UTC_MINUTE}, {"s", UTC_SECOND}, {"ms", 1},
};
#define UNIT_COUNT (sizeof units / sizeof units[0])

/* Digits at the beginning of text; *unit is lent what follows them. At most 10,000 years of
 * milliseconds, so that nothing computed from a duration overflows. */
static bool read_amount(const char *text, int64_t *amount, const char **unit)
{
    int64_t value = 0;

    if (!is_digit(*text))
        return false;
    for (; is_digit(*text); text++) {
        value = value * 10 + (*text - '0');
        if (value > UTC_LATEST)
            return false;
    }
    *amount = value;
    *unit = text;
    return true;
}

bool utc_parse_duration(const char *text, int64_t *duration_ms)
{
    int64_t amount = 0;
    const char *unit = NULL;

    if (!read_amount(text, &amount, &unit))
        return false;
    if (amount == 0 && *unit == '\0') {
        *duration_ms = 0;
        return true;
    }
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strcmp(unit, units[i].name) != 0)
            continue;
        if (amount > UTC_LATEST / units[i].size_ms)
            return false;
        *duration_ms = amount * units[i].size_ms;
        return true;
    }
    return false;
}

bool utc_span_start(const char *text, utc_ms from, utc_ms *start)
{
    int64_t amount = 0;
    const char *unit = NULL;

    if (!read_amount(text, &amount, &unit))
        return false;
    const bool is_years = strcmp(unit, "y") == 0;
    if (is_years || strcmp(unit, "mo") == 0) {
        if (amount > 9999)
            return false;
        *start = utc_months_before(from, (int)amount * (is_years ? 12 : 1));
        return true;
    }
    if (!utc_parse_duration(text, &amount))
        return false;
    *start = from - amount;
    return true;
}

const char *utc_print_duration(int64_t duration_ms, char text[24])
{
    size_t i = 0;

    if (duration_ms == 0)
        i = 3; /* "0s" */
    while (duration_ms % units[i].size_ms != 0)
        i++;
    snprintf(text, 24, "%lld%s", (long long)(duration_ms / units[i].size_ms), units[i].name);
    return text;
}
