/* SPDX-License-Identifier: Apache-2.0 */
/* config_example.c - the commented example, from the tables
 *
 * Three integrations show the connectors and kinds of data. What a sample names is written live;
 * every other key that belongs there follows as a comment with its default, once in the file.
 */
#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/map.h"
#include "agent/config.h"
#include "agent/config_keys.h"
#include "agent/config_write.h"

/* A live key by its path inside its integration or section, and its value as YAML. */
struct sample {
    const char *path, *value;
};

static const struct sample top_samples[] = {
    {"peopleware.api_key", "${secret:peopleware}"},
    {0},
};

static const struct sample contacts_samples[] = {
    {"name", "support-calls"},
    {"id", "1234"},
    {"connector", "database"},
    {"data", "contacts"},
    {"time_zone", "Europe/Berlin"},
    {"database.type", "postgresql"},
    {"database.host", "acd-db.example"},
    {"database.name", "acd"},
    {"database.user", "reporting"},
    {"database.password", "${secret:acd-db}"},
    {"query", "|\nSELECT q.id AS queueidentifier, q.name AS queuename, c.started AS timestamp,\n"
              "       c.answered, c.handle_seconds AS duration, 'calls' AS channel\n"
              "FROM calls c JOIN queues q ON q.id = c.queue_id"},
    {0},
};

static const struct sample status_samples[] = {
    {"name", "agents-live"},
    {"id", "1235"},
    {"connector", "database"},
    {"data", "agent-status"},
    {"time_zone", "Europe/Berlin"},
    {"every", "10s"},
    {"database.type", "odbc"},
    {"database.connection_string", "\"DSN=AvayaCMS;DELIMIDENT=y;PWD=${secret:cms}\""},
    {"query", "|\nSELECT agent AS agentidentifier, begin AS starttime, finish AS endtime,\n"
              "       state AS activity\n"
              "FROM agent_states"},
    {0},
};

static const struct sample intervals_samples[] = {
    {"name", "back-office"},
    {"id", "1236"},
    {"connector", "csv"},
    {"data", "intervals"},
    {"time_zone", "Europe/Berlin"},
    {"interval", "30m"},
    {"folder", "/srv/exports"},
    {"format.delimiter", "\";\""},
    {"format.encoding", "windows-1252"},
    {"columns.queue", "Queue"},
    {"columns.date", "{ column: Date, format: DD/MM/YYYY }"},
    {"columns.time", "{ column: Time, format: \"hh:mm\" }"},
    {"columns.offered", "IncomingCalls"},
    {"columns.answered", "AnsweredCalls"},
    {"columns.aht", "AHT"},
    {"columns.channel", "emails"},
    {0},
};

struct example {
    struct bytes *out;
    struct map *seen; /* paths of the keys written so far */
    const struct sample *samples;
    int kind; /* enum data_kind; -1 outside of an integration */
    const struct connector *connector;
};

/* A sentence as comment lines of at most 96 characters. */
static void add_comment(struct bytes *out, const char *margin, const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        const size_t word = strcspn(text, " ");

        if (column == 0 || column + 1 + word > 96) {
            bytes_append_text(out, column > 0 ? "\n" : "");
            bytes_append_text(out, margin);
            bytes_append_byte(out, '#');
            column = strlen(margin) + 1;
        }
        bytes_append_byte(out, ' ');
        bytes_append(out, text, word);
        column += 1 + word;
        text += word;
        text += strspn(text, " ");
    }
    bytes_append_byte(out, '\n');
}

/* "key: value" on one line, or "key:" and the further lines of the value indented below it. */
static void add_key(struct bytes *out, const char *margin, const char *key, const char *value)
{
    size_t line = strcspn(value, "\n");

    bytes_append_text(out, margin);
    bytes_append_text(out, key);
    bytes_append_text(out, line > 0 ? ": " : ":");
    bytes_append(out, value, line);
    bytes_append_byte(out, '\n');
    while (value[line] == '\n') {
        value += line + 1;
        line = strcspn(value, "\n");
        bytes_append_text(out, margin);
        bytes_append_text(out, "  ");
        bytes_append(out, value, line);
        bytes_append_byte(out, '\n');
    }
}

/* The live value of a key; "" for a section that has live keys; NULL: it has none. */
static const char *live_value(const struct example *example, const char *path)
{
    const size_t size = strlen(path);

    for (const struct sample *sample = example->samples; sample->path != NULL; sample++) {
        if (strcmp(sample->path, path) == 0)
            return sample->value;
        if (strncmp(sample->path, path, size) == 0 && sample->path[size] == '.')
            return "";
    }
    return NULL;
}

