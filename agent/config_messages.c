/* SPDX-License-Identifier: Apache-2.0 */
/* config_messages.c - messages in a list that is kept in reading order */
#include "agent/config_messages.h"

#include <string.h>

#include "agent/base/arena.h"
#include "agent/base/log.h"

struct message {
    struct message *next;
    const char *file, *text;
    size_t file_order;
    int line, column;
    bool is_note;
};

struct file {
    struct file *next;
    const char *name;
    size_t order;
};

struct config_messages {
    struct arena *arena;
    struct message *first;
    struct file *files; /* the last one first */
    bool has_errors;
};

struct config_messages *config_messages_new(struct arena *arena)
{
    struct config_messages *messages = arena_take(arena, sizeof *messages);

    messages->arena = arena;
    return messages;
}

static size_t order_of_file(struct config_messages *messages, const char *name)
{
    for (const struct file *file = messages->files; file != NULL; file = file->next) {
        if (strcmp(file->name, name) == 0)
            return file->order;
    }
    struct file *file = arena_take(messages->arena, sizeof *file);
    file->name = arena_keep_text(messages->arena, name);
    file->order = messages->files == NULL ? 0 : messages->files->order + 1;
    file->next = messages->files;
    messages->files = file;
    return file->order;
}

void config_messages_begin_file(struct config_messages *messages, const char *file)
{
    order_of_file(messages, file);
}

static bool stands_after(const struct message *left, const struct message *right)
{
    if (left->file_order != right->file_order)
        return left->file_order > right->file_order;
    if (left->line != right->line)
        return left->line > right->line;
    return left->column > right->column;
}

static void put(struct config_messages *messages, const struct message *given)
{
    struct message *message = arena_keep(messages->arena, given, sizeof *given);
    struct message **place = &messages->first;

    message->file = arena_keep_text(messages->arena, given->file);
    message->text = arena_keep_text(messages->arena, given->text);
    message->file_order = order_of_file(messages, given->file);
    while (*place != NULL && !stands_after(*place, message))
        place = &(*place)->next;
    message->next = *place;
    *place = message;
}

void config_messages_error(void *context, const char *file, int line, int column, const char *text)
{
    struct config_messages *messages = context;

    messages->has_errors = true;
    put(messages, &(struct message){.file = file, .text = text, .line = line, .column = column});
}

void config_messages_note(struct config_messages *messages, const char *file, int line, int column,
                          const char *text)
{
    put(messages, &(struct message){
                      .file = file, .text = text, .line = line, .column = column, .is_note = true});
}

bool config_messages_has_errors(const struct config_messages *messages)
{
    return messages->has_errors;
}

void config_messages_tell(const struct config_messages *messages,
                          void (*tell)(void *context, const char *line), void *context)
{
    for (const struct message *message = messages->first; message != NULL;
         message = message->next) {
        const char *kind = message->is_note ? "note" : "error";
        char *line =
            message->line == 0
                ? arena_print(messages->arena, "%s: %s: %s", message->file, kind, message->text)
                : arena_print(messages->arena, "%s:%d:%d: %s: %s", message->file, message->line,
                              message->column, kind, message->text);

        log_scrub(line); /* a value that is quoted may have come from a secret */
        tell(context, line);
    }
}
