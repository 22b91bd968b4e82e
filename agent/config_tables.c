/* SPDX-License-Identifier: Apache-2.0 */
/* config_tables.c - the tables of the agent's own settings */
#include "agent/config_tables.h"

#include <string.h>

#include "agent/base/settings_read.h"
#include "agent/base/utc.h"
#include "agent/config.h"

static const char *const level_words[] = {"error", "warning", "info", "debug", NULL};
static const char *const format_words[] = {"text", "json", NULL};
static const char *const compress_words[] = {"auto", "gzip", "off", NULL};
static const char *const corrections_words[] = {"resend", "never", NULL};
static const char *const vanished_words[] = {"keep", "zero", NULL};
static const char *const carry_over_words[] = {"send", "drop", NULL};

#define PLACE(field) offsetof(struct peopleware_settings, field)

const struct setting peopleware_settings[] = {
    {.name = "url",
     .type = SETTING_TEXT,
     .offset = PLACE(url),
     .fallback = "https://api.injixo.com",
     .schema = "{\"type\": \"string\", \"pattern\": \"^https://\"}",
     .meaning = "address of the Peopleware API, https only"},
    {.name = "api_key",
     .type = SETTING_SECRET,
     .offset = PLACE(api_key),
     .example = "${secret:peopleware}",
     .meaning = "key of the uploads; an integration may have its own"},
    {.name = "proxy",
     .type = SETTING_TEXT,
     .offset = PLACE(proxy),
     .example = "http://proxy.example:3128",
     .meaning = "proxy to the API (the environment's https_proxy)"},
    {.name = "ca_file",
     .type = SETTING_PATH,
     .offset = PLACE(ca_file),
     .example = "/etc/ssl/company-ca.pem",
     .meaning = "certificates (PEM) trusted beside the system's"},
    {.name = "timeout",
     .type = SETTING_DURATION,
     .offset = PLACE(timeout_ms),
     .fallback = "60s",
     .least = UTC_SECOND,
     .most = 10 * UTC_MINUTE,
     .meaning = "longest time for one request"},
    {0},
};

#undef PLACE
#define PLACE(field) offsetof(struct agent_settings, field)

static const struct setting log_settings[] = {
    {.name = "level",
     .type = SETTING_CHOICE,
     .offset = PLACE(log.level) - PLACE(log),
     .fallback = "info",
     .choices = level_words,
     .meaning = "how much is logged"},
    {.name = "format",
     .type = SETTING_CHOICE,
     .offset = PLACE(log.format) - PLACE(log),
     .fallback = "text",
     .choices = format_words,
     .meaning = "lines for people, or one JSON object each"},
    {0},
};

const struct setting agent_settings[] = {
    {.name = "state_dir",
     .type = SETTING_PATH,
     .offset = PLACE(state_dir),
     .fallback = "/var/lib/cloud-link",
     .meaning = "where the agent keeps its store and its secrets"},
    {.name = "max_spool",
     .type = SETTING_SIZE,
     .offset = PLACE(max_spool),
     .fallback = "2GiB",
     .least = INT64_C(64) << 20,
     .most = INT64_C(1) << 40,
     .meaning = "room for what is not uploaded yet; imports wait when it is full"},
    {.name = "log",
     .type = SETTING_SECTION,
     .offset = PLACE(log),
     .section = log_settings,
     .meaning = "the log, on standard error"},
    {0},
};

#undef PLACE
#define PLACE(field) offsetof(struct upload_settings, field)

const struct setting upload_settings[] = {
    {.name = "parallel",
     .type = SETTING_INTEGER,
     .offset = PLACE(parallel),
     .fallback = "4",
     .least = 1,
     .most = 32,
     .meaning = "requests on their way at the same time"},
    {.name = "max_records",
     .type = SETTING_INTEGER,
     .offset = PLACE(max_records),
     .fallback = "1000",
     .least = 1,
     .most = 100000,
     .meaning = "records in one request; a larger quarter hour of a queue travels alone"},
    {.name = "max_bytes",
     .type = SETTING_SIZE,
     .offset = PLACE(max_bytes),
     .fallback = "4MiB",
     .least = INT64_C(16) << 10,
     .most = INT64_C(64) << 20,
     .meaning = "size of one request before it is compressed"},
    {.name = "compress",
     .type = SETTING_CHOICE,
     .offset = PLACE(compress),
     .fallback = "auto",
     .choices = compress_words,
     .meaning = "gzip: if the API takes it, always, or never"},
    {0},
};

