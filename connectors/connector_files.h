/* SPDX-License-Identifier: Apache-2.0 */
/* connector_files.h - what a connector has besides when its slices are files of a drop folder */
#ifndef CONNECTORS_CONNECTOR_FILES_H
#define CONNECTORS_CONNECTOR_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/error.h"

struct source;

/* A file of a drop folder. */
struct source_file {
    const char *name;
    uint64_t size;
    int64_t modified_ns;
};

/* What the agent must know of it to watch it. */
struct connector_folder {
    const char *path;
    const char *files; /* pattern of the names, * and ? */
    int64_t settle_ms; /* unchanged for so long: complete */
    bool keeps_files;  /* false: settle is called for files that are delivered */
};

/* What a drop folder has besides. */
struct connector_files {
    /* Which folder to watch, and how. Pure; settings as for open; texts lent with them. */
    struct connector_folder (*folder)(const void *settings);
    bool (*list)(struct source *source,
                 void (*visit)(void *context, const struct source_file *file), void *context,
                 struct error *err);
    /* SHA-256 of the content. ERROR_DATA: not a regular file, unreadable, gone. */
    bool (*hash)(struct source *source, const char *name, uint8_t sha256[32], struct error *err);
    /* Everything of the file with this content is accepted: `after: archive | delete`. Late, twice
     * or never; a file that has other content by now is left alone. */
    bool (*settle)(struct source *source, const char *name, const uint8_t sha256[32],
                   struct error *err);
};

#endif
