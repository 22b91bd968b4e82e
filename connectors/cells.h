/* SPDX-License-Identifier: Apache-2.0 */
/* cells.h - cells of native values, as both protocols make them */
#ifndef CONNECTORS_CELLS_H
#define CONNECTORS_CELLS_H

#include <string.h>

#include "agent/flow/row.h"

static inline struct cell cell_text(const void *text, size_t size)
{
    return (struct cell){.kind = CELL_TEXT, .size = (uint32_t)size, .text = text};
}

static inline struct cell cell_integer(enum cell_kind kind, int64_t integer)
{
    return (struct cell){.kind = kind, .integer = integer};
}

static inline struct cell cell_unusable(const char *what)
{
    return (struct cell){.kind = CELL_UNUSABLE, .size = (uint32_t)strlen(what), .text = what};
}

/* Rounded to thousandths, since a float has no exact decimals; an integer where it is one, since
 * identifiers are kept as floats too. */
static inline struct cell cell_float(double value)
{
    const double largest = 9.0e12; /* beyond it, a number times 1000 would not fit */

    if (!(value > -largest && value < largest))
        return cell_unusable(value == value ? "a number too large" : "not a number");

    const int64_t thousandths = (int64_t)(value * 1000 + (value < 0 ? -0.5 : 0.5));
    if (thousandths % 1000 == 0)
        return cell_integer(CELL_INTEGER, thousandths / 1000);
    return cell_integer(CELL_THOUSANDTHS, thousandths);
}

#endif
