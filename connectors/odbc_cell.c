/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_cell.c - UTF-16, decimals and timestamps as drivers give them */
#include "connectors/odbc_cell.h"

#include <sql.h>
#include <sqlext.h>

#include "connectors/cells.h"

/* More digits might not fit into thousandths. */
#define DIGITS_MOST 15
/* "2024-03-31 02:00:00.0000000 +01:00", and some room. */
#define OFFSET_MOST 40

static size_t append_utf8(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xC0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xE0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}

/* A half of a pair that stands alone becomes U+FFFD. */
static struct cell wide_cell(const SQLWCHAR *wide, size_t units, char *scratch)
{
    size_t size = 0;

    for (size_t i = 0; i < units; i++) {
        const uint16_t unit = wide[i];
        const uint16_t next = i + 1 < units ? wide[i + 1] : 0;
        uint32_t point = unit;

        if (unit >= 0xD800 && unit < 0xE000)
            point = 0xFFFD;
        if (unit >= 0xD800 && unit < 0xDC00 && next >= 0xDC00 && next < 0xE000) {
            point = 0x10000u + (((uint32_t)unit - 0xD800u) << 10) + (next - 0xDC00u);
            i++;
        }
        size += append_utf8(point, scratch + size);
    }
    return cell_text(scratch, size);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* [-]digits[.digits] with at most three decimals that matter; anything else stays a text. */
static struct cell decimal_cell(const char *text, size_t size)
{
    const char *at = text, *const end = text + size;
    const bool is_negative = size > 0 && *at == '-';
    int64_t value = 0;
    int digits = 0, decimals = 0;

    for (at += is_negative; at < end && is_digit(*at) && digits < DIGITS_MOST; at++, digits++)
        value = value * 10 + (*at - '0');
    if (at == end && digits > 0)
        return cell_integer(CELL_INTEGER, is_negative ? -value : value);
    if (at == end || *at != '.')
        return cell_text(text, size);
    for (at++; at < end && is_digit(*at) && decimals < 3; at++, decimals++)
        value = value * 10 + (*at - '0');
    for (; decimals < 3; decimals++)
        value *= 10;
    while (at < end && *at == '0')
        at++;
    if (at != end || end[-1] == '.')
        return cell_text(text, size);
    return cell_integer(CELL_THOUSANDTHS, is_negative ? -value : value);
}

static struct cell timestamp_cell(enum cell_kind kind, const SQL_TIMESTAMP_STRUCT *time)
{
    const struct civil civil = {
        .year = time->year,
        .month = time->month,
        .day = time->day,
        .hour = time->hour,
        .minute = time->minute,
        .second = time->second,
        .millisecond = (int)(time->fraction / 1000000), /* of nanoseconds */
    };

    if (!utc_civil_is_valid(&civil))
        return cell_unusable("not a date");
    return cell_integer(kind, utc_from_civil(&civil));
}

/* Without the blank before its offset it is a text that everybody reads. */
static struct cell offset_cell(const char *text, size_t size)
{
    char joined[OFFSET_MOST];
    enum utc_form form;
    utc_ms time;

    if (size > 7 && size <= sizeof joined && text[size - 7] == ' ') {
        memcpy(joined, text, size - 7);
        memcpy(joined + size - 7, text + size - 6, 6);
        if (utc_parse(joined, size - 1, &time, &form) && form == UTC_FORM_OFFSET)
            return cell_integer(CELL_UTC, time);
    }
    return cell_text(text, size);
}

struct cell odbc_cell(enum odbc_kind kind, const void *value, size_t size, char *scratch)
{
    switch (kind) {
    case ODBC_WIDE_TEXT:
        return wide_cell(value, size / sizeof(SQLWCHAR), scratch);
    case ODBC_INTEGER:
        return cell_integer(CELL_INTEGER, *(const SQLBIGINT *)value);
    case ODBC_DECIMAL:
        return decimal_cell(value, size);
    case ODBC_FLOAT:
        return cell_float(*(const SQLDOUBLE *)value);
    case ODBC_CIVIL:
        return timestamp_cell(CELL_CIVIL, value);
    case ODBC_UTC:
        return timestamp_cell(CELL_UTC, value);
    case ODBC_OFFSET:
        return offset_cell(value, size);
    case ODBC_TEXT:
        break;
    }
    return cell_text(value, size);
}
