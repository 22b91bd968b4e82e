/* SPDX-License-Identifier: Apache-2.0 */
/* test_ledger.c - what was sent is recognised, whatever the order of its rows and its name */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "agent/flow/ledger.h"

#define MONDAY INT64_C(1767600000000) /* 2026-01-05T08:00:00Z */

static const uint8_t secret[DIGEST_KEY_SIZE] = {1, 2, 3};

/* A queue alone in its ring. */
static struct queue lone(const char *identifier, const char *name)
{
    return (struct queue){.identifier = identifier, .name = name, .accepted = true};
}

static struct record contact(utc_ms time, int64_t duration_ms)
{
    return (struct record){.time = time,
                           .volume = {.offered = 1, .answered = 1, .duration_ms = duration_ms}};
}

static struct group group_of(const struct record *records, size_t count)
{
    return (struct group){.subject = records->subject,
                          .time = utc_floor(records->time, UTC_QUARTER),
                          .records = records,
                          .count = count};
}

static enum ledger_verdict judge(struct ledger *ledger, const struct group *group,
                                 struct queue *queue, struct digest *key)
{
    const struct queue *under = queue;
    enum ledger_verdict verdict;

    queue->next = queue;
    verdict = ledger_judge_volume(ledger, group, &under, key);
    assert_ptr_equal(under, queue);
    return verdict;
}

/* What the slice noted is known to the next one, as through the store. */
static void commit(struct ledger *ledger, utc_ms keep_from)
{
    size_t count = 0;
    const struct ledger_entry *changes = ledger_changes(ledger, &count);
    struct ledger_entry *kept = malloc((count + 1) * sizeof *kept);

    assert_non_null(kept);
    if (count > 0)
        memcpy(kept, changes, count * sizeof *kept);
    ledger_begin(ledger, keep_from);
    for (size_t i = count; i > 0; i--) {
        ledger_known(ledger, &kept[i - 1]);
        ledger_known(ledger, &kept[i - 1]);
    }
    free(kept);
}

static void test_the_same_records_in_any_order_are_the_same(void **state)
{
    struct ledger *ledger = ledger_new(secret);
    struct record records[] = {contact(MONDAY, 5), contact(MONDAY, 5), contact(MONDAY + 1, 4),
                               contact(MONDAY + 1, 3)};
    struct record shuffled[] = {records[3], records[0], records[2], records[1]};
    struct group group = group_of(records, 4);
    struct queue queue = lone("q", "Q");
    struct digest key, again;

    (void)state;
    assert_int_equal(judge(ledger, &group, &queue, &key), LEDGER_NEW);
    commit(ledger, UTC_NEVER);
    assert_int_equal(judge(ledger, &group, &queue, &again), LEDGER_SAME);
    assert_memory_equal(&key, &again, sizeof key);
    group = group_of(shuffled, 4);
    assert_int_equal(judge(ledger, &group, &queue, &key), LEDGER_SAME);
    assert_int_equal(ledger_shrunk(ledger), 0);
    group.count = 3; /* two identical contacts are two */
    assert_int_equal(judge(ledger, &group, &queue, &key), LEDGER_CHANGED);
    assert_int_equal(ledger_shrunk(ledger), 1);
    ledger_free(ledger);
    ledger_free(NULL);
}

static void test_every_fact_of_a_record_counts(void **state)
{
    struct ledger *ledger = ledger_new(secret);
    struct record sent = contact(MONDAY, 5);
    struct record changed[5] = {sent, sent, sent, sent, sent};
    struct queue queue = lone("q", "Q");
    struct group group = group_of(&sent, 1);
    struct digest key;
    size_t count = 0;

    (void)state;
    changed[0].time++;
    changed[1].volume.duration_ms++;
    changed[2].volume.offered = 0;
    changed[3].volume.answered = 0;
    changed[4].volume.channel = CHANNEL_CASES;
    judge(ledger, &group, &queue, &key);
    commit(ledger, UTC_NEVER);
    for (int i = 0; i < 5; i++) {
        group = group_of(&changed[i], 1);
        assert_int_equal(judge(ledger, &group, &queue, &key), LEDGER_CHANGED);
    }
    sent.order = 77;
    sent.subject = 5;
    group = group_of(&sent, 1);
    assert_int_equal(judge(ledger, &group, &queue, &key), LEDGER_SAME);
    ledger_changes(ledger, &count);
    assert_int_equal(count, 5);
    ledger_free(ledger);
}

