/* SPDX-License-Identifier: Apache-2.0 */
/* encoding.c - a stream of bytes in some encoding, read as UTF-8 */
#include "connectors/encoding.h"

#include <stdbool.h>
#include <string.h>

#include "agent/base/os.h"

#define RAW_SIZE     65536
#define LARGEST_MARK 3
#define NO_CHARACTER 0xFF /* a byte that UTF-8 never has */

const char *const encoding_words[] = {
    [ENCODING_UTF_8] = "utf-8",
    [ENCODING_ISO_8859_1] = "iso-8859-1",
    [ENCODING_ISO_8859_9] = "iso-8859-9",
    [ENCODING_WINDOWS_1252] = "windows-1252",
    NULL,
};

/* Characters 80 to 9F of windows-1252; five are not given and stay control characters. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

/* What the stream turns out to be. */
enum form { FORM_UTF_8, FORM_ONE_BYTE, FORM_UTF_16_LITTLE, FORM_UTF_16_BIG };

struct decoder {
    struct byte_source source;
    enum encoding encoding;
    enum form form;
    bool has_begun, has_ended;
    uint16_t characters[256]; /* of a one-byte encoding */
    uint8_t raw[RAW_SIZE];
    size_t at, size; /* of raw: what is left lies in [at, size) */
};

struct decoder *decoder_new(enum encoding encoding)
{
    struct decoder *d = os_alloc(sizeof *d);

    d->encoding = encoding;
    for (uint16_t i = 0; i < 256; i++)
        d->characters[i] = i;
    if (encoding == ENCODING_WINDOWS_1252)
        memcpy(d->characters + 0x80, windows_1252, sizeof windows_1252);
    if (encoding == ENCODING_ISO_8859_9) { /* Latin 1 with six Turkish letters */
        d->characters[0xD0] = 0x011E;
        d->characters[0xDD] = 0x0130;
        d->characters[0xDE] = 0x015E;
        d->characters[0xF0] = 0x011F;
        d->characters[0xFD] = 0x0131;
        d->characters[0xFE] = 0x015F;
    }
    return d;
}

void decoder_free(struct decoder *d)
{
    os_free(d);
}

void decoder_begin(struct decoder *d, const struct byte_source *source)
{
    d->source = *source;
    d->has_begun = d->has_ended = false;
    d->at = d->size = 0;
}

/* More raw bytes behind those that are left. */
static bool fill(struct decoder *d, struct error *err)
{
    memmove(d->raw, d->raw + d->at, d->size - d->at);
    d->size -= d->at;
    d->at = 0;
    int64_t got = d->source.read(d->source.context, d->raw + d->size, sizeof d->raw - d->size, err);
    if (got < 0)
        return false;
    d->size += (size_t)got;
    d->has_ended = got == 0;
    return true;
}

static bool takes_mark(struct decoder *d, const char *mark, size_t size)
{
    if (d->size < size || memcmp(d->raw, mark, size) != 0)
        return false;
    d->at = size;
    return true;
}

/* Reads far enough to see a mark, and decides what the stream is. */
static bool begin(struct decoder *d, struct error *err)
{
    while (d->size < LARGEST_MARK && !d->has_ended) {
        if (!fill(d, err))
            return false;
    }
    d->has_begun = true;
    if (takes_mark(d, "\xEF\xBB\xBF", 3))
        d->form = FORM_UTF_8;
    else if (takes_mark(d, "\xFF\xFE", 2))
        d->form = FORM_UTF_16_LITTLE;
    else if (takes_mark(d, "\xFE\xFF", 2))
        d->form = FORM_UTF_16_BIG;
    else
        d->form = d->encoding == ENCODING_UTF_8 ? FORM_UTF_8 : FORM_ONE_BYTE;
    return true;
}

static uint8_t *put(uint8_t *out, uint32_t character)
{
    if (character < 0x80) {
        *out++ = (uint8_t)character;
    } else if (character < 0x800) {
        *out++ = (uint8_t)(0xC0 | character >> 6);
        *out++ = (uint8_t)(0x80 | (character & 0x3F));
    } else if (character < 0x10000) {
        *out++ = (uint8_t)(0xE0 | character >> 12);
        *out++ = (uint8_t)(0x80 | (character >> 6 & 0x3F));
        *out++ = (uint8_t)(0x80 | (character & 0x3F));
    } else {
        *out++ = (uint8_t)(0xF0 | character >> 18);
        *out++ = (uint8_t)(0x80 | (character >> 12 & 0x3F));
        *out++ = (uint8_t)(0x80 | (character >> 6 & 0x3F));
        *out++ = (uint8_t)(0x80 | (character & 0x3F));
    }
    return out;
}

static uint8_t *decode_one_byte(struct decoder *d, uint8_t *out, const uint8_t *end)
{
    while (d->at < d->size && end - out >= 3)
        out = put(out, d->characters[d->raw[d->at++]]);
    return out;
}

static uint32_t unit_at(const struct decoder *d, size_t at)
{
    uint32_t first = d->raw[at], second = d->raw[at + 1];

    return d->form == FORM_UTF_16_LITTLE ? first | second << 8 : first << 8 | second;
}

/* Stops where a pair may go on in bytes still to come. */
static uint8_t *decode_utf_16(struct decoder *d, uint8_t *out, const uint8_t *end)
{
    while (d->at < d->size && end - out >= 4) {
        size_t left = d->size - d->at;
        uint32_t unit = left >= 2 ? unit_at(d, d->at) : 0;
        bool is_high = left >= 2 && unit >= 0xD800 && unit < 0xDC00;
        bool is_low = left >= 2 && unit >= 0xDC00 && unit < 0xE000;

        if (!d->has_ended && left < (is_high ? 4 : 2))
            break;
        if (is_high && left >= 4) {
            uint32_t low = unit_at(d, d->at + 2);

            if (low >= 0xDC00 && low < 0xE000) {
                out = put(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
                d->at += 4;
                continue;
            }
        }
        if (left < 2 || is_high || is_low)
            *out++ = NO_CHARACTER;
        else
            out = put(out, unit);
        d->at += left < 2 ? left : 2;
    }
    return out;
}

/* What the look for a mark left over, then the source itself. */
static int64_t read_utf_8(struct decoder *d, void *data, size_t size, struct error *err)
{
    size_t left = d->size - d->at;

    if (left == 0)
        return d->has_ended ? 0 : d->source.read(d->source.context, data, size, err);
    if (left > size)
        left = size;
    memcpy(data, d->raw + d->at, left);
    d->at += left;
    return (int64_t)left;
}

int64_t decoder_read(void *decoder, void *data, size_t size, struct error *err)
{
    struct decoder *d = decoder;
    uint8_t *out = data;

    if (!d->has_begun && !begin(d, err))
        return -1;
    if (d->form == FORM_UTF_8)
        return read_utf_8(d, data, size, err);
    while (out == data && !(d->has_ended && d->at == d->size)) {
        if (!d->has_ended && d->size - d->at < 4 && !fill(d, err))
            return -1;
        out = d->form == FORM_ONE_BYTE ? decode_one_byte(d, out, out + size)
                                       : decode_utf_16(d, out, out + size);
    }
    return out - (uint8_t *)data;
}
