/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_settings.c - what an integration says of times, numbers, channels and intervals */
#include "agent/flow/normalise_settings.h"

#include <string.h>

#include "agent/base/settings_read.h"
#include "agent/base/zone.h"

/* Opened to see whether it is there; who needs it opens it again. */
static void read_time_zone(struct settings_reader *reader, const struct node *node, void *place)
{
    struct error err;

    if (node == NULL)
        return;
    const char *name = settings_text(reader, node);
    if (name == NULL)
        return;
    struct zone *zone = zone_open(name, &err);
    if (zone == NULL)
        settings_error(reader, node, "%s", err.text);
    zone_close(zone);
    *(const char **)place = name;
}

static void read_interval(struct settings_reader *reader, const struct node *node, void *place)
{
    int64_t interval_ms;

    if (node == NULL)
        return;
    const char *text = settings_text(reader, node);
    if (text == NULL)
        return;
    if (!utc_parse_duration(text, &interval_ms) ||
        (interval_ms != UTC_QUARTER && interval_ms != 2 * UTC_QUARTER && interval_ms != UTC_HOUR))
        settings_error(reader, node, "\"%s\" is not 15m, 30m or 60m", text);
    else
        *(int64_t *)place = interval_ms;
}

static bool find_channel(const char *word, enum channel *channel)
{
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        if (strcmp(word, channel_words[i]) == 0) {
            *channel = (enum channel)i;
            return true;
        }
    }
    return false;
}

static void read_channels(struct settings_reader *reader, const struct node *node, void *place)
{
    struct channel_map *map = place;
    size_t count = 0;

    if (node == NULL)
        return;
    if (node->kind != NODE_MAP) {
        settings_error(reader, node, "must be a map of the source's words to channels");
        return;
    }
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next)
        count++;
    map->words = arena_take(reader->memory, count * sizeof *map->words);
    map->channels = arena_take(reader->memory, count * sizeof *map->channels);
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        const char *word = settings_text(reader, entry);

        if (word == NULL)
            continue;
        if (find_channel(word, &map->channels[map->count])) {
            map->words[map->count++] = arena_keep_text(reader->memory, entry->key);
            continue;
        }
        const char *nearest = settings_nearest(word, channel_words);
        settings_error(reader, entry, "\"%s\" is not a channel%s%s%s", word,
                       nearest != NULL ? " (did you mean \"" : "", nearest != NULL ? nearest : "",
                       nearest != NULL ? "\"?)" : "");
    }
}

/* The first word stands for "not said". */
static const char *const ambiguous_words[] = {"", "first", "second", "order", NULL};
static const char *const times_words[] = {"", "unix", "unix-ms", NULL};
static const char *const ends_words[] = {"", "given", "next-start", NULL};
static const char *const spread_words[] = {"start", "even", NULL};
static const char *const decimal_words[] = {".", ",", NULL};

#define PLACE(field) offsetof(struct normalise_settings, field)

const struct setting normalise_settings[] = {
    {.name = "time_zone",
     .type = SETTING_CUSTOM,
     .offset = PLACE(time_zone),
     .read = read_time_zone,
     .schema = "{\"type\": \"string\"}",
     .example = "Europe/Berlin",
     .meaning = "zone of the source's times that have no offset"},
    {.name = "ambiguous",
     .type = SETTING_CHOICE,
     .offset = PLACE(ambiguous),
     .fallback = "first",
     .choices = ambiguous_words,
     .meaning = "which one a time is that occurs twice in autumn: the first, the second, or as the "
                "rows come (order, the default of intervals)"},
    {.name = "times",
     .type = SETTING_CHOICE,
     .offset = PLACE(times),
     .choices = times_words,
     .example = "unix",
     .meaning = "what a number in a time column counts: seconds or milliseconds since 1970"},
    {.name = "decimal",
     .type = SETTING_LETTER,
     .offset = PLACE(decimal),
     .fallback = ".",
     .choices = decimal_words,
     .meaning = "decimal point of numbers that come as text"},
    {.name = "channel",
     .type = SETTING_CHOICE,
     .offset = PLACE(channel),
     .fallback = "calls",
     .choices = channel_words,
     .meaning = "channel of rows that name none"},
    {.name = "channels",
     .type = SETTING_CUSTOM,
     .offset = PLACE(channels),
     .read = read_channels,
     .schema = "{\"type\": \"object\", \"additionalProperties\": {\"enum\": [\"calls\", \"chats\", "
               "\"emails\", \"social_media\", \"documents\", \"cases\"]}}",
     .example = "{ phone: calls }",
     .meaning = "the source's words for channels"},
    {.name = "interval",
     .type = SETTING_CUSTOM,
     .offset = PLACE(interval_ms),
     .required = true,
     .read = read_interval,
     .schema = "{\"enum\": [\"15m\", \"30m\", \"60m\"]}",
     .example = "30m",
     .meaning = "length of the source's intervals: 15m, 30m or 60m"},
    {.name = "spread",
     .type = SETTING_CHOICE,
     .offset = PLACE(spread),
     .fallback = "start",
     .choices = spread_words,
     .meaning =
         "an interval of 30 or 60 minutes: all at its start, or even over its quarter hours"},
    {.name = "ends",
     .type = SETTING_CHOICE,
     .offset = PLACE(ends),
     .choices = ends_words,
     .example = "next-start",
     .meaning = "when a status ends: as given, or at the same agent's next one (given where there "
                "is an end or a duration)"},
    {0},
};
