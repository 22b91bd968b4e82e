/* SPDX-License-Identifier: Apache-2.0 */
/* os_process_posix.c - this program started again with a pipe pair; libraries at run time (Linux)
 */
#define _GNU_SOURCE
#include "agent/base/os_process.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/os.h"
#include "agent/base/os_posix.h"

#define PIPE_SIZE      (1024 * 1024) /* a whole frame: its reader wakes once */
#define ORDERS         3             /* where os_pipe_take puts the child's side */
#define ANSWERS        4
#define STATUS_NO_EXEC 127
#define MEMORY_MOST    ((rlim_t)CLOUD_LINK_SOURCE_MEMORY << 20) /* a driver may leak; see CMake */

struct os_child {
    pid_t id;
    int orders;  /* we write */
    int answers; /* we read */
};

static const char *const inherited[] = {"PATH",    "HOME",       "TZ",
                                        "ODBCINI", "ODBCSYSINI", "ODBCINSTINI"};
#define INHERITED_COUNT (sizeof inherited / sizeof inherited[0])

/* All that the child needs, made before the fork: after it only system calls are safe, because
 * another thread may have held a lock of the C library. */
struct launch {
    char **arguments;
    char *environment[INHERITED_COUNT + 2];
    int orders[2]; /* read end, write end */
    int answers[2];
    int failure[2]; /* closed by a successful execve, else it carries the errno */
    pid_t parent;
};

static char *print_variable(const char *name, const char *value)
{
    const size_t size = strlen(name) + strlen(value) + 2;
    char *text = os_alloc(size);

    snprintf(text, size, "%s=%s", name, value);
    return text;
}

static void prepare(struct launch *launch, const char *const *arguments)
{
    size_t count = 0;

    while (arguments[count] != NULL)
        count++;
    launch->arguments = os_alloc((count + 2) * sizeof *launch->arguments);
    launch->arguments[0] = os_copy_text("cloud-link");
    for (size_t i = 0; i < count; i++)
        launch->arguments[i + 1] = os_copy_text(arguments[i]);

    size_t set = 0;
    launch->environment[set++] = print_variable("LANG", "C.UTF-8");
    for (size_t i = 0; i < INHERITED_COUNT; i++) {
        const char *value = os_variable(inherited[i]);
        if (value != NULL)
            launch->environment[set++] = print_variable(inherited[i], value);
    }
    launch->parent = getpid();
}

static void forget(struct launch *launch)
{
    for (char **argument = launch->arguments; *argument != NULL; argument++)
        os_free(*argument);
    os_free(launch->arguments);
    for (char **variable = launch->environment; *variable != NULL; variable++)
        os_free(*variable);
}

static void close_pair(const int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0)
            close(pair[i]);
    }
}

/* Nothing of ours but 0, 1 and 2 passes execve. Old kernels do not know close_range. */
static void close_the_rest(void)
{
    struct rlimit limit;

    if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0 ||
        getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    for (int i = STDERR_FILENO + 1; i < (int)limit.rlim_cur; i++)
        fcntl(i, F_SETFD, FD_CLOEXEC);
}

/* Ends in the new program or not at all. Ctrl-C reaches the whole group, a service manager's TERM
 * the whole service: the child leaves both to its parent, which lets the slice end. */
static _Noreturn void become_child(const struct launch *launch)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    const struct rlimit none = {0, 0};
    const struct rlimit memory = {MEMORY_MOST, MEMORY_MOST};
    sigset_t nothing;

    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        sigaction(ignored[i], &ignore, NULL);
    sigemptyset(&nothing);
    sigprocmask(SIG_SETMASK, &nothing, NULL);
    prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL);
    if (getppid() != launch->parent) /* it ended before we could ask to die with it */
        _exit(STATUS_NO_EXEC);
    prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL);
    setrlimit(RLIMIT_CORE, &none);
    if (memory.rlim_max > 0)
        setrlimit(RLIMIT_DATA, &memory);
    if (dup2(launch->orders[0], STDIN_FILENO) >= 0 &&
        dup2(launch->answers[1], STDOUT_FILENO) >= 0) {
        close_the_rest();
        execve("/proc/self/exe", launch->arguments, launch->environment);
    }
    const int number = errno;
    const ssize_t written = write(launch->failure[1], &number, sizeof number);
    (void)written;
    _exit(STATUS_NO_EXEC);
}

/* Waits for the execve: a child that is to die with this thread has asked for it by then. */
static bool has_started(struct launch *launch, pid_t id, struct error *err)
{
    int number = 0;
    ssize_t got;

    close(launch->failure[1]);
    launch->failure[1] = -1;
    do
        got = read(launch->failure[0], &number, sizeof number);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return true;
    waitpid(id, NULL, 0);
    return error_set(err, ERROR_RETRY, "cannot start a process: %s", strerror(number));
}

