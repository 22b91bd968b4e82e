/* SPDX-License-Identifier: Apache-2.0 */
/* os.h - memory, time, threads and waiting: the platform, as little of it as we need
 *
 * Files and folders: os_file.h. Processes, pipes, libraries: os_process.h. Implemented in
 * os_posix.c; every function here can be implemented on Windows.
 */
#ifndef AGENT_BASE_OS_H
#define AGENT_BASE_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/error.h"
#include "agent/base/utc.h"

/* Never NULL: out of memory ends the process with one line (a crash at any instant loses nothing).
 * os_alloc zeroes. */
_Noreturn void os_out_of_memory(void);
void *os_alloc(size_t size);
void *os_resize(void *memory, size_t size);
void os_free(void *memory);
char *os_copy_text(const char *text); /* NULL gives NULL */

utc_ms os_now(void);                       /* the wall clock */
int64_t os_monotonic_ms(void);             /* for deadlines: never steps */
const char *os_variable(const char *name); /* environment; NULL when unset or empty */
/* The machine's identity (/etc/machine-id or its like), hashed by the caller. "" if it has none. */
const char *os_machine_id(char text[64]);

struct os_mutex;
struct os_mutex *os_mutex_new(void);
void os_mutex_free(struct os_mutex *mutex);
void os_mutex_lock(struct os_mutex *mutex);
void os_mutex_unlock(struct os_mutex *mutex);

struct os_thread;
struct os_thread *os_thread_start(void (*run)(void *), void *argument);
void os_thread_join(struct os_thread *thread); /* waits for its end and frees it */

/* A flag that threads can wait for: stays set until reset. Setting is safe in a signal handler. */
struct os_event;
struct os_event *os_event_new(void);
void os_event_free(struct os_event *event);
void os_event_set(struct os_event *event);
void os_event_reset(struct os_event *event);
bool os_event_is_set(struct os_event *event);
/* Waits for one of `count` (<= 8) events; its index, or -1 when timeout_ms (-1: never) passed. */
int os_event_wait(struct os_event *const *events, int count, int64_t timeout_ms);

/* Signals as events (SIGTERM/SIGINT set stop; SIGPIPE is ignored). Main thread, once, before any
 * thread is started. */
void os_signals_to(struct os_event *stop);

/* Ends this process at once, running nothing. */
_Noreturn void os_exit_now(int status);
/* No core dumps, no tracing by others, no key log of TLS: this process holds secrets. umask 077;
 * descriptors 0, 1 and 2 are open afterwards. First thing in main. */
void os_harden(void);

/* Becomes the owner of an existing folder when run by root; else does nothing. */
bool os_become_owner_of(const char *folder, struct error *err) MUST_USE;

bool os_is_terminal(int descriptor); /* 0, 1 or 2 */
/* One line from the terminal without echo, or from standard input when it is no terminal;
 * the line end is cut. text is terminated. */
bool os_read_secret(const char *prompt, char *text, size_t size, struct error *err) MUST_USE;
int os_terminal_width(void);             /* of standard error; 80 when unknown */
int64_t os_utc_offset_now_ms(utc_ms at); /* of the machine's own zone, for display */

#endif
