/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_reject.c - rows that are set aside: known by a hash, told with a reason */
#include "agent/flow/normalise_reject.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/map.h"
#include "agent/base/os.h"
#include "agent/flow/normalise_cell.h"

#define REASONS_MOST 256
#define CELLS_MOST   1000

struct rejecter {
    struct digester *digester;
    struct map *reasons;
    uint64_t seen[REASONS_MOST]; /* by the reason's number */
    struct error reason;
    struct bytes cell;  /* one, described */
    struct bytes cells; /* all, cut */
};

struct rejecter *rejecter_new(const uint8_t key[DIGEST_KEY_SIZE])
{
    struct rejecter *r = os_alloc(sizeof *r);

    r->digester = digester_new(key);
    r->reasons = map_new(REASONS_MOST);
    bytes_init(&r->cell, 4 << 20);
    bytes_init(&r->cells, CELLS_MOST + 1);
    return r;
}

void rejecter_free(struct rejecter *r)
{
    if (r == NULL)
        return;
    digester_free(r->digester);
    map_free(r->reasons);
    bytes_free(&r->cell);
    bytes_free(&r->cells);
    os_free(r);
}

void rejecter_reset(struct rejecter *r)
{
    map_reset(r->reasons);
    memset(r->seen, 0, sizeof r->seen);
}

/* Kind and size go in too: two cells never look like one. */
static void hash_cell(struct digester *digester, const struct cell *cell)
{
    uint32_t kind = (uint32_t)cell->kind;

    digester_add(digester, &kind, sizeof kind);
    if (cell->kind == CELL_TEXT || cell->kind == CELL_UNUSABLE) {
        digester_add(digester, &cell->size, sizeof cell->size);
        digester_add(digester, cell->text, cell->size);
    } else if (cell->kind != CELL_NULL) {
        digester_add(digester, &cell->integer, sizeof cell->integer);
    }
}

static struct digest hash_row(struct digester *digester, size_t columns, const struct row *row)
{
    digester_begin(digester);
    if (row->cells == NULL) {
        /* Nothing but the place makes it known. */
        digester_add(digester, &row->line, sizeof row->line);
        digester_add(digester, row->fault, strlen(row->fault));
        return digester_end(digester);
    }
    for (size_t i = 0; i < columns; i++)
        hash_cell(digester, &row->cells[i]);
    return digester_end(digester);
}

/* Appends as much as fits, never half a letter. */
static void append_cut(struct bytes *out, const void *text, size_t size)
{
    const uint8_t *letters = text;
    size_t room = CELLS_MOST - out->size;

    if (size > room) {
        size = room;
        while (size > 0 && (letters[size] & 0xC0) == 0x80)
            size--;
    }
    bytes_append(out, text, size);
}

/* name=value, name=value ... */
static const char *row_text(struct rejecter *r, const struct columns *columns,
                            const struct row *row)
{
    bytes_reset(&r->cells);
    for (size_t i = 0; row->cells != NULL && i < columns->count; i++) {
        if (i > 0)
            append_cut(&r->cells, ", ", 2);
        append_cut(&r->cells, columns->names[i], strlen(columns->names[i]));
        append_cut(&r->cells, "=", 1);
        bytes_reset(&r->cell);
        cell_describe(&row->cells[i], &r->cell);
        append_cut(&r->cells, r->cell.data, r->cell.size);
    }
    return bytes_text(&r->cells);
}

void rejecter_describe(struct rejecter *r, const struct columns *columns, const struct row *row,
                       const char *column, const char *clause, struct reject *reject)
{
    error_set(&r->reason, ERROR_DATA, "%s%s%s", column != NULL ? column : "",
              column != NULL ? " " : "", clause);
    uint32_t number = map_add(r->reasons, r->reason.text, strlen(r->reason.text), NULL);
    if (number != MAP_NONE)
        r->seen[number]++;
    reject->hash = hash_row(r->digester, columns->count, row);
    reject->line = row->line;
    reject->reason = r->reason.text;
    reject->cells = row_text(r, columns, row);
}

const char *rejecter_commonest(const struct rejecter *r)
{
    uint32_t most = 0;

    if (map_count(r->reasons) == 0)
        return "";
    for (uint32_t i = 1; i < map_count(r->reasons); i++) {
        if (r->seen[i] > r->seen[most])
            most = i;
    }
    size_t size;
    return map_key(r->reasons, most, &size);
}
