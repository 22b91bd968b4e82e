/* SPDX-License-Identifier: Apache-2.0 */
/* test_group.c - every record in exactly one group, groups complete, whatever the order and size */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/os.h"
#include "agent/flow/group.h"

#define MONDAY  INT64_C(1767600000000) /* 2026-01-05T08:00:00Z */
#define MOST    6000
#define SCRATCH "/tmp"

/* What one run of a slice looks like, drawn at random. */
struct plan {
    size_t count, frame, memory;
    uint32_t subjects;
    int quarters;
    int order; /* of the rows: see put_in_order */
    bool drain_late;
};

struct slice_rows {
    struct record records[MOST];
    size_t count;
};

static int64_t below(int64_t limit)
{
    return (int64_t)((((uint64_t)rand() << 31) ^ (uint64_t)rand()) % (uint64_t)limit);
}

static int by_time(const void *a, const void *b)
{
    const struct record *first = a, *second = b;

    if (first->time != second->time)
        return first->time < second->time ? -1 : 1;
    return first->subject < second->subject ? -1 : first->subject > second->subject;
}

static int by_subject(const void *a, const void *b)
{
    const struct record *first = a, *second = b;

    if (first->subject != second->subject)
        return first->subject < second->subject ? -1 : 1;
    return by_time(a, b);
}

/* 0: as drawn, 1: by time, 2: by queue and time, 3: by time with some far away, 4: by time with
 * neighbours swapped, 5: newest first */
static void put_in_order(struct slice_rows *rows, int order)
{
    if (order != 0)
        qsort(rows->records, rows->count, sizeof rows->records[0],
              order == 2 ? by_subject : by_time);
    for (size_t i = 1; i < rows->count && (order == 3 || order == 4 || order == 5); i++) {
        size_t other = order == 3   ? (size_t)below((int64_t)rows->count)
                       : order == 4 ? i - 1
                                    : rows->count - 1 - i;
        if ((order == 3 && below(500) > 0) || (order == 5 && other <= i))
            continue;
        struct record kept = rows->records[i];
        rows->records[i] = rows->records[other];
        rows->records[other] = kept;
    }
    for (size_t i = 0; i < rows->count; i++)
        rows->records[i].order = (uint32_t)i;
}

static void draw_rows(struct slice_rows *rows, const struct plan *plan, bool is_status)
{
    rows->count = plan->count;
    for (size_t i = 0; i < plan->count; i++) {
        struct record *record = &rows->records[i];
        *record = (struct record){
            .time = MONDAY - UTC_DAY + below(plan->quarters * UTC_QUARTER),
            .subject = (uint32_t)below(plan->subjects),
        };
        if (is_status) {
            record->time = utc_floor(record->time, UTC_MINUTE);
            record->status.end = below(4) == 0 ? UTC_NEVER : record->time + below(3) * UTC_MINUTE;
        }
    }
    put_in_order(rows, plan->order);
}

/* --- the naive model: which rows belong together, and which have come out --- */

struct model {
    const struct slice_rows *rows;
    bool out[MOST];
    size_t out_count;
    struct group last;
    bool is_status, has_last;
    bool is_incomplete; /* a group came out too early: the slice must ask to be sorted */
};

static utc_ms group_time(const struct model *model, const struct record *record)
{
    return model->is_status ? record->time : utc_floor(record->time, UTC_QUARTER);
}

static bool belongs(const struct model *model, const struct record *record,
                    const struct group *group)
{
    return record->subject == group->subject && group_time(model, record) == group->time;
}

static void check_order(struct model *model, const struct group *group)
{
    if (model->has_last && model->is_status)
        assert_true(model->last.subject < group->subject ||
                    (model->last.subject == group->subject && model->last.time < group->time));
    else if (model->has_last)
        assert_true(model->last.time <= group->time);
    model->last = *group;
    model->has_last = true;
}

static bool is_better(const struct record *a, const struct record *b)
{
    int64_t end_a = a->status.end == UTC_NEVER ? INT64_MAX : a->status.end;
    int64_t end_b = b->status.end == UTC_NEVER ? INT64_MAX : b->status.end;

    return end_a != end_b ? end_a > end_b : a->order > b->order;
}

