/* SPDX-License-Identifier: Apache-2.0 */
/* test_upload.c - every line of the answer table, the backoff, and a model of the order rule */
#include "tests/unit/check.h"

#include <string.h>

#include "agent/flow/upload.h"

static const struct {
    struct upload_answer answer;
    enum verdict verdict;
} answer_table[] = {
    /* no answer: timeout, reset, TLS, DNS */
    {{.status = 0}, VERDICT_RETRY},
    {{.status = 0, .was_gzip = true}, VERDICT_RETRY},
    /* 2xx accepts, a proxy's page does not */
    {{.status = 200}, VERDICT_ACCEPTED},
    {{.status = 201, .was_gzip = true}, VERDICT_ACCEPTED},
    {{.status = 299}, VERDICT_ACCEPTED},
    {{.status = 200, .is_html = true}, VERDICT_REFUSED},
    {{.status = 204, .is_html = true, .was_gzip = true}, VERDICT_REFUSED},
    /* 400 and 415 to gzip: once plain, as long as gzip is not proven */
    {{.status = 400, .was_gzip = true}, VERDICT_PLAIN},
    {{.status = 415, .was_gzip = true}, VERDICT_PLAIN},
    {{.status = 400, .was_gzip = true, .gzip_proven = true}, VERDICT_BISECT},
    {{.status = 415, .was_gzip = true, .gzip_proven = true}, VERDICT_REFUSED},
    {{.status = 400}, VERDICT_BISECT},
    {{.status = 415}, VERDICT_REFUSED},
    /* 422: bisected, never sent plain */
    {{.status = 422}, VERDICT_BISECT},
    {{.status = 422, .was_gzip = true}, VERDICT_BISECT},
    /* 413 */
    {{.status = 413}, VERDICT_HALVE},
    {{.status = 413, .was_gzip = true, .is_html = true}, VERDICT_HALVE},
    /* the host backs off */
    {{.status = 408}, VERDICT_RETRY},
    {{.status = 429}, VERDICT_RETRY},
    {{.status = 429, .server_errors = 100}, VERDICT_RETRY},
    {{.status = 503}, VERDICT_RETRY},
    {{.status = 503, .server_errors = 100, .is_html = true}, VERDICT_RETRY},
    {{.status = 507}, VERDICT_RETRY},
    {{.status = 599}, VERDICT_RETRY},
    /* 500, 502, 504: the same until it is clear that it is this batch */
    {{.status = 500, .server_errors = 1}, VERDICT_RETRY},
    {{.status = 500, .server_errors = 7}, VERDICT_RETRY},
    {{.status = 500, .server_errors = 8}, VERDICT_BISECT},
    {{.status = 502, .server_errors = 7}, VERDICT_RETRY},
    {{.status = 502, .server_errors = 8}, VERDICT_BISECT},
    {{.status = 504, .server_errors = 7}, VERDICT_RETRY},
    {{.status = 504, .server_errors = 9}, VERDICT_BISECT},
    /* a person must act */
    {{.status = 401}, VERDICT_REFUSED},
    {{.status = 403}, VERDICT_REFUSED},
    {{.status = 404}, VERDICT_REFUSED},
    {{.status = 301}, VERDICT_REFUSED},
    {{.status = 302}, VERDICT_REFUSED},
    {{.status = 307, .is_html = true}, VERDICT_REFUSED},
    {{.status = 402}, VERDICT_REFUSED},
    {{.status = 405}, VERDICT_REFUSED},
    {{.status = 407}, VERDICT_REFUSED},
    {{.status = 409}, VERDICT_REFUSED},
    {{.status = 451}, VERDICT_REFUSED},
    /* nonsense */
    {{.status = 100}, VERDICT_REFUSED},
    {{.status = 600}, VERDICT_REFUSED},
    {{.status = -1}, VERDICT_REFUSED},
};

