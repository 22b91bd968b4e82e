/* SPDX-License-Identifier: Apache-2.0 */
/* os_listener_posix.c - a local socket only its owner can reach: one line each way (Linux)
 *
 *     caller                 listener
 *     request \n, shuts ->
 *                         <- answer \n, closes
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/base/os_posix.h"

#define WAITING_MOST 16
#define PATIENCE_MS  5000 /* for a caller to say its line, and to take the answer */

struct os_listener {
    int descriptor;
    int caller; /* -1: none */
    char *path;
};

/* A socket's address holds 107 bytes of path. Ours goes by way of the folder's descriptor, which
 * the caller closes when the address has been used. -1: no such folder, or too long a name. */
static int address_of(const char *path, struct sockaddr_un *address)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    const int place =
        open(os_path_folder(path, folder, sizeof folder), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place < 0)
        return -1;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    const int length = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s",
                                place, slash != NULL ? slash + 1 : path);
    if (length < (int)sizeof address->sun_path)
        return place;
    close(place);
    errno = ENAMETOOLONG;
    return -1;
}

struct os_listener *os_listener_open(const char *path, struct error *err)
{
    struct os_listener *listener = NULL;
    struct sockaddr_un address;

    const int place = address_of(path, &address);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (place < 0 || descriptor < 0)
        goto out;
    unlink(path); /* of an agent that was killed: the state folder's lock is ours */
    if (bind(descriptor, (const struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(path, 0600) != 0 || listen(descriptor, WAITING_MOST) != 0)
        goto out;
    listener = os_alloc(sizeof *listener);
    *listener = (struct os_listener){descriptor, -1, os_copy_text(path)};
out:
    if (listener == NULL) {
        error_set(err, os_errno_kind(errno), "cannot listen at %s: %s", path, strerror(errno));
        if (descriptor >= 0)
            close(descriptor);
    }
    if (place >= 0)
        close(place);
    return listener;
}

static void hang_up(struct os_listener *listener)
{
    if (listener->caller >= 0)
        close(listener->caller);
    listener->caller = -1;
}

void os_listener_close(struct os_listener *listener)
{
    if (listener == NULL)
        return;
    hang_up(listener);
    unlink(listener->path);
    close(listener->descriptor);
    os_free(listener->path);
    os_free(listener);
}

static bool may_call(int caller)
{
    struct ucred who;
    socklen_t size = sizeof who;

    return getsockopt(caller, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
           (who.uid == 0 || who.uid == geteuid());
}

static bool read_line(int caller, struct os_event *stop, char *line, size_t size)
{
    const int64_t deadline_ms = os_monotonic_ms() + PATIENCE_MS;

    for (size_t length = 0; length < size;) {
        if (os_await(caller, POLLIN, deadline_ms, stop) != OS_PIPE_OK)
            return false;
        const ssize_t got = recv(caller, line + length, size - length, 0);
        if (got <= 0)
            return false;
        char *end = memchr(line + length, '\n', (size_t)got);
        if (end != NULL) {
            *end = '\0';
            return true;
        }
        length += (size_t)got;
    }
    return false;
}

bool os_listener_next(struct os_listener *listener, struct os_event *stop, char *line, size_t size)
{
    for (;;) {
        hang_up(listener);
        if (os_await(listener->descriptor, POLLIN, INT64_MAX, stop) != OS_PIPE_OK)
            return false;
        listener->caller = accept4(listener->descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (listener->caller >= 0 && may_call(listener->caller) &&
            read_line(listener->caller, stop, line, size))
            return true;
    }
}

static enum os_pipe_result send_all(int descriptor, const char *data, size_t size,
                                    int64_t deadline_ms)
{
    while (size > 0) {
        const enum os_pipe_result result = os_await(descriptor, POLLOUT, deadline_ms, NULL);
        if (result != OS_PIPE_OK)
            return result;
        const ssize_t sent = send(descriptor, data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return OS_PIPE_CLOSED;
        if (sent > 0) {
            data += sent;
            size -= (size_t)sent;
        }
    }
    return OS_PIPE_OK;
}

void os_listener_answer(struct os_listener *listener, const char *answer, size_t size)
{
    const int64_t deadline_ms = os_monotonic_ms() + PATIENCE_MS;

    assert(listener->caller >= 0); /* one answer a caller */
    if (send_all(listener->caller, answer, size, deadline_ms) == OS_PIPE_OK)
        (void)send_all(listener->caller, "\n", 1, deadline_ms);
    hang_up(listener);
}

static int connect_to(const char *path, struct error *err)
{
    struct sockaddr_un address;
    const int place = address_of(path, &address);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (place >= 0 && descriptor >= 0 &&
        connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0) {
        close(place);
        return descriptor;
    }
    const int number = errno;
    if (number == ENOENT || number == ECONNREFUSED)
        error_set(err, ERROR_RETRY, "no agent is running (nobody listens at %s)", path);
    else
        error_set(err, number == EAGAIN ? ERROR_RETRY : os_errno_kind(number),
                  "cannot reach the agent at %s: %s", path, strerror(number));
    if (place >= 0)
        close(place);
    if (descriptor >= 0)
        close(descriptor);
    return -1;
}

/* Until the listener closes; the line end is cut. */
static enum os_pipe_result read_answer(int descriptor, int64_t deadline_ms, struct bytes *answer)
{
    for (;;) {
        const enum os_pipe_result result = os_await(descriptor, POLLIN, deadline_ms, NULL);
        if (result != OS_PIPE_OK)
            return result;
        char data[4096];
        const ssize_t got = recv(descriptor, data, sizeof data, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got < 0)
            return OS_PIPE_CLOSED;
        if (got > 0) {
            bytes_append(answer, data, (size_t)got);
            continue;
        }
        if (answer->overflow || answer->size == 0 || answer->data[answer->size - 1] != '\n')
            return OS_PIPE_CLOSED;
        answer->size--;
        return OS_PIPE_OK;
    }
}

bool os_call(const char *path, const char *line, int64_t timeout_ms, struct bytes *answer,
             struct error *err)
{
    const int64_t deadline_ms = os_monotonic_ms() + timeout_ms;
    const size_t size_before = answer->size;
    const int descriptor = connect_to(path, err);

    if (descriptor < 0)
        return false;
    enum os_pipe_result result = send_all(descriptor, line, strlen(line), deadline_ms);
    if (result == OS_PIPE_OK)
        result = send_all(descriptor, "\n", 1, deadline_ms);
    if (result == OS_PIPE_OK)
        result = read_answer(descriptor, deadline_ms, answer);
    close(descriptor);
    if (result == OS_PIPE_OK)
        return true;
    answer->size = size_before;
    return error_set(err, ERROR_RETRY,
                     result == OS_PIPE_TIMEOUT ? "the agent at %s does not answer"
                                               : "the agent at %s hung up without an answer",
                     path);
}
