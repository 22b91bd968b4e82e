/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - one line per event to standard error, scrubbed of secrets
 *
 *     text     2026-01-05T09:00:00+01:00 info    support-calls: imported 12 rows
 *     json     {"time":"2026-01-05T08:00:00Z","level":"info","integration":"support-calls",
 *               "message":"imported 12 rows"}
 *     journal  <6>support-calls: imported 12 rows
 */
#include "agent/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/os.h"

#define MESSAGE_SIZE    ((size_t)4096)
#define LINE_LIMIT      ((size_t)64 * 1024)
#define SHORTEST_SECRET 4 /* also the length of what takes its place */

/* The one thing of the program that is everybody's. `mutex` exists once log_setup was called,
 * which is before there are threads; it guards everything below it. */
static struct {
    enum log_level level;
    enum log_format format;
    struct os_mutex *mutex;
    char **secrets; /* longest first: a secret may hold another one */
    size_t secret_count;
    struct bytes line;
    struct bytes below; /* what stands below the last line */
    size_t below_count; /* of its lines */
} state = {
    .level = LOG_LEVEL_INFO, .line = {.limit = 2 * LINE_LIMIT}, .below = {.limit = LINE_LIMIT}};

static const struct {
    const char *word;
    char priority; /* of syslog */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", '3'},
    [LOG_LEVEL_WARNING] = {"warning", '4'},
    [LOG_LEVEL_INFO] = {"info", '6'},
    [LOG_LEVEL_DEBUG] = {"debug", '7'},
};

static void lock(void)
{
    if (state.mutex != NULL)
        os_mutex_lock(state.mutex);
}

static void unlock(void)
{
    if (state.mutex != NULL)
        os_mutex_unlock(state.mutex);
}

void log_setup(enum log_level level, enum log_format format)
{
    if (state.mutex == NULL)
        state.mutex = os_mutex_new();
    lock();
    state.level = level;
    state.format = format;
    unlock();
}

static bool is_known(const char *secret)
{
    for (size_t i = 0; i < state.secret_count; i++) {
        if (strcmp(state.secrets[i], secret) == 0)
            return true;
    }
    return false;
}

void log_scrub_add(const char *secret)
{
    size_t at = 0;

    if (strlen(secret) < SHORTEST_SECRET)
        return;
    lock();
    if (is_known(secret))
        goto out; /* secrets are handed out again and again */
    while (at < state.secret_count && strlen(state.secrets[at]) > strlen(secret))
        at++;
    state.secrets = os_resize(state.secrets, (state.secret_count + 1) * sizeof *state.secrets);
    memmove(state.secrets + at + 1, state.secrets + at,
            (state.secret_count - at) * sizeof *state.secrets);
    state.secrets[at] = os_copy_text(secret);
    state.secret_count++;

out:
    unlock();
}

/* Replaces every occurrence; no text grows, because no secret is shorter than its stars. */
static void scrub_one(char *text, const char *secret)
{
    const size_t length = strlen(secret);

    for (char *found = strstr(text, secret); found != NULL; found = strstr(found, secret)) {
        memset(found, '*', SHORTEST_SECRET);
        memmove(found + SHORTEST_SECRET, found + length, strlen(found + length) + 1);
        found += SHORTEST_SECRET;
    }
}

/* A text that was cut may end in the middle of a secret. */
static void scrub_cut_end(char *text, const char *secret)
{
    const size_t length = strlen(text);

    for (size_t part = strlen(secret) - 1; part > 0; part--) {
        if (part <= length && memcmp(text + length - part, secret, part) == 0) {
            text[length - part] = '\0';
            return;
        }
    }
}

void log_scrub(char *text)
{
    lock();
    for (size_t i = 0; i < state.secret_count; i++)
        scrub_one(text, state.secrets[i]);
    unlock();
}

