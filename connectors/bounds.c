/* SPDX-License-Identifier: Apache-2.0 */
/* bounds.c - widens a window and writes its ends in the way of the column they meet */
#include "connectors/bounds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/zone.h"

/* The furthest a civil time is from UTC, anywhere (14 hours), and a little more. */
#define FURTHEST_OFFSET (15 * UTC_HOUR)

#define YEAR_2170 (73000 * UTC_DAY)

const struct bounds bounds_never = {.from = 0, .to = 0};
const struct bounds bounds_ever = {.to = YEAR_2170, .civil_to = YEAR_2170};

struct bound_form bounds_number_form(int times)
{
    return (struct bound_form){.kind = times == 1 ? BOUND_UNIX : BOUND_UNIX_MS};
}

struct bound_form bounds_text_form(const char *text, size_t size)
{
    struct bound_form form = {.kind = BOUND_TEXT, .separator = ' '};
    enum utc_form zone;
    utc_ms time;

    if (size > 10 && text[10] == 'T')
        form.separator = 'T';
    form.has_offset = utc_parse(text, size, &time, &zone) && zone == UTC_FORM_OFFSET;
    return form;
}

struct bounds bounds_of(const struct slice *slice, struct zone *zone)
{
    struct bounds bounds = {
        .from = slice->from - UTC_SECOND,
        .to = slice->to + UTC_SECOND,
    };
    int64_t least = 0, most = 0, unused;

    if (zone != NULL) {
        zone_offsets_between(zone, slice->from - UTC_DAY, slice->from + UTC_DAY, &least, &unused);
        zone_offsets_between(zone, slice->to - UTC_DAY, slice->to + UTC_DAY, &unused, &most);
    }
    bounds.civil_from = bounds.from + least;
    bounds.civil_to = bounds.to + most;
    return bounds;
}

utc_ms bounds_time(const struct bounds *bounds, struct bound_form form, bool is_upper)
{
    const utc_ms time = is_upper ? bounds->to : bounds->from;

    if (form.kind == BOUND_CIVIL || (form.kind == BOUND_TEXT && !form.has_offset))
        return is_upper ? bounds->civil_to : bounds->civil_from;
    if (form.kind == BOUND_TEXT) /* whatever the offset, it is compared as a text */
        return is_upper ? time + FURTHEST_OFFSET : time - FURTHEST_OFFSET;
    return time;
}

void bounds_print(utc_ms time, char separator, char text[BOUND_SIZE])
{
    char standard[UTC_TEXT_SIZE];

    utc_print(time, standard);
    standard[10] = separator;
    memcpy(text, standard, UTC_TEXT_SIZE - 1);
    text[UTC_TEXT_SIZE - 1] = '\0'; /* in place of the Z */
}

void bounds_write(const struct bounds *bounds, struct bound_form form, bool is_upper,
                  char text[BOUND_SIZE])
{
    const utc_ms time = bounds_time(bounds, form, is_upper);

    if (form.kind == BOUND_UNIX)
        snprintf(text, BOUND_SIZE, "%" PRId64, utc_floor(time, UTC_SECOND) / UTC_SECOND);
    else if (form.kind == BOUND_UNIX_MS)
        snprintf(text, BOUND_SIZE, "%" PRId64, time);
    else if (form.kind == BOUND_TEXT)
        bounds_print(time, form.separator, text);
    else
        bounds_print(time, ' ', text);
}
