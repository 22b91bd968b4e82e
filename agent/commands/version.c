/* SPDX-License-Identifier: Apache-2.0 */
/* version.c - cloud-link version: the program's and those of the libraries in use */
#include <jansson.h>
#include <libdeflate.h>
#include <sqlite3.h>
#include <stdio.h>

#include "agent/base/http.h"
#include "agent/base/node.h"
#include "agent/commands/command.h"

static enum exit_status run(struct command_line *line)
{
    if (!command_line_is_done(line, &version_command))
        return EXIT_USAGE;
    printf("cloud-link %s\n", CLOUD_LINK_VERSION);
    printf("%s\n", http_library_versions());
    printf("SQLite %s\n", sqlite3_libversion());
    printf("jansson %s\n", jansson_version_str());
    printf("libyaml %s\n", node_library_version());
    printf("libdeflate %s\n", LIBDEFLATE_VERSION_STRING);
    return EXIT_DONE;
}

const struct command version_command = {
    .name = "version",
    .arguments = "",
    .summary = "show the version, and those of the libraries in use",
    .help = "",
    .run = run,
};
