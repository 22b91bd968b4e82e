/* SPDX-License-Identifier: Apache-2.0 */
/* zone.c - reads TZif files and converts between UTC and a zone's clock
 *
 * TZif, all numbers big-endian (RFC 8536):
 *
 *     header   "TZif" version(1) unused(15) counts(6 x 4): UTC flags, standard flags, leap seconds,
 *              transitions, types, letters
 *     block    transitions x time(4, or 8 in the second block), transitions x type(1),
 *              types x { offset in seconds(4) is summer(1) letter(1) }, letters,
 *              leap seconds, standard flags, UTC flags
 *     version 2 and later: header and block once more with times of 8 bytes, then
 *     footer   "\n" POSIX TZ string, or nothing "\n"
 *
 * valid if and only if everything counted is there, times grow, types exist, offsets are within
 * a day or so, there are no leap seconds (UTC here has none) and the footer is a rule.
 */
#include "agent/base/zone.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/base/settings_read.h"
#include "agent/base/zone_rule.h"

#define HEADER_SIZE 44
#define TYPE_SIZE   6

/* No zone was ever further from UTC; RFC 8536 allows -25 to 26 hours. */
#define OFFSET_MOST_MS (26 * UTC_HOUR)

struct change {
    utc_ms at;
    int64_t offset_ms; /* from then on */
};

struct zone {
    struct change *changes; /* the first is at INT64_MIN */
    size_t change_count;
    utc_ms rule_from; /* the last transition: the rule holds from there on */
    struct zone_rule rule;
    struct zone_span cached; /* the stretch asked for last */
};

struct tzif_header {
    int version;
    uint32_t utc_flags, standard_flags, leap_seconds, transitions, types, letters;
};

static uint32_t number_of_4(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int64_t seconds_at(const uint8_t *bytes, size_t width)
{
    if (width == 4)
        return (int32_t)number_of_4(bytes);
    return (int64_t)((uint64_t)number_of_4(bytes) << 32 | number_of_4(bytes + 4));
}

/* Old files begin at the "big bang", further back than milliseconds can count. */
static utc_ms milliseconds(int64_t seconds)
{
    const int64_t most = INT64_MAX / 1000 - 1;

    if (seconds > most)
        return most * 1000;
    return seconds < -most ? -most * 1000 : seconds * 1000;
}

static bool read_header(const uint8_t *data, size_t size, struct tzif_header *header,
                        struct error *err)
{
    if (size < HEADER_SIZE || memcmp(data, "TZif", 4) != 0)
        return error_set(err, ERROR_CONFIG, "it is not a compiled time zone (TZif)");
    header->version = data[4] == '\0' ? 1 : data[4] - '0';
    header->utc_flags = number_of_4(data + 20);
    header->standard_flags = number_of_4(data + 24);
    header->leap_seconds = number_of_4(data + 28);
    header->transitions = number_of_4(data + 32);
    header->types = number_of_4(data + 36);
    header->letters = number_of_4(data + 40);
    return true;
}

static uint64_t block_size(const struct tzif_header *header, size_t time_width)
{
    return (uint64_t)header->transitions * (time_width + 1) + (uint64_t)header->types * TYPE_SIZE +
           header->letters + (uint64_t)header->leap_seconds * (time_width + 4) +
           header->standard_flags + header->utc_flags;
}

static void add_change(struct zone *zone, utc_ms at, int64_t offset_ms)
{
    if (zone->change_count > 0 && zone->changes[zone->change_count - 1].offset_ms == offset_ms)
        return; /* only its name or its flag changed */
    zone->changes[zone->change_count++] = (struct change){at, offset_ms};
}

/* Fills changes and, for a file without a footer, lets the last offset stand for ever. */
static bool read_block(struct zone *zone, const uint8_t *block, const struct tzif_header *header,
                       size_t time_width, struct error *err)
{
    const size_t count = header->transitions;
    const uint8_t *types_of = block + count * time_width;
    const uint8_t *types = types_of + count;
    int64_t offset_ms = 0;

    if (header->leap_seconds > 0)
        return error_set(err, ERROR_CONFIG, "it counts leap seconds, which no database does");
    if (header->types == 0)
        return error_set(err, ERROR_CONFIG, "it has no type of time");
    for (size_t i = 0; i < header->types; i++) {
        offset_ms = (int32_t)number_of_4(types + i * TYPE_SIZE) * UTC_SECOND;
        if (offset_ms < -OFFSET_MOST_MS || offset_ms > OFFSET_MOST_MS)
            return error_set(err, ERROR_CONFIG, "it has an offset of more than 26 hours");
    }

    zone->changes = os_alloc((count + 1) * sizeof zone->changes[0]);
    offset_ms = (int32_t)number_of_4(types) * UTC_SECOND;
    zone->rule_from = INT64_MIN;
    add_change(zone, INT64_MIN, offset_ms);
    for (size_t i = 0; i < count; i++) {
        const int64_t seconds = seconds_at(block + i * time_width, time_width);
        if (i > 0 && seconds <= seconds_at(block + (i - 1) * time_width, time_width))
            return error_set(err, ERROR_CONFIG, "its transitions are out of order");
        if (types_of[i] >= header->types)
            return error_set(err, ERROR_CONFIG, "a transition has an unknown type");
        offset_ms = (int32_t)number_of_4(types + (size_t)types_of[i] * TYPE_SIZE) * UTC_SECOND;
        zone->rule_from = milliseconds(seconds);
        add_change(zone, zone->rule_from, offset_ms);
    }
    zone->rule.standard_ms = offset_ms;
    return true;
}

static bool read_footer(struct zone *zone, const uint8_t *footer, size_t size, struct error *err)
{
    const uint8_t *end = size > 1 ? memchr(footer + 1, '\n', size - 1) : NULL;

    if (end == NULL || footer[0] != '\n')
        return error_set(err, ERROR_CONFIG, "its last line is missing");
    if (end == footer + 1)
        return true;
    if (!zone_rule_parse((const char *)footer + 1, (size_t)(end - footer - 1), &zone->rule))
        return error_set(err, ERROR_CONFIG, "its last line is not a rule");
    return true;
}

static bool read_file(struct zone *zone, const uint8_t *data, size_t size, struct error *err)
{
    struct tzif_header header;
    size_t time_width = 4;

    if (!read_header(data, size, &header, err))
        return false;
    if (header.version >= 2) { /* the first block is there for old programs only */
        const uint64_t skipped = HEADER_SIZE + block_size(&header, time_width);
        if (skipped > size)
            return error_set(err, ERROR_CONFIG, "it ends too early");
        data += skipped;
        size -= (size_t)skipped;
        time_width = 8;
        if (!read_header(data, size, &header, err))
            return false;
    }
    data += HEADER_SIZE;
    size -= HEADER_SIZE;
    const uint64_t block = block_size(&header, time_width);
    if (block > size)
        return error_set(err, ERROR_CONFIG, "it ends too early");
    return read_block(zone, data, &header, time_width, err) &&
           (time_width == 4 || read_footer(zone, data + block, (size_t)(size - block), err));
}

struct zone *zone_read(const void *data, size_t size, struct error *err)
{
    struct zone *zone = os_alloc(sizeof *zone);

    if (!read_file(zone, data, size, err)) {
        zone_close(zone);
        return NULL;
    }
    return zone;
}

void zone_close(struct zone *zone)
{
    if (zone == NULL)
        return;
    os_free(zone->changes);
    os_free(zone);
}

static struct zone_span span_at(const struct zone *zone, utc_ms time)
{
    struct zone_span span;
    size_t low = 0; /* changes[low].at <= time < changes[high].at */
    size_t high = zone->change_count;

    if (time >= zone->rule_from) {
        span = zone_rule_span(&zone->rule, time);
        if (span.from < zone->rule_from)
            span.from = zone->rule_from;
        return span;
    }
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (zone->changes[middle].at <= time)
            low = middle;
        else
            high = middle;
    }
    span.from = zone->changes[low].at;
    span.to = high < zone->change_count ? zone->changes[high].at : zone->rule_from;
    span.offset_ms = zone->changes[low].offset_ms;
    return span;
}

