/* SPDX-License-Identifier: Apache-2.0 */
/* os_file_posix.c - files and folders, durably, on Linux */
#define _GNU_SOURCE
#include "agent/base/os_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/base/os_posix.h"

#define READ_SIZE ((size_t)64 * 1024)

struct os_file {
    int descriptor;
    char *name; /* for messages */
};

enum error_kind os_errno_kind(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
    case EEXIST:
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EROFS:
    case ELOOP:
    case ENAMETOOLONG:
        return ERROR_CONFIG;
    default: /* a full disk, a lost network share: mended without us */
        return ERROR_RETRY;
    }
}

static bool fail(struct error *err, const char *deed, const char *path)
{
    return error_set(err, os_errno_kind(errno), "cannot %s %s: %s", deed, path, strerror(errno));
}

static bool read_all(int descriptor, const char *path, struct bytes *out, struct error *err)
{
    for (;;) {
        const size_t room = out->limit - out->size < READ_SIZE ? out->limit - out->size : READ_SIZE;
        uint8_t spare[1]; /* a full buffer asks for one byte more: is there any? */
        uint8_t *place = room > 0 ? bytes_reserve(out, room) : spare;
        const ssize_t got = read(descriptor, place, room > 0 ? room : sizeof spare);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(err, "read", path);
        if (got == 0)
            return true;
        if (room == 0)
            return error_set(err, ERROR_CONFIG, "%s is larger than %zu bytes", path, out->limit);
        bytes_grown(out, (size_t)got);
    }
}

static bool read_file(const char *path, bool must_be_private, struct bytes *out, struct error *err)
{
    const size_t size_before = out->size;
    bool done = false;
    struct stat facts;

    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return fail(err, "open", path);
    if (must_be_private && (fstat(descriptor, &facts) != 0 || (facts.st_mode & 077) != 0)) {
        error_set(err, ERROR_CONFIG, "%s may be read by others: run chmod 600 on it", path);
        goto out;
    }
    done = read_all(descriptor, path, out, err);
out:
    if (!done)
        out->size = size_before;
    close(descriptor);
    return done;
}

bool os_file_read(const char *path, struct bytes *out, struct error *err)
{
    return read_file(path, false, out, err);
}

bool os_file_read_private(const char *path, struct bytes *out, struct error *err)
{
    return read_file(path, true, out, err);
}

static bool write_all(int descriptor, const void *data, size_t size)
{
    for (const char *at = data; size > 0;) {
        const ssize_t written = write(descriptor, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        at += written;
        size -= (size_t)written;
    }
    return true;
}

static bool sync_folder_of(const char *path, struct error *err)
{
    char folder[PATH_MAX];

    os_path_folder(path, folder, sizeof folder);
    const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return fail(err, "open", folder);
    const bool synced = fsync(descriptor) == 0 || fail(err, "sync", folder);
    close(descriptor);
    return synced;
}

/* Beside the file under a fixed name, then renamed over it: readers see the old or the new, and a
 * crash leaves at most one such remnant, which the next write takes away. */
static bool write_beside(const char *path, const void *data, size_t size, bool durably,
                         struct error *err)
{
    char beside[PATH_MAX];

    if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside)
        return error_set(err, ERROR_CONFIG, "the path is too long: %s", path);
    unlink(beside);
    const int descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return fail(err, "create", beside);
    bool done = write_all(descriptor, data, size) || fail(err, "write", beside);
    if (done && durably && fsync(descriptor) != 0)
        done = fail(err, "write", beside);
    close(descriptor);
    if (done && rename(beside, path) != 0)
        done = fail(err, "replace", path);
    if (!done)
        unlink(beside);
    return done;
}

bool os_file_write(const char *path, const void *data, size_t size, struct error *err)
{
    return write_beside(path, data, size, true, err) && sync_folder_of(path, err);
}

bool os_file_replace(const char *path, const void *data, size_t size, struct error *err)
{
    return write_beside(path, data, size, false, err);
}

bool os_file_remove(const char *path, struct error *err)
{
    return unlink(path) == 0 || errno == ENOENT || fail(err, "remove", path);
}

bool os_file_exists(const char *path)
{
    struct stat facts;

    return stat(path, &facts) == 0;
}

bool os_file_rename(const char *from, const char *to, struct error *err)
{
    if (rename(from, to) != 0)
        return fail(err, "rename", from);
    return sync_folder_of(to, err) && sync_folder_of(from, err);
}

