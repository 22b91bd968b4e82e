/* SPDX-License-Identifier: Apache-2.0 */
/* os_socket.h - waiting for a socket that a library opened */
#ifndef AGENT_BASE_OS_SOCKET_H
#define AGENT_BASE_OS_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

enum os_socket_wish { OS_SOCKET_READ = 1, OS_SOCKET_WRITE = 2 }; /* or both: 3 */

/* Waits until the socket can be read or written without blocking, or is broken, and takes the time
 * that took off *left_ms: a deadline over several waits needs no clock. False when none is left. */
bool os_socket_wait(int socket, int wishes, int64_t *left_ms);

#endif
