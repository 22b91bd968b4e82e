/* SPDX-License-Identifier: Apache-2.0 */
/* os_posix.h - what the os_*_posix.c share; nobody else includes it */
#ifndef AGENT_BASE_OS_POSIX_H
#define AGENT_BASE_OS_POSIX_H

#include <stdint.h>

#include "agent/base/error.h"
#include "agent/base/os_process.h"

/* Set while one of its descriptors is readable. */
struct os_event {
    int descriptor; /* eventfd */
    int watched;    /* of the os_watch that sets it too; else -1, which poll passes over */
};

struct stat;
int64_t os_modified_ns(const struct stat *facts);
/* The reaction an errno of the file system asks for. */
enum error_kind os_errno_kind(int number);
/* The milliseconds until a moment of os_monotonic_ms as poll wants them: rounded into
 * 0..INT_MAX, -1 for INT64_MAX. */
int os_poll_timeout(int64_t deadline_ms);
/* Waits until the descriptor is ready for POLLIN or POLLOUT (or broken), stop is set (NULL: never)
 * or the deadline has passed. */
enum os_pipe_result os_await(int descriptor, short ready, int64_t deadline_ms,
                             const struct os_event *stop);

#endif