/* The group is all rows that belong to it, as they are and in their order. */
static void take(struct model *model, const struct group *group)
{
    size_t at = 0;
    const struct record *best = NULL;

    check_order(model, group);
    for (size_t i = 0; i < model->rows->count; i++) {
        const struct record *record = &model->rows->records[i];
        if (!belongs(model, record, group))
            continue;
        assert_false(model->out[i]);
        model->out[i] = true;
        model->out_count++;
        if (best == NULL || is_better(record, best))
            best = record;
        if (!model->is_status && at == group->count) {
            model->is_incomplete = true;
            break;
        }
        if (!model->is_status) {
            assert_memory_equal(&group->records[at++], record, sizeof *record);
        }
    }
    assert_non_null(best);
    if (model->is_status) {
        at = 1;
        assert_memory_equal(group->records, best, sizeof *best);
    }
    assert_int_equal(group->count, at);
    assert_int_equal(group->events, at);
}

static void drain(struct grouper *grouper, struct model *model)
{
    struct group group;
    struct error err;
    bool failed = true;

    while (grouper_next(grouper, &group, &failed, &err))
        take(model, &group);
    assert_false(failed);
}

/* Reads the slice as the reader does. False: it must be read again, sorted. */
static bool read_slice(struct grouper *grouper, struct model *model, const struct plan *plan,
                       bool is_unordered)
{
    const struct slice_rows *rows = model->rows;
    struct error err;

    memset(model->out, 0, sizeof model->out);
    model->out_count = 0;
    model->has_last = model->is_incomplete = false;
    grouper_begin(grouper, is_unordered);
    for (size_t i = 0; i < rows->count; i += plan->frame) {
        size_t count = rows->count - i < plan->frame ? rows->count - i : plan->frame;
        if (!grouper_add(grouper, rows->records + i, count, &err)) {
            assert_true(grouper_needs_sorting(grouper));
            assert_int_equal(err.kind, ERROR_RETRY);
            return false;
        }
        assert_false(grouper_needs_sorting(grouper));
        if (!plan->drain_late)
            drain(grouper, model);
    }
    assert_true(grouper_end(grouper, &err));
    drain(grouper, model);
    assert_false(model->is_incomplete);
    assert_int_equal(model->out_count, rows->count);
    return true;
}

static void draw_plan(struct plan *plan)
{
    plan->count = (size_t)below(below(4) == 0 ? MOST : 300);
    plan->frame = 1 + (size_t)below(below(2) == 0 ? 10 : 1000);
    plan->memory = 256 + (size_t)below(below(2) == 0 ? 300 : 20000);
    plan->subjects = 1 + (uint32_t)below(below(2) == 0 ? 4 : 200);
    plan->quarters = 1 + (int)below(below(2) == 0 ? 5 : 400);
    plan->order = (int)below(6);
    plan->drain_late = below(4) == 0;
}

static void check_random_slices(enum data_kind kind, int rounds)
{
    struct slice_rows *rows = os_alloc(sizeof *rows);
    struct model *model = os_alloc(sizeof *model);
    int again = 0, in_order_again = 0;

    srand(7);
    model->rows = rows;
    model->is_status = kind == DATA_AGENT_STATUS;
    for (int round = 0; round < rounds; round++) {
        struct plan plan;
        struct grouper *grouper = NULL;

        draw_plan(&plan);
        draw_rows(rows, &plan, model->is_status);
        grouper = grouper_new(kind, plan.memory, SCRATCH);
        if (!read_slice(grouper, model, &plan, false)) {
            again++;
            in_order_again += plan.order == 1;
            assert_true(read_slice(grouper, model, &plan, true));
        }
        assert_true(read_slice(grouper, model, &plan, true)); /* and the object is as new */
        grouper_free(grouper);
    }
    assert_int_equal(in_order_again, 0);
    if (model->is_status)
        assert_int_equal(again, 0);
    else
        assert_in_range(again, 1, rounds / 2);
    os_free(model);
    os_free(rows);
}

static void test_volumes_of_any_order_size_and_memory(void **state)
{
    (void)state;
    check_random_slices(DATA_CONTACTS, 400);
}

static void test_statuses_of_any_order_size_and_memory(void **state)
{
    (void)state;
    check_random_slices(DATA_AGENT_STATUS, 400);
}

/* --- what the reader relies on --- */

static struct record contact(uint32_t subject, utc_ms time)
{
    return (struct record){.time = time, .subject = subject, .volume = {.offered = 1}};
}

static void test_in_order_a_group_comes_out_as_soon_as_it_is_complete(void **state)
{
    struct grouper *grouper = grouper_new(DATA_CONTACTS, 64, SCRATCH);
    struct group group;
    struct error err;
    bool failed;

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct record record = contact(3, MONDAY + i * UTC_QUARTER / 2);
        assert_true(grouper_add(grouper, &record, 1, &err));
        while (grouper_next(grouper, &group, &failed, &err)) {
            assert_int_equal(group.time, utc_floor(record.time, UTC_QUARTER) - UTC_QUARTER);
            assert_int_equal(group.count, 2);
            assert_true(i >= 3);
        }
        assert_false(failed);
    }
    assert_int_equal(group.time, MONDAY + 8 * UTC_QUARTER);
    grouper_free(grouper);
    grouper_free(NULL);
}

