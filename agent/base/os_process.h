/* SPDX-License-Identifier: Apache-2.0 */
/* os_process.h - child processes with a pipe pair, local sockets, libraries loaded at run time */
#ifndef AGENT_BASE_OS_PROCESS_H
#define AGENT_BASE_OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/error.h"

struct os_event;

/* This program started again with these arguments; it inherits a pipe pair as descriptors 0 and 1,
 * standard error, and nothing else: a fresh environment of PATH, HOME, TZ, LANG=C.UTF-8 and the
 * ODBC variables (ODBCINI, ODBCSYSINI, ODBCINSTINI), no further privileges, no core dumps, at most
 * CLOUD_LINK_SOURCE_MEMORY MiB. It is killed when the thread that started it ends, and takes no
 * notice of SIGINT, SIGTERM, SIGHUP. */
struct os_child;
struct os_child *os_child_start(const char *const *arguments, struct error *err) MUST_USE;
/* Kills it if it still runs, waits for it, frees. how: NULL, or receives how it ended ("ended with
 * status 1", "ended by signal 11", "was killed"), for the log. */
void os_child_end(struct os_child *child, char how[64]);
int64_t os_child_id(const struct os_child *child);

enum os_pipe_result { OS_PIPE_OK, OS_PIPE_CLOSED, OS_PIPE_TIMEOUT, OS_PIPE_STOPPED };
/* Reads exactly size bytes / writes them all before the deadline (os_monotonic_ms; INT64_MAX:
 * none) or until stop (may be NULL) is set. */
enum os_pipe_result os_child_read(struct os_child *child, void *data, size_t size,
                                  int64_t deadline_ms, struct os_event *stop);
enum os_pipe_result os_child_write(struct os_child *child, const void *data, size_t size,
                                   int64_t deadline_ms, struct os_event *stop);

/* The child's own side: descriptors 0 (orders) and 1 (answers). os_pipe_take, first thing in the
 * child, moves them to 3 and 4, so that a driver that prints (to standard error then) or reads
 * standard input disturbs nothing. timeout_ms -1: none. */
void os_pipe_take(void);
enum os_pipe_result os_pipe_read(void *data, size_t size, int64_t timeout_ms);
enum os_pipe_result os_pipe_write(const void *data, size_t size);

/* A local socket only its owner can reach (named pipe on Windows): one line each way. */
struct os_listener;
struct os_listener *os_listener_open(const char *path, struct error *err) MUST_USE;
void os_listener_close(struct os_listener *listener);
/* Waits for a caller until stop is set (false). line: the request without its line end. A caller
 * that is not root or our own user, or says nothing, is hung up on. */
bool os_listener_next(struct os_listener *listener, struct os_event *stop, char *line, size_t size);
/* To the caller that os_listener_next gave; the line end is added. */
void os_listener_answer(struct os_listener *listener, const char *answer, size_t size);
/* Caller's side: appends the answer without its line end. ERROR_RETRY when nobody listens. */
struct bytes;
bool os_call(const char *path, const char *line, int64_t timeout_ms, struct bytes *answer,
             struct error *err) MUST_USE;

/* The first of the NULL-terminated names that loads; NULL when none does. */
struct os_library;
struct os_library *os_library_open(const char *const *names);
/* Stores the function's address in *function (size of a function pointer); false when missing. */
bool os_library_function(struct os_library *library, const char *name, void *function);

#endif
