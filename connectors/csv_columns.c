/* SPDX-License-Identifier: Apache-2.0 */
/* csv_columns.c - the settings under `columns`: which column of a file is what */
#include <string.h>

#include "connectors/csv.h"
#include "connectors/time_format.h"

#define NAME_SCHEMA "{\"type\": \"string\", \"minLength\": 1}"
/* A column's name, or a map with the name and more. */
#define COLUMN_SCHEMA(more)                                                                        \
    "{\"anyOf\": [" NAME_SCHEMA                                                                    \
    ", {\"type\": \"object\", \"properties\": {\"column\": " NAME_SCHEMA more                      \
    "}, \"required\": [\"column\"], \"additionalProperties\": false}]}"

#define PLACE(field) offsetof(struct csv_column, field)
#define COLUMN_KEY                                                                                 \
    {                                                                                              \
        .name = "column", .type = SETTING_TEXT, .offset = PLACE(name), .required = true,           \
        .meaning = "its name in the file"                                                          \
    }

static const struct setting plain_keys[] = {COLUMN_KEY, {0}};
static const struct setting timed_keys[] = {
    COLUMN_KEY,
    {.name = "format",
     .type = SETTING_TEXT,
     .offset = PLACE(format),
     .meaning = "how it is written, for example DD/MM/YYYY or hh:mm:ss"},
    {0},
};
static const struct setting answered_keys[] = {
    COLUMN_KEY,
    {.name = "true",
     .type = SETTING_LIST,
     .offset = PLACE(true_words),
     .meaning = "words that stand for yes"},
    {0},
};

/* A name alone, or a map of keys. */
static void read_column(struct settings_reader *reader, const struct node *node,
                        const struct setting *keys, struct csv_column *column)
{
    const struct settings_part part = {.table = keys, .out = column};

    if (node == NULL)
        return;
    if (node->kind == NODE_SCALAR)
        column->name = settings_text(reader, node);
    else
        settings_read(reader, node, &part, 1);
}

static void read_plain(struct settings_reader *reader, const struct node *node, void *place)
{
    read_column(reader, node, plain_keys, place);
}

static void read_timed(struct settings_reader *reader, const struct node *node, void *place)
{
    struct csv_column *column = place;
    struct time_format format;
    struct error err;

    read_column(reader, node, timed_keys, column);
    if (column->format == NULL || time_format_compile(column->format, &format, &err))
        return;
    settings_error(reader, node_child(node, "format"), "%s", err.text);
    column->format = NULL;
}

static void read_answered(struct settings_reader *reader, const struct node *node, void *place)
{
    read_column(reader, node, answered_keys, place);
}

/* A name alone is the channel itself here. */
static void read_channel(struct settings_reader *reader, const struct node *node, void *place)
{
    struct csv_column *column = place;

    if (node != NULL && node->kind == NODE_SCALAR)
        column->fixed = settings_text(reader, node);
    else
        read_column(reader, node, plain_keys, column);
}

#define COLUMN(key, reading, more, sample, says)                                                   \
    {                                                                                              \
        .name = #key, .type = SETTING_CUSTOM, .offset = offsetof(struct csv_columns, key),         \
        .read = (reading), .schema = COLUMN_SCHEMA(more), .example = (sample), .meaning = (says)   \
    }
#define PLAIN(key, sample, says) COLUMN(key, read_plain, "", sample, says)
#define TIMED(key, sample, says) COLUMN(key, read_timed, ", \"format\": " NAME_SCHEMA, sample, says)
#define WORDS_SCHEMA                                                                               \
    ", \"true\": {\"anyOf\": [" NAME_SCHEMA ", {\"type\": \"array\", \"items\": " NAME_SCHEMA "}]" \
    "}"

#define BOTH_SAMPLE  "{ column: Time, format: \"DD.MM.YYYY hh:mm\" }"
#define DATE_SAMPLE  "{ column: Date, format: DD.MM.YYYY }"
#define CLOCK_SAMPLE "{ column: Time, format: \"hh:mm\" }"

