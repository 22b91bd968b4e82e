/* SPDX-License-Identifier: Apache-2.0 */
/* os_lock_posix.c - one process at a time, by a lock on a file that stays (Linux)
 *
 * An open file description lock: the system lets go of it when the process ends, however it ends,
 * and closing another descriptor of the same file does not lose it. The file holds the process
 * number in digits, for messages alone; it is never removed, because whoever waits for a removed
 * file's lock holds nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/base/os_posix.h"

#define DIGITS_SIZE 24

struct os_lock {
    int descriptor;
};

/* The digits at the start of the file; "unknown" when there are none. */
static void read_holder(int descriptor, char holder[DIGITS_SIZE])
{
    const ssize_t got = pread(descriptor, holder, DIGITS_SIZE - 1, 0);

    holder[got > 0 ? got : 0] = '\0';
    holder[strspn(holder, "0123456789")] = '\0';
    if (holder[0] == '\0')
        snprintf(holder, DIGITS_SIZE, "unknown");
}

static void write_holder(int descriptor)
{
    char holder[DIGITS_SIZE];
    const int length = snprintf(holder, sizeof holder, "%ld\n", (long)getpid());

    /* Without it only a message is poorer: a full disk must not keep the agent from its work. */
    if (ftruncate(descriptor, 0) == 0) {
        const ssize_t written = pwrite(descriptor, holder, (size_t)length, 0);
        (void)written;
    }
}

struct os_lock *os_lock_take(const char *path, struct error *err)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char holder[DIGITS_SIZE];

    const int descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        error_set(err, os_errno_kind(errno), "cannot open %s: %s", path, strerror(errno));
        return NULL;
    }
    if (fcntl(descriptor, F_OFD_SETLK, &whole) != 0) {
        const int number = errno;
        read_holder(descriptor, holder);
        close(descriptor);
        if (number == EAGAIN || number == EACCES)
            error_set(err, ERROR_FATAL, "process %s holds %s: one at a time", holder, path);
        else
            error_set(err, ERROR_FATAL, "cannot lock %s: %s", path, strerror(number));
        return NULL;
    }
    write_holder(descriptor);
    struct os_lock *lock = os_alloc(sizeof *lock);
    lock->descriptor = descriptor;
    return lock;
}

void os_lock_release(struct os_lock *lock)
{
    if (lock == NULL)
        return;
    close(lock->descriptor);
    os_free(lock);
}

bool os_lock_is_held(const char *path)
{
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    const int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (descriptor < 0)
        return false;
    const bool asked = fcntl(descriptor, F_OFD_GETLK, &whole) == 0;
    close(descriptor);
    return asked && whole.l_type != F_UNLCK;
}
