/* SPDX-License-Identifier: Apache-2.0 */
/* test_ends_slices.c - however time is cut into slices, every status gets the same end */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/os.h"
#include "agent/flow/ends.h"

#define DAY0 INT64_C(1767571200000) /* 2026-01-05T00:00:00Z */

static const char *log_offs[] = {"Gone"};
static const struct ends_settings settings = {
    .longest_ms = UTC_DAY, .log_off = {.items = log_offs, .count = 1}, .ongoing = ONGOING_SEND};

struct scene {
    struct ends *ends;
    struct names *names;
};

#define AGENTS 5
#define STARTS 60

struct truth {
    utc_ms start[AGENTS][STARTS];
    bool is_log_off[AGENTS][STARTS];
    utc_ms sent_end[AGENTS][STARTS]; /* what the receiver has; 0: nothing */
};

static void draw_truth(struct truth *truth)
{
    memset(truth, 0, sizeof *truth);
    for (int a = 0; a < AGENTS; a++) {
        utc_ms at = DAY0 + rand() % 100 * UTC_MINUTE;
        for (int i = 0; i < STARTS; i++) {
            truth->start[a][i] = at;
            truth->is_log_off[a][i] = rand() % 4 == 0;
            at += (1 + (rand() % 10 == 0 ? rand() % 2000 : rand() % 300)) * UTC_MINUTE;
        }
    }
}

static void receive(struct scene *scene, struct truth *truth)
{
    struct group group;

    while (ends_next(scene->ends, &group)) {
        const char *agent = names_identifier(scene->names, NAME_AGENT, group.subject);
        int a = agent[0] - 'a', found = -1;
        for (int i = 0; i < STARTS; i++)
            if (truth->start[a][i] == group.time)
                found = i;
        assert_true(found >= 0);
        truth->sent_end[a][found] = group.records->status.end;
    }
}

static void read_slice(struct scene *scene, const struct truth *truth, enum slice_purpose purpose,
                       utc_ms from, utc_ms to)
{
    struct slice slice = {.purpose = purpose, .from = from, .to = to};
    utc_ms read_to = ends_read_to(scene->ends, &slice);

    names_reset(scene->names);
    ends_begin(scene->ends, &slice, scene->names);
    for (int a = 0; a < AGENTS; a++) {
        for (int i = 0; i < STARTS; i++) {
            struct record record = {.time = truth->start[a][i], .status = {.end = UTC_NEVER}};
            struct group group = {.time = record.time, .records = &record, .count = 1};
            char agent[2] = {(char)('a' + a), '\0'};

            if (record.time < from || record.time >= read_to)
                continue;
            group.subject = record.subject = names_add(scene->names, NAME_AGENT, agent, NULL);
            record.status.activity = names_add(scene->names, NAME_ACTIVITY,
                                               truth->is_log_off[a][i] ? "Gone" : "Work", NULL);
            ends_put(scene->ends, &group);
        }
    }
    ends_finish(scene->ends);
}

/* Reads a slice until it can be committed; what an abandoned one brought was never sent. */
static void take_slice(struct scene *scene, struct truth *truth, enum slice_purpose purpose,
                       utc_ms from, utc_ms to)
{
    read_slice(scene, truth, purpose, from, to);
    while (rand() % 5 == 0) {
        ends_abandon(scene->ends);
        read_slice(scene, truth, purpose, from, to);
    }
    receive(scene, truth);
    ends_commit(scene->ends);
}

static void check_truth(const struct truth *truth, utc_ms now)
{
    for (int a = 0; a < AGENTS; a++) {
        for (int i = 0; i < STARTS && truth->start[a][i] < now; i++) {
            utc_ms longest = truth->start[a][i] + UTC_DAY;
            utc_ms next = i + 1 < STARTS ? truth->start[a][i + 1] : INT64_MAX;
            utc_ms end = next < longest ? next : longest;

            if (truth->is_log_off[a][i])
                assert_int_equal(truth->sent_end[a][i], 0);
            else
                assert_int_equal(truth->sent_end[a][i],
                                 next < now || longest <= now ? end : UTC_NEVER);
        }
    }
}

static void test_however_time_is_cut_the_ends_are_the_same(void **state)
{
    struct truth *truth = os_alloc(sizeof *truth);

    (void)state;
    srand(11);
    for (int round = 0; round < 200; round++) {
        struct scene s;
        utc_ms start = DAY0 + (1 + rand() % 6) * UTC_DAY;
        utc_ms now = start, hole_to;

        draw_truth(truth);
        s.ends = ends_new(&settings, true);
        s.names = names_new();
        hole_to = start - UTC_DAY;
        for (int step = 0; step < 20; step++) {
            take_slice(&s, truth, SLICE_LIVE, now - UTC_DAY, now);
            if (rand() % 2 == 0 && hole_to > DAY0) {
                utc_ms from = hole_to - (1 + rand() % 30) * UTC_HOUR;
                take_slice(&s, truth, SLICE_HISTORY, from, hole_to);
                hole_to = from;
            }
            now += rand() % 90 * UTC_QUARTER / 15;
        }
        while (hole_to > DAY0) {
            take_slice(&s, truth, SLICE_HISTORY, hole_to - UTC_DAY, hole_to);
            hole_to -= UTC_DAY;
        }
        for (utc_ms to = now; to > now - 5 * UTC_DAY; to -= 17 * UTC_HOUR)
            take_slice(&s, truth, SLICE_RECHECK, to - 17 * UTC_HOUR, to);
        take_slice(&s, truth, SLICE_LIVE, now - UTC_DAY, now);
        check_truth(truth, now);
        ends_free(s.ends);
        names_free(s.names);
    }
    os_free(truth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_however_time_is_cut_the_ends_are_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
