/* SPDX-License-Identifier: Apache-2.0 */
/* csv.c - a drop folder: its files listed, hashed, read as rows, and put away when all is accepted
 */
#include "connectors/csv.h"
#include "connectors/connector_files.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/digest.h"
#include "agent/base/json.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "connectors/delimited.h"

#define PATH_SIZE   4096
#define FIELDS_MOST 4096
#define CHUNK       65536
#define NAMES_MOST  10000 /* of one name in the archive */

#define ARCHIVE "imported"

static const char *const after_words[] = {"keep", "archive", "delete", NULL};

#define FORMAT(field) offsetof(struct csv_format, field)

static const struct setting format_settings[] = {
    {.name = "delimiter",
     .type = SETTING_LETTER,
     .offset = FORMAT(delimiter),
     .example = "\";\"",
     .meaning = "what stands between fields; found out from the first line among ; , tab |"},
    {.name = "quote",
     .type = SETTING_LETTER,
     .offset = FORMAT(quote),
     .fallback = "\"",
     .meaning = "what a field with delimiters or line ends in it stands between"},
    {.name = "encoding",
     .type = SETTING_CHOICE,
     .offset = FORMAT(encoding),
     .fallback = "utf-8",
     .choices = encoding_words,
     .meaning = "of the files; a byte-order mark (UTF-8, UTF-16) decides before it"},
    {.name = "header",
     .type = SETTING_BOOLEAN,
     .offset = FORMAT(header),
     .fallback = "true",
     .meaning = "the first line names the columns; without one they are A, B, C ... Z, AA"},
    {.name = "decimal",
     .type = SETTING_LETTER,
     .offset = FORMAT(decimal),
     .choices = (const char *const[]){".", ",", NULL},
     .example = "\",\"",
     .meaning = "decimal point of numbers"},
    {0},
};

#define PLACE(field) offsetof(struct csv_settings, field)

const struct setting csv_settings[] = {
    {.name = "folder",
     .type = SETTING_PATH,
     .offset = PLACE(folder),
     .required = true,
     .example = "/srv/exports",
     .meaning = "where the files appear; sub-folders and links are passed over"},
    {.name = "files",
     .type = SETTING_TEXT,
     .offset = PLACE(files),
     .fallback = "*.csv",
     .meaning = "which names: * and ? stand for letters"},
    {.name = "settle",
     .type = SETTING_DURATION,
     .offset = PLACE(settle_ms),
     .fallback = "2s",
     .least = 0,
     .most = UTC_HOUR,
     .meaning = "a file that did not change for so long is complete"},
    {.name = "after",
     .type = SETTING_CHOICE,
     .offset = PLACE(after),
     .fallback = "keep",
     .choices = after_words,
     .meaning = "what becomes of an accepted file; archive: into imported/ beside it"},
    {.name = "format",
     .type = SETTING_SECTION,
     .offset = PLACE(format),
     .section = format_settings,
     .meaning = "how the files are written"},
    {.name = "columns",
     .type = SETTING_SECTION,
     .offset = PLACE(columns),
     .required = true,
     .section = csv_columns_settings,
     .meaning = "which column of the files is what"},
    {0},
};

struct source {
    const struct csv_settings *settings;
    struct csv_rows *rows;
    struct decoder *decoder;
    struct delimited *delimited;
    struct hasher *hasher;
};

static void validate(struct settings_reader *reader, const struct node *integration,
                     const void *settings, const struct connector_facts *facts)
{
    csv_columns_validate(reader, integration, settings, facts);
}

static struct connector_limits limits(const void *settings)
{
    (void)settings;
    return (struct connector_limits){.connect_timeout_ms = 30 * UTC_SECOND,
                                     .query_timeout_ms = 15 * UTC_MINUTE,
                                     .slice_rows = 100000};
}

