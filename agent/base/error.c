/* SPDX-License-Identifier: Apache-2.0 */
/* error.c - fills in struct error */
#include "agent/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
    char text[sizeof err->text]; /* an argument may be err->text itself */
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

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
    memcpy(err->text, text, sizeof text);
    return false;
}
