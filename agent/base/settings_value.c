/* SPDX-License-Identifier: Apache-2.0 */
/* settings_value.c - one single value's text becomes what its setting's type wants */
#include "agent/base/settings_value.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/os_file.h"
#include "agent/base/utc.h"

static const char *joined_path(struct settings_reader *reader, const char *text)
{
    char path[4096];

    return arena_keep_text(reader->memory, os_path_join(reader->folder, text, path, sizeof path));
}

static const char *joined_words(struct settings_reader *reader, const char *const *words)
{
    const char *joined = "";

    for (; *words != NULL; words++) {
        if ((*words)[0] != '\0')
            joined = arena_print(reader->memory, "%s%s%s", joined, joined[0] == '\0' ? "" : ", ",
                                 *words);
    }
    return joined;
}

bool settings_find_word(const char *text, const char *const *words, int *index)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (text[0] != '\0' && strcmp(text, words[i]) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

static void refuse_word(struct settings_reader *reader, const struct node *node, const char *text,
                        const char *const *words)
{
    const char *nearest = settings_nearest(text, words);

    if (nearest != NULL)
        settings_error(reader, node, "\"%s\" is not one of %s; did you mean \"%s\"?", text,
                       joined_words(reader, words), nearest);
    else
        settings_error(reader, node, "\"%s\" is not one of %s", text, joined_words(reader, words));
}

static bool is_in_range(const struct setting *setting, int64_t value)
{
    return (setting->least == 0 && setting->most == 0) ||
           (value >= setting->least && value <= setting->most);
}

static const char *print_value(const struct setting *setting, int64_t value, char text[32])
{
    switch (setting->type) {
    case SETTING_DURATION:
        return utc_print_duration(value, text);
    case SETTING_SIZE:
        return settings_print_size(value, text);
    default:
        snprintf(text, 32, "%lld", (long long)value);
        return text;
    }
}

static bool parse_number(const struct setting *setting, const char *text, int64_t *value)
{
    switch (setting->type) {
    case SETTING_DURATION:
        return utc_parse_duration(text, value);
    case SETTING_SIZE:
        return settings_parse_size(text, value);
    default:
        return settings_parse_integer(text, value);
    }
}

static void read_number(struct settings_reader *reader, const struct setting *setting,
                        const struct node *node, const char *text, int64_t *place)
{
    const char *const what = setting->type == SETTING_DURATION
                                 ? "a duration such as 90s, 15m, 2h or 7d"
                             : setting->type == SETTING_SIZE ? "a size such as 64KiB or 4MiB"
                                                             : "a whole number";
    char least[32], most[32];
    int64_t value;

    if (!parse_number(setting, text, &value))
        settings_error(reader, node, "\"%s\" is not %s", text, what);
    else if (!is_in_range(setting, value))
        settings_error(reader, node, "%s is out of range: %s to %s are possible", text,
                       print_value(setting, setting->least, least),
                       print_value(setting, setting->most, most));
    else
        *place = value;
}

static void read_letter(struct settings_reader *reader, const struct setting *setting,
                        const struct node *node, const char *text, char *place)
{
    int index;

    if (setting->choices != NULL && !settings_find_word(text, setting->choices, &index))
        refuse_word(reader, node, text, setting->choices);
    else if (strcmp(text, "tab") == 0)
        *place = '\t';
    else if (text[1] != '\0' || (unsigned char)text[0] >= 0x80)
        settings_error(reader, node, "\"%s\" is not one ASCII character (or the word tab)", text);
    else
        *place = text[0];
}

static void read_boolean(struct settings_reader *reader, const struct node *node, const char *text,
                         bool *place)
{
    static const char *const words[] = {"false", "true", NULL};
    int index;

    if (settings_find_word(text, words, &index))
        *place = index == 1;
    else
        refuse_word(reader, node, text, words);
}

void settings_read_value(struct settings_reader *reader, const struct setting *setting,
                         const struct node *node, const char *text, void *place)
{
    switch (setting->type) {
    case SETTING_PATH:
        *(const char **)place = joined_path(reader, text);
        return;
    case SETTING_BOOLEAN:
        read_boolean(reader, node, text, place);
        return;
    case SETTING_INTEGER:
    case SETTING_DURATION:
    case SETTING_SIZE:
        read_number(reader, setting, node, text, place);
        return;
    case SETTING_CHOICE:
        if (!settings_find_word(text, setting->choices, place))
            refuse_word(reader, node, text, setting->choices);
        return;
    case SETTING_LETTER:
        read_letter(reader, setting, node, text, place);
        return;
    default:
        *(const char **)place = arena_keep_text(reader->memory, text);
        return;
    }
}
