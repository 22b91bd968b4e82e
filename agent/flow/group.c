/* SPDX-License-Identifier: Apache-2.0 */
/* group.c - records in order go through in buckets, quarter hour by quarter hour; others are sorted
 *
 * The way through (volumes only): `held` keeps records as they come. As soon as a later quarter
 * hour has appeared, the first one held is dealt into a bucket a queue, and the buckets are handed
 * out. Nothing is handed out before the first TRIAL records have come in order, so that a source
 * without order is recognised while it costs nothing.
 *
 * The way around: from the first record out of order on, and for statuses always, everything goes
 * to the sorter and comes out at the end.
 *
 * Memory: a quarter of memory_records for `held`, one for the buckets, two for the sorter.
 */
#include "agent/flow/group.h"

#include <assert.h>
#include <string.h>

#include "agent/base/os.h"
#include "agent/flow/sorter.h"

#define TRIAL(memory_records) ((memory_records) / 16)

/* One queue's records of the quarter hour being handed out. */
struct bucket {
    uint32_t subject;
    uint32_t end; /* in `dealt`; its first record lies at the end of the bucket before it */
};

struct grouper {
    enum data_kind kind;
    size_t held_most, trial;

    struct record *held; /* [first, count), in order of their quarter hours */
    size_t first, count, capacity;
    utc_ms newest;     /* the latest quarter hour seen; UTC_NEVER: none */
    utc_ms handed_out; /* quarter hours before this one are gone; UTC_NEVER: none are */
    bool is_sorting, needs_sorting, has_ended;

    struct record *dealt; /* one quarter hour by queue */
    size_t dealt_capacity;
    struct bucket *buckets;
    size_t bucket_count, bucket_next, bucket_capacity;
    uint32_t *places; /* by subject, all 0 between quarter hours: records, then where they go */
    size_t place_count;

    struct sorter *sorter;
    const struct record *sorted; /* the sorter's next record, the first of the next group */
    struct record *gathered;     /* a group out of the sorter */
    size_t gathered_count, gathered_capacity;
};

static bool volume_before(const struct record *a, const struct record *b)
{
    utc_ms quarter_a = utc_floor(a->time, UTC_QUARTER);
    utc_ms quarter_b = utc_floor(b->time, UTC_QUARTER);

    return quarter_a != quarter_b ? quarter_a < quarter_b : a->subject < b->subject;
}

static bool status_before(const struct record *a, const struct record *b)
{
    return a->subject != b->subject ? a->subject < b->subject : a->time < b->time;
}

struct grouper *grouper_new(enum data_kind kind, size_t memory_records, const char *scratch_folder)
{
    struct grouper *grouper = os_alloc(sizeof *grouper);
    sorter_before *before = kind == DATA_AGENT_STATUS ? status_before : volume_before;

    assert(memory_records >= 8);
    grouper->kind = kind;
    grouper->held_most = memory_records / 4;
    grouper->trial = TRIAL(memory_records);
    grouper->sorter = sorter_new(before, memory_records / 2, scratch_folder);
    grouper_begin(grouper, false);
    return grouper;
}

void grouper_free(struct grouper *grouper)
{
    if (grouper == NULL)
        return;
    sorter_free(grouper->sorter);
    os_free(grouper->held);
    os_free(grouper->dealt);
    os_free(grouper->buckets);
    os_free(grouper->places);
    os_free(grouper->gathered);
    os_free(grouper);
}

void grouper_begin(struct grouper *grouper, bool is_unordered)
{
    sorter_reset(grouper->sorter);
    grouper->first = grouper->count = 0;
    grouper->newest = grouper->handed_out = UTC_NEVER;
    grouper->is_sorting = is_unordered || grouper->kind == DATA_AGENT_STATUS;
    grouper->needs_sorting = grouper->has_ended = false;
    grouper->bucket_count = grouper->bucket_next = 0;
    grouper->sorted = NULL;
}

bool grouper_needs_sorting(const struct grouper *grouper)
{
    return grouper->needs_sorting;
}

/* Makes room for `count` records in a buffer that keeps what it holds. */
static void fit(struct record **records, size_t *capacity, size_t count)
{
    if (count <= *capacity)
        return;
    *capacity = count + count / 2;
    *records = os_resize(*records, *capacity * sizeof **records);
}

