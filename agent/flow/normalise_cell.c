/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_cell.c - what one cell says: a number, yes or no, a moment, a text */
#include "agent/flow/normalise_cell.h"

#include "agent/base/bytes.h"
#include "agent/base/json.h"

/* Years 1 to 9999, a day away from either end: no zone leads out of them. */
#define TIME_LEAST (INT64_C(-62135596800000) + UTC_DAY)
#define TIME_MOST  (INT64_C(253402300800000) - UTC_DAY)

#define DIGITS_MOST 18 /* that an int64_t has room for */

static const char *const is_empty = "is empty";
static const char *const is_no_number = "is not a number";
static const char *const is_too_large = "is too large";
static const char *const is_no_time = "is not a time";
static const char *const is_unusable = "has a value that cannot be used";

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

/* Narrows the text to what stands between blanks. */
static void trim(const char **text, size_t *size)
{
    while (*size > 0 && (*text)[*size - 1] == ' ')
        (*size)--;
    while (*size > 0 && **text == ' ') {
        (*text)++;
        (*size)--;
    }
}

bool cell_is_empty(const struct cell *cell)
{
    if (cell->kind == CELL_NULL)
        return true;
    if (cell->kind != CELL_TEXT)
        return false;
    for (size_t i = 0; i < cell->size; i++) {
        if (cell->text[i] != ' ')
            return false;
    }
    return true;
}

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

bool cell_text_is(const char *text, size_t size, const char *word)
{
    for (size_t i = 0; i < size; i++) {
        if (word[i] == '\0' || lower(text[i]) != lower(word[i]))
            return false;
    }
    return word[size] == '\0';
}

static int64_t power_of_ten(int exponent)
{
    int64_t power = 1;

    for (; exponent > 0; exponent--)
        power *= 10;
    return power;
}

/* [sign] digits [point digits], at least one digit. */
static const char *parse_number(const char *text, size_t size, char point, int decimals,
                                struct number *number)
{
    const char *end = text + size;
    bool is_negative = size > 0 && *text == '-';
    int64_t value = 0;
    bool is_cut = false;
    int left = decimals;

    if (size > 0 && (*text == '-' || *text == '+'))
        text++;
    const char *digits = text;
    for (; text < end && is_digit(*text); text++) {
        if (text - digits == DIGITS_MOST - decimals)
            return is_too_large;
        value = value * 10 + (*text - '0');
    }
    bool has_digits = text > digits;
    if (text < end && *text == point) {
        for (text++; text < end && is_digit(*text); text++, has_digits = true) {
            if (left > 0) {
                value = value * 10 + (*text - '0');
                left--;
            } else if (*text != '0') {
                is_cut = true;
            }
        }
    }
    if (text < end || !has_digits)
        return is_no_number;
    value *= power_of_ten(left);
    *number = (struct number){.value = is_negative ? -value : value, .is_cut = is_cut};
    return NULL;
}

/* An integer that counts 10^-has becomes one that counts 10^-wanted. */
static const char *scale_number(int64_t integer, int has, int wanted, struct number *number)
{
    int64_t step = power_of_ten(wanted < has ? has - wanted : wanted - has);

    if (wanted < has) {
        *number = (struct number){.value = integer / step, .is_cut = integer % step != 0};
        return NULL;
    }
    if (integer > INT64_MAX / step || integer < -(INT64_MAX / step))
        return is_too_large;
    *number = (struct number){.value = integer * step};
    return NULL;
}

const char *cell_number(const struct cell *cell, char point, int decimals, struct number *number)
{
    const char *text;
    size_t size;

    switch (cell->kind) {
    case CELL_NULL:
        return is_empty;
    case CELL_INTEGER:
        return scale_number(cell->integer, 0, decimals, number);
    case CELL_THOUSANDTHS:
        return scale_number(cell->integer, 3, decimals, number);
    case CELL_TEXT:
        text = cell->text;
        size = cell->size;
        trim(&text, &size);
        return size == 0 ? is_empty : parse_number(text, size, point, decimals, number);
    case CELL_CIVIL:
    case CELL_UTC:
        return "is a time, not a number";
    case CELL_UNUSABLE:
        break;
    }
    return is_unusable;
}

int64_t cell_round(const struct number *number, bool *is_rounded)
{
    int64_t whole = number->value / 1000;
    int64_t rest = number->value % 1000;

    if (rest < 0) {
        rest += 1000;
        whole--;
    }
    *is_rounded = rest != 0 || number->is_cut;
    if (rest > 500 || (rest == 500 && (number->is_cut || whole % 2 != 0)))
        whole++;
    return whole;
}

