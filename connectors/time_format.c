/* SPDX-License-Identifier: Apache-2.0 */
/* time_format.c - times and durations written as a customer's format says */
#include "connectors/time_format.h"

#include <string.h>

/* --- compiling --- */

/* The run of one letter at the start of text, at least 1. */
static int run_length(const char *text)
{
    int length = 1;

    while (text[length] == text[0])
        length++;
    return length;
}

static bool is_letter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

static bool is_run_known(char letter, int length)
{
    switch (letter) {
    case 'D':
    case 'M':
    case 'h':
    case 'm':
    case 's':
        return length <= 2;
    case 'Y':
        return length == 2 || length == 4;
    case 'S':
        return length <= 3;
    case 'a':
    case 'Z':
        return length == 1;
    default:
        return false;
    }
}

static bool add_part(struct time_format *format, char letter, char what)
{
    if (format->count == TIME_FORMAT_PARTS)
        return false;
    format->parts[format->count].letter = letter;
    format->parts[format->count].what = what;
    format->count++;
    return true;
}

/* Text between single quotes; *text is moved behind it. */
static bool add_quoted(struct time_format *format, const char **text)
{
    const char *at = *text + 1;

    for (; *at != '\0' && (*at != '\'' || at[1] == '\''); at++) {
        at += *at == '\'';
        if (!add_part(format, 0, *at))
            return false;
    }
    if (*at == '\0')
        return false;
    *text = at + 1;
    return true;
}

static bool has_part(const struct time_format *format, char letter)
{
    for (int i = 0; i < format->count; i++) {
        if (format->parts[i].letter == letter)
            return true;
    }
    return false;
}

static bool finish(const char *text, struct time_format *format, struct error *err)
{
    static const char letters[] = "DMYhmsSaZ";
    int seen[sizeof letters] = {0};

    for (int i = 0; i < format->count; i++) {
        const char *letter = strchr(letters, format->parts[i].letter);

        if (format->parts[i].letter != 0 && ++seen[letter - letters] > 1)
            return error_set(err, ERROR_CONFIG, "the format \"%s\" has %c twice", text, *letter);
    }
    format->has_date = has_part(format, 'D') || has_part(format, 'M') || has_part(format, 'Y');
    format->has_hour = has_part(format, 'h');
    bool has_clock = format->has_hour || has_part(format, 'm') || has_part(format, 's');
    if (!format->has_date && !has_clock)
        return error_set(err, ERROR_CONFIG, "the format \"%s\" has neither a date nor a time",
                         text);
    if (format->has_date && has_clock && !format->has_hour)
        return error_set(err, ERROR_CONFIG, "the format \"%s\" needs the hour (h or hh)", text);
    if (format->has_date &&
        !(has_part(format, 'D') && has_part(format, 'M') && has_part(format, 'Y')))
        return error_set(err, ERROR_CONFIG,
                         "the format \"%s\" needs day, month and year (D, M, YYYY)", text);
    return true;
}

bool time_format_compile(const char *text, struct time_format *format, struct error *err)
{
    struct time_format compiled = {.count = 0};
    const char *at = text;
    bool fits = true;

    if (strcmp(text, "unix") == 0 || strcmp(text, "unix-ms") == 0) {
        compiled.is_unix = compiled.has_date = compiled.has_hour = true;
        add_part(&compiled, text[4] == '\0' ? 'u' : 'U', 0);
        *format = compiled;
        return true;
    }
    while (*at != '\0' && fits) {
        int length = run_length(at);

        if (*at == '\'') {
            fits = add_quoted(&compiled, &at);
        } else if (!is_letter(*at) || *at == 'T') {
            fits = add_part(&compiled, 0, *at++);
        } else if (is_run_known(*at, length)) {
            fits = add_part(&compiled, *at, (char)(length > 1 ? length : 0));
            at += length;
        } else {
            return error_set(err, ERROR_CONFIG,
                             "the format \"%s\" has %.*s, which is none of D DD M MM YY YYYY h hh "
                             "m mm s ss SSS a Z (other letters stand between single quotes)",
                             text, length, at);
        }
    }
    if (!fits)
        return error_set(err, ERROR_CONFIG,
                         "the format \"%s\" is too long, or a single quote is not closed", text);
    if (!finish(text, &compiled, err))
        return false;
    *format = compiled;
    return true;
}

/* --- reading --- */

struct rest {
    const char *at, *end;
};

static struct rest trimmed(const char *text, size_t size)
{
    struct rest rest = {text, text + size};

    while (rest.at < rest.end && *rest.at == ' ')
        rest.at++;
    while (rest.at < rest.end && rest.end[-1] == ' ')
        rest.end--;
    return rest;
}

static bool next_is_digit(const struct rest *rest)
{
    return rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9';
}

/* least to most digits, as many as there are. */
static bool take_digits(struct rest *rest, int least, int most, int64_t *number)
{
    int64_t value = 0;
    int taken = 0;

    for (; taken < most && next_is_digit(rest); taken++)
        value = value * 10 + (*rest->at++ - '0');
    *number = value;
    return taken >= least;
}

static bool take_letter(struct rest *rest, char letter)
{
    if (rest->at == rest->end || *rest->at != letter)
        return false;
    rest->at++;
    return true;
}

/* Milliseconds; further digits are cut. */
static bool take_fraction(struct rest *rest, int *millisecond)
{
    int unit = 100;

    if (!next_is_digit(rest))
        return false;
    *millisecond = 0;
    for (; next_is_digit(rest); unit /= 10)
        *millisecond += unit * (*rest->at++ - '0');
    return true;
}

