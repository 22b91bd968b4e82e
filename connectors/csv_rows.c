/* SPDX-License-Identifier: Apache-2.0 */
/* csv_rows.c - a file's records become rows with our column names
 *
 * What is to be made of which column is worked out when the source is opened (a list of outputs),
 * and where the columns stand when a file begins. A record costs no allocation.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/json.h"
#include "agent/base/os.h"
#include "connectors/csv.h"
#include "connectors/delimited.h"
#include "connectors/time_format.h"

#define OUTPUTS_MOST 12
#define OWN_MOST     80 /* letters: of a number whose decimal comma is turned, or of a pair */

enum making {
    MAKE_TEXT,   /* as it is */
    MAKE_FIXED,  /* the same for every row */
    MAKE_NUMBER, /* with its decimal comma turned into a point */
    MAKE_YES,    /* 1 for one of the words, else 0 */
    MAKE_LENGTH, /* a length of time by its format, in seconds */
    MAKE_MOMENT, /* by its format */
    MAKE_PAIR,   /* of a date and a time of day, each by its format */
};

/* One column of the file. */
struct input {
    const struct csv_column *column;
    struct time_format format;
    size_t at; /* which field */
};

/* One column of ours. */
struct output {
    enum making making;
    struct input first, second; /* second: the time of a pair */
    char own[OWN_MOST];         /* what a cell's text is where no field has it like that */
};

struct csv_rows {
    bool has_header;
    char decimal;
    struct output outputs[OUTPUTS_MOST];
    const char *names[OUTPUTS_MOST];
    struct columns columns;
    size_t width; /* fields a record should have */
    struct cell cells[OUTPUTS_MOST];
    struct row row;
    struct error fault; /* why a row is set aside */
};

/* --- when the source is opened --- */

static void set_input(struct input *input, const struct csv_column *column)
{
    struct error err;
    bool is_good;

    input->column = column;
    if (column->format == NULL)
        return;
    is_good = time_format_compile(column->format, &input->format, &err);
    assert(is_good); /* it was checked when the settings were read */
    (void)is_good;
}

static struct output *add(struct csv_rows *r, const char *name, enum making making,
                          const struct csv_column *column)
{
    struct output *output = &r->outputs[r->columns.count];

    r->names[r->columns.count++] = name;
    output->making = making;
    set_input(&output->first, column);
    return output;
}

static void add_number(struct csv_rows *r, const char *name, const struct csv_column *column)
{
    if (column->name != NULL)
        add(r, name, column->format != NULL ? MAKE_LENGTH : MAKE_NUMBER, column);
}

static void add_moment(struct csv_rows *r, const char *name, const struct csv_column *both,
                       const struct csv_column *date, const struct csv_column *time)
{
    if (both->name != NULL)
        add(r, name, both->format != NULL ? MAKE_MOMENT : MAKE_TEXT, both);
    else if (date->name != NULL)
        set_input(&add(r, name, MAKE_PAIR, date)->second, time);
}

static void add_volume(struct csv_rows *r, const struct csv_columns *given)
{
    const struct csv_column *identifier =
        given->queue_identifier.name != NULL ? &given->queue_identifier : &given->queue;

    add(r, "queueidentifier", MAKE_TEXT, identifier);
    add(r, "queuename", MAKE_TEXT, &given->queue);
    add_moment(r, "timestamp", &given->timestamp, &given->date, &given->time);
    add_number(r, "offered", &given->offered);
    if (given->answered.true_words.count > 0)
        add(r, "answered", MAKE_YES, &given->answered);
    else
        add_number(r, "answered", &given->answered);
    add_number(r, "duration", &given->duration);
    add_number(r, "handlingtime", &given->handling_time);
    add_number(r, "aht", &given->aht);
    if (given->channel.fixed != NULL)
        add(r, "channel", MAKE_FIXED, &given->channel);
    else if (given->channel.name != NULL)
        add(r, "channel", MAKE_TEXT, &given->channel);
}

static void add_status(struct csv_rows *r, const struct csv_columns *given)
{
    add(r, "agentidentifier", MAKE_TEXT, &given->agent);
    add_moment(r, "starttime", &given->start, &given->start_date, &given->start_time);
    add_moment(r, "endtime", &given->end, &given->end_date, &given->end_time);
    add_number(r, "duration", &given->duration);
    add(r, "activity", MAKE_TEXT, &given->activity);
}

