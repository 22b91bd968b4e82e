/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h - what every fuzz target is made of
 *
 * A target is one file with LLVMFuzzerTestOneInput: it gives the bytes to one module and holds the
 * module to its promises. libFuzzer calls it with bytes it makes up (tests/fuzz/run), replay.c
 * with the files of its corpus (ctest).
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise that is not kept ends the program, in every build. */
#define PROMISE(condition)                                                                         \
    ((condition) ? (void)0 : fuzz_broken_promise(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_broken_promise(const char *promise, const char *file, int line);

/* What is left of the bytes. */
struct input {
    const uint8_t *data;
    size_t size;
};
uint8_t input_byte(struct input *input);   /* 0 when nothing is left */
int64_t input_number(struct input *input); /* eight bytes, the missing ones 0 */
/* A text up to the next line end (which is passed over) or NUL, or up to the end, in memory of
 * just its size, so that a sanitizer sees who reads beyond it. Freed by the caller. */
char *input_line(struct input *input);
char *input_rest(struct input *input);

#endif
