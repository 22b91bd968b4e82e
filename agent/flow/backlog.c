/* SPDX-License-Identifier: Apache-2.0 */
/* backlog.c - the list of ready batches
 *
 * An array in order of place. What is gone stays as a gap until half of the array is gaps: a batch
 * is usually taken from the front, so the gaps are in front and cost nothing.
 */
#include "agent/flow/backlog.h"

#include <string.h>

#include "agent/base/os.h"

#define PRIORITIES 4

struct backlog {
    struct backlog_batch *batches;
    size_t first, count, capacity;
    size_t gone; /* gaps in [first, count) */
};

struct backlog *backlog_new(void)
{
    return os_alloc(sizeof(struct backlog));
}

void backlog_free(struct backlog *backlog)
{
    if (backlog == NULL)
        return;
    os_free(backlog->batches);
    os_free(backlog);
}

static void close_gaps(struct backlog *b)
{
    size_t kept = 0;

    for (size_t i = b->first; i < b->count; i++) {
        if (!b->batches[i].is_gone)
            b->batches[kept++] = b->batches[i];
    }
    b->first = 0;
    b->count = kept;
    b->gone = 0;
}

void backlog_add(struct backlog *backlog, const struct outbox_batch *batch, size_t lane, int64_t id,
                 int kind)
{
    struct backlog *b = backlog;

    if (b->count == b->capacity) {
        b->capacity = b->capacity * 2 + 64;
        b->batches = os_resize(b->batches, b->capacity * sizeof *b->batches);
    }
    size_t at = b->count++;
    while (at > b->first && b->batches[at - 1].batch.place > batch->place) {
        b->batches[at] = b->batches[at - 1];
        at--;
    }
    b->batches[at] = (struct backlog_batch){
        .batch = *batch,
        .lane = lane,
        .span = {.id = id,
                 .kind = kind,
                 .sequence = batch->place,
                 .slice = batch->integration << 40 | batch->slice,
                 .from = batch->from,
                 .to = batch->to,
                 .priority = batch->priority},
    };
}

struct backlog_batch *backlog_find(struct backlog *backlog, int64_t number)
{
    for (size_t i = backlog->first; i < backlog->count; i++) {
        if (backlog->batches[i].batch.number == number && !backlog->batches[i].is_gone)
            return &backlog->batches[i];
    }
    return NULL;
}

void backlog_remove(struct backlog *backlog, int64_t number)
{
    struct backlog_batch *batch = backlog_find(backlog, number);

    if (batch == NULL)
        return;
    batch->is_gone = true;
    backlog->gone++;
    while (backlog->first < backlog->count && backlog->batches[backlog->first].is_gone) {
        backlog->first++;
        backlog->gone--;
    }
    if ((backlog->gone > 1024 && backlog->gone > (backlog->count - backlog->first) / 2) ||
        (backlog->first > 1024 && backlog->first > backlog->count / 2))
        close_gaps(backlog);
}

static bool must_wait(const struct backlog *b, size_t at)
{
    for (size_t i = b->first; i < at; i++) {
        if (!b->batches[i].is_gone && upload_must_wait(&b->batches[at].span, &b->batches[i].span))
            return true;
    }
    return false;
}

struct backlog_batch *backlog_next(struct backlog *backlog, int64_t avoid,
                                   bool (*may)(void *context, size_t lane), void *context)
{
    struct backlog_batch *avoided = NULL;

    for (int priority = 0; priority < PRIORITIES; priority++) {
        for (size_t i = backlog->first; i < backlog->count; i++) {
            struct backlog_batch *batch = &backlog->batches[i];

            if (batch->is_gone || batch->is_in_flight || batch->span.priority != priority ||
                !may(context, batch->lane) || must_wait(backlog, i))
                continue;
            if (batch->batch.number != avoid)
                return batch;
            avoided = batch;
        }
    }
    return avoided;
}
