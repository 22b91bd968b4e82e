/* SPDX-License-Identifier: Apache-2.0 */
/* settings_text.c - what stands behind a word: the nearest right one, a number, a size */
#include <stdio.h>
#include <string.h>

#include "agent/base/settings_read.h"

/* Optimal string alignment distance of two short words, letters of either case being equal;
 * 99 when one is too long to be a misspelt word. */
static size_t distance(const char *left, const char *right)
{
    const size_t rows = strlen(left), columns = strlen(right);
    size_t table[3][48]; /* the row before last, the last one, this one */

    if (rows >= 48 || columns >= 48)
        return 99;
    for (size_t j = 0; j <= columns; j++)
        table[1][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        const int letter = left[i - 1] | 0x20;

        table[2][0] = i;
        for (size_t j = 1; j <= columns; j++) {
            const size_t replaced = table[1][j - 1] + (letter != (right[j - 1] | 0x20));
            size_t least = table[1][j] + 1;

            if (table[2][j - 1] + 1 < least)
                least = table[2][j - 1] + 1;
            if (replaced < least)
                least = replaced;
            if (i > 1 && j > 1 && letter == (right[j - 2] | 0x20) &&
                (left[i - 2] | 0x20) == (right[j - 1] | 0x20) && table[0][j - 2] + 1 < least)
                least = table[0][j - 2] + 1;
            table[2][j] = least;
        }
        memcpy(table[0], table[1], sizeof table[0]);
        memcpy(table[1], table[2], sizeof table[1]);
    }
    return table[1][columns];
}

const char *settings_nearest(const char *word, const char *const *words)
{
    const char *nearest = NULL;
    size_t least = strlen(word) < 4 ? 2 : 3; /* short words are all alike */

    for (; *words != NULL; words++) {
        const bool is_start = strlen(word) >= 3 && strncmp(word, *words, strlen(word)) == 0;
        const size_t far = is_start ? 1 : distance(word, *words);

        if (far < least && far < strlen(*words)) {
            least = far;
            nearest = *words;
        }
    }
    return nearest;
}

bool settings_parse_integer(const char *text, int64_t *number)
{
    const bool is_negative = text[0] == '-';
    int64_t value = 0;
    size_t i = is_negative ? 1 : 0;

    if (text[i] == '\0')
        return false;
    for (; text[i] != '\0'; i++) {
        if (text[i] < '0' || text[i] > '9' || value > (INT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *number = is_negative ? -value : value;
    return true;
}

static const struct {
    const char *name;
    int shift;
} size_units[] = {{"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
#define SIZE_UNITS (sizeof size_units / sizeof size_units[0])

bool settings_parse_size(const char *text, int64_t *size)
{
    const size_t digits = strspn(text, "0123456789");
    char number[20];
    int64_t value;

    if (digits == 0 || digits >= sizeof number)
        return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (!settings_parse_integer(number, &value))
        return false;
    for (size_t i = 0; i < SIZE_UNITS; i++) {
        if (strcmp(text + digits, size_units[i].name) == 0) {
            if (value > INT64_MAX >> size_units[i].shift)
                return false;
            *size = value << size_units[i].shift;
            return true;
        }
    }
    return false;
}

const char *settings_print_size(int64_t size, char text[32])
{
    size_t unit = SIZE_UNITS - 1;

    while (unit > 0 && (size == 0 || size % (INT64_C(1) << size_units[unit].shift) != 0))
        unit--;
    snprintf(text, 32, "%lld%s", (long long)(size >> size_units[unit].shift),
             size_units[unit].name);
    return text;
}
