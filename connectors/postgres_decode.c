/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_decode.c - big-endian values become cells; nothing is copied or allocated per row */
#include "connectors/postgres_decode.h"

#include <assert.h>
#include <string.h>

#include "agent/base/os.h"
#include "connectors/cells.h"

/* Room for the few values that are written as text: a uuid, a number with many digits. */
#define SCRATCH_SIZE 96

/* Milliseconds between 1970 and PostgreSQL's own beginning, 2000-01-01. */
#define BEGINNING_MS  INT64_C(946684800000)
#define YEAR_1_MS     INT64_C(-62135596800000)
#define YEAR_10000_MS INT64_C(253402300800000)

struct column {
    uint32_t type;
    int32_t size; /* of every value; -1: they differ */
    char scratch[SCRATCH_SIZE];
};

struct postgres_decoder {
    size_t count;
    struct column *columns;
    struct cell *cells;
    bool has_begun; /* the file's head was seen */
};

static const struct known_type {
    enum postgres_type type;
    int32_t size;
    bool is_number, is_text;
} known_types[] = {
    {POSTGRES_BOOL, 1, false, false},      {POSTGRES_CHAR, -1, false, true},
    {POSTGRES_NAME, -1, false, true},      {POSTGRES_INT8, 8, true, false},
    {POSTGRES_INT2, 2, true, false},       {POSTGRES_INT4, 4, true, false},
    {POSTGRES_TEXT, -1, false, true},      {POSTGRES_OID, 4, true, false},
    {POSTGRES_JSON, -1, false, false},     {POSTGRES_FLOAT4, 4, true, false},
    {POSTGRES_FLOAT8, 8, true, false},     {POSTGRES_BPCHAR, -1, false, true},
    {POSTGRES_VARCHAR, -1, false, true},   {POSTGRES_DATE, 4, false, false},
    {POSTGRES_TIMESTAMP, 8, false, false}, {POSTGRES_TIMESTAMPTZ, 8, false, false},
    {POSTGRES_INTERVAL, 16, false, false}, {POSTGRES_NUMERIC, -1, true, false},
    {POSTGRES_UUID, 16, false, false},
};

static const struct known_type *find_type(uint32_t type)
{
    for (size_t i = 0; i < sizeof known_types / sizeof *known_types; i++) {
        if ((uint32_t)known_types[i].type == type)
            return &known_types[i];
    }
    return NULL;
}

bool postgres_type_is_known(uint32_t type)
{
    return find_type(type) != NULL;
}

bool postgres_type_is_number(uint32_t type)
{
    const struct known_type *known = find_type(type);

    return known != NULL && known->is_number;
}

bool postgres_type_is_text(uint32_t type)
{
    const struct known_type *known = find_type(type);

    return known != NULL && known->is_text;
}

struct postgres_decoder *postgres_decoder_new(const uint32_t *types, size_t count)
{
    struct postgres_decoder *decoder = os_alloc(sizeof *decoder);

    decoder->count = count;
    decoder->columns = os_alloc(count * sizeof *decoder->columns);
    decoder->cells = os_alloc(count * sizeof *decoder->cells);
    for (size_t i = 0; i < count; i++) {
        const struct known_type *known = find_type(types[i]);

        assert(known != NULL);
        decoder->columns[i].type = types[i];
        decoder->columns[i].size = known->size;
    }
    return decoder;
}

void postgres_decoder_free(struct postgres_decoder *decoder)
{
    if (decoder == NULL)
        return;
    os_free(decoder->columns);
    os_free(decoder->cells);
    os_free(decoder);
}

void postgres_decoder_begin(struct postgres_decoder *decoder)
{
    decoder->has_begun = false;
}

/* ---- numbers as they lie in the buffer ---- */

static uint16_t load_16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t load_32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t load_64(const uint8_t *at)
{
    return (uint64_t)load_32(at) << 32 | load_32(at + 4);
}

/* ---- cells ---- */

static struct cell float_4_cell(const uint8_t *value)
{
    const uint32_t bits = load_32(value);
    float number;

    memcpy(&number, &bits, sizeof number);
    return cell_float((double)number);
}

static struct cell float_8_cell(const uint8_t *value)
{
    const uint64_t bits = load_64(value);
    double number;

    memcpy(&number, &bits, sizeof number);
    return cell_float(number);
}

