/* SPDX-License-Identifier: Apache-2.0 */
/* utc.h - moments, civil times, durations and sizes: parsed and printed independent of the locale
 *
 * utc_ms counts milliseconds since 1970-01-01T00:00:00Z without leap seconds. A "civil" time is
 * the same count for a clock face without a zone (what a database calls timestamp without time
 * zone): 1970-01-01 00:00:00 on the face is 0. Years 1 to 9999, proleptic Gregorian.
 */
#ifndef AGENT_BASE_UTC_H
#define AGENT_BASE_UTC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/error.h"

typedef int64_t utc_ms;

#define UTC_NEVER    INT64_MIN                /* no moment: ongoing, unknown, not yet */
#define UTC_EARLIEST INT64_C(-62135596800000) /* 0001-01-01T00:00:00.000Z */
#define UTC_LATEST   INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */
#define UTC_SECOND   INT64_C(1000)
#define UTC_MINUTE   (60 * UTC_SECOND)
#define UTC_QUARTER  (15 * UTC_MINUTE)
#define UTC_HOUR     (60 * UTC_MINUTE)
#define UTC_DAY      (24 * UTC_HOUR)

struct civil {
    int year, month, day, hour, minute, second, millisecond;
};

/* Seconds are 0..59: who reads a leap second 60 makes it 59 first, as utc_parse does. */
bool utc_civil_is_valid(const struct civil *civil);
utc_ms utc_from_civil(const struct civil *civil); /* a valid one */
void utc_to_civil(utc_ms time, struct civil *civil);

utc_ms utc_floor(utc_ms time, int64_t step_ms);    /* to a multiple of step since 1970, downwards */
utc_ms utc_months_before(utc_ms time, int months); /* calendar months; the day is cut to fit */

/* "YYYY-MM-DDThh:mm:ssZ" (20 characters, no NUL), milliseconds cut. What lies outside the years
 * 1 to 9999 is printed as their first or last second. */
#define UTC_TEXT_SIZE 20
void utc_print(utc_ms time, char text[UTC_TEXT_SIZE]);
/* The same with NUL. */
const char *utc_text(utc_ms time, char text[UTC_TEXT_SIZE + 1]);

/* How a text states its zone. */
enum utc_form { UTC_FORM_CIVIL, UTC_FORM_OFFSET };

/* `YYYY-MM-DD[ T]hh:mm[:ss[.fff...]][Z|+hh:mm|+hhmm|+hh]`, or a date alone (midnight). Fractions
 * beyond milliseconds are cut; one blank before a signed offset is allowed (SQL Server). With an
 * offset *time is UTC, else civil. False: not such a text. */
bool utc_parse(const char *text, size_t size, utc_ms *time, enum utc_form *form) MUST_USE;

/* "90s" "15m" "2h" "7d" "250ms", and "0" without a unit. False: not a duration. */
bool utc_parse_duration(const char *text, int64_t *duration_ms) MUST_USE;
/* "3y" "7mo" "10d" "2h" ...: a span back from a moment, calendar years and months. */
bool utc_span_start(const char *text, utc_ms from, utc_ms *start) MUST_USE;
/* The shortest form: 900000 -> "15m". */
const char *utc_print_duration(int64_t duration_ms, char text[24]);

#endif
