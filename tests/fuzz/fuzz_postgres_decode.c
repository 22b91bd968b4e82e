/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_postgres_decode.c - what a server sends as COPY becomes cells that lie inside its message
 *
 * Input: how many columns (1 byte) and their types (1 byte each), then the message: a row as it
 * follows the head of a COPY.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/flow/normalise_cell.h"
#include "connectors/postgres_decode.h"
#include "tests/fuzz/fuzz.h"

#define COLUMNS_MOST 6
#define HEAD_SIZE    19

static const uint32_t types[] = {
    POSTGRES_BOOL,        POSTGRES_CHAR,     POSTGRES_NAME,    POSTGRES_INT8, POSTGRES_INT2,
    POSTGRES_INT4,        POSTGRES_TEXT,     POSTGRES_OID,     POSTGRES_JSON, POSTGRES_FLOAT4,
    POSTGRES_FLOAT8,      POSTGRES_BPCHAR,   POSTGRES_VARCHAR, POSTGRES_DATE, POSTGRES_TIMESTAMP,
    POSTGRES_TIMESTAMPTZ, POSTGRES_INTERVAL, POSTGRES_NUMERIC, POSTGRES_UUID};
#define TYPES (sizeof types / sizeof *types)

/* Everything that is asked of a cell later on. */
static void use_cell(const struct cell *cell, size_t message_size)
{
    struct bytes text;
    struct number number;
    struct moment moment;
    bool is_true;

    bytes_init(&text, 1 << 16);
    PROMISE(cell->kind <= CELL_UNUSABLE);
    PROMISE(cell->kind != CELL_TEXT || cell->size <= message_size + 40); /* a UUID's grows */
    cell_describe(cell, &text);
    PROMISE(!text.overflow);
    if (cell_number(cell, '.', 3, &number) == NULL) {
        bool is_rounded;

        cell_round(&number, &is_rounded);
    }
    for (enum times times = TIMES_NONE; times <= TIMES_UNIX_MS; times++) {
        if (cell_moment(cell, times, &moment) == NULL)
            PROMISE(moment.time >= UTC_EARLIEST && moment.time <= UTC_LATEST);
    }
    (void)cell_boolean(cell, &is_true);
    bytes_free(&text);
}

static void check_message(struct postgres_decoder *decoder, size_t columns, const uint8_t *data,
                          size_t size)
{
    static const uint8_t head[HEAD_SIZE] = "PGCOPY\n\377\r\n";
    uint8_t *message = malloc(HEAD_SIZE + size); /* of just its size */
    const struct cell *cells = NULL;

    PROMISE(message != NULL);
    memcpy(message, head, HEAD_SIZE);
    if (size > 0)
        memcpy(message + HEAD_SIZE, data, size);
    if (postgres_decode(decoder, message, HEAD_SIZE + size, &cells) == POSTGRES_ROW) {
        for (size_t i = 0; i < columns; i++)
            use_cell(&cells[i], size);
    }
    free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const size_t columns = 1 + input_byte(&input) % COLUMNS_MOST;
    uint32_t chosen[COLUMNS_MOST];

    for (size_t i = 0; i < columns; i++)
        chosen[i] = types[input_byte(&input) % TYPES];
    struct postgres_decoder *decoder = postgres_decoder_new(chosen, columns);

    postgres_decoder_begin(decoder);
    check_message(decoder, columns, input.data, input.size);
    postgres_decoder_free(decoder);
    return 0;
}
