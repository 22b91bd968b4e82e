/* SPDX-License-Identifier: Apache-2.0 */
/* config_schema.c - the tables as JSON Schema (2020-12), for editors
 *
 * Written loosely first: with 'single quotes' in templates and a comma after every member; the
 * last step makes JSON of it.
 */
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/settings_read.h"
#include "agent/config.h"
#include "agent/config_keys.h"
#include "agent/config_write.h"

#define LOOSE_MOST ((size_t)1 << 20)

/* A template, its 'quotes' doubled. */
static void add(struct bytes *out, const char *template)
{
    for (; *template != '\0'; template ++)
        bytes_append_byte(out, *template == '\'' ? '"' : (uint8_t) * template);
}

static void add_text(struct bytes *out, const char *text)
{
    bytes_append_byte(out, '"');
    json_escape(out, text, strlen(text));
    bytes_append_byte(out, '"');
}

static void add_words(struct bytes *out, const char *const *words)
{
    add(out, "[");
    for (; *words != NULL; words++) {
        if ((*words)[0] != '\0') {
            add_text(out, *words);
            add(out, ",");
        }
    }
    add(out, "]");
}

static void add_integer(struct bytes *out, int64_t number)
{
    struct json json;

    json_init(&json, out);
    json_put_integer(&json, number);
}

/* What a single value must look like, where it is no reference. */
static void add_pattern(struct bytes *out, const struct setting *setting)
{
    if (setting->choices != NULL) {
        add(out, "'enum': ");
        add_words(out, setting->choices);
        return;
    }
    switch (setting->type) {
    case SETTING_INTEGER:
        add(out, "'type': 'integer', 'minimum': ");
        add_integer(out, setting->least);
        add(out, ", 'maximum': ");
        add_integer(out, setting->most);
        break;
    case SETTING_BOOLEAN:
        add(out, "'type': 'boolean'");
        break;
    case SETTING_DURATION:
        add(out, "'type': ['string', 'integer'], 'pattern': '^[0-9]+(ms|s|m|h|d)$'");
        break;
    case SETTING_SIZE:
        add(out, "'type': ['string', 'integer'], 'pattern': '^[0-9]+(B|KiB|MiB|GiB|TiB)?$'");
        break;
    default: /* a letter */
        add(out, "'type': ['string', 'integer'], 'pattern': '^(.|tab)$'");
        break;
    }
}

static void add_type(struct bytes *out, const struct setting *setting)
{
    switch (setting->type) {
    case SETTING_TEXT:
    case SETTING_PATH:
        add(out, "'type': ['string', 'number'],");
        break;
    case SETTING_SECRET:
        add(out, "'type': 'string', 'pattern': "
                 "'^\\\\$\\\\{(secret|env|file|credential):[^}]+\\\\}$',");
        break;
    case SETTING_LIST:
        add(out, "'type': ['string', 'number', 'array'],"
                 "'items': {'type': ['string', 'number']},");
        break;
    default:
        add(out, "'anyOf': [{");
        add_pattern(out, setting);
        add(out, "}, {'$ref': '#/$defs/reference'}],");
        break;
    }
}

static void add_default(struct bytes *out, const struct setting *setting)
{
    int64_t number;

    add(out, "'default': ");
    if (setting->type == SETTING_BOOLEAN ||
        (setting->type == SETTING_INTEGER && settings_parse_integer(setting->fallback, &number)))
        add(out, setting->fallback);
    else
        add_text(out, setting->fallback);
    add(out, ",");
}

/* A property; a section with all it holds. */
static void add_setting(struct bytes *out, const struct setting *setting)
{
    add_text(out, setting->name);
    add(out, ": {'description': ");
    add_text(out, setting->meaning);
    add(out, ",");
    if (setting->type == SETTING_SECTION) {
        add(out, "'type': ['object', 'null'], 'additionalProperties': false, 'properties': {");
        for (const struct setting *inner = setting->section; inner->name != NULL; inner++)
            add_setting(out, inner);
        add(out, "}, 'required': [");
        for (const struct setting *inner = setting->section; inner->name != NULL; inner++) {
            if (inner->required) {
                add_text(out, inner->name);
                add(out, ",");
            }
        }
        add(out, "],");
    } else if (setting->schema != NULL) { /* an object: without its own braces */
        bytes_append(out, setting->schema + 1, strlen(setting->schema) - 2);
        add(out, ",");
    } else if (setting->type != SETTING_NODE) {
        add_type(out, setting);
    }
    if (setting->fallback != NULL)
        add_default(out, setting);
    add(out, "},");
}

/* Every key that some integration may have, once. */
#define KEYS_MOST 100
static size_t find_keys(const struct setting *keys[KEYS_MOST])
{
    const struct setting *tables[16] = {NULL};
    size_t count = 0, table_count = 0;

    for (; integration_tables[table_count] != NULL; table_count++)
        tables[table_count] = integration_tables[table_count];
    for (size_t i = 0; connectors[i] != NULL; i++)
        tables[table_count++] = connectors[i]->settings;
    for (size_t i = 0; i < table_count; i++) {
        for (const struct setting *key = tables[i]; key->name != NULL; key++) {
            size_t known = 0;

            while (known < count && strcmp(keys[known]->name, key->name) != 0)
                known++;
            if (known == count && count < KEYS_MOST)
                keys[count++] = key;
        }
    }
    return count;
}

