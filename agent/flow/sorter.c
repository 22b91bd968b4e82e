/* SPDX-License-Identifier: Apache-2.0 */
/* sorter.c - natural merge sort in memory, sorted runs in a scratch file, a heap to merge them
 *
 * The memory is two halves of one size. While records come in, the first holds them and the second
 * is what sorting needs beside it; while runs are read back, both are cut into one window a run.
 */
#include "agent/flow/sorter.h"

#include <assert.h>
#include <string.h>

#include "agent/base/os.h"
#include "agent/base/os_file.h"

#define SMALLEST_HALF ((size_t)1024)

/* A sorted stretch: a window in memory, and where the rest of it lies in the scratch file. */
struct run {
    struct record *window;
    size_t next, count; /* of the window: window[next] is the first not yet handed out */
    uint64_t offset;
    size_t left; /* records still on disk */
};

struct sorter {
    sorter_before *before;
    size_t half_most;
    char *scratch_folder;

    struct record *halves[2];
    size_t half; /* records that fit into each */
    size_t count;
    struct os_file *scratch; /* NULL: all fits into memory */
    uint64_t scratch_size;

    struct run *runs;
    size_t run_count, run_capacity;
    size_t window;  /* records of each run held while merging */
    uint32_t *heap; /* runs with records left, the one with the first record at 0 */
    size_t heap_count;
    bool is_lent; /* the first record of the first run */
};

struct sorter *sorter_new(sorter_before *before, size_t memory_records, const char *scratch_folder)
{
    struct sorter *sorter = os_alloc(sizeof *sorter);

    assert(memory_records >= 4);
    sorter->before = before;
    sorter->half_most = memory_records / 2;
    sorter->scratch_folder = os_copy_text(scratch_folder);
    return sorter;
}

void sorter_reset(struct sorter *sorter)
{
    os_file_close(sorter->scratch);
    sorter->scratch = NULL;
    sorter->scratch_size = 0;
    sorter->count = 0;
    sorter->run_count = 0;
    sorter->heap_count = 0;
    sorter->is_lent = false;
}

void sorter_free(struct sorter *sorter)
{
    if (sorter == NULL)
        return;
    sorter_reset(sorter);
    os_free(sorter->scratch_folder);
    os_free(sorter->halves[0]);
    os_free(sorter->halves[1]);
    os_free(sorter->runs);
    os_free(sorter->heap);
    os_free(sorter);
}

bool sorter_is_empty(const struct sorter *sorter)
{
    return sorter->count == 0 && sorter->run_count == 0;
}

/* How far records ascend from `first` on. */
static size_t ascent_end(const struct sorter *s, const struct record *records, size_t first)
{
    size_t end = first + 1;

    while (end < s->count && !s->before(&records[end], &records[end - 1]))
        end++;
    return end < s->count ? end : s->count;
}

/* Merges from[first, middle) and from[middle, end) into `to`; of equals the left ones come first.
 */
static void merge(const struct sorter *s, const struct record *from, struct record *to,
                  const size_t bounds[3])
{
    size_t left = bounds[0], right = bounds[1], at = bounds[0];

    while (left < bounds[1] && right < bounds[2]) {
        if (s->before(&from[right], &from[left]))
            to[at++] = from[right++];
        else
            to[at++] = from[left++];
    }
    memcpy(to + at, from + left, (bounds[1] - left) * sizeof *to);
    at += bounds[1] - left;
    memcpy(to + at, from + right, (bounds[2] - right) * sizeof *to);
}

/* Neighbouring ascents are merged until one is left: what is nearly in order is nearly free. */
static void sort(struct sorter *s)
{
    while (s->count > 0 && ascent_end(s, s->halves[0], 0) < s->count) {
        struct record *from = s->halves[0], *to = s->halves[1];

        for (size_t first = 0; first < s->count;) {
            size_t middle = ascent_end(s, from, first);
            size_t end = middle < s->count ? ascent_end(s, from, middle) : middle;
            merge(s, from, to, (size_t[]){first, middle, end});
            first = end;
        }
        s->halves[0] = to;
        s->halves[1] = from;
    }
}

static struct run *add_run(struct sorter *s)
{
    if (s->run_count == s->run_capacity) {
        s->run_capacity = 2 * s->run_capacity + 16;
        s->runs = os_resize(s->runs, s->run_capacity * sizeof *s->runs);
        s->heap = os_resize(s->heap, s->run_capacity * sizeof *s->heap);
    }
    s->runs[s->run_count] = (struct run){0};
    return &s->runs[s->run_count++];
}

