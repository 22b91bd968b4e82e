/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_pairs.c - reads strictly what people write, so that nobody reads it in another way */
#include "connectors/odbc_pairs.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "connectors/sql.h"

bool odbc_pairs_has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            return true;
    }
    return false;
}

static bool is_key(const char *key, size_t size)
{
    static const char alphabet[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. ";

    for (size_t i = 0; i < size; i++) {
        if (strchr(alphabet, key[i]) == NULL)
            return false;
    }
    return size > 0;
}

const struct odbc_pair *odbc_pairs_find(const struct odbc_pairs *pairs, const char *key)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (sql_same_word(pairs->items[i].key, pairs->items[i].key_size, key))
            return &pairs->items[i];
    }
    return NULL;
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " ");
}

static size_t without_blanks(const char *text, const char *end)
{
    while (end > text && end[-1] == ' ')
        end--;
    return (size_t)(end - text);
}

/* Behind the value; NULL: a brace that is not closed, or something behind it. */
static const char *read_value(const char *at, struct odbc_pair *pair)
{
    const char *end = at;

    pair->is_braced = *at == '{';
    if (!pair->is_braced) {
        end = at + strcspn(at, ";");
        pair->value = at;
        pair->value_size = without_blanks(at, end);
        return end;
    }
    for (end = at + 1; *end != '\0' && (*end != '}' || end[1] == '}'); end++)
        end += *end == '}';
    if (*end == '\0')
        return NULL;
    pair->value = at + 1;
    pair->value_size = (size_t)(end - at - 1);
    end = skip_blanks(end + 1);
    return *end == ';' || *end == '\0' ? end : NULL;
}

/* NULL, or what is wrong. *at moves behind the pair. */
static const char *read_pair(const char **at, struct odbc_pair *pair)
{
    const char *const equals = strpbrk(*at, "=;");

    if (equals == NULL || *equals == ';')
        return "has something that is not KEY=value";
    pair->key = *at;
    pair->key_size = without_blanks(*at, equals);
    if (!is_key(pair->key, pair->key_size))
        return "has a key with strange characters";

    const char *const end = read_value(skip_blanks(equals + 1), pair);
    if (end == NULL)
        return "has a { that is not closed, or something behind a }";
    *at = end;
    return NULL;
}

static const char *read_all(const char *text, struct odbc_pairs *pairs)
{
    const char *fault = NULL;

    if (odbc_pairs_has_control(text))
        return "has a line break or control character";
    for (const char *at = text + strspn(text, " ;"); *at != '\0' && fault == NULL;
         at += strspn(at, " ;")) {
        struct odbc_pair pair;
        char key[64];

        if (pairs->count == ODBC_PAIRS_MOST)
            return "has more than 64 keys";
        fault = read_pair(&at, &pair);
        if (fault != NULL)
            return fault;
        snprintf(key, sizeof key, "%.*s", (int)pair.key_size, pair.key);
        if (strlen(key) != pair.key_size)
            return "has a key of more than 63 characters";
        if (odbc_pairs_find(pairs, key) != NULL)
            return "has the same key twice";
        pairs->items[pairs->count++] = pair;
    }
    return NULL;
}

/* Keys that make a driver or the driver manager load or write a file. */
static const char *refused_key(const struct odbc_pairs *pairs)
{
    static const char *const keys[] = {
        "FILEDSN",         "SAVEFILE",           "LOADEXT",          "PLUGIN_DIR", "PLUGINDIR",
        "TRANSLATIONDLL",  "TRANSLATIONLIBRARY", "KEYSTORELOCATION", "TRACEFILE",  "SETUP",
        "TRANSLATIONNAME",
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (odbc_pairs_find(pairs, keys[i]) != NULL)
            return keys[i];
    }
    return NULL;
}

bool odbc_pairs_read(struct odbc_pairs *pairs, const char *string, struct error *err)
{
    const char *const fault = read_all(string, pairs);

    if (fault != NULL)
        return error_set(err, ERROR_CONFIG, "connection_string %s", fault);

    const char *const key = refused_key(pairs);
    if (key != NULL)
        return error_set(err, ERROR_CONFIG, "connection_string: %s is not allowed", key);
    return true;
}

void odbc_pairs_append(const struct odbc_pair *pair, struct bytes *out)
{
    bytes_append(out, pair->key, pair->key_size);
    bytes_append_byte(out, '=');
    if (pair->is_braced)
        bytes_append_byte(out, '{');
    bytes_append(out, pair->value, pair->value_size);
    if (pair->is_braced)
        bytes_append_byte(out, '}');
    bytes_append_byte(out, ';');
}
