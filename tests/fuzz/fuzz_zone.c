/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_zone.c - compiled zones and their last lines: every moment has one face, and is found by it
 *
 * Input: a moment (8 bytes), then a TZif file. Without its "TZif" it is a last line (a POSIX TZ
 * string), so that both are reached.
 */
#include <string.h>

#include "agent/base/zone.h"
#include "agent/base/zone_rule.h"
#include "tests/fuzz/fuzz.h"

#define OFFSET_MOST_MS (26 * UTC_HOUR)
#define MOMENTS        64

/* Walks from stretch to stretch: they touch, and each holds the moment it was asked for. */
static void check_rule(const char *text, size_t size, utc_ms time)
{
    struct zone_rule rule;

    if (!zone_rule_parse(text, size, &rule))
        return;
    for (int i = 0; i < MOMENTS && time < (UTC_LATEST + 1); i++) {
        const struct zone_span span = zone_rule_span(&rule, time);

        PROMISE(span.from <= time && time < span.to);
        PROMISE(span.offset_ms == rule.standard_ms || span.offset_ms == rule.summer_ms);
        PROMISE(i == 0 || span.from == time);
        if (span.to == INT64_MAX)
            return;
        const struct zone_span last = zone_rule_span(&rule, span.to - 1);
        PROMISE(last.from == span.from && last.to == span.to);
        time = span.to;
    }
}

static void check_moment(struct zone *zone, struct zone *fresh, utc_ms time)
{
    const int64_t offset_ms = zone_offset_ms(zone, time);
    const utc_ms civil = time + offset_ms;

    PROMISE(offset_ms >= -OFFSET_MOST_MS && offset_ms <= OFFSET_MOST_MS);
    PROMISE(zone_offset_ms(fresh, time) == offset_ms);

    const struct zone_answer answer = zone_to_utc(zone, civil);
    PROMISE(answer.fit != ZONE_GAP);
    PROMISE((answer.fit == ZONE_TWICE) == (answer.first < answer.second));
    PROMISE(answer.first + zone_offset_ms(zone, answer.first) == civil);
    PROMISE(answer.second + zone_offset_ms(zone, answer.second) == civil);
    PROMISE(answer.fit == ZONE_TWICE || answer.first == time);
}

static void check_range(struct zone *zone, utc_ms from, utc_ms to)
{
    int64_t least_ms, most_ms;

    zone_offsets_between(zone, from, to, &least_ms, &most_ms);
    for (int i = 0; i <= 8; i++) {
        const int64_t offset_ms = zone_offset_ms(zone, from + (to - from) / 8 * i);

        PROMISE(offset_ms >= least_ms && offset_ms <= most_ms);
    }
}

static void check_zone(const uint8_t *data, size_t size, utc_ms time)
{
    struct error err;
    struct zone *zone = zone_read(data, size, &err);

    if (zone == NULL) {
        PROMISE(err.kind == ERROR_CONFIG);
        return;
    }
    for (int i = 0; i < MOMENTS; i++) {
        struct zone *fresh = zone_read(data, size, &err);

        PROMISE(fresh != NULL);
        check_moment(zone, fresh, time);
        zone_close(fresh);
        time = utc_floor(time * 5 / 4 + i * UTC_DAY, UTC_SECOND);
        if (time < UTC_EARLIEST + 2 * UTC_DAY || time > (UTC_LATEST + 1) - 2 * UTC_DAY)
            break;
    }
    check_range(zone, 0, INT64_C(4102444800000));
    zone_close(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const uint64_t years = (uint64_t)((UTC_LATEST + 1) - UTC_EARLIEST - 4 * UTC_DAY);
    const utc_ms time =
        UTC_EARLIEST + 2 * UTC_DAY + (utc_ms)((uint64_t)input_number(&input) % years);

    if (input.size >= 4 && memcmp(input.data, "TZif", 4) == 0)
        check_zone(input.data, input.size, time);
    else if (input.size > 0)
        check_rule((const char *)input.data, input.size, time);
    return 0;
}
