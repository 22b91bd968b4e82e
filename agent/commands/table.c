/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - aligned columns; a letter counts as one wide, however many bytes it has */
#include "agent/commands/table.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"

#define TEXT_LIMIT (64 << 20)

struct table {
    size_t columns;
    size_t widths[TABLE_COLUMNS_MOST];
    size_t cells;
    struct bytes texts; /* of the cells, row by row, each ending with NUL */
};

static size_t letters(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

struct table *table_new(const char *const *headings, size_t columns)
{
    struct table *table = os_alloc(sizeof *table);

    table->columns = columns;
    bytes_init(&table->texts, TEXT_LIMIT);
    for (size_t i = 0; i < columns; i++)
        table_put(table, headings[i]);
    return table;
}

void table_free(struct table *table)
{
    if (table == NULL)
        return;
    bytes_free(&table->texts);
    os_free(table);
}

void table_put(struct table *table, const char *text)
{
    const char *shown = text != NULL ? text : "-";
    const size_t column = table->cells++ % table->columns;
    const size_t width = letters(shown);

    bytes_append(&table->texts, shown, strlen(shown) + 1);
    if (width > table->widths[column])
        table->widths[column] = width;
}

void table_print(const struct table *table)
{
    const char *text = (const char *)table->texts.data;
    const char *end = text + table->texts.size;

    for (size_t cell = 0; text < end; cell++, text += strlen(text) + 1) {
        const size_t column = cell % table->columns;
        const bool is_last = column + 1 == table->columns;
        const size_t blanks = table->widths[column] - letters(text) + 2;

        printf("%s%s%*s", column == 0 ? "  " : "", text, is_last ? 0 : (int)blanks, "");
        if (is_last)
            printf("\n");
    }
}
