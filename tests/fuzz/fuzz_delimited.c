/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_delimited.c - records of delimited text do not depend on the pieces the text comes in
 *
 * Input: which delimiter (1 byte), the text.
 */
#include "tests/fuzz/delimited_records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {1, 2, 7};
    struct input input = {data, size};
    const char delimiter = "\0,;\t"[input_byte(&input) & 3];
    struct text text = {.data = input.data, .size = input.size, .piece = SIZE_MAX};
    struct bytes whole, in_pieces;

    bytes_init(&whole, 1 << 20);
    bytes_init(&in_pieces, 1 << 20);
    put_records(&whole, text, delimiter);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        text.piece = pieces[i];
        put_records(&in_pieces, text, delimiter);
        expect_same(&whole, &in_pieces);
    }
    bytes_free(&whole);
    bytes_free(&in_pieces);
    return 0;
}
