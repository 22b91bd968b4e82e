/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_pairs.h - a connection string as keys and values, without what would load or write files
 *
 *     KEY=value; KEY={value; with } doubled}; ...
 *
 * valid if and only if keys are of letters, digits, _ - . and inner blanks, none occurs twice,
 * whatever its case, and every brace that opens a value closes it.
 */
#ifndef CONNECTORS_ODBC_PAIRS_H
#define CONNECTORS_ODBC_PAIRS_H

#include "agent/base/error.h"

struct bytes;

#define ODBC_PAIRS_MOST 64

/* Texts lie in the string, and are not terminated. */
struct odbc_pair {
    const char *key, *value;
    size_t key_size, value_size;
    bool is_braced; /* value: what stands between the braces, } doubled */
};
struct odbc_pairs {
    struct odbc_pair items[ODBC_PAIRS_MOST];
    size_t count;
};

/* ERROR_CONFIG says what is wrong with the string and never quotes a value. */
bool odbc_pairs_read(struct odbc_pairs *pairs, const char *string, struct error *err) MUST_USE;
const struct odbc_pair *odbc_pairs_find(const struct odbc_pairs *pairs, const char *key);
bool odbc_pairs_has_control(const char *text); /* line breaks and their like fit in no value */
void odbc_pairs_append(const struct odbc_pair *pair, struct bytes *out);

#endif
