/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.c - a growing buffer with a limit given at birth and a sticky overflow */
#include "agent/base/bytes.h"

#include "agent/base/os.h"

#define SMALLEST_CAPACITY ((size_t)256)

void bytes_init(struct bytes *bytes, size_t limit)
{
    *bytes = (struct bytes){.limit = limit};
}

void bytes_free(struct bytes *bytes)
{
    os_free(bytes->data);
    *bytes = (struct bytes){0};
}

void bytes_reset(struct bytes *bytes)
{
    bytes->size = 0;
    bytes->overflow = false;
}

void bytes_wipe(struct bytes *bytes)
{
    if (bytes->data != NULL)
        memset(bytes->data, 0, bytes->capacity);
    bytes_reset(bytes);
}

/* Doubles, so that growing byte by byte costs a copy per byte at most. The memory holds one byte
 * more than the capacity: the NUL of bytes_text always fits. */
static void grow_to(struct bytes *bytes, size_t wanted)
{
    size_t capacity = bytes->capacity < SMALLEST_CAPACITY ? SMALLEST_CAPACITY : bytes->capacity;

    while (capacity < wanted && capacity <= bytes->limit / 2)
        capacity *= 2;
    if (capacity < wanted || capacity > bytes->limit)
        capacity = bytes->limit;
    bytes->data = os_resize(bytes->data, capacity + 1);
    bytes->capacity = capacity;
}

uint8_t *bytes_reserve(struct bytes *bytes, size_t size)
{
    if (bytes->overflow || size > bytes->limit - bytes->size) {
        bytes->overflow = true;
        return NULL;
    }
    if (size > bytes->capacity - bytes->size || bytes->data == NULL)
        grow_to(bytes, bytes->size + size);
    return bytes->data + bytes->size;
}

const char *bytes_text(struct bytes *bytes)
{
    if (bytes->overflow || bytes->data == NULL)
        return "";
    bytes->data[bytes->size] = '\0';
    return (const char *)bytes->data;
}