static struct cell moment_cell(enum cell_kind kind, int64_t since_beginning_ms)
{
    const int64_t time = since_beginning_ms + BEGINNING_MS;

    if (time < YEAR_1_MS || time >= YEAR_10000_MS)
        return cell_unusable("a date beyond the years 1 to 9999");
    return cell_integer(kind, time);
}

static struct cell timestamp_cell(enum cell_kind kind, const uint8_t *value)
{
    const int64_t microseconds = (int64_t)load_64(value);

    if (microseconds == INT64_MAX || microseconds == INT64_MIN)
        return cell_unusable("infinity");
    /* downwards, also before 2000 */
    return moment_cell(kind, microseconds / 1000 - (microseconds % 1000 < 0));
}

static struct cell date_cell(const uint8_t *value)
{
    const int32_t days = (int32_t)load_32(value);

    if (days == INT32_MAX || days == INT32_MIN)
        return cell_unusable("infinity");
    return moment_cell(CELL_CIVIL, days * UTC_DAY);
}

/* microseconds (8) | days (4) | months (4): an interval is a duration in seconds */
static struct cell interval_cell(const uint8_t *value)
{
    const int64_t microseconds = (int64_t)load_64(value);
    const int32_t days = (int32_t)load_32(value + 8);

    if (load_32(value + 12) != 0)
        return cell_unusable("an interval of months has no certain length");
    return cell_integer(CELL_THOUSANDTHS,
                        days * UTC_DAY + microseconds / 1000 - (microseconds % 1000 < 0));
}

static struct cell uuid_cell(const uint8_t *value, char *scratch)
{
    static const char digits[] = "0123456789abcdef";
    size_t size = 0;

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            scratch[size++] = '-';
        scratch[size++] = digits[value[i] >> 4];
        scratch[size++] = digits[value[i] & 15];
    }
    return cell_text(scratch, size);
}

/* digits (2) | weight of the first (2) | sign (2) | decimals shown (2) | digits to base 10,000:
 * value = sum of digit[i] * 10000^(weight - i) */
struct numeric {
    int count, weight, decimals;
    bool is_negative;
    const uint8_t *digits;
};

static int numeric_digit(const struct numeric *numeric, int power)
{
    const int i = numeric->weight - power;

    return i >= 0 && i < numeric->count ? load_16(numeric->digits + 2 * i) : 0;
}

static size_t print_four(int digit, int decimals, char *out)
{
    const char all[4] = {(char)('0' + digit / 1000 % 10), (char)('0' + digit / 100 % 10),
                         (char)('0' + digit / 10 % 10), (char)('0' + digit % 10)};

    memcpy(out, all, 4);
    return decimals < 4 ? (size_t)decimals : 4;
}

/* Every digit as psql would show it. */
static struct cell numeric_text(const struct numeric *numeric, char *scratch)
{
    size_t size = 0, leading = 0;
    char whole[SCRATCH_SIZE];

    if (numeric->weight > 10 || numeric->decimals > 40)
        return cell_unusable("a number too large");
    if (numeric->is_negative)
        scratch[size++] = '-';

    size_t whole_size = 0;
    for (int power = numeric->weight > 0 ? numeric->weight : 0; power >= 0; power--)
        whole_size += print_four(numeric_digit(numeric, power), 4, whole + whole_size);
    while (leading + 1 < whole_size && whole[leading] == '0')
        leading++;
    memcpy(scratch + size, whole + leading, whole_size - leading);
    size += whole_size - leading;

    if (numeric->decimals > 0)
        scratch[size++] = '.';
    for (int shown = 0, power = -1; shown < numeric->decimals; shown += 4, power--)
        size +=
            print_four(numeric_digit(numeric, power), numeric->decimals - shown, scratch + size);
    return cell_text(scratch, size);
}

/* The usual numbers, up to 10^12 and with three decimals, without a text. */
static bool numeric_small(const struct numeric *numeric, struct cell *cell)
{
    const int fraction = numeric_digit(numeric, -1);
    int64_t value = 0;

    if (numeric->weight > 2 || numeric->count - numeric->weight > 2 || fraction % 10 != 0)
        return false;
    for (int power = numeric->weight; power >= 0; power--)
        value = value * 10000 + numeric_digit(numeric, power);
    if (numeric->decimals > 0)
        value = value * 1000 + fraction / 10;
    if (numeric->is_negative)
        value = -value;
    *cell = cell_integer(numeric->decimals > 0 ? CELL_THOUSANDTHS : CELL_INTEGER, value);
    return true;
}

