/* SPDX-License-Identifier: Apache-2.0 */
/* zone.h - time zones from the system's compiled tz database (TZif, RFC 8536)
 *
 * Loaded whole into memory; immutable afterwards but for the cached transition, so one object
 * belongs to one thread. Times after the last transition follow the POSIX TZ footer.
 */
#ifndef AGENT_BASE_ZONE_H
#define AGENT_BASE_ZONE_H

#include "agent/base/utc.h"

struct zone;

/* name: IANA ("Europe/Berlin") or Windows ("W. Europe Standard Time"), looked for in the system's
 * folders only ($TZDIR is not read). NULL and err (ERROR_CONFIG) with the nearest right name when
 * there is none. */
struct zone *zone_open(const char *name, struct error *err) MUST_USE;
/* From the bytes of a TZif file, whoever read it. Any input is safe; invalid fails. */
struct zone *zone_read(const void *data, size_t size, struct error *err) MUST_USE;
void zone_close(struct zone *zone);

/* Times of years 1 to 9999. local = UTC + offset */
int64_t zone_offset_ms(struct zone *zone, utc_ms time);

enum zone_fit {
    ZONE_ONCE,  /* the usual case: first == second */
    ZONE_TWICE, /* autumn: two moments show this clock face, first < second */
    ZONE_GAP,   /* spring: none does; both are the face moved forward by the gap */
};
struct zone_answer {
    enum zone_fit fit;
    utc_ms first, second;
};
struct zone_answer zone_to_utc(struct zone *zone, utc_ms civil);

/* The smallest and largest offset in force anywhere in [from, to]: for bounds that must cover
 * both sides of a change. */
void zone_offsets_between(struct zone *zone, utc_ms from, utc_ms to, int64_t *least_ms,
                          int64_t *most_ms);

struct zone_windows_name {
    const char *windows, *iana;
};
extern const struct zone_windows_name zone_windows_names[]; /* ends with a row of NULL */

#endif