static void test_every_line_of_the_answer_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answer_table / sizeof answer_table[0]; i++)
        if (upload_classify(&answer_table[i].answer) != answer_table[i].verdict)
            fail_msg("line %d, status %d: %d, not %d", (int)i, answer_table[i].answer.status,
                     upload_classify(&answer_table[i].answer), answer_table[i].verdict);
}

static void test_backoff_doubles_up_to_five_minutes(void **state)
{
    static const int64_t most_s[] = {2, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300};

    (void)state;
    for (int failures = 0; failures < 12; failures++) {
        assert_int_equal(upload_backoff_ms(failures, -1, 0), UTC_SECOND);
        assert_int_equal(upload_backoff_ms(failures, -1, UINT32_MAX), most_s[failures] * 1000);
        const int64_t middle = upload_backoff_ms(failures, -1, UINT32_MAX / 2);
        assert_in_range(middle, (1 + most_s[failures]) * 500 - 2, (1 + most_s[failures]) * 500 + 2);
    }
    assert_int_equal(upload_backoff_ms(INT32_MAX, -1, UINT32_MAX), 5 * UTC_MINUTE);
    assert_int_equal(upload_backoff_ms(-5, -1, 0), UTC_SECOND);
}

static void test_retry_after_is_respected_up_to_an_hour(void **state)
{
    (void)state;
    assert_int_equal(upload_backoff_ms(1, 30000, 0), 30000);
    assert_int_equal(upload_backoff_ms(1, 30000, UINT32_MAX), 30000);
    assert_int_equal(upload_backoff_ms(9, 30000, UINT32_MAX), 5 * UTC_MINUTE);
    assert_int_equal(upload_backoff_ms(1, 0, 0), UTC_SECOND);
    assert_int_equal(upload_backoff_ms(1, 2 * UTC_HOUR, 0), UTC_HOUR);
    assert_int_equal(upload_backoff_ms(1, INT64_MAX, 0), UTC_HOUR);
}

static void test_the_order_rule(void **state)
{
    const struct upload_span older = {
        .id = 1, .kind = 0, .sequence = 5, .slice = 10, .from = 100, .to = 200, .priority = 3};
    struct upload_span batch = {
        .id = 1, .kind = 0, .sequence = 6, .slice = 11, .from = 150, .to = 160, .priority = 0};

    (void)state;
    assert_true(upload_must_wait(&batch, &older));
    assert_false(upload_must_wait(&older, &batch)); /* the older one never waits */
    assert_false(upload_must_wait(&batch, &batch));
    batch.from = 200, batch.to = 300; /* touches, does not overlap */
    assert_false(upload_must_wait(&batch, &older));
    batch.from = 0, batch.to = 100;
    assert_false(upload_must_wait(&batch, &older));
    batch.to = 101;
    assert_true(upload_must_wait(&batch, &older));
    batch.from = 199, batch.to = 300;
    assert_true(upload_must_wait(&batch, &older));
    batch.slice = 10; /* of one slice: other groups */
    assert_false(upload_must_wait(&batch, &older));
    batch.slice = 11, batch.id = 2;
    assert_false(upload_must_wait(&batch, &older));
    batch.id = 1, batch.kind = 1;
    assert_false(upload_must_wait(&batch, &older));
}

/* --- the model: a source that corrects itself, a sender that is disturbed, a receiver that
 *     overwrites. A round begins with nothing and ends when everything is delivered. --- */

#define QUEUES         3
#define QUARTERS       8
#define BATCHES_MOST   400
#define GROUPS_MOST    (QUEUES * QUARTERS)
#define IN_FLIGHT_MOST 4

struct model_group {
    int queue, quarter, version;
};

enum model_state { MODEL_WAITING, MODEL_FLYING, MODEL_GONE };

struct model_batch {
    struct upload_span span;
    struct model_group groups[GROUPS_MOST];
    int group_count;
    enum model_state state;
};