struct csv_rows *csv_rows_new(const struct csv_settings *settings,
                              const struct connector_facts *facts)
{
    struct csv_rows *r = os_alloc(sizeof *r);

    r->has_header = settings->format.header;
    r->decimal = settings->format.decimal;
    r->columns.names = r->names;
    if (facts->is_status)
        add_status(r, &settings->columns);
    else
        add_volume(r, &settings->columns);
    return r;
}

void csv_rows_free(struct csv_rows *r)
{
    os_free(r);
}

const struct columns *csv_rows_columns(const struct csv_rows *r)
{
    return &r->columns;
}

/* --- when a file begins --- */

static bool trimmed_is(const struct field *field, const char *name, bool any_case)
{
    const char *text = field->text;
    size_t size = field->size;

    for (; size > 0 && text[size - 1] == ' '; size--)
        ;
    for (; size > 0 && *text == ' '; size--)
        text++;
    if (strlen(name) != size)
        return false;
    for (size_t i = 0; i < size; i++) {
        char letter = text[i], wanted = name[i];

        if (any_case && letter >= 'A' && letter <= 'Z')
            letter = (char)(letter | 0x20);
        if (any_case && wanted >= 'A' && wanted <= 'Z')
            wanted = (char)(wanted | 0x20);
        if (letter != wanted)
            return false;
    }
    return true;
}

/* The columns' names, for a sentence. */
static const char *list_names(const struct delimited_record *header, char text[600])
{
    size_t size = 0;

    text[0] = '\0';
    for (size_t i = 0; i < header->filled && i < header->stored; i++) {
        const struct field *field = &header->fields[i];

        if (size + field->size + 3 > 600)
            break;
        size += (size_t)snprintf(text + size, 600 - size, "%s%.*s", i > 0 ? ", " : "",
                                 (int)field->size, field->text);
    }
    return text;
}

/* The letters in a file without header: A is 0, Z 25, AA 26. */
static bool find_by_letter(const char *name, size_t width, size_t *at)
{
    size_t number = 0;

    for (const char *letter = name; *letter != '\0'; letter++) {
        if (*letter < 'A' || *letter > 'Z' || number > width)
            return false;
        number = number * 26 + (size_t)(*letter - 'A') + 1;
    }
    *at = number - 1;
    return number > 0 && number <= width;
}

static bool find_by_name(const char *name, const struct delimited_record *header, size_t *at,
                         struct error *err)
{
    char names[600];
    size_t found = 0;

    for (int any_case = 0; any_case < 2 && found == 0; any_case++) {
        for (size_t i = 0; i < header->stored; i++) {
            if (trimmed_is(&header->fields[i], name, any_case) && found++ == 0)
                *at = i;
        }
    }
    if (found == 1)
        return true;
    if (found > 1)
        return error_set(err, ERROR_DATA, "the file has %zu columns named \"%s\"", found, name);
    return error_set(err, ERROR_DATA, "the file has no column \"%s\"; its columns are: %s", name,
                     list_names(header, names));
}

static bool find(const struct csv_rows *r, struct input *input,
                 const struct delimited_record *first, struct error *err)
{
    const char *name = input->column->name;

    if (r->has_header)
        return find_by_name(name, first, &input->at, err);
    if (find_by_letter(name, r->width, &input->at))
        return true;
    return error_set(err, ERROR_DATA,
                     "the file has no column \"%s\": without a header its %zu columns are named A, "
                     "B, C ...",
                     name, r->width);
}

bool csv_rows_begin(struct csv_rows *r, const struct delimited_record *first, struct error *err)
{
    if (first->fault != NULL)
        return error_set(err, ERROR_DATA, "the first line %s", first->fault);
    if (first->count > first->stored)
        return error_set(err, ERROR_DATA, "the file has %zu columns, too many", first->count);
    for (size_t i = 0; r->has_header && i < first->count; i++) {
        if (!json_text_is_valid(first->fields[i].text, first->fields[i].size))
            return error_set(err, ERROR_DATA,
                             "the header is not text in the encoding that `format` says");
    }
    r->width = r->has_header ? first->filled : first->count;
    for (size_t i = 0; i < r->columns.count; i++) {
        struct output *output = &r->outputs[i];

        if (output->making != MAKE_FIXED && !find(r, &output->first, first, err))
            return false;
        if (output->making == MAKE_PAIR && !find(r, &output->second, first, err))
            return false;
    }
    return true;
}

