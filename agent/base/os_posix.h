/* SPDX-License-Identifier: Apache-2.0 */
/* os_posix.h - what the three os_*_posix.c share; nobody else includes it */
#ifndef AGENT_BASE_OS_POSIX_H
#define AGENT_BASE_OS_POSIX_H

#include <stdint.h>

#include "agent/base/error.h"

/* Set while its descriptor is readable: an eventfd, or the inotify descriptor of a watch. */
struct os_event {
    int descriptor;
};

/* The reaction an errno of the file system asks for. */
enum error_kind os_errno_kind(int number);
/* The milliseconds until a moment of os_monotonic_ms as poll wants them: rounded into
 * 0..INT_MAX, -1 for INT64_MAX. */
int os_poll_timeout(int64_t deadline_ms);

#endif