int64_t os_modified_ns(const struct stat *facts)
{
    return (int64_t)facts->st_mtim.tv_sec * 1000000000 + facts->st_mtim.tv_nsec;
}

/* One step of a mixing hash: every bit of value reaches every bit of the sum. */
static uint64_t mix(uint64_t sum, uint64_t value)
{
    sum = (sum ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return sum ^ (sum >> 29);
}

bool os_file_mark(const char *path, uint64_t *mark)
{
    struct stat facts;

    if (stat(path, &facts) != 0)
        return false;
    uint64_t sum = mix(0, (uint64_t)os_modified_ns(&facts));
    sum = mix(sum, (uint64_t)facts.st_size);
    *mark = mix(sum, (uint64_t)facts.st_ino);
    return true;
}

static struct os_file *file_new(int descriptor, const char *name)
{
    struct os_file *file = os_alloc(sizeof *file);

    file->descriptor = descriptor;
    file->name = os_copy_text(name);
    return file;
}

/* Out of descriptors or memory is our trouble, anything else the file's. */
static bool refuse(struct error *err, const char *name)
{
    const int number = errno;
    const bool is_ours = number == EMFILE || number == ENFILE || number == ENOMEM || number == EIO;

    if (number == ELOOP)
        return error_set(err, ERROR_DATA, "%s is a link, and links are not followed", name);
    return error_set(err, is_ours ? ERROR_RETRY : ERROR_DATA, "cannot open %s: %s", name,
                     strerror(number));
}

struct os_file *os_file_open(const char *folder, const char *name, struct error *err)
{
    struct os_file *file = NULL;
    struct stat facts;
    int descriptor = -1;

    if (strchr(name, '/') != NULL) {
        error_set(err, ERROR_DATA, "%s is a path, not a name", name);
        return NULL;
    }
    const int place = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place < 0) {
        fail(err, "open", folder);
        goto out;
    }
    /* Not blocking: opening a FIFO would wait for its writer. */
    descriptor = openat(place, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0 || fstat(descriptor, &facts) != 0) {
        refuse(err, name);
        goto out;
    }
    if (!S_ISREG(facts.st_mode)) {
        error_set(err, ERROR_DATA, "%s is not a regular file", name);
        goto out;
    }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
    file = file_new(descriptor, name);
    descriptor = -1;
out:
    if (descriptor >= 0)
        close(descriptor);
    if (place >= 0)
        close(place);
    return file;
}

void os_file_close(struct os_file *file)
{
    if (file == NULL)
        return;
    close(file->descriptor);
    os_free(file->name);
    os_free(file);
}

bool os_file_facts(struct os_file *file, uint64_t *size, int64_t *modified)
{
    struct stat facts;

    if (fstat(file->descriptor, &facts) != 0)
        return false;
    *size = (uint64_t)facts.st_size;
    *modified = os_modified_ns(&facts);
    return true;
}

int64_t os_file_next(struct os_file *file, void *data, size_t size, struct error *err)
{
    ssize_t got;

    do
        got = read(file->descriptor, data, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        fail(err, "read", file->name);
    return got;
}

bool os_file_rewind(struct os_file *file, struct error *err)
{
    return lseek(file->descriptor, 0, SEEK_SET) == 0 || fail(err, "read again", file->name);
}

struct os_file *os_scratch_open(const char *folder, struct error *err)
{
    char path[PATH_MAX];
    int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (descriptor < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        /* A file system without unnamed files: named for a moment. */
        snprintf(path, sizeof path, "%s/scratch.XXXXXX", folder);
        descriptor = mkostemp(path, O_CLOEXEC);
        if (descriptor >= 0)
            unlink(path);
    }
    if (descriptor < 0) {
        fail(err, "create a scratch file in", folder);
        return NULL;
    }
    return file_new(descriptor, "the scratch file");
}

bool os_scratch_write(struct os_file *file, const void *data, size_t size, struct error *err)
{
    return write_all(file->descriptor, data, size) || fail(err, "write", file->name);
}

bool os_scratch_read(struct os_file *file, uint64_t offset, void *data, size_t size,
                     struct error *err)
{
    for (char *at = data; size > 0;) {
        const ssize_t got = pread(file->descriptor, at, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(err, "read", file->name);
        if (got == 0)
            return error_set(err, ERROR_RETRY, "%s is shorter than written", file->name);
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}
