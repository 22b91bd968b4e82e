/* SPDX-License-Identifier: Apache-2.0 */
/* error.c - fills in struct error */
#include "agent/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text that was cut does not end in half a letter of UTF-8. */
static void end_with_a_letter(char *text)
{
    const size_t size = strlen(text);
    size_t begin = size;

    while (begin > 0 && ((unsigned char)text[begin - 1] & 0xC0) == 0x80)
        begin--;
    if (begin == 0 || (unsigned char)text[begin - 1] < 0xC0)
        return;
    begin--;
    const unsigned char first = (unsigned char)text[begin];
    const size_t whole = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (size - begin < whole)
        text[begin] = '\0';
}

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
    char text[sizeof err->text]; /* an argument may be err->text itself */
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    end_with_a_letter(text);

    err->kind = kind;
    memcpy(err->text, text, sizeof text);
    return false;
}

bool error_prefix(struct error *err, const char *format, ...)
{
    char text[sizeof err->text];
    va_list arguments;

    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    if (length > 0 && (size_t)length < sizeof text)
        snprintf(text + length, sizeof text - (size_t)length, "%s", err->text);
    end_with_a_letter(text);
    memcpy(err->text, text, sizeof text);
    return false;
}