/* `if` this kind of data or this connector, `then` some keys must not, others must be there. */
static void add_condition(struct bytes *out, const char *key, const char *word, int kind,
                          const struct connector *connector)
{
    const struct setting *keys[KEYS_MOST];
    const size_t count = find_keys(keys);

    add(out, "{'if': {'properties': {");
    add_text(out, key);
    add(out, ": {'const': ");
    add_text(out, word);
    add(out, "}}, 'required': [");
    add_text(out, key);
    add(out, "]}, 'then': {'properties': {");
    for (size_t i = 0; i < count; i++) {
        const char *refusal = config_key_refusal(keys[i]->name, kind, connector);

        if (refusal != NULL && refusal[0] != '\0') {
            add_text(out, keys[i]->name);
            add(out, ": false,");
        }
    }
    add(out, "}, 'required': [");
    for (size_t i = 0; i < count; i++) {
        if (config_key_is_required(keys[i], kind, connector)) {
            add_text(out, keys[i]->name);
            add(out, ",");
        }
    }
    add(out, "]}},");
}

static void add_connector(struct bytes *out)
{
    add(out, "'connector': {'description': 'how the source is read', 'enum': [");
    for (size_t i = 0; connectors[i] != NULL; i++) {
        add_text(out, connectors[i]->name);
        add(out, ",");
    }
    add(out, "]},");
}

static void add_integration(struct bytes *out)
{
    const struct setting *keys[KEYS_MOST];
    const size_t count = find_keys(keys);

    add(out, "'integration': {'type': 'object', 'additionalProperties': false, 'properties': {");
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i]->name, "connector") == 0)
            add_connector(out);
        else
            add_setting(out, keys[i]);
    }
    add(out, "}, 'required': ['name', 'id', 'connector', 'data'], 'allOf': [");
    for (int kind = 0; data_kind_words[kind] != NULL; kind++)
        add_condition(out, "data", data_kind_words[kind], kind, NULL);
    for (size_t i = 0; connectors[i] != NULL; i++)
        add_condition(out, "connector", connectors[i]->name, -1, connectors[i]);
    add(out, "]}");
}

/* The index behind the closing quote of the text that begins at `at`. */
static size_t end_of_text(const char *loose, size_t at)
{
    for (at++; loose[at] != '"'; at++) {
        if (loose[at] == '\\')
            at++;
    }
    return at + 1;
}

static void add_line(struct bytes *out, size_t depth)
{
    bytes_append_byte(out, '\n');
    for (size_t i = 0; i < depth; i++)
        bytes_append_text(out, "  ");
}

/* Behind a list of nothing but single values, or an empty object, which stay on one line; 0 for any
 * other. */
static size_t end_of_short(const char *loose, size_t at)
{
    if (loose[at] == '{')
        return loose[at + 1] == '}' ? at + 2 : 0;
    for (at++; loose[at] != ']'; at++) {
        if (loose[at] == '{' || loose[at] == '[')
            return 0;
        if (loose[at] == '"')
            at = end_of_text(loose, at) - 1;
    }
    return at + 1;
}

/* Is the comma here followed by nothing but the end of its list or object? */
static bool is_last_comma(const char *loose, size_t at)
{
    const char next = loose[at + 1 + strspn(loose + at + 1, " ")];

    return next == ']' || next == '}';
}

/* Loose JSON made strict and indented. */
static void indent(const char *loose, struct bytes *out)
{
    size_t depth = 0;
    size_t short_end = 0; /* behind the short list we are in */

    for (size_t i = 0; loose[i] != '\0'; i++) {
        const bool is_inline = i < short_end;

        if (loose[i] == '"') {
            const size_t end = end_of_text(loose, i);

            bytes_append(out, loose + i, end - i);
            i = end - 1;
        } else if (loose[i] == '[' || loose[i] == '{') {
            bytes_append_byte(out, (uint8_t)loose[i]);
            short_end = end_of_short(loose, i);
            if (short_end == 0)
                add_line(out, ++depth);
        } else if (loose[i] == ']' || loose[i] == '}') {
            if (!is_inline)
                add_line(out, --depth);
            bytes_append_byte(out, (uint8_t)loose[i]);
        } else if (loose[i] == ',' && !is_last_comma(loose, i)) {
            bytes_append_byte(out, ',');
            if (is_inline)
                bytes_append_byte(out, ' ');
            else
                add_line(out, depth);
        } else if (loose[i] == ':') {
            bytes_append_text(out, ": ");
        } else if (loose[i] != ' ' && loose[i] != ',') {
            bytes_append_byte(out, (uint8_t)loose[i]);
        }
    }
    bytes_append_byte(out, '\n');
}

void config_schema(struct bytes *out)
{
    struct bytes loose;

    bytes_init(&loose, LOOSE_MOST);
    add(&loose, "{'$schema': 'https://json-schema.org/draft/2020-12/schema',"
                "'title': 'Configuration of Cloud Link',"
                "'type': 'object', 'additionalProperties': false, 'properties': {");
    for (const struct setting *section = top_settings; section->name != NULL; section++) {
        if (section->type != SETTING_NODE)
            add_setting(&loose, section);
    }
    add(&loose, "'integrations': {'description': 'what is read: one for each source and kind of "
                "data', 'type': 'array', 'items': {'$ref': '#/$defs/integration'}}},"
                "'anyOf': [{'required': ['integrations']}, {'required': ['include']}],"
                "'$defs': {'reference': {'type': 'string', 'pattern': "
                "'\\\\$\\\\{(secret|env|file|credential):'},");
    add_integration(&loose);
    add(&loose, "}}");
    indent(bytes_text(&loose), out);
    bytes_free(&loose);
}