static void csv_close(struct source *s)
{
    if (s == NULL)
        return;
    csv_rows_free(s->rows);
    decoder_free(s->decoder);
    delimited_free(s->delimited);
    hasher_free(s->hasher);
    os_free(s);
}

static void visit_nothing(void *context, const struct os_entry *entry)
{
    (void)context;
    (void)entry;
}

static struct source *csv_open(const void *settings, const struct connector_facts *facts,
                               struct error *err)
{
    const struct csv_settings *csv = settings;

    if (!os_folder_list(csv->folder, visit_nothing, NULL, err))
        return NULL;
    struct source *s = os_alloc(sizeof *s);
    s->settings = csv;
    s->rows = csv_rows_new(csv, facts);
    s->decoder = decoder_new((enum encoding)csv->format.encoding);
    s->delimited = delimited_new(FIELDS_MOST);
    s->hasher = hasher_new();
    return s;
}

/* --- reading --- */

static int64_t read_bytes(void *context, void *data, size_t size, struct error *err)
{
    return os_file_next(context, data, size, err);
}

static bool emit(struct source *s, const struct delimited_record *record,
                 const struct row_sink *sink)
{
    return sink->row(sink->context, csv_rows_row(s->rows, record));
}

/* All records of an opened file; true too when the sink wants no more. */
static bool read_records(struct source *s, struct os_file *file, const struct row_sink *sink,
                         struct error *err)
{
    const struct csv_format *format = &s->settings->format;
    const struct byte_source bytes = {file, read_bytes};
    const struct byte_source text = {s->decoder, decoder_read};
    struct delimited_record record;
    enum delimited_step step;

    decoder_begin(s->decoder, &bytes);
    if (!delimited_begin(s->delimited, &text, format->delimiter, format->quote, err))
        return false;
    step = delimited_next(s->delimited, &record, err);
    if (step == DELIMITED_FAILED)
        return false;
    if (step == DELIMITED_END && format->header)
        return error_set(err, ERROR_DATA, "the file is empty: it has not even a header");
    if (step == DELIMITED_RECORD && !csv_rows_begin(s->rows, &record, err))
        return false;
    if (!sink->columns(sink->context, csv_rows_columns(s->rows)))
        return true;
    if (step == DELIMITED_RECORD && !format->header && !emit(s, &record, sink))
        return true;
    while ((step = delimited_next(s->delimited, &record, err)) == DELIMITED_RECORD) {
        if (!emit(s, &record, sink))
            return true;
    }
    return step == DELIMITED_END;
}

struct facts {
    uint64_t size;
    int64_t modified_ns;
};

static bool facts_of(struct os_file *file, struct facts *facts, struct error *err)
{
    if (os_file_facts(file, &facts->size, &facts->modified_ns))
        return true;
    return error_set(err, ERROR_DATA, "the file cannot be looked at any more");
}

/* One descriptor from the first byte to the last: what is read is one file, whatever happens to
 * its name. */
static bool csv_read(struct source *s, const struct slice *slice, const struct row_sink *sink,
                     struct error *err)
{
    struct facts before, after;
    bool done = false;
    struct os_file *file = os_file_open(s->settings->folder, slice->file, err);

    if (file == NULL)
        return false;
    if (!facts_of(file, &before, err) || !read_records(s, file, sink, err) ||
        !facts_of(file, &after, err))
        goto out;
    done = before.size == after.size && before.modified_ns == after.modified_ns;
    if (!done)
        error_set(err, ERROR_DATA, "the file was changed while it was read");
out:
    os_file_close(file);
    return done;
}

/* --- the folder --- */

struct listing {
    const char *pattern;
    void (*visit)(void *context, const struct source_file *file);
    void *context;
};

/* A name that is no text cannot be spoken of, neither in a status nor in the store. */
static void visit_entry(void *context, const struct os_entry *entry)
{
    const struct listing *listing = context;
    const struct source_file file = {entry->name, entry->size, entry->modified_ns};

    if (entry->is_regular && os_name_matches(listing->pattern, entry->name) &&
        json_text_is_valid(entry->name, strlen(entry->name)))
        listing->visit(listing->context, &file);
}