struct model {
    uint64_t random;
    bool rule_holds; /* false: the same without upload_must_wait */
    int source[QUEUES][QUARTERS];
    int received[QUEUES][QUARTERS];
    int quarantined[QUEUES][QUARTERS]; /* newest version set aside */
    bool poison[QUEUES][QUARTERS];
    struct model_batch batches[BATCHES_MOST];
    int batch_count;
    int64_t slices, sequences;
    int stale;
};

static int pick(struct model *model, int count)
{
    model->random = model->random * 6364136223846793005u + 1442695040888963407u;
    return (int)((model->random >> 33) % (uint64_t)count);
}

/* What a batch spans: all quarter hours of its groups. */
static void set_span(struct model_batch *batch)
{
    batch->span.from = INT64_MAX;
    batch->span.to = 0;
    for (int i = 0; i < batch->group_count; i++) {
        const utc_ms time = batch->groups[i].quarter * UTC_QUARTER;
        batch->span.from = time < batch->span.from ? time : batch->span.from;
        batch->span.to = time + UTC_QUARTER > batch->span.to ? time + UTC_QUARTER : batch->span.to;
    }
}

static void add_batch(struct model *model, const struct model_batch *batch)
{
    assert_true(model->batch_count < BATCHES_MOST);
    if (batch->group_count == 0)
        return;
    model->batches[model->batch_count] = *batch;
    model->batches[model->batch_count].state = MODEL_WAITING;
    set_span(&model->batches[model->batch_count++]);
}

/* Corrects some groups, then reads a window: batches of a few groups in the order of time. */
static void read_slice(struct model *model)
{
    const int from = pick(model, QUARTERS);
    const int to = from + 1 + pick(model, QUARTERS - from);
    const int size = 1 + pick(model, 6);
    struct model_batch batch = {.span = {.id = 7, .priority = pick(model, 4)}};

    for (int i = pick(model, 8); i > 0; i--)
        model->source[pick(model, QUEUES)][pick(model, QUARTERS)]++;
    batch.span.slice = ++model->slices;
    batch.span.sequence = ++model->sequences;
    for (int quarter = from; quarter < to; quarter++) {
        for (int queue = 0; queue < QUEUES; queue++) {
            batch.groups[batch.group_count++] =
                (struct model_group){queue, quarter, model->source[queue][quarter]};
            if (batch.group_count < size)
                continue;
            add_batch(model, &batch);
            batch.group_count = 0;
            batch.span.sequence = ++model->sequences;
        }
    }
    add_batch(model, &batch);
}

static bool may_go(const struct model *model, const struct model_batch *batch)
{
    for (int i = 0; i < model->batch_count; i++)
        if (model->rule_holds && model->batches[i].state != MODEL_GONE &&
            upload_must_wait(&batch->span, &model->batches[i].span))
            return false;
    return true;
}

static int count_of(const struct model *model, enum model_state state)
{
    int count = 0;

    for (int i = 0; i < model->batch_count; i++)
        count += model->batches[i].state == state;
    return count;
}

/* Sends the most urgent batch that may go. */
static void send_one(struct model *model)
{
    struct model_batch *best = NULL;

    for (int i = 0; i < model->batch_count; i++) {
        struct model_batch *batch = &model->batches[i];
        if (batch->state == MODEL_WAITING && may_go(model, batch) &&
            (best == NULL || batch->span.priority < best->span.priority))
            best = batch;
    }
    if (best != NULL)
        best->state = MODEL_FLYING;
}

static void receive(struct model *model, const struct model_batch *batch)
{
    for (int i = 0; i < batch->group_count; i++) {
        const struct model_group *group = &batch->groups[i];
        int *held = &model->received[group->queue][group->quarter];
        if (group->version < *held)
            model->stale++;
        *held = group->version;
    }
}

static bool is_poisoned(const struct model *model, const struct model_batch *batch)
{
    for (int i = 0; i < batch->group_count; i++)
        if (model->poison[batch->groups[i].queue][batch->groups[i].quarter])
            return true;
    return false;
}

