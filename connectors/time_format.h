/* SPDX-License-Identifier: Apache-2.0 */
/* time_format.h - times and durations written as a customer's format says
 *
 *     D DD M MM YY YYYY   day, month, year     a single letter takes one or two digits;
 *     h hh m mm s ss      hour, minute, second YY is 2000-2079, else 19YY
 *     SSS                 fraction of a second, any number of digits
 *     a                   AM or PM
 *     Z                   offset: Z +hh +hhmm +hh:mm
 *     unix, unix-ms       a count since 1970, alone
 *
 * T and every character that is no letter stand for themselves, other letters between single
 * quotes ('' is a quote). A date needs year, month and day, and with a clock the hour.
 */
#ifndef CONNECTORS_TIME_FORMAT_H
#define CONNECTORS_TIME_FORMAT_H

#include "agent/base/utc.h"

#define TIME_FORMAT_PARTS 40

/* Plain facts: no memory behind it. */
struct time_format {
    struct {
        char letter; /* D M Y h m s S a Z; u, U: unix, unix-ms; 0: a literal */
        char what;   /* the literal, or how many digits: 0 for one or two */
    } parts[TIME_FORMAT_PARTS];
    int count;
    bool has_date, has_hour, is_unix; /* without a date or an hour: good for a duration only */
};

/* ERROR_CONFIG says which letter is wrong or which part is missing. */
bool time_format_compile(const char *text, struct time_format *format, struct error *err) MUST_USE;

/* What was read so far: a date and a time may come from two columns. Begin with all zero. */
struct time_reading {
    struct civil civil;
    bool has_offset; /* or the time is unix: then `unix_time` is the moment */
    int64_t offset_ms;
    bool is_unix;
    utc_ms unix_time;
};

/* False: the text is not as the format says. Blanks around it are passed over. */
bool time_format_read(const struct time_format *format, const char *text, size_t size,
                      struct time_reading *reading) MUST_USE;
/* *is_civil: a clock face without offset, else UTC. False: there is no such day or time. */
bool time_reading_moment(const struct time_reading *reading, utc_ms *time, bool *is_civil) MUST_USE;

/* A length of time as hh:mm:ss, mm:ss and the like; the first number may have any length. */
bool time_format_read_duration(const struct time_format *format, const char *text, size_t size,
                               int64_t *duration_ms) MUST_USE;

#endif