static bool numeric_read(const uint8_t *value, size_t size, struct numeric *numeric, uint16_t *sign)
{
    if (size < 8)
        return false;
    *sign = load_16(value + 4);
    *numeric = (struct numeric){
        .count = load_16(value),
        .weight = (int16_t)load_16(value + 2),
        .decimals = load_16(value + 6),
        .is_negative = *sign == 0x4000,
        .digits = value + 8,
    };
    return size == 8 + 2 * (size_t)numeric->count;
}

static struct cell numeric_cell(const uint8_t *value, size_t size, char *scratch)
{
    struct numeric numeric;
    struct cell cell;
    uint16_t sign;

    if (!numeric_read(value, size, &numeric, &sign))
        return cell_unusable("a number that cannot be read");
    if (sign != 0 && sign != 0x4000)
        return cell_unusable(sign == 0xC000 ? "not a number" : "infinity");
    return numeric_small(&numeric, &cell) ? cell : numeric_text(&numeric, scratch);
}

/* The size was checked. */
static struct cell decode_value(struct column *column, const uint8_t *value, size_t size)
{
    switch (column->type) {
    case POSTGRES_BOOL:
        return cell_integer(CELL_INTEGER, value[0] != 0);
    case POSTGRES_INT2:
        return cell_integer(CELL_INTEGER, (int16_t)load_16(value));
    case POSTGRES_INT4:
        return cell_integer(CELL_INTEGER, (int32_t)load_32(value));
    case POSTGRES_OID:
        return cell_integer(CELL_INTEGER, load_32(value));
    case POSTGRES_INT8:
        return cell_integer(CELL_INTEGER, (int64_t)load_64(value));
    case POSTGRES_FLOAT4:
        return float_4_cell(value);
    case POSTGRES_FLOAT8:
        return float_8_cell(value);
    case POSTGRES_TIMESTAMP:
        return timestamp_cell(CELL_CIVIL, value);
    case POSTGRES_TIMESTAMPTZ:
        return timestamp_cell(CELL_UTC, value);
    case POSTGRES_DATE:
        return date_cell(value);
    case POSTGRES_INTERVAL:
        return interval_cell(value);
    case POSTGRES_UUID:
        return uuid_cell(value, column->scratch);
    case POSTGRES_NUMERIC:
        return numeric_cell(value, size, column->scratch);
    default:
        return cell_text(value, size);
    }
}

/* ---- messages ---- */

/* Bytes of the file's head at the start of its first message; 0: this is none. */
static size_t head_size(const uint8_t *message, size_t size)
{
    static const uint8_t signature[11] = "PGCOPY\n\377\r\n";
    const size_t fixed = sizeof signature + 8;

    if (size < fixed || memcmp(message, signature, sizeof signature) != 0)
        return 0;

    const uint32_t extension = load_32(message + sizeof signature + 4);
    return extension <= size - fixed ? fixed + extension : 0;
}

static bool decode_fields(struct postgres_decoder *decoder, const uint8_t *at, const uint8_t *end)
{
    for (size_t i = 0; i < decoder->count; i++) {
        struct column *column = &decoder->columns[i];

        if (end - at < 4)
            return false;
        const int32_t size = (int32_t)load_32(at);
        at += 4;
        if (size == -1) {
            decoder->cells[i] = (struct cell){.kind = CELL_NULL};
            continue;
        }
        if (size < 0 || size > end - at || (column->size >= 0 && size != column->size))
            return false;
        decoder->cells[i] = decode_value(column, at, (size_t)size);
        at += size;
    }
    return at == end;
}

enum postgres_message postgres_decode(struct postgres_decoder *decoder, const uint8_t *message,
                                      size_t size, const struct cell **cells)
{
    const uint8_t *at = message, *end = message + size;

    if (!decoder->has_begun) {
        const size_t head = head_size(message, size);

        if (head == 0)
            return POSTGRES_BROKEN;
        at += head;
        decoder->has_begun = true;
    }
    if (end - at < 2)
        return POSTGRES_BROKEN;

    const uint16_t fields = load_16(at);
    if (fields == UINT16_MAX)
        return POSTGRES_END;
    if (fields != decoder->count || !decode_fields(decoder, at + 2, end))
        return POSTGRES_BROKEN;
    *cells = decoder->cells;
    return POSTGRES_ROW;
}
