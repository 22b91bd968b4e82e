/* SPDX-License-Identifier: Apache-2.0 */
/* zone_rule.c - POSIX TZ strings: `CET-1CEST,M3.5.0,M10.5.0/3`
 *
 *     RULE   = NAME OFFSET [ NAME [OFFSET] "," DAY ["/" CLOCK] "," DAY ["/" CLOCK] ]
 *     NAME   = 3 or more letters | "<" 3 or more letters, digits, signs ">"
 *     OFFSET = [sign] hh [":" mm [":" ss]]      hours to add to local time for UTC: west is
 * positive CLOCK  = the same, up to 167 hours; 02:00:00 when left out DAY    = "J" 1..365 | 0..365
 * | "M" 1..12 "." 1..5 "." 0..6
 */
#include "agent/base/zone_rule.h"

#include <string.h>

/* Outside these years a rule stands still, so that no calendar is asked for year 300,000,000. */
#define FIRST_YEAR 10
#define LAST_YEAR  9990

struct rest {
    const char *at, *end;
};

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

static bool is_letter(char letter)
{
    return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
}

static bool take(struct rest *rest, char letter)
{
    if (rest->at == rest->end || *rest->at != letter)
        return false;
    rest->at++;
    return true;
}

static bool take_number(struct rest *rest, int least, int most, int *number)
{
    int value = 0;

    if (rest->at == rest->end || !is_digit(*rest->at))
        return false;
    for (; rest->at < rest->end && is_digit(*rest->at); rest->at++) {
        value = value * 10 + (*rest->at - '0');
        if (value > most)
            return false;
    }
    *number = value;
    return value >= least;
}

static bool take_name(struct rest *rest)
{
    const bool quoted = take(rest, '<');
    const char *begin = rest->at;

    while (rest->at < rest->end &&
           (is_letter(*rest->at) ||
            (quoted && (is_digit(*rest->at) || *rest->at == '+' || *rest->at == '-'))))
        rest->at++;
    return rest->at - begin >= 3 && (!quoted || take(rest, '>'));
}

/* [sign] hh [":" mm [":" ss]] */
static bool take_clock(struct rest *rest, int most_hours, int64_t *clock_ms)
{
    const bool negative = take(rest, '-');
    int hours = 0;
    int minutes = 0;
    int seconds = 0;

    if (!negative)
        take(rest, '+');
    if (!take_number(rest, 0, most_hours, &hours))
        return false;
    if (take(rest, ':')) {
        if (!take_number(rest, 0, 59, &minutes))
            return false;
        if (take(rest, ':') && !take_number(rest, 0, 59, &seconds))
            return false;
    }
    const int64_t size_ms = hours * UTC_HOUR + minutes * UTC_MINUTE + seconds * UTC_SECOND;
    *clock_ms = negative ? -size_ms : size_ms;
    return true;
}

static bool take_day(struct rest *rest, struct zone_day *day)
{
    bool taken = false;

    if (!take(rest, ','))
        return false;
    if (take(rest, 'M')) {
        day->kind = ZONE_DAY_OF_MONTH;
        taken = take_number(rest, 1, 12, &day->month) && take(rest, '.') &&
                take_number(rest, 1, 5, &day->week) && take(rest, '.') &&
                take_number(rest, 0, 6, &day->day);
    } else if (take(rest, 'J')) {
        day->kind = ZONE_DAY_OF_365;
        taken = take_number(rest, 1, 365, &day->day);
    } else {
        day->kind = ZONE_DAY_OF_366;
        taken = take_number(rest, 0, 365, &day->day);
    }
    day->clock_ms = 2 * UTC_HOUR;
    return taken && (!take(rest, '/') || take_clock(rest, 167, &day->clock_ms));
}

