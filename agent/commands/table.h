/* SPDX-License-Identifier: Apache-2.0 */
/* table.h - rows of text in aligned columns, for people */
#ifndef AGENT_COMMANDS_TABLE_H
#define AGENT_COMMANDS_TABLE_H

#include <stddef.h>

#define TABLE_COLUMNS_MOST 12

struct table;
/* The headings are the first row. */
struct table *table_new(const char *const *headings, size_t columns);
void table_free(struct table *table);
/* The next cell; rows fill from the left. The text is copied; NULL shows "-". */
void table_put(struct table *table, const char *text);
void table_print(const struct table *table); /* to standard output */

#endif
