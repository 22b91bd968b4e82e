/* SPDX-License-Identifier: Apache-2.0 */
/* row.h - what a source yields: named columns of text or native values */
#ifndef AGENT_FLOW_ROW_H
#define AGENT_FLOW_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/error.h"
#include "agent/base/utc.h"

enum cell_kind {
    CELL_NULL,
    CELL_TEXT,        /* UTF-8 claimed, not checked; no NUL at the end */
    CELL_INTEGER,     /* integer; a boolean is 0 or 1 */
    CELL_THOUSANDTHS, /* integer: a decimal number times 1000, exact */
    CELL_CIVIL,       /* integer: milliseconds on a clock face without zone (utc.h) */
    CELL_UTC,         /* integer: utc_ms */
    CELL_UNUSABLE,    /* a value with no meaning here (infinity, NaN, too large); text says what */
};

struct cell {
    enum cell_kind kind;
    uint32_t size; /* of text */
    union {
        const char *text;
        int64_t integer;
    };
};

/* Column names of a slice; lent by the source, unchanged until its end. */
struct columns {
    const char *const *names;
    size_t count;
};

/* One row, lent for the call of `emit` only. */
struct row {
    const struct cell *cells; /* as many as columns->count */
    uint64_t line;     /* where it stands: line of a file (from 1), row of an answer (from 1) */
    const char *fault; /* NULL, or why the source itself sets this row aside ("7 fields
                          instead of 9"); cells may then be NULL */
};

/* Where rows go. Both return false to stop reading; `context` then knows why. */
struct row_sink {
    void *context;
    /* Once per slice, before its first row; also when there is none. */
    bool (*columns)(void *context, const struct columns *columns);
    bool (*row)(void *context, const struct row *row);
};

#endif