int64_t zone_offset_ms(struct zone *zone, utc_ms time)
{
    if (time < zone->cached.from || time >= zone->cached.to)
        zone->cached = span_at(zone, time);
    return zone->cached.offset_ms;
}

/* Near a change: every stretch that could show this face is asked. */
static struct zone_answer look_around(const struct zone *zone, utc_ms civil)
{
    struct zone_answer answer = {.fit = ZONE_GAP};
    struct zone_span span = span_at(zone, civil - OFFSET_MOST_MS);

    for (;;) {
        const utc_ms time = civil - span.offset_ms;
        if (time >= span.from && time < span.to) {
            if (answer.fit == ZONE_ONCE) {
                answer.fit = ZONE_TWICE;
                answer.second = time;
                return answer;
            }
            answer = (struct zone_answer){ZONE_ONCE, time, time};
        } else if (time >= span.to && answer.fit == ZONE_GAP) {
            /* Past this stretch's end; should the next begin later on the clock, it is a gap, and
             * the old offset moves the face forward by just that gap. */
            answer.first = answer.second = time;
        }
        if (span.to >= civil + OFFSET_MOST_MS)
            return answer;
        span = span_at(zone, span.to);
    }
}

struct zone_answer zone_to_utc(struct zone *zone, utc_ms civil)
{
    const utc_ms time = civil - zone->cached.offset_ms;

    /* Far enough inside a stretch no other one can show the same face. */
    if (time - 2 * OFFSET_MOST_MS >= zone->cached.from &&
        time + 2 * OFFSET_MOST_MS < zone->cached.to)
        return (struct zone_answer){ZONE_ONCE, time, time};

    const struct zone_answer answer = look_around(zone, civil);
    zone->cached = span_at(zone, answer.first);
    return answer;
}

