/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_decode.h - rows of PostgreSQL's binary COPY as cells, straight from the buffer
 *
 * Format ("COPY", "Binary Format" of PostgreSQL's manual); all numbers big endian:
 *
 *     "PGCOPY\n\377\r\n\0" | flags (4) | size of extension (4) | extension     once, first
 *     fields (2) | { size (4, -1: NULL) | value as the type's send function wrote it } ...
 *     -1 (2)                                                                   once, last
 *
 * valid if and only if every row has as many fields as there are columns, no value passes the end
 * of its message, and values of types with one size have it.
 */
#ifndef CONNECTORS_POSTGRES_DECODE_H
#define CONNECTORS_POSTGRES_DECODE_H

#include "agent/flow/row.h"

/* Object identifiers of built-in types (catalog pg_type): they never change. */
enum postgres_type {
    POSTGRES_BOOL = 16,
    POSTGRES_CHAR = 18,
    POSTGRES_NAME = 19,
    POSTGRES_INT8 = 20,
    POSTGRES_INT2 = 21,
    POSTGRES_INT4 = 23,
    POSTGRES_TEXT = 25,
    POSTGRES_OID = 26,
    POSTGRES_JSON = 114,
    POSTGRES_FLOAT4 = 700,
    POSTGRES_FLOAT8 = 701,
    POSTGRES_BPCHAR = 1042,
    POSTGRES_VARCHAR = 1043,
    POSTGRES_DATE = 1082,
    POSTGRES_TIMESTAMP = 1114,
    POSTGRES_TIMESTAMPTZ = 1184,
    POSTGRES_INTERVAL = 1186,
    POSTGRES_NUMERIC = 1700,
    POSTGRES_UUID = 2950,
};
/* Types that are not known must be cast to text in the query. */
bool postgres_type_is_known(uint32_t type);
bool postgres_type_is_number(uint32_t type);
bool postgres_type_is_text(uint32_t type);

struct postgres_decoder;
struct postgres_decoder *postgres_decoder_new(const uint32_t *types, size_t count);
void postgres_decoder_free(struct postgres_decoder *decoder);
void postgres_decoder_begin(struct postgres_decoder *decoder); /* a new COPY follows */

/* Decodes one message. Cells and their texts are lent until the next call, and as long as the
 * message is there. */
enum postgres_message { POSTGRES_ROW, POSTGRES_END, POSTGRES_BROKEN };
enum postgres_message postgres_decode(struct postgres_decoder *decoder, const uint8_t *message,
                                      size_t size, const struct cell **cells);

#endif