/* The offset of local time as RFC 3339 writes it, +01:00. */
static void append_local_time(struct bytes *line, utc_ms now)
{
    const int64_t offset_ms = os_utc_offset_now_ms(now);
    const int64_t minutes = (offset_ms < 0 ? -offset_ms : offset_ms) / UTC_MINUTE;
    const int hours = (int)(minutes / 60);
    const int rest = (int)(minutes % 60);
    char text[UTC_TEXT_SIZE];

    utc_print(now + offset_ms, text);
    bytes_append(line, text, UTC_TEXT_SIZE - 1); /* without the Z */
    const char offset[] = {offset_ms < 0 ? '-' : '+', (char)('0' + hours / 10),
                           (char)('0' + hours % 10),  ':',
                           (char)('0' + rest / 10),   (char)('0' + rest % 10)};
    bytes_append(line, offset, sizeof offset);
}

/* Text on one line: control characters and what is not UTF-8 as \xNN. */
static void append_visibly(struct bytes *line, const char *text)
{
    static const char hex[] = "0123456789abcdef";

    while (*text != '\0') {
        size_t size = 1; /* the shortest piece that is a character */
        while (size < 4 && text[size] != '\0' && !json_text_is_valid(text, size))
            size++;
        if (json_text_is_valid(text, size)) {
            bytes_append(line, text, size);
        } else {
            const uint8_t byte = (uint8_t)*text;
            bytes_append(line, (char[]){'\\', 'x', hex[byte >> 4], hex[byte & 15]}, 4);
            size = 1;
        }
        text += size;
    }
}

static void append_json(struct bytes *line, enum log_level level, const char *integration,
                        const char *message)
{
    struct bytes visible;
    struct json json;

    bytes_init(&visible, LINE_LIMIT);
    append_visibly(&visible, message);
    json_init(&json, line);
    json_begin_object(&json);
    json_put_key(&json, "time");
    json_put_time(&json, os_now());
    json_put_key(&json, "level");
    json_put_text(&json, levels[level].word);
    json_put_key(&json, "integration");
    json_put_text(&json, integration);
    json_put_key(&json, "message");
    json_put_text(&json, bytes_text(&visible));
    json_end_object(&json);
    bytes_free(&visible);
}

static void append_plain(struct bytes *line, enum log_level level, const char *integration,
                         const char *message)
{
    if (state.format == LOG_FORMAT_JOURNAL) {
        bytes_append(line, (char[]){'<', levels[level].priority, '>'}, 3);
    } else {
        append_local_time(line, os_now());
        bytes_append_byte(line, ' ');
        bytes_append_text(line, levels[level].word);
        for (size_t width = strlen(levels[level].word); width < sizeof "warning"; width++)
            bytes_append_byte(line, ' ');
    }
    if (integration != NULL) {
        append_visibly(line, integration);
        bytes_append_text(line, ": ");
    }
    append_visibly(line, message);
}

/* The next to be written starts where the lines below the log stand now. */
static void begin_writing(void)
{
    char back[40];

    bytes_reset(&state.line);
    if (state.below_count > 0) {
        snprintf(back, sizeof back, "\033[%zuA\033[J", state.below_count);
        bytes_append_text(&state.line, back);
    }
}

/* One write, one line: standard error is unbuffered. */
static void end_writing(void)
{
    bytes_append(&state.line, state.below.data, state.below.size);
    (void)fwrite(state.line.data, 1, state.line.size, stderr);
}

void log_below(const char *lines)
{
    lock();
    begin_writing();
    bytes_reset(&state.below);
    bytes_append_text(&state.below, lines);
    state.below_count = 0;
    for (size_t i = 0; i < state.below.size; i++)
        state.below_count += state.below.data[i] == '\n';
    end_writing();
    unlock();
}

void log_line(enum log_level level, const char *integration, const char *format, ...)
{
    char message[MESSAGE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    const int length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);

    lock();
    if (level > state.level)
        goto out;
    for (size_t i = 0; i < state.secret_count; i++) {
        scrub_one(message, state.secrets[i]);
        if (length >= (int)sizeof message)
            scrub_cut_end(message, state.secrets[i]);
    }
    begin_writing();
    if (state.format == LOG_FORMAT_JSON)
        append_json(&state.line, level, integration, message);
    else
        append_plain(&state.line, level, integration, message);
    bytes_append_byte(&state.line, '\n');
    end_writing();
out:
    unlock();
}