void zone_offsets_between(struct zone *zone, utc_ms from, utc_ms to, int64_t *least_ms,
                          int64_t *most_ms)
{
    struct zone_span span = span_at(zone, from);
    int64_t least = span.offset_ms;
    int64_t most = span.offset_ms;

    while (span.to <= to && span.to < INT64_MAX) {
        span = span_at(zone, span.to);
        least = span.offset_ms < least ? span.offset_ms : least;
        most = span.offset_ms > most ? span.offset_ms : most;
    }
    *least_ms = least;
    *most_ms = most;
}

#define FILE_MOST ((size_t)1 << 20) /* the largest has 4 KiB */
#define PATH_SIZE 512
#define NAME_MOST 100

static const char *const folders[] = {
    "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo", NULL,
};

/* The file of a zone, or false. Names are not paths: nothing else may be reached by one. */
static bool find_file(const char *name, char path[PATH_SIZE])
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "/_+-";
    const size_t size = strlen(name);

    if (size == 0 || size > NAME_MOST || name[0] == '/' || name[size - 1] == '/' ||
        strspn(name, allowed) != size)
        return false;
    for (size_t i = 0; folders[i] != NULL; i++) {
        snprintf(path, PATH_SIZE, "%s/%s", folders[i], name);
        if (os_file_exists(path))
            return true;
    }
    return false;
}

static int lower_case(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter;
}

static bool same_but_for_case(const char *left, const char *right)
{
    while (*left != '\0' && lower_case(*left) == lower_case(*right)) {
        left++;
        right++;
    }
    return *left == *right;
}

/* The name in a line of tzdata.zi ("Z NAME ...", "L TARGET NAME"), ended by a NUL; else NULL. */
static char *name_in_line(char *line)
{
    if (strncmp(line, "L ", 2) == 0)
        return strrchr(line, ' ') + 1;
    if (strncmp(line, "Z ", 2) != 0)
        return NULL;
    line[2 + strcspn(line + 2, " ")] = '\0';
    return line + 2;
}

/* All names that zone_open takes, lent from `list` and the table of Windows names. */
static const char **all_names(struct bytes *list)
{
    char path[PATH_SIZE];
    struct error ignored;
    size_t most = 1;
    size_t count = 0;

    for (size_t i = 0; folders[i] != NULL && list->size == 0; i++) {
        snprintf(path, sizeof path, "%s/tzdata.zi", folders[i]);
        if (!os_file_read(path, list, &ignored) || list->size == FILE_MOST)
            bytes_reset(list); /* there must be room for the end */
    }
    bytes_append_byte(list, '\0');

    for (size_t i = 0; zone_windows_names[i].windows != NULL; i++)
        most++;
    for (size_t i = 0; i < list->size; i++)
        most += list->data[i] == '\n';
    const char **names = os_alloc((most + 1) * sizeof names[0]);
    for (size_t i = 0; zone_windows_names[i].windows != NULL; i++)
        names[count++] = zone_windows_names[i].windows;
    for (char *line = (char *)list->data; *line != '\0';) {
        char *next = line + strcspn(line, "\n");
        if (*next != '\0')
            *next++ = '\0';
        const char *name = name_in_line(line);
        if (name != NULL && find_file(name, path)) /* old names are not everywhere */
            names[count++] = name;
        line = next;
    }
    return names;
}

/* The same in other case, only the city, or a few typing errors off. */
static const char *meant_name(const char *wanted, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *city = strrchr(names[i], '/');
        if (same_but_for_case(wanted, names[i]) ||
            (city != NULL && same_but_for_case(wanted, city + 1)))
            return names[i];
    }
    return settings_nearest(wanted, names);
}

static bool unknown_name(const char *name, struct error *err)
{
    struct bytes list;

    bytes_init(&list, FILE_MOST);
    const char **names = all_names(&list);
    const char *meant = meant_name(name, names);
    if (meant != NULL)
        error_set(err, ERROR_CONFIG, "unknown time zone \"%s\"; did you mean \"%s\"?", name, meant);
    else
        error_set(err, ERROR_CONFIG,
                  "unknown time zone \"%s\"; use a name such as \"Europe/Berlin\"", name);
    os_free(names);
    bytes_free(&list);
    return false;
}

struct zone *zone_open(const char *name, struct error *err)
{
    struct zone *zone = NULL;
    const char *iana = name;
    char path[PATH_SIZE];
    struct bytes file;

    for (size_t i = 0; zone_windows_names[i].windows != NULL; i++)
        if (strcmp(name, zone_windows_names[i].windows) == 0)
            iana = zone_windows_names[i].iana;

    bytes_init(&file, FILE_MOST);
    if (!find_file(iana, path)) {
        unknown_name(name, err);
        goto out;
    }
    if (!os_file_read(path, &file, err))
        goto out;
    zone = zone_read(file.data, file.size, err);
    if (zone == NULL)
        error_prefix(err, "time zone \"%s\" cannot be used (%s): ", name, path);
out:
    bytes_free(&file);
    return zone;
}