static void keep_open_without_blocking(int descriptor)
{
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

struct os_child *os_child_start(const char *const *arguments, struct error *err)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct launch launch = {.orders = {-1, -1}, .answers = {-1, -1}, .failure = {-1, -1}};
    struct os_child *child = NULL;

    prepare(&launch, arguments);
    if (pipe2(launch.orders, O_CLOEXEC) != 0 || pipe2(launch.answers, O_CLOEXEC) != 0 ||
        pipe2(launch.failure, O_CLOEXEC) != 0) {
        error_set(err, ERROR_RETRY, "cannot make a pipe: %s", strerror(errno));
        goto out;
    }
    fcntl(launch.answers[0], F_SETPIPE_SZ, PIPE_SIZE); /* refused: it stays as it is */
    sigaction(SIGPIPE, &ignore, NULL); /* writing to a dead child is a result, not a signal */
    const pid_t id = fork();
    if (id < 0) {
        error_set(err, ERROR_RETRY, "cannot start a process: %s", strerror(errno));
        goto out;
    }
    if (id == 0)
        become_child(&launch);
    if (!has_started(&launch, id, err))
        goto out;
    child = os_alloc(sizeof *child);
    *child = (struct os_child){id, launch.orders[1], launch.answers[0]};
    keep_open_without_blocking(child->orders);
    keep_open_without_blocking(child->answers);
    launch.orders[1] = -1;
    launch.answers[0] = -1;
out:
    close_pair(launch.orders);
    close_pair(launch.answers);
    close_pair(launch.failure);
    forget(&launch);
    return child;
}

void os_child_end(struct os_child *child, char how[64])
{
    int status = 0;
    pid_t ended;

    if (child == NULL)
        return;
    close(child->orders);
    close(child->answers);
    kill(child->id, SIGKILL); /* one that has ended keeps its status */
    do
        ended = waitpid(child->id, &status, 0);
    while (ended < 0 && errno == EINTR);
    os_free(child);
    if (how == NULL)
        return;
    if (WIFEXITED(status))
        snprintf(how, 64, "ended with status %d", WEXITSTATUS(status));
    else if (WTERMSIG(status) == SIGKILL)
        snprintf(how, 64, "was killed");
    else
        snprintf(how, 64, "ended by signal %d", WTERMSIG(status));
}

int64_t os_child_id(const struct os_child *child)
{
    return child->id;
}

enum os_pipe_result os_await(int descriptor, short ready, int64_t deadline_ms,
                             const struct os_event *stop)
{
    struct pollfd places[] = {
        {.fd = stop != NULL ? stop->descriptor : -1, .events = POLLIN},
        {.fd = descriptor, .events = ready},
    };

    for (;;) {
        const int timeout_ms = os_poll_timeout(deadline_ms);
        const int count = poll(places, 2, timeout_ms);
        if (count > 0)
            return places[0].revents != 0 ? OS_PIPE_STOPPED : OS_PIPE_OK;
        if (timeout_ms == 0)
            return OS_PIPE_TIMEOUT;
    }
}

enum os_pipe_result os_child_read(struct os_child *child, void *data, size_t size,
                                  int64_t deadline_ms, struct os_event *stop)
{
    for (char *at = data; size > 0;) {
        const ssize_t got = read(child->answers, at, size);
        if (got > 0) {
            at += got;
            size -= (size_t)got;
            continue;
        }
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            return OS_PIPE_CLOSED;
        const enum os_pipe_result result = os_await(child->answers, POLLIN, deadline_ms, stop);
        if (result != OS_PIPE_OK)
            return result;
    }
    return OS_PIPE_OK;
}

enum os_pipe_result os_child_write(struct os_child *child, const void *data, size_t size,
                                   int64_t deadline_ms, struct os_event *stop)
{
    for (const char *at = data; size > 0;) {
        const ssize_t written = write(child->orders, at, size);
        if (written > 0) {
            at += written;
            size -= (size_t)written;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return OS_PIPE_CLOSED;
        const enum os_pipe_result result = os_await(child->orders, POLLOUT, deadline_ms, stop);
        if (result != OS_PIPE_OK)
            return result;
    }
    return OS_PIPE_OK;
}

void os_pipe_take(void)
{
    dup3(STDIN_FILENO, ORDERS, O_CLOEXEC);
    dup3(STDOUT_FILENO, ANSWERS, O_CLOEXEC);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    close(nothing);
}

enum os_pipe_result os_pipe_read(void *data, size_t size, int64_t timeout_ms)
{
    const int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : os_monotonic_ms() + timeout_ms;

    for (char *at = data; size > 0;) {
        const enum os_pipe_result result = os_await(ORDERS, POLLIN, deadline_ms, NULL);
        if (result != OS_PIPE_OK)
            return result;
        const ssize_t got = read(ORDERS, at, size);
        if (got == 0 || (got < 0 && errno != EINTR))
            return OS_PIPE_CLOSED;
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
    return OS_PIPE_OK;
}

enum os_pipe_result os_pipe_write(const void *data, size_t size)
{
    for (const char *at = data; size > 0;) {
        const ssize_t written = write(ANSWERS, at, size);
        if (written < 0 && errno != EINTR)
            return OS_PIPE_CLOSED;
        if (written > 0) {
            at += written;
            size -= (size_t)written;
        }
    }
    return OS_PIPE_OK;
}

struct os_library *os_library_open(const char *const *names)
{
    for (; *names != NULL; names++) {
        void *handle = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
        if (handle != NULL)
            return handle;
    }
    return NULL;
}

bool os_library_function(struct os_library *library, const char *name, void *function)
{
    void *address = dlsym(library, name);

    if (address == NULL)
        return false;
    memcpy(function, &address, sizeof address); /* ISO C has no cast from data to function */
    return true;
}
