/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - writes JSON (RFC 8259) straight into a buffer */
#include "agent/base/json.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/utc.h"

#define DIGITS_MOST 20 /* of a uint64_t */

/* Every byte of a word at once. */
#define EVERY(byte) (UINT64_C(0x0101010101010101) * (byte))
#define HIGH_BITS   EVERY(0x80)

/* Not zero when a byte of the word is below 0x20, a quote or a backslash: subtracting borrows
 * into the high bit exactly for bytes too small, and bytes that had it before do not count. */
static uint64_t must_escape(uint64_t word)
{
    const uint64_t quote = word ^ EVERY('"');
    const uint64_t backslash = word ^ EVERY('\\');

    return (((word - EVERY(0x20)) & ~word) | ((quote - EVERY(1)) & ~quote) |
            ((backslash - EVERY(1)) & ~backslash)) &
           HIGH_BITS;
}

/* How many bytes from the start pass as they are. */
static size_t plain_length(const char *text, size_t size)
{
    size_t at = 0;

    for (uint64_t word; size - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text + at, sizeof word);
        if (must_escape(word) != 0)
            break;
    }
    while (at < size && (uint8_t)text[at] >= 0x20 && text[at] != '"' && text[at] != '\\')
        at++;
    return at;
}

static void escape_byte(struct bytes *out, uint8_t byte)
{
    static const uint8_t letters[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    static const char hex[] = "0123456789abcdef";
    const uint8_t letter = byte < sizeof letters ? letters[byte] : byte;

    if (letter != '\0') {
        bytes_append(out, (uint8_t[]){'\\', letter}, 2);
    } else {
        bytes_append(out, (char[]){'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]}, 6);
    }
}

void json_escape(struct bytes *out, const char *text, size_t size)
{
    for (;;) {
        const size_t plain = plain_length(text, size);
        bytes_append(out, text, plain);
        if (plain == size)
            return;
        escape_byte(out, (uint8_t)text[plain]);
        text += plain + 1;
        size -= plain + 1;
    }
}

/* Writes from the end of a place backwards; returns where the number begins. */
static char *print_backwards(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return end;
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static void append_integer(struct bytes *out, int64_t value)
{
    char text[DIGITS_MOST + 1];
    char *const end = text + sizeof text;
    char *start = print_backwards(end, magnitude(value));

    if (value < 0)
        *--start = '-';
    bytes_append(out, start, (size_t)(end - start));
}

/* A number counted in parts: value / scale, where scale is 10^decimals. Zeros at the end are left
 * away, but `least` decimals stay. */
static inline void append_decimal(struct bytes *out, int64_t value, uint64_t scale, int least)
{
    char text[DIGITS_MOST + 2];
    char *const end = text + sizeof text;
    char *start = end;
    int decimals = 0;

    for (uint64_t rest = scale; rest > 1; rest /= 10)
        decimals++;
    uint64_t fraction = magnitude(value) % scale;
    for (; decimals > least && fraction % 10 == 0; decimals--)
        fraction /= 10;
    for (int i = 0; i < decimals; i++, fraction /= 10)
        *--start = (char)('0' + fraction % 10);
    if (decimals > 0)
        *--start = '.';
    start = print_backwards(start, magnitude(value) / scale);
    if (value < 0)
        *--start = '-';
    bytes_append(out, start, (size_t)(end - start));
}

void json_append_thousandths(struct bytes *out, int64_t value)
{
    append_decimal(out, value, 1000, 0);
}

void json_init(struct json *json, struct bytes *out)
{
    *json = (struct json){.out = out};
}

/* What every value and key begins with. The comma after it is decided by what it is. */
static void separate(struct json *json)
{
    if (json->comma)
        bytes_append_byte(json->out, ',');
    json->comma = true;
}

static void begin(struct json *json, uint8_t bracket)
{
    separate(json);
    bytes_append_byte(json->out, bracket);
    json->comma = false;
}

static void end(struct json *json, uint8_t bracket)
{
    bytes_append_byte(json->out, bracket);
    json->comma = true;
}

void json_begin_object(struct json *json)
{
    begin(json, '{');
}

void json_end_object(struct json *json)
{
    end(json, '}');
}

void json_begin_array(struct json *json)
{
    begin(json, '[');
}

void json_end_array(struct json *json)
{
    end(json, ']');
}

void json_put_key(struct json *json, const char *key)
{
    json_put_text(json, key);
    bytes_append_byte(json->out, ':');
    json->comma = false;
}

void json_put_text(struct json *json, const char *text)
{
    if (text == NULL)
        json_put_null(json);
    else
        json_put_text_sized(json, text, strlen(text));
}

void json_put_text_sized(struct json *json, const char *text, size_t size)
{
    separate(json);
    bytes_append_byte(json->out, '"');
    json_escape(json->out, text, size);
    bytes_append_byte(json->out, '"');
}

/* The number of a character that YAML does not read as it is, and its size; 0: another one. */
static unsigned strange_to_yaml(const char *text, size_t *size)
{
    static const char *const characters[] = {"\xE2\x80\xA8", "\xE2\x80\xA9", "\xEF\xBB\xBF",
                                             "\xEF\xBF\xBE", "\xEF\xBF\xBF"};
    static const unsigned numbers[] = {0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF};

    *size = 2;
    if ((uint8_t)text[0] == 0xC2 && (uint8_t)text[1] >= 0x80 && (uint8_t)text[1] < 0xA0)
        return (uint8_t)text[1];
    *size = 3;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strncmp(text, characters[i], 3) == 0)
            return numbers[i];
    }
    return 0;
}

void json_put_text_for_yaml(struct json *json, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    const char *plain = text;
    size_t size = 0;

    separate(json);
    bytes_append_byte(json->out, '"');
    for (const char *at = text; *at != '\0'; at++) {
        const unsigned number = (uint8_t)*at < 0x80 ? 0 : strange_to_yaml(at, &size);

        if (number == 0)
            continue;
        json_escape(json->out, plain, (size_t)(at - plain));
        bytes_append_text(json->out, "\\u");
        for (int shift = 12; shift >= 0; shift -= 4)
            bytes_append_byte(json->out, (uint8_t)hex[number >> shift & 15]);
        plain = at + size;
        at = plain - 1;
    }
    json_escape(json->out, plain, strlen(plain));
    bytes_append_byte(json->out, '"');
}

void json_put_integer(struct json *json, int64_t value)
{
    separate(json);
    append_integer(json->out, value);
}

void json_put_thousandths(struct json *json, int64_t value)
{
    separate(json);
    append_decimal(json->out, value, 1000, 0);
}

void json_put_tenths(struct json *json, int64_t value)
{
    separate(json);
    append_decimal(json->out, value, 10, 1);
}

void json_put_boolean(struct json *json, bool value)
{
    separate(json);
    bytes_append_text(json->out, value ? "true" : "false");
}

void json_put_null(struct json *json)
{
    separate(json);
    bytes_append_text(json->out, "null");
}

void json_put_time(struct json *json, int64_t utc_ms_value)
{
    char text[UTC_TEXT_SIZE];

    if (utc_ms_value == UTC_NEVER) {
        json_put_null(json);
        return;
    }
    utc_print(utc_ms_value, text);
    json_put_text_sized(json, text, sizeof text);
}

/* Size of the well-formed UTF-8 character at the start of text that is not a control character; 0
 * when there is none. The second byte's range says no to overlong forms, surrogates and what is
 * beyond U+10FFFF (Unicode, table 3-7); for C2 it also says no to the C1 controls. */
static size_t character_size(const uint8_t *text, size_t size)
{
    const uint8_t first = text[0];
    uint8_t least = 0x80;
    uint8_t most = 0xBF;
    size_t length;

    if (first < 0x80)
        return first >= 0x20 && first != 0x7F;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    if (first < 0xE0) {
        length = 2;
        least = first == 0xC2 ? 0xA0 : least;
    } else if (first < 0xF0) {
        length = 3;
        least = first == 0xE0 ? 0xA0 : least;
        most = first == 0xED ? 0x9F : most;
    } else {
        length = 4;
        least = first == 0xF0 ? 0x90 : least;
        most = first == 0xF4 ? 0x8F : most;
    }
    if (size < length || text[1] < least || text[1] > most)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    }
    return length;
}

/* Not zero unless all eight bytes are printable ASCII. */
static uint64_t not_printable(uint64_t word)
{
    const uint64_t rubout = word ^ EVERY(0x7F);

    return (word | (word - EVERY(0x20)) | (rubout - EVERY(1))) & HIGH_BITS;
}

bool json_text_is_valid(const char *text, size_t size)
{
    size_t at = 0;

    while (at < size) {
        uint64_t word;
        if (size - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if (not_printable(word) == 0) {
                at += sizeof word;
                continue;
            }
        }
        const size_t length = character_size((const uint8_t *)text + at, size - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}