/* AM: 0 added to the hour; PM: 12. Both letters in either case. */
static bool take_half_day(struct rest *rest, int *hours)
{
    if (rest->end - rest->at < 2 || (rest->at[1] | 0x20) != 'm')
        return false;
    char half = (char)(rest->at[0] | 0x20);
    *hours = half == 'p' ? 12 : 0;
    rest->at += 2;
    return half == 'a' || half == 'p';
}

static bool take_offset(struct rest *rest, struct time_reading *reading)
{
    int64_t hours, minutes = 0;

    reading->has_offset = true;
    reading->offset_ms = 0;
    if (take_letter(rest, 'Z'))
        return true;
    bool is_west = rest->at < rest->end && *rest->at == '-';
    if (!take_letter(rest, '+') && !take_letter(rest, '-'))
        return false;
    if (!take_digits(rest, 2, 2, &hours))
        return false;
    bool has_minutes = take_letter(rest, ':') || next_is_digit(rest);
    if ((has_minutes && !take_digits(rest, 2, 2, &minutes)) || hours > 23 || minutes > 59)
        return false;
    reading->offset_ms = (hours * UTC_HOUR + minutes * UTC_MINUTE) * (is_west ? -1 : 1);
    return true;
}

/* A count since 1970, in seconds with up to three decimals, or in milliseconds. */
static bool take_unix(struct rest *rest, bool is_seconds, struct time_reading *reading)
{
    int64_t count;
    int millisecond = 0;
    bool is_negative = take_letter(rest, '-');

    if (!take_digits(rest, 1, is_seconds ? 12 : 15, &count))
        return false;
    if (is_seconds && take_letter(rest, '.') && !take_fraction(rest, &millisecond))
        return false;
    if (is_seconds)
        count = count * 1000 + millisecond;
    reading->is_unix = true;
    reading->unix_time = is_negative ? -count : count;
    return true;
}

static bool take_year(struct rest *rest, int digits, int *year)
{
    int64_t number;

    if (!take_digits(rest, digits, digits, &number))
        return false;
    if (digits == 2)
        number += number < 80 ? 2000 : 1900;
    *year = (int)number;
    return true;
}

static bool take_number(struct rest *rest, int digits, int *field)
{
    int64_t number;

    if (!take_digits(rest, digits == 0 ? 1 : digits, digits == 0 ? 2 : digits, &number))
        return false;
    *field = (int)number;
    return true;
}

static bool take_part(struct rest *rest, char letter, char what, struct time_reading *reading)
{
    struct civil *civil = &reading->civil;

    switch (letter) {
    case 'D':
        return take_number(rest, what, &civil->day);
    case 'M':
        return take_number(rest, what, &civil->month);
    case 'Y':
        return take_year(rest, what, &civil->year);
    case 'h':
        return take_number(rest, what, &civil->hour);
    case 'm':
        return take_number(rest, what, &civil->minute);
    case 's':
        return take_number(rest, what, &civil->second);
    case 'S':
        return take_fraction(rest, &civil->millisecond);
    case 'Z':
        return take_offset(rest, reading);
    case 'u':
    case 'U':
        return take_unix(rest, letter == 'u', reading);
    default:
        return take_letter(rest, what);
    }
}

bool time_format_read(const struct time_format *format, const char *text, size_t size,
                      struct time_reading *reading)
{
    struct rest rest = trimmed(text, size);
    bool has_halves = false;
    int afternoon = 0;

    for (int i = 0; i < format->count; i++) {
        char letter = format->parts[i].letter;

        if (letter == 'a')
            has_halves = true;
        if (letter == 'a' ? !take_half_day(&rest, &afternoon)
                          : !take_part(&rest, letter, format->parts[i].what, reading))
            return false;
    }
    if (has_halves) {
        if (reading->civil.hour < 1 || reading->civil.hour > 12)
            return false;
        reading->civil.hour = reading->civil.hour % 12 + afternoon;
    }
    return rest.at == rest.end;
}

bool time_reading_moment(const struct time_reading *reading, utc_ms *time, bool *is_civil)
{
    struct civil civil = reading->civil;

    *is_civil = false;
    if (reading->is_unix) {
        *time = reading->unix_time;
        return true;
    }
    if (civil.second == 60) /* a leap second: this count has none */
        civil.second = 59;
    if (!utc_civil_is_valid(&civil))
        return false;
    *is_civil = !reading->has_offset;
    *time = utc_from_civil(&civil) - reading->offset_ms;
    return true;
}

bool time_format_read_duration(const struct time_format *format, const char *text, size_t size,
                               int64_t *duration_ms)
{
    struct rest rest = trimmed(text, size);
    int64_t total = 0, number;
    bool is_first = true;
    int millisecond = 0;

    for (int i = 0; i < format->count; i++) {
        char letter = format->parts[i].letter;
        char what = format->parts[i].what;

        if (letter == 'h' || letter == 'm' || letter == 's') {
            int64_t unit = letter == 'h' ? UTC_HOUR : letter == 'm' ? UTC_MINUTE : UTC_SECOND;

            if (!take_digits(&rest, 1, is_first ? 9 : 2, &number) || (!is_first && number > 59))
                return false;
            total += number * unit;
            is_first = false;
        } else if (letter == 'S' ? !take_fraction(&rest, &millisecond)
                                 : !take_letter(&rest, what)) {
            return false;
        }
    }
    *duration_ms = total + millisecond;
    return rest.at == rest.end;
}