static void test_outside_the_horizon_nothing_is_kept(void **state)
{
    struct ledger *ledger = ledger_new(secret);
    struct record record = contact(MONDAY, 5);
    struct group group = group_of(&record, 1);
    struct queue queue = lone("q", "Q");
    struct digest key, expected;
    size_t count = 0;

    (void)state;
    ledger_begin(ledger, MONDAY + UTC_QUARTER);
    queue.next = &queue;
    expected = ledger_queue_key(ledger, &queue);
    for (int i = 0; i < 2; i++)
        assert_int_equal(judge(ledger, &group, &queue, &key), LEDGER_NEW);
    assert_memory_equal(&key, &expected, sizeof key);
    ledger_changes(ledger, &count);
    assert_int_equal(count, 0);
    ledger_begin(ledger, MONDAY);
    assert_int_equal(judge(ledger, &group, &queue, &key), LEDGER_NEW);
    ledger_changes(ledger, &count);
    assert_int_equal(count, 1);
    ledger_free(ledger);
}

static void test_a_group_goes_under_the_name_it_was_sent_under(void **state)
{
    struct ledger *ledger = ledger_new(secret);
    struct queue old = lone("q", "Old"), new = lone("q", "New");
    struct record records[] = {contact(MONDAY, 5), contact(MONDAY, 6)};
    struct group group = group_of(records, 1);
    const struct queue *under = &new;
    struct digest key, old_key;

    (void)state;
    judge(ledger, &group, &old, &old_key);
    commit(ledger, UTC_NEVER);
    old.next = &new;
    new.next = &old;
    assert_int_equal(ledger_judge_volume(ledger, &group, &under, &key), LEDGER_SAME);
    group.count = 2;
    under = &new;
    assert_int_equal(ledger_judge_volume(ledger, &group, &under, &key), LEDGER_CHANGED);
    assert_ptr_equal(under, &old);
    assert_memory_equal(&key, &old_key, sizeof key);
    under = &new;
    group.time += UTC_QUARTER;
    assert_int_equal(ledger_judge_volume(ledger, &group, &under, &key), LEDGER_NEW);
    assert_ptr_equal(under, &new);
    assert_memory_not_equal(&key, &old_key, sizeof key);
    ledger_free(ledger);
}

static void test_statuses_change_with_end_and_activity(void **state)
{
    struct ledger *ledger = ledger_new(secret);
    struct record record = {.time = MONDAY + 1, .status = {.end = UTC_NEVER}};
    struct group group = {.time = record.time, .records = &record, .count = 1};
    struct digest key, other;

    (void)state;
    assert_int_equal(ledger_judge_status(ledger, &group, "ann", "Break", &key), LEDGER_NEW);
    commit(ledger, UTC_NEVER);
    assert_int_equal(ledger_judge_status(ledger, &group, "ann", "Break", &key), LEDGER_SAME);
    assert_int_equal(ledger_judge_status(ledger, &group, "ann", "Lunch", &key), LEDGER_CHANGED);
    record.status.end = MONDAY + 5000;
    assert_int_equal(ledger_judge_status(ledger, &group, "ann", "Break", &key), LEDGER_CHANGED);
    group.subject = 1;
    assert_int_equal(ledger_judge_status(ledger, &group, "bob", "Break", &other), LEDGER_NEW);
    assert_memory_not_equal(&key, &other, sizeof key);
    ledger_free(ledger);
}

