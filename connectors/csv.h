/* SPDX-License-Identifier: Apache-2.0 */
/* csv.h - what a folder of CSV files can be told */
#ifndef CONNECTORS_CSV_H
#define CONNECTORS_CSV_H

#include "connectors/connector.h"

enum csv_after { CSV_KEEP, CSV_ARCHIVE, CSV_DELETE };

struct csv_format {
    char delimiter; /* 0: found out from the first line */
    char quote;
    int encoding; /* enum encoding */
    bool header;
    char decimal; /* 0: not said */
};

/* One entry of `columns`: a column of the file, or a fixed text. */
struct csv_column {
    const char *name;               /* NULL: not mapped (or fixed) */
    const char *format;             /* of a time or a duration; NULL: not said */
    const char *fixed;              /* channel only */
    struct setting_list true_words; /* answered only: what stands for yes */
};

struct csv_columns {
    struct csv_column queue, queue_identifier;
    struct csv_column timestamp, date, time;
    struct csv_column offered, answered, aht, handling_time, duration, channel;
    struct csv_column agent, activity;
    struct csv_column start, start_date, start_time;
    struct csv_column end, end_date, end_time;
};

struct csv_settings {
    const char *folder; /* absolute */
    const char *files;  /* pattern of names */
    int64_t settle_ms;  /* unchanged for so long: complete */
    int after;          /* enum csv_after */
    struct csv_format format;
    struct csv_columns columns;
};
extern const struct setting csv_settings[];

/* The table of `columns`, and what it cannot say: which of them a kind of data needs. */
extern const struct setting csv_columns_settings[];
void csv_columns_validate(struct settings_reader *reader, const struct node *integration,
                          const struct csv_settings *settings, const struct connector_facts *facts);

/* Makes rows with our column names of a file's records. */
struct csv_rows;
struct delimited_record;
struct csv_rows *csv_rows_new(const struct csv_settings *settings,
                              const struct connector_facts *facts);
void csv_rows_free(struct csv_rows *rows);
const struct columns *csv_rows_columns(const struct csv_rows *rows);
/* Finds the mapped columns in a file's first record: its header, or (without one: A, B, C ...) a
 * record like the others. ERROR_DATA: a column is missing; says what there is. */
bool csv_rows_begin(struct csv_rows *rows, const struct delimited_record *first,
                    struct error *err) MUST_USE;
/* The record's row, lent until the next call. */
const struct row *csv_rows_row(struct csv_rows *rows, const struct delimited_record *record);

#endif
