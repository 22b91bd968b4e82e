/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_csv_rows.c - a file of a drop folder: every row is a possible record or set aside with why
 *
 * Input: which settings (1 byte), the file. From its bytes to records all is as in a source
 * process.
 */
#include <string.h>

#include "agent/base/json.h"
#include "agent/flow/normalise.h"
#include "connectors/csv.h"
#include "connectors/delimited.h"
#include "tests/fuzz/fuzz.h"

#define COLUMNS_MOST 12

/* A hundred letters of two bytes: a sentence that is cut is not cut in the middle of one. */
#define TEN_LETTERS "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
#define LONG_NAME                                                                                  \
    TEN_LETTERS TEN_LETTERS TEN_LETTERS TEN_LETTERS TEN_LETTERS TEN_LETTERS TEN_LETTERS            \
        TEN_LETTERS TEN_LETTERS TEN_LETTERS

static const struct plan {
    enum data_kind kind;
    const char *settings;
} plans[] = {
    {DATA_CONTACTS, "columns: { queue: Queue, timestamp: Time, answered: { column: Result, true: "
                    "[AGENT, yes] }, duration: Duration, channel: Channel }\n"},
    {DATA_CONTACTS, "format: { delimiter: ';', decimal: ',', encoding: windows-1252 }\n"
                    "columns:\n"
                    "  queue: Queue\n"
                    "  queue_identifier: Id\n"
                    "  date: { column: Date, format: DD.MM.YYYY }\n"
                    "  time: { column: Time, format: 'h:mm a' }\n"
                    "  answered: Answered\n"
                    "  duration: { column: Duration, format: 'hh:mm:ss' }\n"
                    "  channel: chats\n"},
    {DATA_INTERVALS, "format: { delimiter: ',', header: false, encoding: iso-8859-9 }\n"
                     "columns: { queue: A, date: B, time: C, offered: D, answered: E, aht: F }\n"},
    {DATA_AGENT_STATUS, "columns:\n"
                        "  agent: Agent\n"
                        "  activity: Status\n"
                        "  start: { column: Start, format: unix }\n"
                        "  duration: Duration\n"},
    {DATA_AGENT_STATUS, "columns:\n"
                        "  agent: Agent\n"
                        "  activity: Status\n"
                        "  start: { column: Start, format: 'YYYY-MM-DD hh:mm:ss.SSSZ' }\n"
                        "  end_date: Date\n"
                        "  end_time: { column: A" LONG_NAME ", format: 'hh:mm' }\n"},
};

/* What is known of the rows of one file. */
struct heard {
    enum data_kind kind;
    uint64_t records, rejects;
    uint32_t names[3];
};

static bool hear_name(void *context, enum name_role role, uint32_t number, const char *identifier,
                      const char *name)
{
    struct heard *heard = context;

    PROMISE(role <= NAME_ACTIVITY && number == heard->names[role]++);
    PROMISE(identifier[0] != '\0' && json_text_is_valid(identifier, strlen(identifier)));
    PROMISE(role != NAME_QUEUE || json_text_is_valid(name, strlen(name)));
    return true;
}

static bool hear_record(void *context, const struct record *record)
{
    struct heard *heard = context;
    const bool is_status = heard->kind == DATA_AGENT_STATUS;

    heard->records++;
    PROMISE(record_is_possible(record, heard->kind));
    PROMISE(record->subject < heard->names[is_status ? NAME_AGENT : NAME_QUEUE]);
    if (is_status) {
        PROMISE(record->status.activity < heard->names[NAME_ACTIVITY]);
        PROMISE(record->status.end == UTC_NEVER || record->status.end > record->time);
    }
    if (heard->kind == DATA_CONTACTS)
        PROMISE(record->volume.offered <= 1 && record->volume.answered <= 1);
    return true;
}

