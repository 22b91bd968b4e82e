/* SPDX-License-Identifier: Apache-2.0 */
/* secret.c - cloud-link secret: the store of what never stands in the configuration */
#include <stdio.h>
#include <string.h>

#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/commands/command.h"
#include "agent/config.h"
#include "agent/secrets.h"

#define SECRET_MOST 65537

static bool set(struct secrets *secrets, const char *name, struct error *err)
{
    char prompt[120];
    char *value = os_alloc(SECRET_MOST);
    bool ok = false;

    snprintf(prompt, sizeof prompt, "Secret %.64s: ", name);
    if (!secrets_name_is_valid(name))
        ok = secrets_set(secrets, name, "?", err); /* refuses, before anything is typed */
    else if (os_read_secret(prompt, value, SECRET_MOST, err))
        ok = secrets_set(secrets, name, value, err);
    os_free(value);
    return ok;
}

static bool remove_secret(struct secrets *secrets, const char *name, struct error *err)
{
    bool existed;

    if (!secrets_remove(secrets, name, &existed, err))
        return false;
    return existed || error_set(err, ERROR_CONFIG, "there is no secret \"%s\"", name);
}

static void print_name(void *context, const char *name)
{
    (void)context;
    puts(name);
}

/* action: "set", "remove" or "list"; name: NULL for list. */
static bool act(const char *state_dir, const char *action, const char *name, struct error *err)
{
    struct secrets *secrets = secrets_open(state_dir, "");
    bool ok;

    if (strcmp(action, "set") == 0)
        ok = set(secrets, name, err);
    else if (strcmp(action, "remove") == 0)
        ok = remove_secret(secrets, name, err);
    else
        ok = secrets_list(secrets, print_name, NULL, err);
    secrets_close(secrets);
    return ok;
}

static enum exit_status run(struct command_line *line)
{
    const char *action = command_argument(line);
    const char *name = command_argument(line);
    const bool is_list = action != NULL && strcmp(action, "list") == 0;
    char path[4096], state_dir[4096];
    struct error err;

    if (action == NULL || (!is_list && strcmp(action, "set") != 0 && strcmp(action, "remove") != 0))
        return command_usage(&secret_command, "set, list or remove?");
    if (is_list ? name != NULL : name == NULL)
        return command_usage(&secret_command, "%s %s", action,
                             is_list ? "takes no name" : "needs a name");
    if (!command_line_is_done(line, &secret_command))
        return EXIT_USAGE;

    config_path(line->config, path, sizeof path);
    if (line->config != NULL && !os_file_exists(path)) {
        command_say("there is no file %s", path);
        return EXIT_CONFIG;
    }
    config_state_dir(path, state_dir, sizeof state_dir);
    if (!os_become_owner_of(state_dir, &err) || !act(state_dir, action, name, &err)) {
        command_say("%s", err.text);
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

const struct command secret_command = {
    .name = "secret",
    .arguments = "set NAME | list | remove NAME",
    .summary = "store secrets, encrypted, for ${secret:NAME} in the configuration",
    .help = "set reads the value from the terminal without showing it, or one line from\n"
            "standard input. list shows names only. The store lies in the state directory\n"
            "that the configuration names. A running agent takes a new value by itself.\n",
    .run = run,
};
