/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_utc.c - moments, durations, spans, sizes and numbers: what is read is printed as it was */
#include <stdlib.h>
#include <string.h>

#include "agent/base/settings_read.h"
#include "agent/base/utc.h"
#include "tests/fuzz/fuzz.h"

static void check_moment(const char *text)
{
    utc_ms time, again;
    enum utc_form form;
    char printed[UTC_TEXT_SIZE + 1];
    struct civil civil;

    if (!utc_parse(text, strlen(text), &time, &form))
        return;
    PROMISE(time >= UTC_EARLIEST - UTC_DAY && time < (UTC_LATEST + 1) + UTC_DAY);
    utc_to_civil(time, &civil);
    PROMISE(utc_from_civil(&civil) == time);
    if (time < UTC_EARLIEST || time >= (UTC_LATEST + 1))
        return;
    PROMISE(utc_civil_is_valid(&civil));
    utc_text(time, printed);
    PROMISE(utc_parse(printed, UTC_TEXT_SIZE, &again, &form) && form == UTC_FORM_OFFSET);
    PROMISE(again == utc_floor(time, UTC_SECOND));
}

static void check_duration(const char *text)
{
    int64_t duration_ms, again;
    utc_ms start = 0;
    char printed[24];

    if (utc_parse_duration(text, &duration_ms)) {
        PROMISE(duration_ms >= 0);
        PROMISE(utc_parse_duration(utc_print_duration(duration_ms, printed), &again));
        PROMISE(again == duration_ms && strlen(printed) <= strlen(text) + 1); /* 0 becomes 0s */
        PROMISE(utc_span_start(text, (UTC_LATEST + 1), &start) &&
                start == (UTC_LATEST + 1) - duration_ms);
    }
    if (utc_span_start(text, 0, &start))
        PROMISE(start <= 0);
}

static void check_number(const char *text)
{
    int64_t number, again;
    char printed[32];

    if (settings_parse_integer(text, &number)) {
        char *end;

        PROMISE(strtoll(text, &end, 10) == number && *end == '\0');
    }
    if (settings_parse_size(text, &number)) {
        PROMISE(number >= 0);
        PROMISE(settings_parse_size(settings_print_size(number, printed), &again));
        PROMISE(again == number);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    char *text = input_rest(&input);

    check_moment(text);
    check_duration(text);
    check_number(text);
    free(text);
    return 0;
}
