/* SPDX-License-Identifier: Apache-2.0 */
/* os_file.h - files and folders, durably; paths are UTF-8 */
#ifndef AGENT_BASE_OS_FILE_H
#define AGENT_BASE_OS_FILE_H

#include <stdint.h>

#include "agent/base/error.h"

struct bytes;
struct os_event;

/* Appends the whole file; more than the buffer's limit fails. A missing file: ERROR_CONFIG. */
bool os_file_read(const char *path, struct bytes *out, struct error *err) MUST_USE;
/* Like os_file_read, but refuses a file that group or others may read. */
bool os_file_read_private(const char *path, struct bytes *out, struct error *err) MUST_USE;
/* Atomically, 0600: temporary file, sync, rename, sync of the folder. */
bool os_file_write(const char *path, const void *data, size_t size, struct error *err) MUST_USE;
/* The same without the syncs: for what is rewritten every second. */
bool os_file_replace(const char *path, const void *data, size_t size, struct error *err) MUST_USE;
bool os_file_remove(const char *path, struct error *err) MUST_USE; /* missing is fine */
bool os_file_exists(const char *path);
bool os_file_rename(const char *from, const char *to, struct error *err) MUST_USE; /* durably */
/* When it was changed and how big it is; false when missing. mark: any change changes it. */
bool os_file_mark(const char *path, uint64_t *mark);

/* With parents, 0700; one that exists is left as it is. */
bool os_folder_make(const char *path, struct error *err) MUST_USE;
/* Absolute form of path, relative ones against folder (NULL: the working folder). "": too long. */
const char *os_path_join(const char *folder, const char *path, char *out, size_t size);
const char *os_path_folder(const char *path, char *out, size_t size);

/* What a folder holds. Only plain facts: nothing is opened or followed. */
struct os_entry {
    const char *name; /* lent for the call; as the system has it, not necessarily UTF-8 */
    bool is_regular;  /* not a folder, link, FIFO, device */
    uint64_t size;
    int64_t modified_ns;
};
bool os_folder_list(const char *path, void (*visit)(void *context, const struct os_entry *entry),
                    void *context, struct error *err) MUST_USE;
/* Paths that match a pattern with * and ? in its last part, sorted. Returns NULL-terminated. */
char **os_glob(const char *pattern);
void os_glob_free(char **paths);
/* * and ? (one character). A leading dot, of hidden or half-written files, only matches a dot. */
bool os_name_matches(const char *pattern, const char *name);

/* A regular file opened for reading: no link followed, checked after opening (ERROR_DATA else). */
struct os_file;
struct os_file *os_file_open(const char *folder, const char *name, struct error *err) MUST_USE;
void os_file_close(struct os_file *file);
bool os_file_facts(struct os_file *file, uint64_t *size, int64_t *modified_ns);
/* Bytes read, 0 at the end, -1 and err. */
int64_t os_file_next(struct os_file *file, void *data, size_t size, struct error *err) MUST_USE;
bool os_file_rewind(struct os_file *file, struct error *err) MUST_USE;

/* An unnamed scratch file in folder, 0600, gone with the process. Written at its end. */
struct os_file *os_scratch_open(const char *folder, struct error *err) MUST_USE;
bool os_scratch_write(struct os_file *file, const void *data, size_t size,
                      struct error *err) MUST_USE;
bool os_scratch_read(struct os_file *file, uint64_t offset, void *data, size_t size,
                     struct error *err) MUST_USE;

/* One process at a time. NULL: another holds it (ERROR_FATAL, says its process number). */
struct os_lock;
struct os_lock *os_lock_take(const char *path, struct error *err) MUST_USE;
void os_lock_release(struct os_lock *lock);
bool os_lock_is_held(const char *path);

/* The event is also set while names wait: of files closed after writing, or renamed in. A hint:
 * network shares give none. NULL: not possible. Started and stopped while nobody waits. */
struct os_watch;
struct os_watch *os_watch_start(const char *folder, struct os_event *event);
void os_watch_stop(struct os_watch *watch);
/* Names completed since the last call; lent for the visit. */
void os_watch_take(struct os_watch *watch, void (*visit)(void *context, const char *name),
                   void *context);

#endif
