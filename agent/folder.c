/* SPDX-License-Identifier: Apache-2.0 */
/* folder.c - a drop folder: complete files, oldest first, strictly one after the other
 *
 * Every file seen has an entry while it stands in the folder:
 *
 *     GROWING -> (unchanged for `settle`, closed, or renamed in) -> COMPLETE
 *     COMPLETE -> read and committed, or known by its content -> IMPORTED -> settled when delivered
 *     COMPLETE -> cannot be read -> FAILED until it changes
 */
#include <stdio.h>
#include <string.h>

#include "agent/base/log.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/flow/store_memory.h"
#include "agent/reading.h"

#define SCAN_MS        (10 * UTC_SECOND) /* network shares tell nothing */
#define DELIVERED_MS   UTC_SECOND        /* between two looks whether a file is delivered */
#define NANOSECONDS_MS INT64_C(1000000)

enum file_state { FILE_GROWING, FILE_COMPLETE, FILE_IMPORTED, FILE_SETTLED, FILE_FAILED };

struct folder_file {
    char *name;
    uint64_t size;
    int64_t modified_ns;
    int64_t seen_ms; /* monotonic: since when it looks like this */
    enum file_state state;
    uint8_t sha256[32]; /* once imported */
    char *reason;       /* FAILED: why */
    bool is_listed;     /* by the scan that runs */
    bool is_closed;     /* after writing, or renamed in */
};

struct folder {
    struct reader *reader;
    struct connector_folder facts;
    struct os_watch *watch;
    struct folder_file *files; /* by modification time, then name */
    size_t count, capacity;
};

/* --- the list --- */

static struct folder_file *find(struct folder *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->files[i].name, name) == 0)
            return &f->files[i];
    }
    return NULL;
}

static struct folder_file *add(struct folder *f, const char *name)
{
    if (f->count == f->capacity) {
        f->capacity = f->capacity * 2 + 16;
        f->files = os_resize(f->files, f->capacity * sizeof *f->files);
    }
    struct folder_file *file = &f->files[f->count++];

    memset(file, 0, sizeof *file);
    file->name = os_copy_text(name);
    return file;
}

static void forget(struct folder_file *file)
{
    os_free(file->name);
    os_free(file->reason);
}

static void visit_listed(void *context, const struct source_file *listed)
{
    struct folder *f = context;
    struct folder_file *file = find(f, listed->name);

    if (file == NULL)
        file = add(f, listed->name);
    file->is_listed = true;
    if (file->seen_ms != 0 && file->size == listed->size &&
        file->modified_ns == listed->modified_ns)
        return;
    file->is_closed = file->is_closed && file->seen_ms == 0;
    file->size = listed->size;
    file->modified_ns = listed->modified_ns;
    file->seen_ms = os_monotonic_ms();
    file->state = FILE_GROWING;
}

static void visit_closed(void *context, const char *name)
{
    struct folder *f = context;
    struct folder_file *file = find(f, name);

    if (!os_name_matches(f->facts.files, name))
        return;
    if (file == NULL)
        file = add(f, name);
    file->is_closed = true;
    file->seen_ms = 0; /* look at it again */
}

/* Unchanged for `settle`, by our own clock and by the time since its modification. */
static bool is_complete(const struct folder *f, const struct folder_file *file)
{
    const int64_t age_ms = os_now() - file->modified_ns / NANOSECONDS_MS;
    const int64_t watched_ms = os_monotonic_ms() - file->seen_ms;

    return file->is_closed || (age_ms >= f->facts.settle_ms && age_ms < 10 * UTC_DAY * 365) ||
           watched_ms >= f->facts.settle_ms;
}

static bool is_before(const struct folder_file *a, const struct folder_file *b)
{
    if (a->modified_ns != b->modified_ns)
        return a->modified_ns < b->modified_ns;
    return strcmp(a->name, b->name) < 0;
}

static struct folder_file *next_complete(struct folder *f)
{
    struct folder_file *first = NULL;

    for (size_t i = 0; i < f->count; i++) {
        struct folder_file *file = &f->files[i];

        if (file->state == FILE_COMPLETE && (first == NULL || is_before(file, first)))
            first = file;
    }
    return first;
}

/* Looks at the folder anew: new, changed and vanished files. */
static bool scan(struct folder *f, struct error *err)
{
    size_t kept = 0;

    if (f->watch != NULL)
        os_watch_take(f->watch, visit_closed, f);
    for (size_t i = 0; i < f->count; i++)
        f->files[i].is_listed = false;
    if (!reading_open(f->reader, err) || !child_list(f->reader->child, visit_listed, f, err))
        return false;
    for (size_t i = 0; i < f->count; i++) {
        struct folder_file *file = &f->files[i];

        if (!file->is_listed) {
            forget(file);
            continue;
        }
        if (file->state == FILE_GROWING && is_complete(f, file))
            file->state = FILE_COMPLETE;
        f->files[kept++] = *file;
    }
    f->count = kept;
    return true;
}

/* --- one file --- */

/* As the store knows it: the first half of its SHA-256. */
static struct digest content_of(const struct folder_file *file)
{
    struct digest hash;

    memcpy(&hash, file->sha256, sizeof hash);
    return hash;
}

static void fail_file(struct folder *f, struct folder_file *file, const struct error *err)
{
    char reason[1400];

    snprintf(reason, sizeof reason, "file %s: %s", file->name, err->text);
    log_line(LOG_LEVEL_ERROR, f->reader->config->name, "%s", reason);
    os_free(file->reason);
    file->reason = os_copy_text(reason);
    file->state = FILE_FAILED;
}