/* --- a record --- */

static bool is_blank(const struct field *field)
{
    for (uint32_t i = 0; i < field->size; i++) {
        if (field->text[i] != ' ')
            return false;
    }
    return true;
}

static void set_text(struct cell *cell, const char *text, size_t size)
{
    *cell = (struct cell){.kind = CELL_TEXT, .size = (uint32_t)size, .text = text};
}

/* Point and comma change places, so that a point meant for thousands does not pass for one. */
static void make_number(struct output *output, const struct field *field, char decimal,
                        struct cell *cell)
{
    set_text(cell, field->text, field->size);
    if (decimal != ',' || field->size > sizeof output->own)
        return;
    for (uint32_t i = 0; i < field->size; i++) {
        char letter = field->text[i];

        output->own[i] = letter == ',' ? '.' : letter == '.' ? ',' : letter;
    }
    cell->text = output->own;
}

static void make_yes(const struct output *output, const struct field *field, struct cell *cell)
{
    const struct setting_list *words = &output->first.column->true_words;

    *cell = (struct cell){.kind = CELL_INTEGER, .integer = 0};
    for (size_t i = 0; i < words->count && cell->integer == 0; i++)
        cell->integer = trimmed_is(field, words->items[i], false);
}

static bool not_as_format(struct csv_rows *r, const struct input *input, const char *usual)
{
    const char *format = input->column->format;

    return error_set(&r->fault, ERROR_DATA, "\"%s\" is not written as %s", input->column->name,
                     format != NULL ? format : usual);
}

static bool no_such_time(struct csv_rows *r, const struct input *input)
{
    return error_set(&r->fault, ERROR_DATA, "\"%s\" is no day or time there is",
                     input->column->name);
}

static bool set_moment(struct csv_rows *r, const struct output *output,
                       const struct time_reading *reading, struct cell *cell)
{
    utc_ms time;
    bool is_civil;

    if (!time_reading_moment(reading, &time, &is_civil))
        return no_such_time(r, &output->first);
    *cell = (struct cell){.kind = is_civil ? CELL_CIVIL : CELL_UTC, .integer = time};
    return true;
}

/* Without a format: YYYY-MM-DD; a time of day behind it is not looked at. */
static bool read_date(const struct input *input, const struct field *field,
                      struct time_reading *reading)
{
    utc_ms time;
    enum utc_form form;

    if (input->column->format != NULL)
        return time_format_read(&input->format, field->text, field->size, reading);
    if (!utc_parse(field->text, field->size, &time, &form))
        return false;
    utc_to_civil(utc_floor(time, UTC_DAY), &reading->civil);
    return true;
}

/* Without a format: hh:mm[:ss[.fff]]. Leaves the date as it is. */
static bool read_clock(const struct input *input, const struct field *field,
                       struct time_reading *reading)
{
    char text[40] = "1970-01-01 ";
    struct civil clock;
    utc_ms time;
    enum utc_form form;

    if (input->column->format != NULL)
        return time_format_read(&input->format, field->text, field->size, reading);
    if (field->size > sizeof text - 11)
        return false;
    memcpy(text + 11, field->text, field->size);
    if (!utc_parse(text, 11 + field->size, &time, &form) || form != UTC_FORM_CIVIL)
        return false;
    utc_to_civil(time, &clock);
    reading->civil.hour = clock.hour;
    reading->civil.minute = clock.minute;
    reading->civil.second = clock.second;
    reading->civil.millisecond = clock.millisecond;
    return true;
}

static bool make_moment(struct csv_rows *r, const struct output *output, const struct field *field,
                        struct cell *cell)
{
    struct time_reading reading = {.is_unix = false};

    if (is_blank(field))
        return true;
    if (!time_format_read(&output->first.format, field->text, field->size, &reading))
        return not_as_format(r, &output->first, "");
    return set_moment(r, output, &reading, cell);
}