const struct setting csv_columns_settings[] = {
    PLAIN(queue, "Queue", "the queue's name"),
    PLAIN(queue_identifier, "QueueId", "what the queue is known by, if not by its name"),
    TIMED(timestamp, BOTH_SAMPLE, "when: date and time in one column"),
    TIMED(date, DATE_SAMPLE, "when: the date"),
    TIMED(time, CLOCK_SAMPLE, "when: the time of day"),
    PLAIN(offered, "Offered", "contacts offered"),
    COLUMN(answered, read_answered, WORDS_SCHEMA, "{ column: Result, true: [AGENT] }",
           "contacts answered; `true` lists the words for yes where it is not 0 or 1"),
    TIMED(aht, "{ column: AHT, format: \"hh:mm:ss\" }",
          "average handling time, in seconds or as `format` says"),
    TIMED(handling_time, "HandlingTime", "handling time in total, in seconds or as `format` says"),
    TIMED(duration, "Duration", "how long, in seconds or as `format` says"),
    COLUMN(channel, read_channel, "", "{ column: Channel }",
           "a channel for all, or the column that names it"),
    PLAIN(agent, "Agent", "what the agent is known by"),
    PLAIN(activity, "Status", "the agent's status"),
    TIMED(start, BOTH_SAMPLE, "begin of the status: date and time in one column"),
    TIMED(start_date, DATE_SAMPLE, "begin of the status: the date"),
    TIMED(start_time, CLOCK_SAMPLE, "begin of the status: the time of day"),
    TIMED(end, BOTH_SAMPLE, "end of the status: date and time in one column"),
    TIMED(end_date, DATE_SAMPLE, "end of the status: the date"),
    TIMED(end_time, CLOCK_SAMPLE, "end of the status: the time of day"),
    {0},
};

/* --- which of them go together --- */

enum { FOR_CONTACTS = 1, FOR_INTERVALS = 2, FOR_STATUSES = 4 };

static const struct {
    const char *key;
    int uses, needs; /* kinds */
} key_kinds[] = {
    {"queue", FOR_CONTACTS | FOR_INTERVALS, FOR_CONTACTS | FOR_INTERVALS},
    {"queue_identifier", FOR_CONTACTS | FOR_INTERVALS, 0},
    {"timestamp", FOR_CONTACTS | FOR_INTERVALS, 0},
    {"date", FOR_CONTACTS | FOR_INTERVALS, 0},
    {"time", FOR_CONTACTS | FOR_INTERVALS, 0},
    {"offered", FOR_CONTACTS | FOR_INTERVALS, FOR_INTERVALS},
    {"answered", FOR_CONTACTS | FOR_INTERVALS, FOR_CONTACTS | FOR_INTERVALS},
    {"aht", FOR_INTERVALS, 0},
    {"handling_time", FOR_INTERVALS, 0},
    {"duration", FOR_CONTACTS | FOR_STATUSES, 0},
    {"channel", FOR_CONTACTS | FOR_INTERVALS, 0},
    {"agent", FOR_STATUSES, FOR_STATUSES},
    {"activity", FOR_STATUSES, FOR_STATUSES},
    {"start", FOR_STATUSES, 0},
    {"start_date", FOR_STATUSES, 0},
    {"start_time", FOR_STATUSES, 0},
    {"end", FOR_STATUSES, 0},
    {"end_date", FOR_STATUSES, 0},
    {"end_time", FOR_STATUSES, 0},
};

static bool is_given(const struct csv_column *column)
{
    return column->name != NULL;
}

static void validate_kinds(struct settings_reader *reader, const struct node *columns, int kind)
{
    for (size_t i = 0; i < sizeof key_kinds / sizeof *key_kinds; i++) {
        const struct node *child = node_child(columns, key_kinds[i].key);

        if (child != NULL && (key_kinds[i].uses & kind) == 0)
            settings_error(reader, child, "is not for this kind of data");
        if (child == NULL && (key_kinds[i].needs & kind) != 0)
            settings_error(reader, columns, "%s is missing", key_kinds[i].key);
    }
}

/* The three keys that say when: one of both, or a pair of date and time. */
struct when {
    const char *key, *date_key, *time_key;
    const struct csv_column *both, *date, *time;
};

