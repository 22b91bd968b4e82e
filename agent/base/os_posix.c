/* SPDX-License-Identifier: Apache-2.0 */
/* os_posix.c - memory, time, threads and waiting on Linux */
#define _GNU_SOURCE
#include "agent/base/os.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/os_posix.h"

#define EVENTS_MOST 8

struct os_mutex {
    pthread_mutex_t handle;
};

struct os_thread {
    pthread_t handle;
    void (*run)(void *);
    void *argument;
};

/* Only the signal handler reads it: a handler has no other way to know its event. */
static struct os_event *volatile signalled;

static _Noreturn void end_for_want_of(const char *what)
{
    fprintf(stderr, "cloud-link: out of %s\n", what);
    os_exit_now(EXIT_FAILURE);
}

void os_out_of_memory(void)
{
    end_for_want_of("memory");
}

void *os_alloc(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);

    if (memory == NULL)
        os_out_of_memory();
    return memory;
}

void *os_resize(void *memory, size_t size)
{
    void *resized = realloc(memory, size > 0 ? size : 1);

    if (resized == NULL)
        os_out_of_memory();
    return resized;
}

void os_free(void *memory)
{
    free(memory);
}

char *os_copy_text(const char *text)
{
    if (text == NULL)
        return NULL;
    const size_t size = strlen(text) + 1;
    return memcpy(os_alloc(size), text, size);
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

utc_ms os_now(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t os_monotonic_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

int64_t os_utc_offset_now_ms(utc_ms at)
{
    const time_t seconds = (time_t)(at / UTC_SECOND);
    struct tm local;

    /* The one use of the C library's zones: it alone knows what the machine's own zone is. */
    if (localtime_r(&seconds, &local) == NULL)
        return 0;
    return (int64_t)local.tm_gmtoff * UTC_SECOND;
}

struct os_mutex *os_mutex_new(void)
{
    struct os_mutex *mutex = os_alloc(sizeof *mutex);

    pthread_mutex_init(&mutex->handle, NULL);
    return mutex;
}

void os_mutex_free(struct os_mutex *mutex)
{
    if (mutex == NULL)
        return;
    pthread_mutex_destroy(&mutex->handle);
    os_free(mutex);
}

void os_mutex_lock(struct os_mutex *mutex)
{
    pthread_mutex_lock(&mutex->handle);
}

void os_mutex_unlock(struct os_mutex *mutex)
{
    pthread_mutex_unlock(&mutex->handle);
}

static void *thread_main(void *argument)
{
    const struct os_thread *thread = argument;

    thread->run(thread->argument);
    return NULL;
}

struct os_thread *os_thread_start(void (*run)(void *), void *argument)
{
    struct os_thread *thread = os_alloc(sizeof *thread);

    thread->run = run;
    thread->argument = argument;
    if (pthread_create(&thread->handle, NULL, thread_main, thread) != 0)
        end_for_want_of("threads");
    return thread;
}

void os_thread_join(struct os_thread *thread)
{
    if (thread == NULL)
        return;
    pthread_join(thread->handle, NULL);
    os_free(thread);
}

struct os_event *os_event_new(void)
{
    struct os_event *event = os_alloc(sizeof *event);

    event->watched = -1;
    event->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event->descriptor < 0)
        end_for_want_of("descriptors");
    return event;
}

void os_event_free(struct os_event *event)
{
    if (event == NULL)
        return;
    close(event->descriptor);
    os_free(event);
}

void os_event_set(struct os_event *event)
{
    const int number = errno; /* we may be in a signal handler */
    const uint64_t one = 1;

    /* Fails only when the counter is full: then it is set already. */
    const ssize_t written = write(event->descriptor, &one, sizeof one);
    (void)written;
    errno = number;
}

void os_event_reset(struct os_event *event)
{
    uint64_t count;

    /* Fails only when it is not set. */
    const ssize_t got = read(event->descriptor, &count, sizeof count);
    (void)got;
}

bool os_event_is_set(struct os_event *event)
{
    return os_event_wait(&event, 1, 0) == 0;
}

int os_poll_timeout(int64_t deadline_ms)
{
    if (deadline_ms == INT64_MAX)
        return -1;
    const int64_t left_ms = deadline_ms - os_monotonic_ms();
    if (left_ms <= 0)
        return 0;
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

int os_event_wait(struct os_event *const *events, int count, int64_t timeout_ms)
{
    const int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : os_monotonic_ms() + timeout_ms;
    struct pollfd places[EVENTS_MOST][2];

    assert(count <= EVENTS_MOST);
    for (int i = 0; i < count; i++) {
        places[i][0] = (struct pollfd){.fd = events[i]->descriptor, .events = POLLIN};
        places[i][1] = (struct pollfd){.fd = events[i]->watched, .events = POLLIN};
    }
    for (;;) {
        const int ready = poll(places[0], 2 * (nfds_t)count, os_poll_timeout(deadline_ms));
        for (int i = 0; ready > 0 && i < count; i++) {
            if (places[i][0].revents != 0 || places[i][1].revents != 0)
                return i;
        }
        if (os_poll_timeout(deadline_ms) == 0)
            return -1;
    }
}

static void on_signal(int number)
{
    (void)number;
    os_event_set(signalled);
}

void os_signals_to(struct os_event *stop)
{
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    signalled = stop;
    sigemptyset(&act.sa_mask);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
}

void os_exit_now(int status)
{
    _exit(status);
}

void os_harden(void)
{
    const struct rlimit none = {0, 0};
    int descriptor;

    umask(077);
    prctl(PR_SET_DUMPABLE, 0L);
    setrlimit(RLIMIT_CORE, &none);
    unsetenv("SSLKEYLOGFILE"); /* libcurl would write the keys of every TLS session there */
    /* Closed standard descriptors would be given to the next file opened. */
    do
        descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor >= 0)
        close(descriptor);
}
