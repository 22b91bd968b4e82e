/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.c - bytes as numbers and texts, and the end of a program that broke a promise */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void fuzz_broken_promise(const char *promise, const char *file, int line)
{
    fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, promise);
    abort();
}

uint8_t input_byte(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->data++;
}

int64_t input_number(struct input *input)
{
    uint64_t number = 0;

    for (int i = 0; i < 8; i++)
        number |= (uint64_t)input_byte(input) << 8 * i;
    return (int64_t)number;
}

static char *take_text(struct input *input, const char *ends, size_t count)
{
    size_t size = 0;

    while (size < input->size && memchr(ends, input->data[size], count) == NULL)
        size++;
    char *text = malloc(size + 1);
    PROMISE(text != NULL);
    if (size > 0)
        memcpy(text, input->data, size);
    text[size] = '\0';
    if (size < input->size)
        size++;
    input->data += size;
    input->size -= size;
    return text;
}

char *input_line(struct input *input)
{
    return take_text(input, "\n", 2);
}

char *input_rest(struct input *input)
{
    return take_text(input, "", 1);
}