bool zone_rule_parse(const char *text, size_t size, struct zone_rule *rule)
{
    struct rest rest = {.at = text, .end = text + size};
    struct zone_rule found = {.standard_ms = 0};
    int64_t west_ms = 0;

    if (!take_name(&rest) || !take_clock(&rest, 24, &west_ms))
        return false;
    found.standard_ms = -west_ms;
    if (rest.at < rest.end) {
        found.has_summer = true;
        found.summer_ms = found.standard_ms + UTC_HOUR;
        if (!take_name(&rest))
            return false;
        if (rest.at < rest.end && *rest.at != ',') {
            if (!take_clock(&rest, 24, &west_ms))
                return false;
            found.summer_ms = -west_ms;
        }
        if (!take_day(&rest, &found.summer_begins) || !take_day(&rest, &found.summer_ends))
            return false;
    }
    if (rest.at != rest.end)
        return false;
    *rule = found;
    return true;
}

static utc_ms first_of(int year, int month)
{
    const struct civil civil = {
        .year = month > 12 ? year + 1 : year, .month = month > 12 ? 1 : month, .day = 1};

    return utc_from_civil(&civil);
}

/* The clock face of a change in one year. */
static utc_ms face_in(const struct zone_day *day, int year)
{
    utc_ms midnight = first_of(year, 1);

    if (day->kind == ZONE_DAY_OF_MONTH) {
        const utc_ms first = first_of(year, day->month);
        const int64_t length = (first_of(year, day->month + 1) - first) / UTC_DAY;
        const int64_t weekday = ((first / UTC_DAY + 4) % 7 + 7) % 7; /* 1970 began on a Thursday */
        int64_t days = (day->day - weekday + 7) % 7 + INT64_C(7) * (day->week - 1);
        if (days >= length)
            days -= 7;
        midnight = first + days * UTC_DAY;
    } else if (day->kind == ZONE_DAY_OF_365) {
        const bool is_leap = first_of(year, 3) - first_of(year, 2) == 29 * UTC_DAY;
        midnight += (day->day - 1 + (is_leap && day->day >= 60)) * UTC_DAY;
    } else {
        midnight += day->day * UTC_DAY;
    }
    return midnight + day->clock_ms;
}

struct change {
    utc_ms at;
    int64_t offset_ms;
};

/* Changes of five years in order. 167 hours may carry one of them into the next year or the one
 * before, so that three would not be enough. Where summer ends at the very moment it begins
 * again, it goes on. */
#define YEARS   5
#define CHANGES (2 * YEARS)
static void changes_around(const struct zone_rule *rule, int year, struct change changes[CHANGES])
{
    int count = 0;

    for (int i = year - YEARS / 2; i <= year + YEARS / 2; i++) {
        const struct change both[2] = {
            {face_in(&rule->summer_ends, i) - rule->summer_ms, rule->standard_ms},
            {face_in(&rule->summer_begins, i) - rule->standard_ms, rule->summer_ms},
        };
        for (int j = 0; j < 2; j++) {
            int place = count++;
            for (; place > 0 && (changes[place - 1].at > both[j].at ||
                                 (changes[place - 1].at == both[j].at && j == 0));
                 place--)
                changes[place] = changes[place - 1];
            changes[place] = both[j];
        }
    }
}

struct zone_span zone_rule_span(const struct zone_rule *rule, utc_ms time)
{
    const utc_ms first = first_of(FIRST_YEAR, 1);
    const utc_ms last = first_of(LAST_YEAR, 1);
    struct zone_span span = {INT64_MIN, INT64_MAX, rule->standard_ms};
    struct change changes[CHANGES];
    struct civil civil;

    if (!rule->has_summer)
        return span;
    if (time < first) {
        span.to = first;
        return span;
    }
    if (time >= last) {
        span.from = last;
        return span;
    }
    utc_to_civil(time, &civil);
    changes_around(rule, civil.year, changes);

    int i = 0;
    while (i + 1 < CHANGES && changes[i + 1].at <= time)
        i++;
    span.offset_ms = changes[i].offset_ms;
    span.from = changes[i].at > first ? changes[i].at : first;
    span.to = i + 1 < CHANGES && changes[i + 1].at < last ? changes[i + 1].at : last;
    return span;
}