static bool hear_reject(void *context, const struct reject *reject)
{
    struct heard *heard = context;

    heard->rejects++;
    PROMISE(reject->reason[0] != '\0');
    PROMISE(json_text_is_valid(reject->reason, strlen(reject->reason)));
    PROMISE(json_text_is_valid(reject->cells, strlen(reject->cells)));
    return true;
}

static int64_t read_input(void *context, void *data, size_t size, struct error *err)
{
    struct input *input = context;

    (void)err;
    if (size > input->size)
        size = input->size;
    if (size > 0)
        memcpy(data, input->data, size);
    input->data += size;
    input->size -= size;
    return (int64_t)size;
}

static void no_problem(void *context, const char *file, int line, int column, const char *text)
{
    (void)context;
    (void)file;
    (void)line;
    (void)column;
    PROMISE(text == NULL); /* the settings above are right */
}

static void read_rows(struct delimited *delimited, struct csv_rows *rows,
                      struct normalise *normalise)
{
    struct delimited_record record;
    struct error err;
    bool goes_on = delimited_next(delimited, &record, &err) == DELIMITED_RECORD &&
                   csv_rows_begin(rows, &record, &err) &&
                   normalise_columns(normalise, csv_rows_columns(rows));

    while (goes_on && delimited_next(delimited, &record, &err) == DELIMITED_RECORD) {
        const struct row *row = csv_rows_row(rows, &record);

        PROMISE(row->fault == NULL || json_text_is_valid(row->fault, strlen(row->fault)));
        goes_on = normalise_row(normalise, row);
    }
}

static void read_file(const struct plan *plan, const struct csv_settings *settings,
                      struct input *input)
{
    static struct delimited *delimited; /* a megabyte: kept */
    static const struct normalise_settings rules = {.time_zone = "Europe/Berlin",
                                                    .interval_ms = 2 * UTC_QUARTER,
                                                    .spread = SPREAD_EVEN,
                                                    .decimal = '.'};
    const struct connector_facts facts = {.name = "acd",
                                          .is_status = plan->kind == DATA_AGENT_STATUS,
                                          .is_interval = plan->kind == DATA_INTERVALS};
    static const uint8_t reject_key[DIGEST_KEY_SIZE] = {0};
    struct heard heard = {.kind = plan->kind};
    const struct normalise_sink sink = {&heard, hear_name, hear_record, hear_reject};
    const struct slice slice = {.purpose = SLICE_FILE, .file = "x.csv"};
    struct decoder *decoder = decoder_new((enum encoding)settings->format.encoding);
    const struct byte_source bytes = {input, read_input}, text = {decoder, decoder_read};
    struct csv_rows *rows = csv_rows_new(settings, &facts);
    struct error err;
    struct normalise *normalise = normalise_new(plan->kind, &rules, reject_key, &err);

    PROMISE(normalise != NULL);
    if (delimited == NULL)
        delimited = delimited_new(COLUMNS_MOST);
    normalise_begin(normalise, &slice, &sink);
    decoder_begin(decoder, &bytes);
    if (delimited_begin(delimited, &text, settings->format.delimiter, settings->format.quote, &err))
        read_rows(delimited, rows, normalise);
    PROMISE(normalise_counts(normalise)->rejected == heard.rejects);
    normalise_free(normalise);
    csv_rows_free(rows);
    decoder_free(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const struct plan *plan = &plans[input_byte(&input) % (sizeof plans / sizeof *plans)];
    struct csv_settings settings = {.folder = NULL};
    const struct settings_part part = {csv_settings, &settings};
    struct settings_reader reader = {
        .memory = arena_new(), .report = no_problem, .path = "", .folder = "/"};
    char yaml[1000] = "folder: /x\n";

    strncat(yaml, plan->settings, sizeof yaml - strlen(yaml) - 1);
    struct node_document *document = node_parse("x", yaml, strlen(yaml), no_problem, NULL);
    settings_read(&reader, node_root(document), &part, 1);
    read_file(plan, &settings, &input);
    node_free(document);
    arena_free(reader.memory);
    return 0;
}