static bool csv_list(struct source *s, void (*visit)(void *context, const struct source_file *file),
                     void *context, struct error *err)
{
    struct listing listing = {s->settings->files, visit, context};

    return os_folder_list(s->settings->folder, visit_entry, &listing, err);
}

static bool csv_hash(struct source *s, const char *name, uint8_t sha256[32], struct error *err)
{
    uint8_t chunk[CHUNK];
    int64_t got;
    struct os_file *file = os_file_open(s->settings->folder, name, err);

    if (file == NULL)
        return false;
    hasher_begin(s->hasher);
    while ((got = os_file_next(file, chunk, sizeof chunk, err)) > 0)
        hasher_add(s->hasher, chunk, (size_t)got);
    os_file_close(file);
    if (got < 0)
        return false;
    struct digest_sha256 digest = hasher_end(s->hasher);
    memcpy(sha256, digest.bytes, sizeof digest.bytes);
    return true;
}

/* NAME.csv, or NAME-2.csv and so on where that exists already. */
static bool archive_name(const char *folder, const char *name, char *path, size_t size,
                         struct error *err)
{
    const char *dot = strrchr(name, '.');
    int stem = dot == NULL || dot == name ? (int)strlen(name) : (int)(dot - name);

    snprintf(path, size, "%s/%s", folder, name);
    for (int number = 2; os_file_exists(path); number++) {
        if (number == NAMES_MOST)
            return error_set(err, ERROR_CONFIG, "%s holds too many files named %s", folder, name);
        snprintf(path, size, "%s/%.*s-%d%s", folder, stem, name, number, name + stem);
    }
    return true;
}

static bool put_away(const char *folder, const char *name, const char *path, struct error *err)
{
    char archive[PATH_SIZE], target[PATH_SIZE];

    if (snprintf(archive, sizeof archive, "%s/" ARCHIVE, folder) >= PATH_SIZE - 300)
        return error_set(err, ERROR_CONFIG, "the path of %s is too long", folder);
    return os_folder_make(archive, err) &&
           archive_name(archive, name, target, sizeof target, err) &&
           os_file_rename(path, target, err);
}

/* Only what was imported is put away: under the same name something new may have come since. */
static bool csv_settle(struct source *s, const char *name, const uint8_t sha256[32],
                       struct error *err)
{
    const struct csv_settings *settings = s->settings;
    char path[PATH_SIZE];
    uint8_t now[32];

    if (settings->after == CSV_KEEP)
        return true;
    if (snprintf(path, sizeof path, "%s/%s", settings->folder, name) >= PATH_SIZE)
        return error_set(err, ERROR_CONFIG, "the path of %s is too long", name);
    if (!os_file_exists(path))
        return true;
    if (!csv_hash(s, name, now, err))
        return false;
    if (memcmp(now, sha256, sizeof now) != 0)
        return true;
    return settings->after == CSV_DELETE ? os_file_remove(path, err)
                                         : put_away(settings->folder, name, path, err);
}

static struct connector_folder csv_folder(const void *place)
{
    const struct csv_settings *settings = place;

    return (struct connector_folder){
        .path = settings->folder,
        .files = settings->files,
        .settle_ms = settings->settle_ms,
        .keeps_files = settings->after == CSV_KEEP,
    };
}

static const struct connector_files files = {
    .folder = csv_folder,
    .list = csv_list,
    .hash = csv_hash,
    .settle = csv_settle,
};

const struct connector csv_connector = {
    .name = "csv",
    .settings = csv_settings,
    .settings_size = sizeof(struct csv_settings),
    .validate = validate,
    .limits = limits,
    .open = csv_open,
    .read = csv_read,
    .close = csv_close,
    .files = &files,
};
