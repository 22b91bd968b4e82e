/* SPDX-License-Identifier: Apache-2.0 */
/* preview.c - `cloud-link preview`: what an import would make, without making it */
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/commands/look.h"
#include "agent/commands/preview_show.h"

#define RECORDS_LIMIT (64 << 20)

static enum exit_status run(struct command_line *line);

const struct command preview_command = {
    .name = "preview",
    .arguments = "NAME [--rows N] [--from T] [--to T] [--file F] [--json]",
    .summary = "show the records an import would make; uploads and stores nothing",
    .help = "--rows N   so many records (10)\n"
            "--from T   of a database: from this moment (a day ago); 2024-03-31 or\n"
            "           2024-03-31T10:00:00Z\n"
            "--to T     to this moment (now)\n"
            "--file F   of a drop folder: the file of this name in it (the oldest)\n",
    .run = run,
};

/* --- what the source brings --- */

static bool take_columns(void *context, bool next_start, struct error *err)
{
    (void)context;
    (void)next_start;
    (void)err;
    return true;
}

static bool take_name(void *context, const struct names_told *told, struct error *err)
{
    struct preview *p = context;

    return names_put(p->names, told, err);
}

static bool take_records(void *context, struct record *records, size_t count, struct error *err)
{
    struct preview *p = context;
    const bool is_status = p->kind == DATA_AGENT_STATUS;

    for (size_t i = 0; i < count && p->rows < p->rows_wanted; i++, p->rows++) {
        struct record *record = &records[i];

        record->subject = names_own(p->names, is_status ? NAME_AGENT : NAME_QUEUE, record->subject);
        if (is_status)
            record->status.activity = names_own(p->names, NAME_ACTIVITY, record->status.activity);
        if (record->subject == UINT32_MAX || !record_is_possible(record, p->kind))
            return error_set(err, ERROR_RETRY, "the source process sent a record of nothing");
        bytes_append(&p->records, record, sizeof *record);
    }
    return true;
}

static bool take_reject(void *context, const struct reject *reject, struct error *err)
{
    struct preview *p = context;

    (void)err;
    reject_list_add(p->rejects, &p->slice, reject);
    return true;
}

/* --- the command --- */

struct wish {
    const char *name, *from, *to, *file, *rows;
};

static bool parse_moment(const char *option, const char *text, utc_ms *time, struct error *err)
{
    enum utc_form form;

    if (text == NULL || utc_parse(text, strlen(text), time, &form))
        return true;
    return error_set(err, ERROR_CONFIG, "%s takes 2024-03-31 or 2024-03-31T10:00:00Z, not \"%s\"",
                     option, text);
}

static bool choose_slice(struct look *look, const struct wish *wish, struct slice *slice,
                         struct error *err)
{
    if (wish->file != NULL) {
        *slice = (struct slice){.purpose = SLICE_FILE, .file = wish->file};
        return true;
    }
    return look_newest(look, slice, err) && parse_moment("--from", wish->from, &slice->from, err) &&
           parse_moment("--to", wish->to, &slice->to, err);
}

static bool preview(const struct context *context, const struct integration_config *integration,
                    const struct wish *wish, struct preview *p, struct error *err)
{
    const struct child_sink sink = {p, take_columns, take_name, take_records, take_reject};
    struct child_reading reading = {.slice = &p->slice, .sink = &sink, .give_up_ms = INT64_MAX};
    struct look *look = look_open(context, integration, err);

    const bool read = look != NULL && choose_slice(look, wish, &p->slice, err) &&
                      child_read(look_child(look), &reading, err);
    look_close(look);
    p->counts = reading.counts;
    return read;
}

static enum exit_status preview_named(const struct context *context, const struct wish *wish,
                                      struct preview *p, bool as_json)
{
    const struct integration_config *integration = context_integration(context, wish->name);
    struct error err;

    if (integration == NULL)
        return EXIT_USAGE;
    p->kind = integration->data;
    p->names = names_new();
    p->rejects = reject_list_new();
    bytes_init(&p->records, RECORDS_LIMIT);
    const bool read = preview(context, integration, wish, p, &err);

    if (!read)
        context_complain(&err);
    else if (as_json)
        preview_show_json(p);
    else
        preview_show_text(p);
    bytes_free(&p->records);
    reject_list_free(p->rejects);
    names_free(p->names);
    return read ? EXIT_DONE : context_exit(&err);
}

static bool count_of(const char *text, int64_t *count)
{
    *count = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || *count > 1000000)
            return false;
        *count = *count * 10 + (*c - '0');
    }
    return *text != '\0';
}

static enum exit_status run(struct command_line *line)
{
    const bool as_json = command_flag(line, "--json");
    struct preview p = {0};
    struct wish wish = {
        .rows = command_value(line, "--rows"),
        .from = command_value(line, "--from"),
        .to = command_value(line, "--to"),
        .file = command_value(line, "--file"),
    };
    struct context context;

    wish.name = command_argument(line);
    if (wish.name == NULL)
        return command_usage(&preview_command, "which integration?");
    if (!command_line_is_done(line, &preview_command))
        return EXIT_USAGE;
    if (!count_of(wish.rows != NULL ? wish.rows : "10", &p.rows_wanted))
        return command_usage(&preview_command, "--rows takes a number");
    enum exit_status result = context_open(line, &context);
    if (result != EXIT_DONE)
        return result;
    result = preview_named(&context, &wish, &p, as_json);
    context_close(&context);
    return result;
}