static void validate_format(struct settings_reader *reader, const struct node *child,
                            const struct csv_column *column, bool wants_date, bool wants_hour)
{
    struct time_format format;
    struct error err;

    if (column->format == NULL || !time_format_compile(column->format, &format, &err))
        return;
    if (format.has_date != wants_date || format.has_hour != wants_hour)
        settings_error(reader, node_child(child, "format"), "\"%s\" is not the format of %s",
                       column->format,
                       !wants_hour   ? "a date (day, month and year)"
                       : !wants_date ? "a time of day (the hour and what follows)"
                                     : "a date and a time");
}

static void validate_when(struct settings_reader *reader, const struct node *columns,
                          const struct when *when, bool is_needed)
{
    const struct node *date = node_child(columns, when->date_key);

    if (is_given(when->both) && (is_given(when->date) || is_given(when->time)))
        settings_error(reader, node_child(columns, when->key),
                       "is given together with %s or %s: one way is enough", when->date_key,
                       when->time_key);
    else if (is_given(when->date) != is_given(when->time))
        settings_error(reader, columns, "%s is missing",
                       date != NULL ? when->time_key : when->date_key);
    else if (is_needed && !is_given(when->both) && !is_given(when->date))
        settings_error(reader, columns, "%s (or %s and %s) is missing", when->key, when->date_key,
                       when->time_key);
    validate_format(reader, node_child(columns, when->key), when->both, true, true);
    validate_format(reader, date, when->date, true, false);
    validate_format(reader, node_child(columns, when->time_key), when->time, false, true);
}

static void validate_length(struct settings_reader *reader, const struct node *columns,
                            const char *key, const struct csv_column *column)
{
    if (column->format != NULL && strspn(column->format, "hmsS.:, ") != strlen(column->format))
        settings_error(reader, node_child(node_child(columns, key), "format"),
                       "\"%s\" is not the format of a length of time; hh:mm:ss is one",
                       column->format);
}

static void validate_statuses(struct settings_reader *reader, const struct node *columns,
                              const struct csv_columns *given)
{
    const struct when start = {"start",       "start_date",       "start_time",
                               &given->start, &given->start_date, &given->start_time};
    const struct when end = {"end",       "end_date",       "end_time",
                             &given->end, &given->end_date, &given->end_time};

    validate_when(reader, columns, &start, true);
    validate_when(reader, columns, &end, false);
    if (is_given(&given->duration) && (is_given(&given->end) || is_given(&given->end_date)))
        settings_error(reader, node_child(columns, "duration"),
                       "is given together with an end: one is enough");
}

static void validate_volumes(struct settings_reader *reader, const struct node *columns,
                             const struct csv_columns *given, bool is_interval)
{
    const struct when when = {"timestamp",       "date",       "time",
                              &given->timestamp, &given->date, &given->time};

    validate_when(reader, columns, &when, true);
    if (is_interval && is_given(&given->aht) && is_given(&given->handling_time))
        settings_error(reader, node_child(columns, "aht"),
                       "is given together with handling_time: one is enough");
    if (is_interval && !is_given(&given->aht) && !is_given(&given->handling_time))
        settings_error(reader, columns, "aht (or handling_time) is missing");
}

void csv_columns_validate(struct settings_reader *reader, const struct node *integration,
                          const struct csv_settings *settings, const struct connector_facts *facts)
{
    const struct node *columns = node_child(integration, "columns");
    const struct csv_columns *given = &settings->columns;
    int kind = facts->is_status ? FOR_STATUSES : facts->is_interval ? FOR_INTERVALS : FOR_CONTACTS;

    if (columns == NULL || columns->kind != NODE_MAP)
        return; /* said already */
    validate_kinds(reader, columns, kind);
    if (facts->is_status)
        validate_statuses(reader, columns, given);
    else
        validate_volumes(reader, columns, given, facts->is_interval);
    validate_length(reader, columns, "aht", &given->aht);
    validate_length(reader, columns, "handling_time", &given->handling_time);
    validate_length(reader, columns, "duration", &given->duration);
    if (settings->format.decimal != '\0' && node_child(integration, "decimal") != NULL)
        settings_error(reader, node_child(integration, "decimal"),
                       "is given in `format` too: one is enough");
}
