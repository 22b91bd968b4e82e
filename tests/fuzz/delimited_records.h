/* SPDX-License-Identifier: Apache-2.0 */
/* delimited_records.h - all records of a text as bytes that can be compared */
#ifndef TESTS_FUZZ_DELIMITED_RECORDS_H
#define TESTS_FUZZ_DELIMITED_RECORDS_H

#include <string.h>

#include "agent/base/bytes.h"
#include "connectors/delimited.h"
#include "tests/fuzz/fuzz.h"

#define FIELDS_MOST  8
#define STRETCH      1  /* the byte that stands for many letters */
#define STRETCH_SIZE 20 /* so many, or more */

/* The text, in pieces of at most `piece` bytes; the first STRETCH is `stretch` letters x. */
struct text {
    const uint8_t *data;
    size_t size;
    size_t piece;
    size_t stretch;   /* 0: it is a byte like others */
    size_t stretched; /* letters given so far */
};

static inline int64_t read_text(void *context, void *data, size_t size, struct error *err)
{
    struct text *text = context;
    uint8_t *out = data;
    size_t given = 0;

    (void)err;
    if (size > text->piece)
        size = text->piece;
    while (given < size && text->size > 0) {
        const size_t left = text->stretch - text->stretched;

        if (*text->data == STRETCH && left > 0) {
            const size_t some = left < size - given ? left : size - given;

            memset(out + given, 'x', some);
            given += some;
            text->stretched += some;
            if (some < left)
                continue;
        } else {
            out[given++] = *text->data;
        }
        text->data++;
        text->size--;
    }
    return (int64_t)given;
}

/* Is it the one that may be longer than a record, or its like? */
static inline bool is_stretched(const struct delimited_record *record)
{
    for (size_t i = 0; i < record->stored; i++) {
        const struct field *field = &record->fields[i];

        for (size_t j = 0; j + STRETCH_SIZE <= field->size; j++) {
            if (memcmp(field->text + j, "xxxxxxxxxxxxxxxxxxxx", STRETCH_SIZE) == 0)
                return true;
        }
    }
    return record->fault != NULL || record->count > record->stored;
}

/* Line, counts, fields with their sizes; of a stretched one its line alone. */
static inline void put_record(struct bytes *out, const struct delimited_record *record)
{
    const struct delimited_record line_alone = {.line = record->line};
    size_t size = 0;

    for (size_t i = 0; i < record->stored; i++)
        size += record->fields[i].size;
    PROMISE(record->stored <= FIELDS_MOST && record->stored <= record->count);
    PROMISE(record->filled <= record->count && size <= DELIMITED_RECORD_MOST + 8);
    if (is_stretched(record))
        record = &line_alone;
    bytes_append(out, &record->line, sizeof record->line);
    bytes_append(out, &record->count, sizeof record->count);
    bytes_append(out, &record->filled, sizeof record->filled);
    for (size_t i = 0; i < record->stored; i++) {
        bytes_append(out, &record->fields[i].size, sizeof record->fields[i].size);
        bytes_append(out, record->fields[i].text, record->fields[i].size);
    }
}

/* All records; then, where the text cannot be read on, why. */
static inline void put_records(struct bytes *out, struct text text, char delimiter)
{
    static struct delimited *delimited; /* a megabyte: kept */
    const struct byte_source source = {&text, read_text};
    struct delimited_record record;
    struct error err = {.text = ""};
    enum delimited_step step;

    if (delimited == NULL)
        delimited = delimited_new(FIELDS_MOST);
    bytes_reset(out);
    PROMISE(delimited_begin(delimited, &source, delimiter, '"', &err));
    while ((step = delimited_next(delimited, &record, &err)) == DELIMITED_RECORD)
        put_record(out, &record);
    if (step == DELIMITED_FAILED)
        bytes_append_text(out, err.text);
    PROMISE(!out->overflow);
}

static inline void expect_same(const struct bytes *one, const struct bytes *other)
{
    PROMISE(one->size == other->size);
    PROMISE(one->size == 0 || memcmp(one->data, other->data, one->size) == 0);
}

#endif
