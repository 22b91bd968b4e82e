/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_time_format.c - a format and a text: what is read, printed by the format, is read again
 *
 * Input: the format, a line end, the text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/time_format.h"
#include "tests/fuzz/fuzz.h"

static void print_unix(const struct time_reading *reading, char letter, char *text, size_t room)
{
    const int64_t size = reading->unix_time < 0 ? -reading->unix_time : reading->unix_time;
    const char *sign = reading->unix_time < 0 ? "-" : "";

    if (letter == 'U')
        snprintf(text, room, "%s%lld", sign, (long long)size);
    else
        snprintf(text, room, "%s%lld.%03d", sign, (long long)(size / 1000), (int)(size % 1000));
}

static void print_offset(int64_t offset_ms, char *text, size_t room)
{
    const int64_t size = offset_ms < 0 ? -offset_ms : offset_ms;

    snprintf(text, room, "%c%02d:%02d", offset_ms < 0 ? '-' : '+', (int)(size / UTC_HOUR),
             (int)(size / UTC_MINUTE % 60));
}

static void print_part(const struct time_format *format, int i, const struct time_reading *reading,
                       char text[40])
{
    const struct civil *civil = &reading->civil;
    const char what = format->parts[i].what;
    bool has_halves = false;

    for (int j = 0; j < format->count; j++)
        has_halves = has_halves || format->parts[j].letter == 'a';
    switch (format->parts[i].letter) {
    case 'D':
        snprintf(text, 40, "%02d", civil->day);
        return;
    case 'M':
        snprintf(text, 40, "%02d", civil->month);
        return;
    case 'Y':
        snprintf(text, 40, "%0*d", what, what == 2 ? civil->year % 100 : civil->year);
        return;
    case 'h':
        snprintf(text, 40, "%02d", has_halves ? (civil->hour + 11) % 12 + 1 : civil->hour);
        return;
    case 'm':
        snprintf(text, 40, "%02d", civil->minute);
        return;
    case 's':
        snprintf(text, 40, "%02d", civil->second);
        return;
    case 'S':
        snprintf(text, 40, "%03d", civil->millisecond);
        return;
    case 'a':
        snprintf(text, 40, "%s", civil->hour < 12 ? "am" : "PM");
        return;
    case 'Z':
        print_offset(reading->offset_ms, text, 40);
        return;
    case 'u':
    case 'U':
        print_unix(reading, format->parts[i].letter, text, 40);
        return;
    default:
        snprintf(text, 40, "%c", what);
        return;
    }
}

static void check_moment(const struct time_format *format, const char *text)
{
    struct time_reading reading = {.is_unix = false}, second = {.is_unix = false};
    char printed[40 * TIME_FORMAT_PARTS];
    bool is_civil, is_civil_again;
    utc_ms time, again;
    size_t size = 0;

    if (!time_format_read(format, text, strlen(text), &reading))
        return;
    PROMISE(reading.is_unix == format->is_unix);
    if (format->has_date && !time_reading_moment(&reading, &time, &is_civil))
        return; /* no such day */
    for (int i = 0; i < format->count; i++) {
        print_part(format, i, &reading, printed + size);
        size += strlen(printed + size);
    }
    PROMISE(time_format_read(format, printed, size, &second));
    if (!format->has_date)
        return;
    PROMISE(time_reading_moment(&second, &again, &is_civil_again));
    PROMISE(again == time && is_civil_again == is_civil);
}

static void check_duration(const struct time_format *format, const char *text)
{
    int64_t duration_ms = 0;

    if (!time_format_read_duration(format, text, strlen(text), &duration_ms))
        return;
    PROMISE(duration_ms >= 0 && duration_ms < INT64_C(1000000000) * UTC_HOUR * 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    char *written = input_line(&input);
    char *text = input_rest(&input);
    struct time_format format;
    struct error err;

    if (time_format_compile(written, &format, &err)) {
        PROMISE(format.count > 0 && format.count <= TIME_FORMAT_PARTS);
        check_moment(&format, text);
        check_duration(&format, text);
    } else {
        PROMISE(err.kind == ERROR_CONFIG);
    }
    free(text);
    free(written);
    return 0;
}
