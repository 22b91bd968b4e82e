/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_bench.h - rows in, records and rejects out: what the tests of normalise stand on */
#ifndef TESTS_UNIT_NORMALISE_BENCH_H
#define TESTS_UNIT_NORMALISE_BENCH_H

#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "agent/flow/normalise.h"

#define RECORDS_MOST 4096
#define COLUMNS_MOST 12

/* What came out of one slice. */
struct heard {
    struct record records[RECORDS_MOST];
    size_t record_count;
    char names[3][16][64]; /* by role and number; a queue as identifier|name */
    char reason[256], cells[1100];
    struct digest hash;
    uint64_t line;
    size_t reject_count;
    bool refuses; /* every call */
};

struct bench {
    struct normalise_settings settings;
    struct normalise *normalise;
    struct heard heard;
    const char *names[COLUMNS_MOST];
    struct columns columns;
    uint64_t line;
};

static inline bool hear_name(void *context, enum name_role role, uint32_t number,
                             const char *identifier, const char *name)
{
    struct heard *heard = context;

    assert_true(number < 16);
    snprintf(heard->names[role][number], sizeof heard->names[role][number], "%s%s%s", identifier,
             name != NULL ? "|" : "", name != NULL ? name : "");
    return !heard->refuses;
}

static inline bool hear_record(void *context, const struct record *record)
{
    struct heard *heard = context;

    assert_true(heard->record_count < RECORDS_MOST);
    heard->records[heard->record_count++] = *record;
    return !heard->refuses;
}

static inline bool hear_reject(void *context, const struct reject *reject)
{
    struct heard *heard = context;

    snprintf(heard->reason, sizeof heard->reason, "%s", reject->reason);
    snprintf(heard->cells, sizeof heard->cells, "%s", reject->cells);
    heard->hash = reject->hash;
    heard->line = reject->line;
    heard->reject_count++;
    return !heard->refuses;
}

static inline utc_ms at(const char *text)
{
    enum utc_form form;
    utc_ms time = 0;

    if (!utc_parse(text, strlen(text), &time, &form))
        fail_msg("not a time: %s", text);
    return time;
}

static const struct slice whole_file = {.purpose = SLICE_FILE, .file = "a.csv"};

static inline void begin(struct bench *bench, const struct slice *slice)
{
    memset(&bench->heard, 0, sizeof bench->heard);
    bench->line = 0;
    normalise_begin(bench->normalise, slice,
                    &(struct normalise_sink){&bench->heard, hear_name, hear_record, hear_reject});
    if (!normalise_columns(bench->normalise, &bench->columns))
        fail_msg("%s", normalise_error(bench->normalise)->text);
}

/* names: separated by blanks. Opens without a slice. */
static inline struct bench *prepare(enum data_kind kind, const char *names,
                                    const struct normalise_settings *settings)
{
    static const uint8_t key[DIGEST_KEY_SIZE] = {7};
    static char words[512];
    static struct bench bench;
    struct error err;
    char *word = words;

    memset(&bench, 0, sizeof bench);
    snprintf(words, sizeof words, "%s", names);
    for (bench.columns.count = 0; word != NULL; bench.columns.count++) {
        bench.names[bench.columns.count] = word;
        word = strchr(word, ' ');
        if (word != NULL)
            *word++ = '\0';
    }
    bench.columns.names = bench.names;
    bench.settings = *settings;
    if (bench.settings.decimal == '\0')
        bench.settings.decimal = '.';
    bench.normalise = normalise_new(kind, &bench.settings, key, &err);
    if (bench.normalise == NULL)
        fail_msg("%s", err.text);
    return &bench;
}

static inline struct bench *open_file(enum data_kind kind, const char *names,
                                      const struct normalise_settings *settings)
{
    struct bench *bench = prepare(kind, names, settings);

    begin(bench, &whole_file);
    return bench;
}

static inline void close_bench(struct bench *bench)
{
    normalise_free(bench->normalise);
}

#define TEXT(words)    ((struct cell){.kind = CELL_TEXT, .size = sizeof(words) - 1, .text = (words)})
#define INTEGER(n)     ((struct cell){.kind = CELL_INTEGER, .integer = (n)})
#define THOUSANDTHS(n) ((struct cell){.kind = CELL_THOUSANDTHS, .integer = (n)})
#define NOTHING        ((struct cell){.kind = CELL_NULL})

static inline struct cell text_cell(const char *text)
{
    return (struct cell){.kind = CELL_TEXT, .size = (uint32_t)strlen(text), .text = text};
}

static inline bool feed(struct bench *bench, const struct cell *cells)
{
    return normalise_row(bench->normalise, &(struct row){.cells = cells, .line = ++bench->line});
}

/* A row of text: fields separated by |. Returns the reason it was rejected for, or NULL. */
static const char *feed_text(struct bench *bench, const char *fields)
{
    struct cell cells[COLUMNS_MOST];
    size_t before = bench->heard.reject_count;

    for (size_t i = 0; i < bench->columns.count; i++) {
        const char *end = strchr(fields, '|');
        size_t size = end != NULL ? (size_t)(end - fields) : strlen(fields);

        cells[i] = (struct cell){.kind = CELL_TEXT, .size = (uint32_t)size, .text = fields};
        fields += size + (end != NULL);
    }
    if (!feed(bench, cells))
        fail_msg("stopped: %s", normalise_error(bench->normalise)->text);
    return bench->heard.reject_count > before ? bench->heard.reason : NULL;
}

static const struct record *last(const struct bench *bench)
{
    assert_true(bench->heard.record_count > 0);
    return &bench->heard.records[bench->heard.record_count - 1];
}

static const struct normalise_settings berlin = {.time_zone = "Europe/Berlin"};

#endif