const char *cell_boolean(const struct cell *cell, bool *value)
{
    static const char *const words[] = {"0", "1", "false", "true", "f", "t"};
    static const char *const is_neither = "is neither 0 nor 1";

    if (cell_is_empty(cell))
        return is_empty;
    if (cell->kind == CELL_INTEGER || cell->kind == CELL_THOUSANDTHS) {
        int64_t one = cell->kind == CELL_INTEGER ? 1 : 1000;

        *value = cell->integer == one;
        return cell->integer == 0 || *value ? NULL : is_neither;
    }
    if (cell->kind != CELL_TEXT)
        return is_neither;
    const char *text = cell->text;
    size_t size = cell->size;
    trim(&text, &size);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        *value = i % 2 != 0;
        if (cell_text_is(text, size, words[i]))
            return NULL;
    }
    return is_neither;
}

static const char *unix_moment(const struct cell *cell, enum times times, struct moment *moment)
{
    struct number number;
    const char *wrong = cell_number(cell, '.', 3, &number);

    if (wrong != NULL)
        return wrong;
    /* Thousandths of seconds are milliseconds already. */
    int64_t time = times == TIMES_UNIX ? number.value : number.value / 1000;
    if (time < TIME_LEAST || time > TIME_MOST)
        return times == TIMES_UNIX ? "is too large for seconds since 1970" : is_no_time;
    *moment = (struct moment){.time = time};
    return NULL;
}

static const char *text_moment(const struct cell *cell, enum times times, struct moment *moment)
{
    const char *text = cell->text;
    size_t size = cell->size;
    utc_ms time;
    enum utc_form form;

    trim(&text, &size);
    if (size == 0)
        return is_empty;
    if (!utc_parse(text, size, &time, &form)) {
        if (times == TIMES_NONE || unix_moment(cell, times, moment) != NULL)
            return is_no_time;
        return NULL;
    }
    if (time < TIME_LEAST || time > TIME_MOST)
        return is_no_time;
    *moment = (struct moment){.time = time, .is_civil = form == UTC_FORM_CIVIL};
    return NULL;
}

const char *cell_moment(const struct cell *cell, enum times times, struct moment *moment)
{
    switch (cell->kind) {
    case CELL_NULL:
        return is_empty;
    case CELL_CIVIL:
    case CELL_UTC:
        if (cell->integer < TIME_LEAST || cell->integer > TIME_MOST)
            return is_no_time;
        *moment = (struct moment){.time = cell->integer, .is_civil = cell->kind == CELL_CIVIL};
        return NULL;
    case CELL_TEXT:
        return text_moment(cell, times, moment);
    case CELL_INTEGER:
    case CELL_THOUSANDTHS:
        return times == TIMES_NONE ? "is a number, and `times` does not say what it counts"
                                   : unix_moment(cell, times, moment);
    case CELL_UNUSABLE:
        break;
    }
    return is_unusable;
}

static void append_integer(int64_t integer, struct bytes *out)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t left = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;

    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (integer < 0)
        bytes_append_byte(out, '-');
    bytes_append(out, digits + at, sizeof digits - at);
}

const char *cell_append_text(const struct cell *cell, struct bytes *out)
{
    size_t size = cell->size;

    switch (cell->kind) {
    case CELL_NULL:
        return is_empty;
    case CELL_TEXT:
        while (size > 0 && cell->text[size - 1] == ' ')
            size--;
        bytes_append(out, cell->text, size);
        return size == 0 ? is_empty : NULL;
    case CELL_INTEGER:
        append_integer(cell->integer, out);
        return NULL;
    case CELL_THOUSANDTHS:
        json_append_thousandths(out, cell->integer);
        return NULL;
    case CELL_CIVIL:
    case CELL_UTC:
        return "is a time, not a text";
    case CELL_UNUSABLE:
        break;
    }
    return is_unusable;
}

void cell_describe(const struct cell *cell, struct bytes *out)
{
    char time[UTC_TEXT_SIZE];

    switch (cell->kind) {
    case CELL_NULL:
        break;
    case CELL_TEXT:
    case CELL_UNUSABLE:
        if (json_text_is_valid(cell->text, cell->size)) {
            bytes_append(out, cell->text, cell->size);
            break;
        }
        for (size_t i = 0; i < cell->size; i++) {
            bool is_plain = cell->text[i] >= ' ' && cell->text[i] <= '~';

            bytes_append_byte(out, is_plain ? (uint8_t)cell->text[i] : '?');
        }
        break;
    case CELL_INTEGER:
        append_integer(cell->integer, out);
        break;
    case CELL_THOUSANDTHS:
        json_append_thousandths(out, cell->integer);
        break;
    case CELL_CIVIL:
    case CELL_UTC:
        if (cell->integer < TIME_LEAST || cell->integer > TIME_MOST) {
            append_integer(cell->integer, out);
            break;
        }
        utc_print(cell->integer, time);
        bytes_append(out, time, cell->kind == CELL_UTC ? UTC_TEXT_SIZE : UTC_TEXT_SIZE - 1);
        break;
    }
}