/* The default as it would be written; a plain `*.csv` would be an alias. */
static const char *written_default(const struct example *example, const struct setting *setting,
                                   char quoted[100])
{
    const char *fallback = config_key_fallback(setting, example->kind);

    if (fallback == NULL)
        return setting->example != NULL ? setting->example : "";
    if (strchr("*&!|>%@`\"'{[,;#?-", fallback[0]) == NULL)
        return fallback;
    const char quote = strchr(fallback, '"') == NULL ? '"' : '\'';
    snprintf(quoted, 100, "%c%s%c", quote, fallback, quote);
    return quoted;
}

/* margin: what each line begins with; it holds a # inside of a section that is a comment. */
static void add_setting(struct example *example, const char *margin, const char *parent,
                        const struct setting *setting)
{
    char path[200], inner_margin[40], commented[40], quoted[100];
    bool is_new;

    snprintf(path, sizeof path, "%s%s%s", parent, parent[0] == '\0' ? "" : ".", setting->name);
    const char *live = live_value(example, path);
    map_add(example->seen, path, strlen(path), &is_new);
    if (live == NULL && !is_new)
        return;
    const bool is_comment = live == NULL && strchr(margin, '#') == NULL;
    snprintf(commented, sizeof commented, "%s%s", margin, is_comment ? "#" : "");
    snprintf(inner_margin, sizeof inner_margin, "%s  ", commented);

    if (is_new)
        add_comment(example->out, margin, setting->meaning);
    if (setting->type != SETTING_SECTION) {
        add_key(example->out, commented, setting->name,
                live != NULL ? live : written_default(example, setting, quoted));
        return;
    }
    add_key(example->out, commented, setting->name, "");
    for (const struct setting *inner = setting->section; inner->name != NULL; inner++)
        add_setting(example, inner_margin, path, inner);
}

static void add_section(struct example *example, const struct setting *section)
{
    bytes_append_byte(example->out, '\n');
    add_comment(example->out, "", section->meaning);
    if (section->type != SETTING_SECTION) {
        add_key(example->out, "#", section->name, section->example);
        return;
    }
    add_key(example->out, "", section->name, "");
    for (const struct setting *inner = section->section; inner->name != NULL; inner++)
        add_setting(example, "  ", section->name, inner);
}

static void add_integration(struct example *example)
{
    bytes_append_text(example->out, "\n  - name: ");
    bytes_append_text(example->out, live_value(example, "name"));
    bytes_append_byte(example->out, '\n');
    for (size_t i = 0; integration_tables[i] != NULL; i++) {
        for (const struct setting *key = integration_tables[i]; key->name != NULL; key++) {
            if (strcmp(key->name, "name") != 0 &&
                config_key_refusal(key->name, example->kind, example->connector) == NULL)
                add_setting(example, "    ", "", key);
        }
    }
    for (const struct setting *key = example->connector->settings; key->name != NULL; key++)
        add_setting(example, "    ", "", key);
}

void config_example(struct bytes *out)
{
    static const struct {
        const struct sample *samples;
        int kind;
        const struct connector *connector;
    } integrations[] = {
        {contacts_samples, DATA_CONTACTS, &database_connector},
        {status_samples, DATA_AGENT_STATUS, &database_connector},
        {intervals_samples, DATA_INTERVALS, &csv_connector},
    };
    struct example example = {
        .out = out, .seen = map_new(1000), .samples = top_samples, .kind = -1};

    add_comment(out, "",
                "The configuration of Cloud Link, with every key, its meaning and its default. A "
                "key behind a # is not in force: remove the # to write it. Secrets never stand "
                "here: `cloud-link secret set NAME` stores one, ${secret:NAME} stands for it; "
                "${env:NAME}, ${file:PATH} and ${credential:NAME} (systemd) do, too. "
                "`cloud-link check` says what is wrong.");
    for (const struct setting *section = top_settings; section->name != NULL; section++) {
        if (section->type != SETTING_NODE)
            add_section(&example, section);
    }
    bytes_append_byte(out, '\n');
    add_comment(out, "",
                "what is read: one for each source and kind of data; a name is unique, of "
                "small letters, digits and -");
    bytes_append_text(out, "integrations:");
    for (size_t i = 0; i < sizeof integrations / sizeof integrations[0]; i++) {
        example.samples = integrations[i].samples;
        example.kind = integrations[i].kind;
        example.connector = integrations[i].connector;
        add_integration(&example);
    }
    map_free(example.seen);
}
