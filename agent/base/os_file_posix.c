/* SPDX-License-Identifier: Apache-2.0 */
/* os_file_posix.c - files and folders, durably, on Linux */
#define _GNU_SOURCE
#include "agent/base/os_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/base/os_posix.h"

#define READ_SIZE ((size_t)64 * 1024)

enum error_kind os_errno_kind(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
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

static int64_t modified_ns(const struct stat *facts)
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
    uint64_t sum = mix(0, (uint64_t)modified_ns(&facts));
    sum = mix(sum, (uint64_t)facts.st_size);
    *mark = mix(sum, (uint64_t)facts.st_ino);
    return true;
}

const char *os_path_folder(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        snprintf(out, size, ".");
    else
        snprintf(out, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return out;
}
