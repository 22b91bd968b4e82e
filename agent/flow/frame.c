/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c - fields in and out of a frame's payload */
#include "agent/flow/frame.h"

#include <string.h>

#include "agent/base/bytes.h"

size_t frame_begin(struct bytes *out, enum frame_type type)
{
    const size_t begin = out->size;
    const uint32_t length = 0;

    bytes_append_byte(out, (uint8_t)type);
    bytes_append(out, &length, sizeof length);
    return begin;
}

void frame_put(struct bytes *out, const void *field, size_t size)
{
    bytes_append(out, field, size);
}

void frame_put_number(struct bytes *out, int64_t number)
{
    bytes_append(out, &number, sizeof number);
}

void frame_put_text(struct bytes *out, const char *text)
{
    const char *safe = text != NULL ? text : "";

    bytes_append(out, safe, strlen(safe) + 1);
}

void frame_put_slice(struct bytes *out, const struct slice *slice)
{
    frame_put_number(out, (int64_t)slice->purpose);
    frame_put_number(out, slice->from);
    frame_put_number(out, slice->to);
    frame_put_text(out, slice->file);
}

void frame_end(struct bytes *out, size_t begin)
{
    if (out->overflow)
        return;
    const uint32_t length = (uint32_t)(out->size - begin - FRAME_HEAD);

    memcpy(out->data + begin + 1, &length, sizeof length);
}

bool frame_head(const uint8_t head[FRAME_HEAD], enum frame_type *type, size_t *size)
{
    uint32_t length;

    memcpy(&length, head + 1, sizeof length);
    if (length > FRAME_LIMIT || head[0] == '\0' || strchr("ORLHSTKCNDJFXG.E!", head[0]) == NULL)
        return false;
    *type = (enum frame_type)head[0];
    *size = length;
    return true;
}

void frame_get(struct frame *frame, void *field, size_t size)
{
    if (frame->broken || frame->size - frame->position < size) {
        frame->broken = true;
        memset(field, 0, size);
        return;
    }
    memcpy(field, frame->data + frame->position, size);
    frame->position += size;
}

int64_t frame_get_number(struct frame *frame)
{
    int64_t number;

    frame_get(frame, &number, sizeof number);
    return number;
}

const char *frame_get_text(struct frame *frame)
{
    const uint8_t *start = frame->data + frame->position;
    const uint8_t *end = NULL;

    if (!frame->broken && frame->position < frame->size)
        end = memchr(start, '\0', frame->size - frame->position);
    if (end == NULL) {
        frame->broken = true;
        return "";
    }
    frame->position += (size_t)(end - start) + 1;
    return (const char *)start;
}

void frame_get_slice(struct frame *frame, struct slice *slice)
{
    const int64_t purpose = frame_get_number(frame);

    slice->from = frame_get_number(frame);
    slice->to = frame_get_number(frame);
    slice->file = frame_get_text(frame);
    if (purpose < SLICE_LIVE || purpose > SLICE_FILE)
        frame->broken = true;
    slice->purpose = frame->broken ? SLICE_LIVE : (enum slice_purpose)purpose;
}

bool frame_is_whole(const struct frame *frame)
{
    return !frame->broken && frame->position == frame->size;
}