/* Is it the file itself that cannot be read? Then the others go on. */
static bool is_files_own_fault(const struct reader *r, const struct error *err)
{
    return (err->kind == ERROR_DATA || err->kind == ERROR_CONFIG) &&
           intake_trouble(r->intake) != INTAKE_HELD_BACK && child_is_open(r->child);
}

static bool commit_file(struct folder *f, struct folder_file *file, struct error *err)
{
    struct reader *r = f->reader;
    const struct slice slice = {.purpose = SLICE_FILE, .file = file->name};
    const struct store_file known = {content_of(file), file->name, os_now()};
    struct reading_result result;
    bool interrupted;

    if (!reading_slice(r, &slice, INT64_MAX, &interrupted, &result, err)) {
        if (intake_trouble(r->intake) != INTAKE_AGAIN ||
            !reading_slice(r, &slice, INT64_MAX, &interrupted, &result, err))
            return false;
    }
    if (!reading_commit(r, NULL, &known, &result, err))
        return false;
    reading_succeeded(r, &result);
    log_line(LOG_LEVEL_INFO, r->config->name,
             "imported %s: %llu rows, %lld records to send, %lld unchanged, %lld rows rejected",
             file->name, (unsigned long long)result.counts.rows, (long long)result.intake.sent,
             (long long)result.intake.unchanged, (long long)result.counts.rejected);
    return true;
}

/* False: something other than this file is wrong, see err. */
static bool import_file(struct folder *f, struct folder_file *file, struct error *err)
{
    struct reader *r = f->reader;
    enum store_file_state known;

    intake_forget_trouble(r->intake);
    if (!reading_open(r, err))
        return false;
    if (!child_hash(r->child, file->name, file->sha256, err))
        goto failed;
    const struct digest hash = content_of(file);
    if (!store_file_state(r->options.store, r->store_row, &hash, &known, err))
        return false;
    if (known == STORE_FILE_UNKNOWN && !commit_file(f, file, err))
        goto failed;
    file->state = FILE_IMPORTED;
    return true;

failed:
    if (!is_files_own_fault(r, err))
        return false;
    fail_file(f, file, err);
    return true;
}

/* `after: archive | delete`, once nothing of the file waits any more. */
static bool settle_delivered(struct folder *f, struct error *err)
{
    struct reader *r = f->reader;
    enum store_file_state known;

    for (size_t i = 0; i < f->count; i++) {
        struct folder_file *file = &f->files[i];

        if (file->state != FILE_IMPORTED)
            continue;
        if (f->facts.keeps_files) {
            file->state = FILE_SETTLED;
            continue;
        }
        const struct digest hash = content_of(file);
        if (!store_file_state(r->options.store, r->store_row, &hash, &known, err))
            return false;
        if (known != STORE_FILE_DELIVERED)
            continue;
        if (!reading_open(r, err) || !child_settle(r->child, file->name, file->sha256, err))
            return false;
        file->state = FILE_SETTLED;
    }
    return true;
}

/* --- the loop --- */

static size_t count_state(const struct folder *f, enum file_state state)
{
    size_t count = 0;

    for (size_t i = 0; i < f->count; i++)
        count += f->files[i].state == state;
    return count;
}

static const char *first_reason(const struct folder *f)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->files[i].state == FILE_FAILED)
            return f->files[i].reason;
    }
    return NULL;
}

/* Everything there is to do now. False: see err. */
static bool work(struct folder *f, struct error *err)
{
    struct folder_file *file;

    if (!scan(f, err))
        return false;
    while (!os_event_is_set(f->reader->options.stop) && (file = next_complete(f)) != NULL) {
        if (!reading_wait_for_room(f->reader))
            return true;
        reading_report(f->reader, STATE_IMPORTING, NULL);
        if (!import_file(f, file, err))
            return false;
    }
    return settle_delivered(f, err);
}

static int64_t pause_ms(const struct folder *f)
{
    if (count_state(f, FILE_GROWING) > 0)
        return f->facts.settle_ms / 4 + 50;
    return count_state(f, FILE_IMPORTED) > 0 ? DELIVERED_MS : SCAN_MS;
}

static void report_rest(struct folder *f)
{
    struct reader *r = f->reader;
    const char *reason = first_reason(f);

    r->failures = 0;
    os_mutex_lock(r->mutex);
    r->outcome.failed = reason != NULL;
    r->outcome.kind = ERROR_DATA;
    os_mutex_unlock(r->mutex);
    reading_report(r, reason != NULL ? STATE_FAILED : STATE_IDLE, reason);
}

void folder_run(struct reader *reader)
{
    struct folder folder = {
        .reader = reader,
        .facts = reader->config->connector->files->folder(reader->config->connector_settings),
    };
    struct error err;
    bool goes_on = true;

    reader->watched = os_event_new();
    folder.watch = os_watch_start(folder.facts.path, reader->watched);
    while (goes_on) {
        os_event_reset(reader->watched);
        if (!work(&folder, &err)) {
            if (os_event_is_set(reader->options.stop))
                break;
            const int64_t wait_ms = reading_failed(reader, &err);

            goes_on =
                (!reader->options.once || err.kind == ERROR_RETRY) && reading_wait(reader, wait_ms);
            continue;
        }
        report_rest(&folder);
        if (reader->options.once && count_state(&folder, FILE_GROWING) == 0 &&
            count_state(&folder, FILE_IMPORTED) == 0)
            break;
        goes_on = reading_wait(reader, pause_ms(&folder));
    }

    os_watch_stop(folder.watch);
    for (size_t i = 0; i < folder.count; i++)
        forget(&folder.files[i]);
    os_free(folder.files);
    os_event_free(reader->watched);
    reader->watched = NULL;
}