static bool make_pair(struct csv_rows *r, const struct output *output, const struct field *fields,
                      struct cell *cell)
{
    const struct field *date = &fields[output->first.at], *clock = &fields[output->second.at];
    struct time_reading reading = {.is_unix = false};

    if (is_blank(date) && is_blank(clock))
        return true;
    if (!read_date(&output->first, date, &reading))
        return not_as_format(r, &output->first, "YYYY-MM-DD");
    if (!read_clock(&output->second, clock, &reading))
        return not_as_format(r, &output->second, "hh:mm or hh:mm:ss");
    return set_moment(r, output, &reading, cell);
}

static bool make_length(struct csv_rows *r, const struct output *output, const struct field *field,
                        struct cell *cell)
{
    int64_t length_ms;

    if (is_blank(field))
        return true;
    if (!time_format_read_duration(&output->first.format, field->text, field->size, &length_ms))
        return not_as_format(r, &output->first, "");
    *cell = (struct cell){.kind = CELL_THOUSANDTHS, .integer = length_ms};
    return true;
}

/* Makes one cell; false: the row is set aside, r->fault says why. The cell stays empty where the
 * file has nothing. */
static bool make(struct csv_rows *r, struct output *output, const struct field *fields,
                 struct cell *cell)
{
    const struct field *field = &fields[output->first.at];

    *cell = (struct cell){.kind = CELL_NULL};
    switch (output->making) {
    case MAKE_TEXT:
        set_text(cell, field->text, field->size);
        return true;
    case MAKE_FIXED:
        set_text(cell, output->first.column->fixed, strlen(output->first.column->fixed));
        return true;
    case MAKE_NUMBER:
        make_number(output, field, r->decimal, cell);
        return true;
    case MAKE_YES:
        make_yes(output, field, cell);
        return true;
    case MAKE_LENGTH:
        return make_length(r, output, field, cell);
    case MAKE_MOMENT:
        return make_moment(r, output, field, cell);
    case MAKE_PAIR:
        return make_pair(r, output, fields, cell);
    }
    return true;
}

/* "05/01/2024 09:30", as far as there is room. */
static void set_pair(struct output *output, const struct field *date, const struct field *clock,
                     struct cell *cell)
{
    const size_t most = (sizeof output->own - 1) / 2;
    const size_t date_size = date->size < most ? date->size : most;
    const size_t clock_size = clock->size < most ? clock->size : most;

    memcpy(output->own, date->text, date_size);
    output->own[date_size] = ' ';
    memcpy(output->own + date_size + 1, clock->text, clock_size);
    set_text(cell, output->own, date_size + 1 + clock_size);
}

/* The file's own text, for a row that is set aside: all of it, since rows are told apart by it. */
static void set_raw(struct output *output, const struct delimited_record *record, struct cell *cell)
{
    const size_t at = output->first.at, second_at = output->second.at;

    *cell = (struct cell){.kind = CELL_NULL};
    if (output->making == MAKE_FIXED || at >= record->stored)
        return;
    if (output->making == MAKE_PAIR && second_at < record->stored)
        set_pair(output, &record->fields[at], &record->fields[second_at], cell);
    else
        set_text(cell, record->fields[at].text, record->fields[at].size);
}

const struct row *csv_rows_row(struct csv_rows *r, const struct delimited_record *record)
{
    const bool is_short = record->count < r->width;

    r->row = (struct row){.line = record->line, .fault = record->fault};
    if (record->fault != NULL)
        return &r->row;
    r->row.cells = r->cells;
    if (is_short || record->filled > r->width) {
        error_set(&r->fault, ERROR_DATA, "has %zu fields instead of %zu",
                  is_short ? record->count : record->filled, r->width);
        r->row.fault = r->fault.text;
    }
    for (size_t i = 0; i < r->columns.count; i++) {
        struct output *output = &r->outputs[i];

        if (r->row.fault == NULL && !make(r, output, record->fields, &r->cells[i]))
            r->row.fault = r->fault.text;
        if (r->row.fault != NULL)
            set_raw(output, record, &r->cells[i]);
    }
    return &r->row;
}