/* Between groups; a single one is set aside. */
static void halve(struct model *model, int index)
{
    struct model_batch first = model->batches[index];
    struct model_batch second = first;

    model->batches[index].state = MODEL_GONE;
    if (first.group_count == 1) {
        const struct model_group *group = &first.groups[0];
        int *aside = &model->quarantined[group->queue][group->quarter];
        *aside = group->version > *aside ? group->version : *aside;
        return;
    }
    first.group_count /= 2;
    second.group_count -= first.group_count;
    memcpy(second.groups, first.groups + first.group_count,
           (size_t)second.group_count * sizeof second.groups[0]);
    add_batch(model, &first);
    add_batch(model, &second);
}

/* One of those in flight is answered, in whatever order. */
static void answer_one(struct model *model)
{
    int which = pick(model, count_of(model, MODEL_FLYING));
    int index = 0;

    for (;; index++)
        if (model->batches[index].state == MODEL_FLYING && which-- == 0)
            break;
    struct model_batch *batch = &model->batches[index];
    struct upload_answer answer = {.status = is_poisoned(model, batch) ? 422 : 200};
    const int disturbance = pick(model, 10);

    if (disturbance == 0) { /* lost on the way there */
        answer.status = 0;
    } else if (disturbance == 1) {
        answer.status = 503;
    } else if (disturbance == 2 && batch->group_count > 3) {
        answer.status = 413;
    } else if (answer.status == 200) {
        receive(model, batch);
        if (disturbance == 3) /* processed, and the answer lost on the way back */
            answer.status = 0;
    }

    switch (upload_classify(&answer)) {
    case VERDICT_ACCEPTED:
        batch->state = MODEL_GONE;
        break;
    case VERDICT_RETRY:
        batch->state = MODEL_WAITING;
        break;
    case VERDICT_HALVE:
    case VERDICT_BISECT:
        halve(model, index);
        break;
    case VERDICT_PLAIN:
    case VERDICT_REFUSED:
        fail_msg("no such answer was given");
    }
}

static int play_round(struct model *model, uint64_t seed, bool rule_holds)
{
    *model = (struct model){.random = seed * 0x9E3779B97F4A7C15u + 1, .rule_holds = rule_holds};
    for (int queue = 0; queue < QUEUES; queue++)
        for (int quarter = 0; quarter < QUARTERS; quarter++)
            model->poison[queue][quarter] = pick(model, 30) == 0;

    for (int slices = 2 + pick(model, 4);
         slices > 0 || count_of(model, MODEL_GONE) < model->batch_count;) {
        const int step = pick(model, 5);
        const int flying = count_of(model, MODEL_FLYING);
        if (step == 0 && slices > 0) {
            read_slice(model);
            slices--;
        } else if (step <= 2 && flying < IN_FLIGHT_MOST) {
            send_one(model);
        } else if (flying > 0) {
            answer_one(model);
        }
    }
    for (int i = 0; i < model->batch_count; i++)
        for (int j = 0; j < model->batches[i].group_count; j++) {
            const struct model_group *group = &model->batches[i].groups[j];
            if (group->version > model->received[group->queue][group->quarter] &&
                group->version > model->quarantined[group->queue][group->quarter])
                model->stale++;
        }
    return model->stale;
}

static void test_nothing_is_stale_in_10000_disturbed_rounds(void **state)
{
    static struct model model;
    int with_rule = 0;
    int without_rule = 0;

    (void)state;
    for (uint64_t round = 0; round < 10000; round++) {
        with_rule += play_round(&model, round, true) > 0;
        without_rule += play_round(&model, round, false) > 0;
    }
    assert_int_equal(with_rule, 0);
    assert_true(without_rule > 1000); /* the model does tell the difference */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_line_of_the_answer_table),
        cmocka_unit_test(test_backoff_doubles_up_to_five_minutes),
        cmocka_unit_test(test_retry_after_is_respected_up_to_an_hour),
        cmocka_unit_test(test_the_order_rule),
        cmocka_unit_test(test_nothing_is_stale_in_10000_disturbed_rounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
