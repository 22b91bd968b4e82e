/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - cloud-link config: the configuration in force, its schema, an example */
#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/commands/command.h"
#include "agent/config.h"
#include "agent/config_write.h"
#include "agent/secrets.h"

#define OUTPUT_MOST ((size_t)16 << 20)

static bool show(const struct command_line *line, bool as_json, struct bytes *out)
{
    struct secrets *secrets;
    struct config *config = command_load_config(line, &secrets);

    if (config == NULL)
        return false;
    config_show(config, as_json, out);
    config_free(config);
    secrets_close(secrets);
    return true;
}

static enum exit_status run(struct command_line *line)
{
    const bool as_json = command_flag(line, "--json");
    const char *action = command_argument(line);
    enum exit_status status = EXIT_DONE;
    struct bytes out;

    if (!command_line_is_done(line, &config_command))
        return EXIT_USAGE;
    bytes_init(&out, OUTPUT_MOST);
    if (action != NULL && strcmp(action, "show") == 0)
        status = show(line, as_json, &out) ? EXIT_DONE : EXIT_CONFIG;
    else if (action != NULL && strcmp(action, "schema") == 0)
        config_schema(&out);
    else if (action != NULL && strcmp(action, "example") == 0)
        config_example(&out);
    else
        status = command_usage(&config_command, "show, schema or example?");
    if (status == EXIT_DONE)
        fwrite(out.data, 1, out.size, stdout);
    bytes_free(&out);
    return status;
}

const struct command config_command = {
    .name = "config",
    .arguments = "show [--json] | schema | example",
    .summary = "show the configuration in force, its JSON Schema, or a commented example",
    .help = "show prints every value in force and where it comes from: a line of the file, or\n"
            "the default. Secrets are not shown. schema and example need no configuration.\n",
    .run = run,
};
