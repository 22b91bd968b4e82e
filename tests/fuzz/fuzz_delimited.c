/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_delimited.c - records of delimited text, however they come in and however long they are
 *
 * Input: how (1 byte: which delimiter, are lengths stretched), then the text. The records must not
 * depend on the pieces the text comes in, and a record that is too long must not change the others:
 * a byte 01 is read as a few letters once, and as more than a record may have the other time.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "connectors/delimited.h"
#include "tests/fuzz/fuzz.h"

#define FIELDS_MOST 8
#define STRETCH     1
#define SHORT       20
#define LONG        (DELIMITED_RECORD_MOST + 40)

/* The text, in pieces of at most `piece` bytes; the first STRETCH is so many letters. */
struct text {
    const uint8_t *data;
    size_t size;
    size_t piece;
    size_t stretch;
    size_t stretched; /* letters given so far */
    bool is_stretched;
};

static int64_t read_text(void *context, void *data, size_t size, struct error *err)
{
    struct text *text = context;
    uint8_t *out = data;
    size_t given = 0;

    (void)err;
    if (size > text->piece)
        size = text->piece;
    while (given < size && text->size > 0) {
        const bool is_stretch = text->stretch > 0 && !text->is_stretched && *text->data == STRETCH;

        if (is_stretch && text->stretched < text->stretch) {
            size_t some = text->stretch - text->stretched;

            some = some < size - given ? some : size - given;
            memset(out + given, 'x', some);
            given += some;
            text->stretched += some;
            continue;
        }
        if (is_stretch)
            text->is_stretched = true;
        else
            out[given++] = *text->data;
        text->data++;
        text->size--;
    }
    return (int64_t)given;
}

/* A record as: line, counts, fields with their sizes. A stretched one as its line alone. */
static void put_record(struct bytes *out, const struct delimited_record *record)
{
    const struct delimited_record none = {.line = record->line};
    bool is_stretched = record->fault != NULL;
    size_t size = 0;

    for (size_t i = 0; i < record->stored && !is_stretched; i++) {
        size += record->fields[i].size;
        for (size_t j = 0; j + SHORT <= record->fields[i].size && !is_stretched; j++)
            is_stretched = memcmp(record->fields[i].text + j, "xxxxxxxxxxxxxxxxxxxx", SHORT) == 0;
    }
    PROMISE(record->stored <= FIELDS_MOST && record->stored <= record->count);
    PROMISE(record->filled <= record->count && size <= DELIMITED_RECORD_MOST + 8);
    if (is_stretched || record->count > FIELDS_MOST)
        record = &none;
    bytes_append(out, &record->line, sizeof record->line);
    bytes_append(out, &record->count, sizeof record->count);
    bytes_append(out, &record->filled, sizeof record->filled);
    for (size_t i = 0; i < record->stored; i++) {
        bytes_append(out, &record->fields[i].size, sizeof record->fields[i].size);
        bytes_append(out, record->fields[i].text, record->fields[i].size);
    }
}

static void read_all(struct text text, char delimiter, struct bytes *out)
{
    static struct delimited *delimited; /* a megabyte: kept */
    const struct byte_source source = {&text, read_text};
    struct delimited_record record;
    enum delimited_step step = DELIMITED_END;
    struct error err = {.text = ""};

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

static void expect_same(const struct bytes *one, const struct bytes *other)
{
    PROMISE(one->size == other->size);
    PROMISE(one->size == 0 || memcmp(one->data, other->data, one->size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bytes whole, other;
    struct input input = {data, size};
    const uint8_t how = input_byte(&input);
    const char delimiter = "\0,;\t"[how & 3];
    struct text text = {.data = input.data, .size = input.size, .piece = SIZE_MAX};

    if (whole.limit == 0) {
        bytes_init(&whole, 8 << 20);
        bytes_init(&other, 8 << 20);
    }
    read_all(text, delimiter, &whole);
    text.piece = 1;
    read_all(text, delimiter, &other);
    expect_same(&whole, &other);
    text.piece = 7;
    read_all(text, delimiter, &other);
    expect_same(&whole, &other);

    const bool stretches = (how & 4) != 0 && memchr(input.data, STRETCH, input.size) != NULL;
    if (stretches && delimiter != '\0') {
        text.piece = SIZE_MAX;
        text.stretch = SHORT;
        read_all(text, delimiter, &whole);
        text.stretch = LONG;
        read_all(text, delimiter, &other);
        expect_same(&whole, &other);
    }
    return 0;
}