/* "20:00" -> milliseconds since midnight; 24:00 is the end of the day. */
static bool read_clock(const char *text, int64_t *since_midnight_ms)
{
    for (size_t i = 0; i < 5; i++) {
        if (i == 2 ? text[i] != ':' : text[i] < '0' || text[i] > '9')
            return false;
    }
    const int hour = (text[0] - '0') * 10 + text[1] - '0';
    const int minute = (text[3] - '0') * 10 + text[4] - '0';

    *since_midnight_ms = hour * UTC_HOUR + minute * UTC_MINUTE;
    return minute < 60 && *since_midnight_ms <= UTC_DAY;
}

static void read_hours(struct settings_reader *reader, const struct node *node, void *place)
{
    struct import_settings *import = place;
    int64_t from_ms, to_ms;

    if (node == NULL)
        return;
    const char *text = settings_text(reader, node);
    if (text == NULL)
        return;
    if (strlen(text) != 11 || text[5] != '-' || !read_clock(text, &from_ms) ||
        !read_clock(text + 6, &to_ms) || from_ms == to_ms) {
        settings_error(reader, node, "\"%s\" is not two times of a day such as 20:00-06:00", text);
        return;
    }
    import->hours_from_ms = from_ms;
    import->hours_to_ms = to_ms;
}

#undef PLACE
#define PLACE(field) offsetof(struct import_settings, field)

const struct setting import_settings[] = {
    {.name = "every",
     .type = SETTING_DURATION,
     .offset = PLACE(every_ms),
     .fallback = "15m",
     .least = UTC_SECOND,
     .most = UTC_HOUR,
     .meaning = "how often new data is read: 15m, 30m, 60m; agent-status from 1s"},
    {.name = "delay",
     .type = SETTING_DURATION,
     .offset = PLACE(delay_ms),
     .fallback = "5m",
     .most = UTC_DAY,
     .meaning = "how long after its time a row may appear in the source (agent-status: 0s)"},
    {.name = "lookback",
     .type = SETTING_DURATION,
     .offset = PLACE(lookback_ms),
     .fallback = "2h",
     .most = 31 * UTC_DAY,
     .meaning = "how far back every import looks for late and corrected rows (agent-status: 24h)"},
    {.name = "recheck",
     .type = SETTING_DURATION,
     .offset = PLACE(recheck_ms),
     .fallback = "7d",
     .most = 31 * UTC_DAY,
     .meaning = "how far back is looked once a night; 0s turns it off"},
    {.name = "history",
     .type = SETTING_TEXT,
     .offset = PLACE(history),
     .fallback = "3y",
     .schema = "{\"type\": \"string\", \"pattern\": \"^(none|[0-9]+(y|mo|d|h|m|s))$\"}",
     .meaning = "how far back the first import reaches: none, or up to 3y (agent-status: 7mo)"},
    {.name = "history_hours",
     .type = SETTING_CUSTOM,
     .read = read_hours,
     .schema = "{\"type\": \"string\", \"pattern\": \"^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$\"}",
     .example = "\"20:00-06:00\"",
     .meaning = "when the history may be read, in the integration's zone (at any time)"},
    {.name = "history_target",
     .type = SETTING_DURATION,
     .offset = PLACE(target_ms),
     .fallback = "10s",
     .least = UTC_SECOND,
     .most = 10 * UTC_MINUTE,
     .meaning = "how long one query of the history should take"},
    {.name = "history_rows_per_second",
     .type = SETTING_INTEGER,
     .offset = PLACE(rows_per_second),
     .least = 1,
     .most = 10000000,
     .example = "5000",
     .meaning = "how fast the history may be read (no cap)"},
    {.name = "corrections",
     .type = SETTING_CHOICE,
     .offset = PLACE(corrections),
     .fallback = "resend",
     .choices = corrections_words,
     .meaning = "what becomes of data that changes after it was sent"},
    {.name = "vanished",
     .type = SETTING_CHOICE,
     .offset = PLACE(vanished),
     .fallback = "keep",
     .choices = vanished_words,
     .meaning =
         "what becomes of data that disappears from the source: kept, or overwritten by zero"},
    {.name = "carry_over",
     .type = SETTING_CHOICE,
     .offset = PLACE(carry_over),
     .fallback = "send",
     .choices = carry_over_words,
     .meaning = "contacts answered in an interval they were not offered in"},
    {.name = "external_system",
     .type = SETTING_TEXT,
     .offset = PLACE(external_system),
     .example = "My ACD",
     .meaning = "what the API calls the source of the statuses (the integration's name)"},
    {0},
};