static void test_a_row_of_a_group_handed_out_asks_for_sorting(void **state)
{
    struct grouper *grouper = grouper_new(DATA_CONTACTS, 64, SCRATCH);
    struct record record = contact(1, MONDAY);
    struct group group;
    struct error err;
    bool failed;
    int count = 0;

    (void)state;
    for (int i = 0; i < 10; i++) {
        record.time = MONDAY + i * UTC_QUARTER;
        assert_true(grouper_add(grouper, &record, 1, &err));
        while (grouper_next(grouper, &group, &failed, &err))
            count++;
    }
    assert_int_equal(count, 9);
    record.time = MONDAY + 8 * UTC_QUARTER;
    assert_false(grouper_add(grouper, &record, 1, &err));
    assert_true(grouper_needs_sorting(grouper));
    grouper_free(grouper);
}

/* Adds `count` times the record; how grouping ends. */
static bool groups_fit(enum data_kind kind, const struct record *record, size_t count,
                       struct error *err)
{
    struct grouper *grouper = grouper_new(kind, 4096, SCRATCH);
    struct group group;
    bool failed = false;
    size_t groups = 0;

    for (size_t i = 0; i < count; i++)
        assert_true(grouper_add(grouper, record, 1, err));
    assert_true(grouper_end(grouper, err));
    while (grouper_next(grouper, &group, &failed, err))
        groups++;
    assert_int_equal(groups, failed ? 0 : 1);
    grouper_free(grouper);
    return !failed;
}

static void test_a_group_beyond_reason_fails(void **state)
{
    struct record record = contact(1, MONDAY);
    struct error err;

    (void)state;
    assert_true(groups_fit(DATA_CONTACTS, &record, GROUP_EVENTS_MOST, &err));
    assert_false(groups_fit(DATA_CONTACTS, &record, GROUP_EVENTS_MOST + 1, &err));
    assert_int_equal(err.kind, ERROR_DATA);
    assert_non_null(strstr(err.text, "2026-01-05T08:00:00Z"));
    assert_non_null(strstr(err.text, "wrong time column"));
}

static void test_an_interval_counts_its_events(void **state)
{
    struct record volume = contact(1, MONDAY);
    struct error err;

    (void)state;
    volume.volume.offered = 7;
    volume.volume.answered = GROUP_EVENTS_MOST / 2;
    assert_true(groups_fit(DATA_INTERVALS, &volume, 2, &err));
    assert_false(groups_fit(DATA_INTERVALS, &volume, 3, &err));
    volume.volume.offered = GROUP_EVENTS_MOST;
    volume.volume.answered = 0;
    assert_true(groups_fit(DATA_INTERVALS, &volume, 1, &err));
    volume.volume.duration_ms = 5; /* one more event carries it */
    assert_false(groups_fit(DATA_INTERVALS, &volume, 1, &err));
    volume.volume.offered = 0;
    volume.volume.duration_ms = 0; /* no event, but a row nevertheless */
    assert_true(groups_fit(DATA_INTERVALS, &volume, GROUP_EVENTS_MOST, &err));
    assert_false(groups_fit(DATA_INTERVALS, &volume, GROUP_EVENTS_MOST + 1, &err));
}

static void test_a_scratch_folder_that_is_missing_is_told(void **state)
{
    struct grouper *grouper = grouper_new(DATA_AGENT_STATUS, 64, "/nowhere/at/all");
    struct error err = {0};
    bool is_fine = true;

    (void)state;
    for (int i = 0; i < 100 && is_fine; i++) {
        struct record record = contact(1, MONDAY - i);
        is_fine = grouper_add(grouper, &record, 1, &err);
    }
    assert_false(is_fine);
    assert_false(grouper_needs_sorting(grouper));
    assert_true(err.text[0] != '\0');
    grouper_free(grouper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_volumes_of_any_order_size_and_memory),
        cmocka_unit_test(test_statuses_of_any_order_size_and_memory),
        cmocka_unit_test(test_in_order_a_group_comes_out_as_soon_as_it_is_complete),
        cmocka_unit_test(test_a_row_of_a_group_handed_out_asks_for_sorting),
        cmocka_unit_test(test_a_group_beyond_reason_fails),
        cmocka_unit_test(test_an_interval_counts_its_events),
        cmocka_unit_test(test_a_scratch_folder_that_is_missing_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
