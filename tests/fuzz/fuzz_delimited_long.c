/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_delimited_long.c - a record that is too long is told with its line, and changes no other
 *
 * Input: which delimiter (1 byte), the text. Its first byte 01 is a few letters once, and more than
 * a record may have the other time.
 */
#include "tests/fuzz/delimited_records.h"

#define TEXT_MOST 256 /* a megabyte is read for each */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const char delimiter = (input_byte(&input) & 1) != 0 ? ',' : ';';
    struct text text = {.data = input.data, .size = input.size, .piece = SIZE_MAX};
    struct bytes with_short, with_long;

    if (input.size == 0 || input.size > TEXT_MOST ||
        memchr(input.data, STRETCH, input.size) == NULL)
        return 0;
    bytes_init(&with_short, 1 << 20);
    bytes_init(&with_long, 1 << 20);
    text.stretch = STRETCH_SIZE;
    put_records(&with_short, text, delimiter);
    text.stretch = DELIMITED_RECORD_MOST + STRETCH_SIZE;
    put_records(&with_long, text, delimiter);
    expect_same(&with_short, &with_long);
    bytes_free(&with_short);
    bytes_free(&with_long);
    return 0;
}