/* Do the records go on in order of their quarter hours? Moves `newest` along. */
static bool is_in_order(struct grouper *s, const struct record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        utc_ms time = records[i].time;

        if (s->newest == UTC_NEVER || time >= s->newest + UTC_QUARTER)
            s->newest = utc_floor(time, UTC_QUARTER);
        else if (time < s->newest)
            return false;
    }
    return true;
}

static bool is_handed_out(const struct grouper *s, const struct record *records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (records[i].time < s->handed_out)
            return true;
    return false;
}

/* Records in order are held. */
static void hold(struct grouper *s, const struct record *records, size_t count)
{
    if (s->first > 0) {
        s->count -= s->first;
        memmove(s->held, s->held + s->first, s->count * sizeof *s->held);
        s->first = 0;
    }
    fit(&s->held, &s->capacity, s->count + count);
    memcpy(s->held + s->count, records, count * sizeof *records);
    s->count += count;
}

/* From here on everything waits for the end. */
static bool start_sorting(struct grouper *s, struct error *err)
{
    s->is_sorting = true;
    if (!sorter_add(s->sorter, s->held + s->first, s->count - s->first, err))
        return false;
    s->first = s->count = 0;
    return true;
}

bool grouper_add(struct grouper *grouper, const struct record *records, size_t count,
                 struct error *err)
{
    assert(!grouper->has_ended);
    if (!grouper->is_sorting && grouper->count - grouper->first + count > grouper->held_most &&
        !start_sorting(grouper, err))
        return false;
    if (!grouper->is_sorting && is_in_order(grouper, records, count)) {
        hold(grouper, records, count);
        return true;
    }
    if (grouper->handed_out != UTC_NEVER && is_handed_out(grouper, records, count)) {
        grouper->needs_sorting = true;
        return error_set(err, ERROR_RETRY,
                         "the rows are not in order of time; they are read again and sorted");
    }
    if (!grouper->is_sorting && !start_sorting(grouper, err))
        return false;
    return sorter_add(grouper->sorter, records, count, err);
}

bool grouper_end(struct grouper *grouper, struct error *err)
{
    grouper->has_ended = true;
    if (sorter_is_empty(grouper->sorter))
        return true;
    return sorter_end(grouper->sorter, err) && sorter_next(grouper->sorter, &grouper->sorted, err);
}

/* Counts the group's events; too many fail. */
static bool count_events(const struct grouper *s, struct group *group, struct error *err)
{
    uint64_t events = group->count;
    char text[UTC_TEXT_SIZE + 1];

    if (s->kind == DATA_INTERVALS && events <= GROUP_EVENTS_MOST) {
        events = 0;
        for (size_t i = 0; i < group->count; i++) {
            uint32_t offered = group->records[i].volume.offered;
            uint32_t answered = group->records[i].volume.answered;
            events += offered > answered ? offered : answered;
            events += answered == 0 && group->records[i].volume.duration_ms != 0;
        }
    }
    if (events > GROUP_EVENTS_MOST)
        return error_set(err, ERROR_DATA,
                         "one queue has more than 100,000 contacts in the quarter hour %s: "
                         "it looks like a wrong time column",
                         utc_text(group->time, text));
    group->events = (uint32_t)events;
    return true;
}

static void fit_places(struct grouper *s, uint32_t subject)
{
    size_t count = 2 * (size_t)subject + 64;

    assert(subject != UINT32_MAX);
    s->places = os_resize(s->places, count * sizeof *s->places);
    memset(s->places + s->place_count, 0, (count - s->place_count) * sizeof *s->places);
    s->place_count = count;
}

static struct bucket *add_bucket(struct grouper *s, uint32_t subject)
{
    if (s->bucket_count == s->bucket_capacity) {
        s->bucket_capacity = 2 * s->bucket_capacity + 64;
        s->buckets = os_resize(s->buckets, s->bucket_capacity * sizeof *s->buckets);
    }
    s->buckets[s->bucket_count] = (struct bucket){.subject = subject};
    return &s->buckets[s->bucket_count++];
}

/* The first quarter hour held, from `first` to `end`, into a bucket a queue, each in the order its
 * records came in. */
