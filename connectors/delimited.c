/* SPDX-License-Identifier: Apache-2.0 */
/* delimited.c - records of delimited text (RFC 4180), streamed through one buffer
 *
 * The buffer ends in a line end of our own, so that no loop over letters asks where it ends. A
 * record is looked at in place; one that is not wholly there is looked at again after more of it
 * was read. Only when it is whole are its doubled quotes taken out, again in place.
 */
#include "connectors/delimited.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "agent/base/os.h"

#define READ_AT_ONCE (128 << 10)                 /* what stays in a core's own cache */
#define BUFFER_SIZE  (DELIMITED_RECORD_MOST + 8) /* room to read, even behind the longest record */

struct delimited {
    struct byte_source source;
    char delimiter, quote;
    bool ends_field[256]; /* delimiter and line ends */
    struct field *fields;
    bool *has_quotes; /* by field: quotes are to be taken out */
    size_t fields_most;

    char *buffer;
    size_t start, end; /* what is left of it; buffer[end] is a line end */
    uint64_t line;
    bool has_ended; /* the source has no more */
    bool is_quoted; /* the record has a field in quotes: there may be line ends in it */
};

struct delimited *delimited_new(size_t fields_most)
{
    struct delimited *d = os_alloc(sizeof *d);

    d->fields_most = fields_most;
    d->fields = os_alloc(fields_most * sizeof *d->fields);
    d->has_quotes = os_alloc(fields_most * sizeof *d->has_quotes);
    d->buffer = os_alloc(BUFFER_SIZE + 1);
    return d;
}

void delimited_free(struct delimited *d)
{
    if (d == NULL)
        return;
    os_free(d->fields);
    os_free(d->has_quotes);
    os_free(d->buffer);
    os_free(d);
}

/* Moves what is left to the front and reads more behind it. */
static bool fill(struct delimited *d, struct error *err)
{
    memmove(d->buffer, d->buffer + d->start, d->end - d->start);
    d->end -= d->start;
    d->start = 0;
    size_t room = BUFFER_SIZE - d->end;
    int64_t got = d->source.read(d->source.context, d->buffer + d->end,
                                 room < READ_AT_ONCE ? room : READ_AT_ONCE, err);
    if (got < 0)
        return false;
    d->end += (size_t)got;
    d->buffer[d->end] = '\n';
    d->has_ended = got == 0;
    return true;
}

static bool is_line_end(char letter)
{
    return letter == '\n' || letter == '\r';
}

/* In the first line that has anything on it, outside quotes. */
static size_t count_in_first_line(const struct delimited *d, char letter)
{
    size_t at = d->start;
    size_t count = 0;
    bool is_quoted = false;

    while (at < d->end && is_line_end(d->buffer[at]))
        at++;
    for (; at < d->end && (is_quoted || !is_line_end(d->buffer[at])); at++) {
        if (d->buffer[at] == d->quote)
            is_quoted = !is_quoted;
        count += !is_quoted && d->buffer[at] == letter;
    }
    return count;
}

static char find_delimiter(const struct delimited *d)
{
    static const char usual[] = {';', ',', '\t', '|'};
    char best = ',';
    size_t most = 0;

    for (size_t i = 0; i < sizeof usual; i++) {
        size_t count = count_in_first_line(d, usual[i]);

        if (count > most) {
            most = count;
            best = usual[i];
        }
    }
    return best;
}

bool delimited_begin(struct delimited *d, const struct byte_source *source, char delimiter,
                     char quote, struct error *err)
{
    d->source = *source;
    d->quote = quote;
    d->start = d->end = 0;
    d->line = 1;
    d->has_ended = false;
    while (delimiter == '\0' && d->end < READ_AT_ONCE && !d->has_ended) {
        if (!fill(d, err))
            return false;
    }
    d->delimiter = delimiter != '\0' ? delimiter : find_delimiter(d);
    memset(d->ends_field, 0, sizeof d->ends_field);
    d->ends_field[(uint8_t)d->delimiter] = true;
    d->ends_field['\n'] = d->ends_field['\r'] = true;
    return true;
}

static uint64_t count_line_ends(const char *text, const char *end)
{
    uint64_t count = 0;

    for (; text < end; text++)
        count += *text == '\n' || (*text == '\r' && text[1] != '\n');
    return count;
}

/* From an opening quote to behind the closing one; NULL: it is not in the buffer. */
static char *skip_quotes(const struct delimited *d, char *at, bool *has_doubled)
{
    const char *end = d->buffer + d->end;

    for (at++;; at += 2) {
        at = memchr(at, d->quote, (size_t)(end - at));
        if (at == NULL || at[1] != d->quote)
            return at == NULL ? NULL : at + 1;
        *has_doubled = true;
    }
}

static void store(struct delimited *d, struct delimited_record *record, const struct field *field,
                  bool has_quotes)
{
    if (record->count < d->fields_most) {
        d->fields[record->count] = *field;
        d->has_quotes[record->count] = has_quotes;
        record->stored++;
    }
    record->count++;
    if (field->size > 0)
        record->filled = record->count;
}