/* What is held goes to the scratch file as one sorted run. */
static bool spill(struct sorter *s, struct error *err)
{
    struct run *run = NULL;

    sort(s);
    if (s->scratch == NULL)
        s->scratch = os_scratch_open(s->scratch_folder, err);
    if (s->scratch == NULL)
        return false;
    if (!os_scratch_write(s->scratch, s->halves[0], s->count * sizeof(struct record), err))
        return false;
    run = add_run(s);
    run->offset = s->scratch_size;
    run->left = s->count;
    s->scratch_size += s->count * sizeof(struct record);
    s->count = 0;
    return true;
}

static void grow(struct sorter *s)
{
    size_t half = s->half == 0 ? SMALLEST_HALF : 2 * s->half;

    s->half = half < s->half_most ? half : s->half_most;
    for (int i = 0; i < 2; i++)
        s->halves[i] = os_resize(s->halves[i], s->half * sizeof(struct record));
}

bool sorter_add(struct sorter *sorter, const struct record *records, size_t count,
                struct error *err)
{
    while (count > 0) {
        if (sorter->count == sorter->half && sorter->half < sorter->half_most)
            grow(sorter);
        if (sorter->count == sorter->half && !spill(sorter, err))
            return false;
        size_t room = sorter->half - sorter->count;
        size_t taken = count < room ? count : room;
        memcpy(sorter->halves[0] + sorter->count, records, taken * sizeof *records);
        sorter->count += taken;
        records += taken;
        count -= taken;
    }
    return true;
}

/* The window of an emptied run, filled from disk as far as there is more. */
static bool refill(struct sorter *s, struct run *run, struct error *err)
{
    size_t count = run->left < s->window ? run->left : s->window;

    if (count > 0 &&
        !os_scratch_read(s->scratch, run->offset, run->window, count * sizeof *run->window, err))
        return false;
    run->next = 0;
    run->count = count;
    run->left -= count;
    run->offset += count * sizeof *run->window;
    return true;
}

/* Of equal records the one of the earlier run comes first. */
static bool run_before(const struct sorter *s, uint32_t a, uint32_t b)
{
    const struct record *first = &s->runs[a].window[s->runs[a].next];
    const struct record *second = &s->runs[b].window[s->runs[b].next];

    return s->before(first, second) || (a < b && !s->before(second, first));
}

static void sift_down(struct sorter *s, size_t at)
{
    for (;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < s->heap_count; child++)
            if (run_before(s, s->heap[child], s->heap[least]))
                least = child;
        if (least == at)
            return;
        uint32_t moved = s->heap[at];
        s->heap[at] = s->heap[least];
        s->heap[least] = moved;
        at = least;
    }
}

/* Gives each run its window of the two halves, filled. */
static bool open_windows(struct sorter *s, struct error *err)
{
    s->window = s->half / ((s->run_count + 1) / 2);
    if (s->window == 0)
        return error_set(err, ERROR_DATA, "too many rows out of order to be sorted at once");
    for (size_t i = 0; i < s->run_count; i++) {
        s->runs[i].window = s->halves[i % 2] + i / 2 * s->window;
        if (!refill(s, &s->runs[i], err))
            return false;
    }
    return true;
}

bool sorter_end(struct sorter *sorter, struct error *err)
{
    if (sorter->run_count > 0) {
        if (sorter->count > 0 && !spill(sorter, err))
            return false;
        if (!open_windows(sorter, err))
            return false;
    } else if (sorter->count > 0) {
        sort(sorter);
        struct run *run = add_run(sorter);
        run->window = sorter->halves[0];
        run->count = sorter->count;
    }
    for (size_t i = 0; i < sorter->run_count; i++)
        sorter->heap[i] = (uint32_t)i;
    sorter->heap_count = sorter->run_count;
    for (size_t i = sorter->heap_count / 2; i > 0; i--)
        sift_down(sorter, i - 1);
    return true;
}

/* Past the record that was lent. */
static bool advance(struct sorter *s, struct error *err)
{
    struct run *run = &s->runs[s->heap[0]];

    s->is_lent = false;
    run->next++;
    if (run->next == run->count && !refill(s, run, err))
        return false;
    if (run->next == run->count)
        s->heap[0] = s->heap[--s->heap_count];
    sift_down(s, 0);
    return true;
}

bool sorter_next(struct sorter *sorter, const struct record **record, struct error *err)
{
    const struct run *first = NULL;

    if (sorter->is_lent && !advance(sorter, err))
        return false;
    *record = NULL;
    if (sorter->heap_count > 0) {
        first = &sorter->runs[sorter->heap[0]];
        *record = &first->window[first->next];
        sorter->is_lent = true;
    }
    return true;
}