static void deal(struct grouper *s, size_t end)
{
    uint32_t place = 0;

    s->bucket_count = s->bucket_next = 0;
    for (size_t i = s->first; i < end; i++) {
        uint32_t subject = s->held[i].subject;
        if (subject >= s->place_count)
            fit_places(s, subject);
        if (s->places[subject]++ == 0)
            add_bucket(s, subject);
    }
    for (size_t i = 0; i < s->bucket_count; i++) {
        uint32_t count = s->places[s->buckets[i].subject];
        s->places[s->buckets[i].subject] = place;
        place += count;
        s->buckets[i].end = place;
    }
    fit(&s->dealt, &s->dealt_capacity, end - s->first);
    for (size_t i = s->first; i < end; i++)
        s->dealt[s->places[s->held[i].subject]++] = s->held[i];
    for (size_t i = 0; i < s->bucket_count; i++)
        s->places[s->buckets[i].subject] = 0;
    s->first = end;
}

/* Deals the next quarter hour if it is complete. */
static bool deal_next(struct grouper *s)
{
    size_t end = s->first;
    utc_ms quarter = 0;

    if (s->first == s->count)
        return false;
    if (!s->has_ended && s->handed_out == UTC_NEVER && s->count - s->first < s->trial)
        return false;
    quarter = utc_floor(s->held[s->first].time, UTC_QUARTER);
    if (!s->has_ended && quarter == s->newest)
        return false;
    while (end < s->count && s->held[end].time < quarter + UTC_QUARTER)
        end++;
    deal(s, end);
    s->handed_out = quarter + UTC_QUARTER;
    return true;
}

static void next_bucket(struct grouper *s, struct group *group)
{
    const struct bucket *bucket = &s->buckets[s->bucket_next];
    uint32_t begin = s->bucket_next == 0 ? 0 : s->buckets[s->bucket_next - 1].end;

    *group = (struct group){.subject = bucket->subject,
                            .time = s->handed_out - UTC_QUARTER,
                            .records = s->dealt + begin,
                            .count = bucket->end - begin};
    s->bucket_next++;
}

/* Of two statuses of one agent and start, does the later row take the place of the earlier? */
static bool ends_no_earlier(const struct record *later, const struct record *earlier)
{
    if (later->status.end == UTC_NEVER || earlier->status.end == UTC_NEVER)
        return later->status.end == UTC_NEVER;
    return later->status.end >= earlier->status.end;
}

/* Adds the sorter's next record to the group; more than a group may hold are only counted. */
static void gather(struct grouper *s, const struct record *record)
{
    if (s->kind == DATA_AGENT_STATUS && s->gathered_count == 1) {
        if (ends_no_earlier(record, s->gathered))
            s->gathered[0] = *record;
        return;
    }
    if (s->gathered_count < GROUP_EVENTS_MOST) {
        fit(&s->gathered, &s->gathered_capacity, s->gathered_count + 1);
        s->gathered[s->gathered_count] = *record;
    }
    s->gathered_count++;
}

/* The next group out of the sorter. */
static bool gather_next(struct grouper *s, struct group *group, bool *failed, struct error *err)
{
    bool is_status = s->kind == DATA_AGENT_STATUS;
    struct record first = *s->sorted;

    s->gathered_count = 0;
    while (s->sorted != NULL &&
           !(is_status ? status_before(&first, s->sorted) : volume_before(&first, s->sorted))) {
        gather(s, s->sorted);
        if (!sorter_next(s->sorter, &s->sorted, err)) {
            *failed = true;
            return false;
        }
    }
    *group = (struct group){.subject = first.subject,
                            .time = is_status ? first.time : utc_floor(first.time, UTC_QUARTER),
                            .records = s->gathered,
                            .count = s->gathered_count};
    return true;
}

bool grouper_next(struct grouper *grouper, struct group *group, bool *failed, struct error *err)
{
    struct group next;

    *failed = false;
    if (grouper->bucket_next < grouper->bucket_count || deal_next(grouper))
        next_bucket(grouper, &next);
    else if (!grouper->has_ended || grouper->sorted == NULL ||
             !gather_next(grouper, &next, failed, err))
        return false;
    if (!count_events(grouper, &next, err)) {
        *failed = true;
        return false;
    }
    *group = next;
    return true;
}
