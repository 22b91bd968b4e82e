/* SPDX-License-Identifier: Apache-2.0 */
/* bounds.h - a slice's window as the values a database compares its times with
 *
 * Wider than the window, never narrower: rows are filtered exactly by their UTC time afterwards.
 */
#ifndef CONNECTORS_BOUNDS_H
#define CONNECTORS_BOUNDS_H

#include "agent/base/utc.h"
#include "agent/flow/slice.h"

struct zone;

/* What a column of times holds. */
enum bound_kind { BOUND_UTC, BOUND_CIVIL, BOUND_TEXT, BOUND_UNIX, BOUND_UNIX_MS };
struct bound_form {
    enum bound_kind kind;
    char separator;  /* BOUND_TEXT: between date and time, a blank or T */
    bool has_offset; /* BOUND_TEXT: the texts end in Z or +hh:mm */
};

/* From the first text seen of a column (size 0: none was): what its bounds must look like. */
struct bound_form bounds_text_form(const char *text, size_t size);
/* times: as in the connector's facts, and not 0. */
struct bound_form bounds_number_form(int times);

/* Both a second wider than the slice; on the clock face wide enough for both offsets where the
 * zone changes within a day. */
struct bounds {
    utc_ms from, to;
    utc_ms civil_from, civil_to;
};
struct bounds bounds_of(const struct slice *slice, struct zone *zone); /* zone NULL: UTC */

extern const struct bounds bounds_never; /* of no length */
extern const struct bounds bounds_ever;  /* wide enough for every row there may be */

/* One bound as milliseconds of its kind: UTC, or on a clock face. */
utc_ms bounds_time(const struct bounds *bounds, struct bound_form form, bool is_upper);

/* A time as text: YYYY-MM-DD hh:mm:ss, the separator as given, terminated. */
#define BOUND_SIZE 24
void bounds_print(utc_ms time, char separator, char text[BOUND_SIZE]);
/* One bound as text or number, terminated. */
void bounds_write(const struct bounds *bounds, struct bound_form form, bool is_upper,
                  char text[BOUND_SIZE]);

#endif
