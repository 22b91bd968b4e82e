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
#include <stdlib.h>
#include <string.h>

#include "agent/base/log.h"
#include "agent/base/map.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/flow/store_memory.h"
#include "agent/reading.h"
#include "connectors/connector_files.h"

#define SCAN_MS        (10 * UTC_SECOND) /* network shares tell nothing */
#define DELIVERED_MS   UTC_SECOND        /* between two looks whether a file is delivered */
#define NANOSECONDS_MS INT64_C(1000000)
/* Of the source process over one file, minutes in all: then the file is to blame. */
#define CRASHES_MOST 10

enum file_state { FILE_GROWING, FILE_COMPLETE, FILE_IMPORTED, FILE_SETTLED, FILE_FAILED };

struct folder_file {
    char *name;
    uint64_t size;
    int64_t modified_ns;
    int64_t seen_ms; /* monotonic: since when it looks like this */
    enum file_state state;
    uint8_t sha256[32]; /* once imported */
    char *reason;       /* FAILED: why */
    int crashes;
    bool is_listed; /* by the scan that runs */
    bool is_closed; /* after writing, or renamed in */
};

struct folder {
    struct reader *reader;
    struct connector_folder facts;
    struct os_event *heard;    /* something happened in the folder */
    struct os_watch *watch;    /* NULL: it cannot be watched (now) */
    struct folder_file *files; /* by modification time, then name; new ones at the end */
    size_t count, capacity;
    struct map *places; /* name -> index of files */
};

/* --- the list --- */

static struct folder_file *find(struct folder *f, const char *name)
{
    const uint32_t place = map_find(f->places, name, strlen(name));

    return place != MAP_NONE ? &f->files[place] : NULL;
}

static struct folder_file *add(struct folder *f, const char *name)
{
    map_add(f->places, name, strlen(name), NULL);
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
    file->crashes = 0;
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

static int compare_files(const void *left, const void *right)
{
    const struct folder_file *a = left;
    const struct folder_file *b = right;

    if (a->modified_ns != b->modified_ns)
        return a->modified_ns < b->modified_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void sort(struct folder *f)
{
    if (f->count > 1)
        qsort(f->files, f->count, sizeof *f->files, compare_files);
    map_reset(f->places);
    for (size_t i = 0; i < f->count; i++)
        map_add(f->places, f->files[i].name, strlen(f->files[i].name), NULL);
}

/* Looks at the folder anew: new, changed and vanished files. */
static bool scan(struct folder *f, struct error *err)
{
    size_t kept = 0;

    if (f->watch == NULL) /* it was not there yet, perhaps */
        f->watch = os_watch_start(f->facts.path, f->heard);
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
    sort(f);
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

/* Is it the file itself that cannot be read? Then the others go on. (The source was opened before,
 * so it is not the folder.) */
static bool is_files_own_fault(const struct reader *r, struct folder_file *file,
                               const struct error *err)
{
    if (err->kind == ERROR_RETRY && !child_is_open(r->child) && !os_event_is_set(r->options.stop))
        return ++file->crashes == CRASHES_MOST;
    return (err->kind == ERROR_DATA || err->kind == ERROR_CONFIG) &&
           intake_trouble(r->intake) != INTAKE_HELD_BACK;
}

static void log_import(const struct reader *r, const struct folder_file *file,
                       const struct reading_result *result)
{
    log_line(LOG_LEVEL_INFO, r->config->name,
             "imported %s: %llu rows, %lld records to send, %lld unchanged, %lld rows rejected",
             file->name, (unsigned long long)result->counts.rows, (long long)result->intake.sent,
             (long long)result->intake.unchanged, (long long)result->counts.rejected);
    if (result->intake.shrunk > 0)
        log_line(
            LOG_LEVEL_WARNING, r->config->name,
            "%s has fewer rows than were sent before for %lld quarter hours of its queues, and "
            "replaces them: was the file cut inside a quarter hour?",
            file->name, (long long)result->intake.shrunk);
}

static bool commit_file(struct folder *f, struct folder_file *file, struct error *err)
{
    struct reader *r = f->reader;
    const struct slice slice = {.purpose = SLICE_FILE, .file = file->name};
    const struct store_file known = {content_of(file), file->name, os_now()};
    struct reading_result result;

    while (!reading_slice(r, &slice, INT64_MAX, &result, err)) {
        if (intake_trouble(r->intake) != INTAKE_AGAIN)
            return false;
    }
    if (!reading_commit(r, NULL, &known, &result, err))
        return false;
    reading_succeeded(r, &result);
    log_import(r, file, &result);
    return true;
}

/* False: something other than this file is wrong, see err. */
static bool import_file(struct folder *f, struct folder_file *file, struct error *err)
{
    struct reader *r = f->reader;
    enum store_file_state known;

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
    if (!is_files_own_fault(r, file, err))
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
        if (!reading_open(r, err))
            return false;
        if (child_settle(r->child, file->name, file->sha256, err))
            file->state = FILE_SETTLED;
        else if (is_files_own_fault(r, file, err))
            fail_file(f, file, err);
        else
            return false;
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
    if (!reading_refresh(f->reader, err) || !scan(f, err))
        return false;
    for (size_t i = 0; i < f->count; i++) {
        if (f->files[i].state != FILE_COMPLETE)
            continue;
        if (os_event_is_set(f->reader->options.stop) || !reading_wait_for_room(f->reader))
            return true;
        reading_report(f->reader, STATE_IMPORTING, NULL);
        if (!import_file(f, &f->files[i], err))
            return false;
    }
    return settle_delivered(f, err);
}

static bool is_work_left(const struct folder *f)
{
    return count_state(f, FILE_GROWING) > 0 || count_state(f, FILE_IMPORTED) > 0;
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
    reading_waits_for_upload(r, count_state(f, FILE_GROWING) == 0 &&
                                    count_state(f, FILE_IMPORTED) > 0);
    reading_report(r, reason != NULL ? STATE_FAILED : STATE_IDLE, reason);
}

void folder_run(struct reader *reader)
{
    struct folder folder = {
        .reader = reader,
        .facts = reader->config->connector->files->folder(reader->config->connector_settings),
        .heard = os_event_new(),
        .places = map_new(MAP_NONE - 1),
    };
    struct error err;
    bool goes_on = true;

    while (goes_on) {
        if (!work(&folder, &err)) {
            goes_on = !os_event_is_set(reader->options.stop) && reading_try_again(reader, &err);
            continue;
        }
        report_rest(&folder);
        goes_on = (!reader->options.once || is_work_left(&folder)) &&
                  reading_wait_also(reader, folder.heard, pause_ms(&folder));
    }

    os_watch_stop(folder.watch);
    for (size_t i = 0; i < folder.count; i++)
        forget(&folder.files[i]);
    os_free(folder.files);
    map_free(folder.places);
    os_event_free(folder.heard);
}
