/* SPDX-License-Identifier: Apache-2.0 */
/* os_socket_posix.c - one poll at a time */
#include "agent/base/os_socket.h"

#include <limits.h>
#include <poll.h>

#include "agent/base/os.h"

bool os_socket_wait(int socket, int wishes, int64_t *left_ms)
{
    struct pollfd item = {.fd = socket};
    int ready = 0;

    if ((wishes & OS_SOCKET_READ) != 0)
        item.events |= POLLIN;
    if ((wishes & OS_SOCKET_WRITE) != 0)
        item.events |= POLLOUT;
    while (ready <= 0 && *left_ms > 0) {
        const int64_t began = os_monotonic_ms();

        /* a signal or an error ends the wait early: what is left is waited for again */
        ready = poll(&item, 1, *left_ms < INT_MAX ? (int)*left_ms : INT_MAX);
        *left_ms -= os_monotonic_ms() - began;
    }
    return ready > 0;
}
