/* SPDX-License-Identifier: Apache-2.0 */
/* csv_bench.h - settings of a drop folder as they are written: what the tests of csv stand on */
#ifndef TESTS_UNIT_CSV_BENCH_H
#define TESTS_UNIT_CSV_BENCH_H

#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "connectors/csv.h"

static const struct connector_facts contacts = {.name = "test"};
static const struct connector_facts intervals = {.name = "test", .is_interval = true};
static const struct connector_facts statuses = {.name = "test", .is_status = true};

static char problems[2000];

static inline void report(void *context, const char *file, int line, int column, const char *text)
{
    size_t size = strlen(problems);

    (void)context;
    (void)file;
    (void)column;
    snprintf(problems + size, sizeof problems - size, "%d: %s\n", line, text);
}

/* An integration's map but for the key `folder`. Problems are gathered; *memory holds the settings.
 */
static inline struct csv_settings configure(const char *yaml, const char *folder,
                                            const struct connector_facts *facts,
                                            struct arena **memory)
{
    char text[2000];
    struct csv_settings settings = {.folder = NULL};
    struct settings_reader reader = {
        .memory = arena_new(), .report = report, .path = "x", .folder = "/"};
    const struct settings_part part = {csv_settings, &settings};

    problems[0] = '\0';
    int size = snprintf(text, sizeof text, "%s\nfolder: %s\n", yaml, folder);
    struct node_document *document = node_parse("test", text, (size_t)size, report, NULL);
    if (document == NULL)
        fail_msg("%s", problems);
    settings_read(&reader, node_root(document), &part, 1);
    csv_connector.validate(&reader, node_root(document), &settings, facts);
    node_free(document);
    *memory = reader.memory;
    return settings;
}

#endif