/* Finds one field; *at is moved to what ends it. False: the field is not wholly in the buffer. */
static bool scan_field(struct delimited *d, char **at, struct delimited_record *record)
{
    char *begin = *at, *end = d->buffer + d->end;
    char *closed = NULL;
    bool has_doubled = false;
    struct field field;

    if (begin < end && *begin == d->quote) {
        closed = skip_quotes(d, begin, &has_doubled);
        if (closed == NULL)
            return false;
        *at = closed;
        d->is_quoted = true;
    }
    while (!d->ends_field[(uint8_t) * *at])
        (*at)++;
    if (*at == end && !d->has_ended)
        return false;
    bool is_plain = closed == *at && !has_doubled; /* nothing to do but to leave the quotes out */
    field.text = is_plain ? begin + 1 : begin;
    field.size = (uint32_t)(*at - begin) - (is_plain ? 2 : 0);
    store(d, record, &field, closed != NULL && !is_plain);
    return true;
}

/* Finds a record; *next is moved to its line end. False: it is not wholly in the buffer. */
static bool scan_record(struct delimited *d, struct delimited_record *record, size_t *next)
{
    char *at = d->buffer + d->start, *end = d->buffer + d->end;

    *record = (struct delimited_record){.fields = d->fields, .line = d->line};
    d->is_quoted = false;
    while (true) {
        if (!scan_field(d, &at, record))
            return false;
        if (at == end || is_line_end(*at))
            break;
        at++;
    }
    *next = (size_t)(at - d->buffer);
    return true;
}

/* Takes the quotes out: up to the closing one, doubled ones are one; behind it all is as it is. */
static void remove_quotes(struct field *field, char quote)
{
    const char *from = field->text + 1, *end = field->text + field->size;
    char *to = field->text;

    for (; from < end; *to++ = *from++) {
        if (*from != quote)
            continue;
        from++;
        if (from == end || *from != quote)
            break;
    }
    memmove(to, from, (size_t)(end - from));
    field->size = (uint32_t)(to + (end - from) - field->text);
}

/* Where a letter of a record that is passed over stands. */
enum place { PLACE_START, PLACE_FIELD, PLACE_QUOTES, PLACE_QUOTE };

static enum place step_over(const struct delimited *d, enum place place, char letter)
{
    if (place == PLACE_QUOTES)
        return letter == d->quote ? PLACE_QUOTE : PLACE_QUOTES;
    if (letter == d->quote && place != PLACE_FIELD)
        return PLACE_QUOTES; /* an opening quote, or a doubled one */
    return letter == d->delimiter ? PLACE_START : PLACE_FIELD;
}

static bool say_unclosed(uint64_t line, struct error *err)
{
    return error_set(err, ERROR_DATA, "line %" PRIu64 " has a quote that is never closed", line);
}

/* Passes over a record that the buffer cannot hold, up to its line end. */
static bool skip_record(struct delimited *d, struct error *err)
{
    const uint64_t began = d->line;
    enum place place = PLACE_START;
    bool is_after_return = false; /* CRLF is one line end, also where a piece ends between them */

    do {
        for (; d->start < d->end; d->start++) {
            char letter = d->buffer[d->start];

            if (place != PLACE_QUOTES && is_line_end(letter))
                return true;
            d->line += letter == '\r' || (letter == '\n' && !is_after_return);
            is_after_return = letter == '\r';
            place = step_over(d, place, letter);
        }
        if (!fill(d, err))
            return false;
    } while (!d->has_ended);
    return place != PLACE_QUOTES || say_unclosed(began, err);
}

/* Passes over what stands between two records: line ends. */
static bool skip_line_ends(struct delimited *d, struct error *err)
{
    while (true) {
        /* Two letters at least, so that CRLF is seen as one. */
        while (d->end - d->start < 2 && !d->has_ended) {
            if (!fill(d, err))
                return false;
        }
        const char *at = d->buffer + d->start;
        if (d->start == d->end || !is_line_end(*at))
            return true;
        d->start += *at == '\r' && d->end - d->start > 1 && at[1] == '\n' ? 2 : 1;
        d->line++;
    }
}

static enum delimited_step next_too_long(struct delimited *d, struct delimited_record *record,
                                         struct error *err)
{
    *record = (struct delimited_record){.line = d->line, .fault = "is longer than 1 MiB"};
    return skip_record(d, err) ? DELIMITED_RECORD : DELIMITED_FAILED;
}

enum delimited_step delimited_next(struct delimited *d, struct delimited_record *record,
                                   struct error *err)
{
    size_t next;

    if (!skip_line_ends(d, err))
        return DELIMITED_FAILED;
    if (d->start == d->end)
        return DELIMITED_END;
    while (!scan_record(d, record, &next)) {
        if (d->end - d->start >= DELIMITED_RECORD_MOST)
            return next_too_long(d, record, err);
        if (d->has_ended) {
            say_unclosed(d->line, err);
            return DELIMITED_FAILED;
        }
        if (!fill(d, err))
            return DELIMITED_FAILED;
    }
    if (d->is_quoted)
        d->line += count_line_ends(d->buffer + d->start, d->buffer + next);
    for (size_t i = 0; d->is_quoted && i < record->stored; i++) {
        if (d->has_quotes[i])
            remove_quotes(&d->fields[i], d->quote);
    }
    d->start = next;
    return DELIMITED_RECORD;
}
