/* SPDX-License-Identifier: Apache-2.0 */
/* os_watch_posix.c - hears of completed files, without a thread of its own (Linux)
 *
 * The inotify descriptor is readable while there are names to take; the event carries it along, so
 * that whoever waits for the event waits for it too.
 */
#define _GNU_SOURCE
#include <stdalign.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/base/os_posix.h"

struct os_watch {
    int descriptor;
    struct os_event *event;
};

struct os_watch *os_watch_start(const char *folder, struct os_event *event)
{
    const int descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    if (descriptor < 0)
        return NULL;
    if (inotify_add_watch(descriptor, folder, IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
        close(descriptor);
        return NULL;
    }
    struct os_watch *watch = os_alloc(sizeof *watch);
    watch->descriptor = descriptor;
    watch->event = event;
    event->watched = descriptor;
    return watch;
}

void os_watch_stop(struct os_watch *watch)
{
    if (watch == NULL)
        return;
    watch->event->watched = -1;
    close(watch->descriptor);
    os_free(watch);
}

void os_watch_take(struct os_watch *watch, void (*visit)(void *context, const char *name),
                   void *context)
{
    alignas(struct inotify_event) char data[16 * 1024];
    ssize_t got;

    while ((got = read(watch->descriptor, data, sizeof data)) > 0) {
        for (const char *at = data; at < data + got;) {
            const struct inotify_event *heard = (const void *)at;
            if (heard->len > 0)
                visit(context, heard->name);
            at += sizeof *heard + heard->len;
        }
    }
}
