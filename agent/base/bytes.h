/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.h - a growing buffer with a limit given at birth and a sticky overflow
 *
 * Write freely, ask once at the end: an append that would pass the limit appends nothing, sets
 * `overflow`, and so does every append after it until bytes_reset. The buffer is kept by
 * bytes_reset, so that the steady state allocates nothing. data is not terminated by a NUL.
 * Invariant: size <= capacity <= limit. An object belongs to one thread.
 */
#ifndef AGENT_BASE_BYTES_H
#define AGENT_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit;
    bool overflow;
};

void bytes_init(struct bytes *bytes, size_t limit);
void bytes_free(struct bytes *bytes); /* accepts a zeroed struct; leaves one behind */
void bytes_reset(struct bytes *bytes);
void bytes_wipe(struct bytes *bytes); /* bytes_reset for secrets: nothing of them stays in memory */

/* Makes room for `size` more bytes and lends the place; bytes_grown says how many were written.
 * NULL when the limit would be passed (overflow is then set). */
uint8_t *bytes_reserve(struct bytes *bytes, size_t size);

static inline void bytes_grown(struct bytes *bytes, size_t size)
{
    bytes->size += size;
}

static inline void bytes_append(struct bytes *bytes, const void *data, size_t size)
{
    if (size == 0)
        return;
    uint8_t *place = bytes->capacity - bytes->size >= size && !bytes->overflow
                         ? bytes->data + bytes->size
                         : bytes_reserve(bytes, size);
    if (place == NULL)
        return;
    memcpy(place, data, size);
    bytes->size += size;
}

static inline void bytes_append_text(struct bytes *bytes, const char *text)
{
    bytes_append(bytes, text, strlen(text));
}

static inline void bytes_append_byte(struct bytes *bytes, uint8_t byte)
{
    bytes_append(bytes, &byte, 1);
}

/* Ends the content with a NUL that does not count (its place is always kept free) and lends it as
 * text until the next change. "" after an overflow. */
const char *bytes_text(struct bytes *bytes);

#endif
