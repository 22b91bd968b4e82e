/* SPDX-License-Identifier: Apache-2.0 */
/* look.c - a source process outside the agent */
#include "agent/commands/look.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/digest.h"
#include "agent/base/os.h"

#define SETTINGS_LIMIT (1 << 20)

struct look {
    const struct integration_config *integration;
    struct child *child;
    char *file; /* of a drop folder: the oldest */
    int64_t file_modified_ns;
};

struct look *look_open(const struct context *context, const struct integration_config *integration,
                       struct error *err)
{
    const struct connector_limits limits =
        integration->connector->limits(integration->connector_settings);
    const struct child_options options = {
        .integration = integration->name,
        .connect_timeout_ms = limits.connect_timeout_ms,
        .query_timeout_ms = limits.query_timeout_ms,
    };
    struct look *look = os_alloc(sizeof *look);
    struct bytes settings;
    uint8_t reject_key[32];

    look->integration = integration;
    look->child = child_new(&options);
    bytes_init(&settings, SETTINGS_LIMIT);
    digest_random(reject_key, sizeof reject_key); /* nothing is remembered */
    const bool opened =
        config_source_settings(context->config, integration, context->secrets, &settings, err) &&
        child_open(look->child, (const char *)settings.data, settings.size, reject_key, err);
    bytes_wipe(&settings);
    bytes_free(&settings);
    if (opened)
        return look;
    look_close(look);
    return NULL;
}

void look_close(struct look *look)
{
    if (look == NULL)
        return;
    child_free(look->child);
    os_free(look->file);
    os_free(look);
}

struct child *look_child(struct look *look)
{
    return look->child;
}

static void keep_oldest(void *context, const struct source_file *file)
{
    struct look *look = context;

    if (look->file != NULL && look->file_modified_ns <= file->modified_ns)
        return;
    os_free(look->file);
    look->file = os_copy_text(file->name);
    look->file_modified_ns = file->modified_ns;
}

bool look_newest(struct look *look, struct slice *slice, struct error *err)
{
    const utc_ms now = os_now();

    if (look->integration->connector->files == NULL) {
        *slice = (struct slice){SLICE_LIVE, utc_floor(now - UTC_DAY, UTC_HOUR),
                                utc_floor(now, UTC_QUARTER) + UTC_QUARTER, NULL};
        return true;
    }
    if (!child_list(look->child, keep_oldest, look, err))
        return false;
    if (look->file == NULL)
        return error_set(err, ERROR_DATA, "the folder holds no file yet");
    *slice = (struct slice){.purpose = SLICE_FILE, .file = look->file};
    return true;
}
