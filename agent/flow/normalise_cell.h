/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_cell.h - what one cell says: a number, yes or no, a moment, a text
 *
 * Functions that return a text return NULL when all is well, else what is wrong as the end of a
 * sentence that begins with the column's name: "is not a number". Outputs are meaningless then.
 * The clause holds nothing of the cell itself, which may be personal.
 */
#ifndef AGENT_FLOW_NORMALISE_CELL_H
#define AGENT_FLOW_NORMALISE_CELL_H

#include "agent/flow/normalise.h"
#include "agent/flow/row.h"

struct bytes;

bool cell_is_empty(const struct cell *cell); /* NULL, or nothing but blanks */
/* ASCII letters without regard to case. */
bool cell_text_is(const char *text, size_t size, const char *word);

/* value: the number times 10^decimals (0 to 9); is_cut: it had more decimals than that. At most
 * 18 - decimals digits before the point. */
struct number {
    int64_t value;
    bool is_cut;
};
const char *cell_number(const struct cell *cell, char point, int decimals, struct number *number);
/* To whole numbers, half to even, from thousandths (decimals = 3). */
int64_t cell_round(const struct number *number, bool *is_rounded);

const char *cell_boolean(const struct cell *cell, bool *value);

/* A moment, or the clock face of one. */
struct moment {
    utc_ms time;
    bool is_civil;
};
const char *cell_moment(const struct cell *cell, enum times times, struct moment *moment);

/* Appends the text without its trailing blanks, unchecked; a whole number as its digits. */
const char *cell_append_text(const struct cell *cell, struct bytes *out);
/* Appends whatever the cell holds, for people to read: always valid, never fails. */
void cell_describe(const struct cell *cell, struct bytes *out);

#endif
