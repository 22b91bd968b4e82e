/* SPDX-License-Identifier: Apache-2.0 */
/* delimited.h - records of delimited text (RFC 4180), streamed through one buffer
 *
 * Lines end with LF, CRLF or CR. A field that begins with the quote goes on to the next single
 * quote, over delimiters and line ends; a doubled quote in it is one. Elsewhere the quote is a
 * letter like others. A line with nothing on it is no record.
 */
#ifndef CONNECTORS_DELIMITED_H
#define CONNECTORS_DELIMITED_H

#include "connectors/encoding.h"

/* A longer record is a fault. */
#define DELIMITED_RECORD_MOST (1 << 20)

struct field {
    char *text; /* may be written to; no NUL at the end */
    uint32_t size;
};

struct delimited_record {
    const struct field *fields; /* the first `stored` of them */
    size_t stored;
    size_t count;      /* fields there are */
    size_t filled;     /* without the empty ones at the end */
    uint64_t line;     /* where it begins, from 1 */
    const char *fault; /* NULL, or why there are no fields: "has a quote that is never closed" */
};

enum delimited_step { DELIMITED_RECORD, DELIMITED_END, DELIMITED_FAILED };

struct delimited;
/* fields_most: how many fields of a record are stored. */
struct delimited *delimited_new(size_t fields_most);
void delimited_free(struct delimited *delimited);
/* A new stream of UTF-8. delimiter 0: the one of ; , tab | that the first line has most of. */
bool delimited_begin(struct delimited *delimited, const struct byte_source *source, char delimiter,
                     char quote, struct error *err) MUST_USE;
/* The next record, lent until the next call. DELIMITED_FAILED: err of the source. */
enum delimited_step delimited_next(struct delimited *delimited, struct delimited_record *record,
                                   struct error *err);

#endif