static void read_connector(struct settings_reader *reader, const struct node *node, void *place)
{
    const char *names[16] = {0};

    if (node == NULL)
        return;
    const char *text = settings_text(reader, node);
    if (text == NULL)
        return;
    const struct connector *connector = connector_find(text);
    if (connector != NULL) {
        *(const struct connector **)place = connector;
        return;
    }
    for (size_t i = 0; connectors[i] != NULL && i < 15; i++)
        names[i] = connectors[i]->name;
    const char *nearest = settings_nearest(text, names);
    if (nearest != NULL)
        settings_error(reader, node, "there is no connector \"%s\"; did you mean \"%s\"?", text,
                       nearest);
    else
        settings_error(reader, node, "there is no connector \"%s\"", text);
}

#undef PLACE
#define PLACE(field) offsetof(struct integration_config, field)

const struct setting integration_settings[] = {
    {.name = "name",
     .type = SETTING_TEXT,
     .offset = PLACE(name),
     .required = true,
     .schema = "{\"type\": \"string\", \"pattern\": \"^[a-z0-9][a-z0-9-]{0,62}$\"}",
     .meaning = "unique; small letters, digits and -"},
    {.name = "id",
     .type = SETTING_INTEGER,
     .offset = PLACE(id),
     .required = true,
     .least = 1,
     .most = INT64_C(9007199254740991),
     .meaning = "integrationConfigurationId, as Peopleware shows it"},
    {.name = "connector",
     .type = SETTING_CUSTOM,
     .offset = PLACE(connector),
     .required = true,
     .read = read_connector,
     .meaning = "how the source is read: database or csv"},
    {.name = "data",
     .type = SETTING_CHOICE,
     .offset = PLACE(data),
     .required = true,
     .choices = data_kind_words,
     .meaning = "what a row is: one contact, one interval of a queue, one agent's status"},
    {.name = "enabled",
     .type = SETTING_BOOLEAN,
     .offset = PLACE(enabled),
     .fallback = "true",
     .meaning = "false leaves it out"},
    {.name = "api_key",
     .type = SETTING_SECRET,
     .offset = PLACE(api_key),
     .example = "${secret:support-calls}",
     .meaning = "its own key of the uploads (peopleware.api_key)"},
    {0},
};

#undef PLACE
#define PLACE(field) offsetof(struct top_settings, field)

const struct setting top_settings[] = {
    {.name = "peopleware",
     .type = SETTING_SECTION,
     .offset = PLACE(peopleware),
     .section = peopleware_settings,
     .meaning = "where the data goes"},
    {.name = "agent",
     .type = SETTING_SECTION,
     .offset = PLACE(agent),
     .section = agent_settings,
     .meaning = "the agent on this machine"},
    {.name = "upload",
     .type = SETTING_SECTION,
     .offset = PLACE(upload),
     .section = upload_settings,
     .meaning = "how it goes there; the defaults suit nearly everybody"},
    {.name = "include",
     .type = SETTING_LIST,
     .offset = PLACE(include),
     .example = "integrations.d/*.yaml",
     .meaning = "further files, each with `integrations:` alone"},
    {.name = "integrations",
     .type = SETTING_NODE,
     .offset = PLACE(integrations),
     .meaning = "what is read: a list, one integration for each source and kind of data"},
    {0},
};