static void test_what_does_not_appear_has_vanished_once(void **state)
{
    struct ledger *ledger = ledger_new(secret);
    struct queue queue = lone("q", "Q");
    struct record record = contact(MONDAY, 5);
    struct group group = group_of(&record, 1);
    const struct ledger_entry *gone = NULL;
    struct digest key, queue_key;
    size_t count = 0;

    (void)state;
    for (int i = 0; i < 4; i++) {
        group.time = MONDAY + i * UTC_QUARTER;
        judge(ledger, &group, &queue, &key);
    }
    commit(ledger, UTC_NEVER);
    group.time = MONDAY + UTC_QUARTER;
    judge(ledger, &group, &queue, &key);
    gone = ledger_vanished(ledger, MONDAY, MONDAY + 3 * UTC_QUARTER, &count);
    assert_int_equal(count, 2); /* the first and the third; the fourth is outside */
    queue_key = ledger_queue_key(ledger, &queue);
    assert_memory_equal(&gone[0].key, &queue_key, sizeof queue_key);
    for (size_t i = 0; i < count; i++)
        ledger_overwrite(ledger, &gone[i]);
    commit(ledger, UTC_NEVER);
    ledger_vanished(ledger, MONDAY, MONDAY + 3 * UTC_QUARTER, &count);
    assert_int_equal(count, 0);
    group.time = MONDAY; /* it is there again, as it was: the receiver has nothing of it */
    assert_int_equal(judge(ledger, &group, &queue, &key), LEDGER_CHANGED);
    ledger_free(ledger);
}

static void test_another_key_makes_other_digests(void **state)
{
    uint8_t other_secret[DIGEST_KEY_SIZE] = {9};
    struct ledger *ledger = ledger_new(secret), *other = ledger_new(other_secret);
    struct record record = contact(MONDAY, 5);
    struct group group = group_of(&record, 1);
    struct queue queue = lone("q", "Q");
    struct digest key, other_key;
    size_t count = 0;

    (void)state;
    judge(ledger, &group, &queue, &key);
    judge(other, &group, &queue, &other_key);
    assert_memory_not_equal(&key, &other_key, sizeof key);
    assert_memory_not_equal(&ledger_changes(ledger, &count)->digest,
                            &ledger_changes(other, &count)->digest, sizeof key);
    ledger_free(ledger);
    ledger_free(other);
}

static void test_known_late_and_many_groups(void **state)
{
    struct ledger *ledger = ledger_new(secret);
    struct queue queue = lone("q", "Q");
    static struct ledger_entry stored[5000];
    struct digest key;
    size_t count = 0;

    (void)state;
    srand(3);
    for (int i = 0; i < 5000; i++) {
        struct record record = contact(MONDAY + i * UTC_QUARTER, i);
        struct group group = group_of(&record, 1);
        judge(ledger, &group, &queue, &key);
    }
    memcpy(stored, ledger_changes(ledger, &count), sizeof stored);
    assert_int_equal(count, 5000);
    ledger_begin(ledger, UTC_NEVER);
    for (int i = 0; i < 5000; i++) {
        struct record record = contact(MONDAY + i * UTC_QUARTER, i % 3 == 0 ? i : i + 1);
        struct group group = group_of(&record, 1);
        ledger_known(ledger, &stored[i]);
        assert_int_equal(judge(ledger, &group, &queue, &key),
                         i % 3 == 0 ? LEDGER_SAME : LEDGER_CHANGED);
    }
    ledger_free(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_records_in_any_order_are_the_same),
        cmocka_unit_test(test_every_fact_of_a_record_counts),
        cmocka_unit_test(test_outside_the_horizon_nothing_is_kept),
        cmocka_unit_test(test_a_group_goes_under_the_name_it_was_sent_under),
        cmocka_unit_test(test_statuses_change_with_end_and_activity),
        cmocka_unit_test(test_what_does_not_appear_has_vanished_once),
        cmocka_unit_test(test_another_key_makes_other_digests),
        cmocka_unit_test(test_known_late_and_many_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
