/* SPDX-License-Identifier: Apache-2.0 */
/* test_ends.c - statuses get their ends, within a slice and across slices */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/flow/ends.h"

#define DAY0  INT64_C(1767571200000)             /* 2026-01-05T00:00:00Z */
#define AT(h) (DAY0 + (utc_ms)((h)*3600) * 1000) /* hours since midnight */

static const char *log_offs[] = {"Logged out", "Gone"};
static const struct ends_settings settings = {
    .longest_ms = UTC_DAY, .log_off = {.items = log_offs, .count = 2}, .ongoing = ONGOING_SEND};

/* One object with what stands around it; what came out is written as "ann Break 8-9.5; ". */
struct scene {
    struct ends *ends;
    struct names *names;
    struct bytes out;
};

static void open_scene(struct scene *scene, const struct ends_settings *of, bool next_start)
{
    scene->ends = ends_new(of, next_start);
    scene->names = names_new();
    bytes_init(&scene->out, 100000);
}

static void close_scene(struct scene *scene)
{
    ends_free(scene->ends);
    names_free(scene->names);
    bytes_free(&scene->out);
}

static void write_hours(struct bytes *out, utc_ms time)
{
    char text[32];

    snprintf(text, sizeof text, "%g", (double)(time - DAY0) / 3600000.0);
    bytes_append_text(out, text);
}

static void collect(struct scene *scene)
{
    struct bytes *out = &scene->out;
    struct group group;

    while (ends_next(scene->ends, &group)) {
        const struct record *status = group.records;
        assert_int_equal(group.count, 1);
        assert_int_equal(group.events, 1);
        assert_int_equal(group.time, status->time);
        assert_int_equal(group.subject, status->subject);
        bytes_append_text(out, names_identifier(scene->names, NAME_AGENT, status->subject));
        bytes_append_byte(out, ' ');
        bytes_append_text(out,
                          names_identifier(scene->names, NAME_ACTIVITY, status->status.activity));
        bytes_append_byte(out, ' ');
        write_hours(out, status->time);
        bytes_append_byte(out, '-');
        if (status->status.end != UTC_NEVER)
            write_hours(out, status->status.end);
        bytes_append_text(out, "; ");
    }
}

static void begin(struct scene *scene, enum slice_purpose purpose, utc_ms from, utc_ms to)
{
    struct slice slice = {.purpose = purpose, .from = from, .to = to};

    bytes_reset(&scene->out);
    names_reset(scene->names);
    ends_begin(scene->ends, &slice, scene->names);
}

static void put(struct scene *scene, const char *agent, const char *activity, utc_ms start,
                utc_ms end)
{
    struct record record = {.time = start, .status = {.end = end}};
    struct group group = {.time = start, .records = &record, .count = 1, .events = 1};

    record.subject = group.subject = names_add(scene->names, NAME_AGENT, agent, NULL);
    record.status.activity = names_add(scene->names, NAME_ACTIVITY, activity, NULL);
    ends_put(scene->ends, &group);
    collect(scene);
}

static void starts(struct scene *scene, const char *agent, const char *activity, utc_ms start)
{
    put(scene, agent, activity, start, UTC_NEVER);
}

/* What came out of the slice; it is committed. */
static const char *finish(struct scene *scene)
{
    ends_finish(scene->ends);
    collect(scene);
    ends_commit(scene->ends);
    return bytes_text(&scene->out);
}

/* --- ends: given --- */

static void test_given_ends_pass_but_those_without_length(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &settings, false);
    begin(&s, SLICE_LIVE, AT(0), AT(24));
    put(&s, "ann", "Break", AT(8), AT(9.5));
    put(&s, "ann", "Blink", AT(9.5), AT(9.5));
    put(&s, "ann", "Wink", AT(9.5) + 100, AT(9.5) + 900); /* within one second */
    put(&s, "ann", "Logged out", AT(10), AT(11));
    put(&s, "bob", "Work", AT(7), UTC_NEVER);
    assert_string_equal(finish(&s), "ann Break 8-9.5; ann Logged out 10-11; bob Work 7-; ");
    assert_int_equal(ends_oldest_open(s.ends, 0), AT(7));
    close_scene(&s);
}

static void test_given_an_open_one_is_remembered_until_its_end(void **state)
{
    struct scene s;
    size_t count = 0;
    const struct agent_memory *changed = NULL;

    (void)state;
    open_scene(&s, &settings, false);
    begin(&s, SLICE_LIVE, AT(0), AT(9));
    put(&s, "bob", "Work", AT(7), UTC_NEVER);
    ends_finish(s.ends);
    changed = ends_changed(s.ends, &count);
    assert_int_equal(count, 1);
    assert_string_equal(changed->identifier, "bob");
    assert_int_equal(changed->open_start, AT(7));
    assert_string_equal(changed->open_activity, "Work");
    assert_int_equal(changed->earliest_start, AT(7));
    ends_commit(s.ends);

    begin(&s, SLICE_PASS, AT(9), AT(9.1)); /* nothing of bob */
    finish(&s);
    assert_int_equal(ends_oldest_open(s.ends, 0), AT(7));

    begin(&s, SLICE_LIVE, AT(7), AT(10)); /* seen again, unchanged: nothing to write */
    put(&s, "bob", "Work", AT(7), UTC_NEVER);
    ends_finish(s.ends);
    ends_changed(s.ends, &count);
    assert_int_equal(count, 0);
    ends_commit(s.ends);

    begin(&s, SLICE_PASS, AT(99), AT(99.1)); /* days later */
    put(&s, "bob", "Work", AT(7), AT(99));
    assert_string_equal(finish(&s), "bob Work 7-99; ");
    assert_int_equal(ends_oldest_open(s.ends, 0), UTC_NEVER);
    close_scene(&s);
}

static void test_given_the_oldest_open_within_reach_counts(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &settings, false);
    begin(&s, SLICE_LIVE, AT(0), AT(24));
    put(&s, "ann", "Forgotten", AT(1), UTC_NEVER);
    put(&s, "ann", "Work", AT(9), UTC_NEVER);
    put(&s, "bob", "Work", AT(5), UTC_NEVER);
    finish(&s);
    assert_int_equal(ends_oldest_open(s.ends, 0), AT(1));
    assert_int_equal(ends_oldest_open(s.ends, AT(2)), AT(5));
    /* What has been open for a month is given up for a younger one. */
    begin(&s, SLICE_PASS, AT(800), AT(800.1));
    put(&s, "ann", "Work", AT(800), UTC_NEVER);
    finish(&s);
    assert_int_equal(ends_oldest_open(s.ends, AT(700)), AT(800));
    close_scene(&s);
}

static void test_an_open_one_that_is_gone_is_forgotten(void **state)
{
    struct scene s;

    (void)state;
    for (int next_start = 0; next_start < 2; next_start++) {
        open_scene(&s, &settings, next_start == 1);
        begin(&s, SLICE_LIVE, AT(0), AT(9));
        starts(&s, "bob", "Work", AT(7));
        finish(&s);
        begin(&s, SLICE_LIVE, AT(7), AT(10));
        assert_string_equal(finish(&s), "");
        assert_int_equal(ends_oldest_open(s.ends, 0), UTC_NEVER);
        close_scene(&s);
    }
}

static void test_ongoing_is_held_if_so_told(void **state)
{
    struct ends_settings hold = settings;
    struct scene s;

    (void)state;
    hold.ongoing = ONGOING_HOLD;
    open_scene(&s, &hold, false);
    begin(&s, SLICE_LIVE, AT(0), AT(9));
    put(&s, "bob", "Work", AT(7), UTC_NEVER);
    assert_string_equal(finish(&s), "");
    assert_int_equal(ends_oldest_open(s.ends, 0), AT(7));
    begin(&s, SLICE_LIVE, AT(0), AT(10));
    put(&s, "bob", "Work", AT(7), AT(9.5));
    assert_string_equal(finish(&s), "bob Work 7-9.5; ");
    close_scene(&s);

    open_scene(&s, &hold, true);
    begin(&s, SLICE_LIVE, AT(0), AT(9));
    starts(&s, "bob", "Work", AT(7));
    starts(&s, "bob", "Break", AT(8));
    assert_string_equal(finish(&s), "bob Work 7-8; ");
    close_scene(&s);
}

/* --- ends: next-start --- */

static void test_a_status_lasts_until_the_next_start(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &settings, true);
    begin(&s, SLICE_LIVE, AT(-24), AT(24));
    starts(&s, "ann", "Long", AT(-24));
    starts(&s, "ann", "Work", AT(8));
    starts(&s, "ann", "Break", AT(9));
    starts(&s, "ann", "Logged out", AT(10));
    starts(&s, "ann", "Work", AT(11));
    starts(&s, "ann", "Gone", AT(12));
    starts(&s, "bob", "Work", AT(7));
    assert_string_equal(finish(&s), "ann Long -24-0; ann Work 8-9; ann Break 9-10; ann Work 11-12; "
                                    "bob Work 7-; ");
    assert_int_equal(ends_oldest_open(s.ends, 0), AT(7));
    close_scene(&s);
}

static void test_a_new_start_ends_the_open_one_wherever_its_row_is(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &settings, true);
    begin(&s, SLICE_LIVE, AT(0), AT(9));
    starts(&s, "bob", "Work", AT(7));
    assert_string_equal(finish(&s), "bob Work 7-; ");
    begin(&s, SLICE_PASS, AT(9), AT(9.1)); /* its row is not in the window */
    starts(&s, "bob", "Break", AT(9));
    assert_string_equal(finish(&s), "bob Work 7-9; bob Break 9-; ");
    begin(&s, SLICE_LIVE, AT(7), AT(10)); /* read again: the same comes out */
    starts(&s, "bob", "Work", AT(7));
    starts(&s, "bob", "Break", AT(9));
    assert_string_equal(finish(&s), "bob Work 7-9; bob Break 9-; ");
    begin(&s, SLICE_PASS, AT(10), AT(10.1));
    starts(&s, "bob", "Gone", AT(10));
    assert_string_equal(finish(&s), "bob Break 9-10; ");
    assert_int_equal(ends_oldest_open(s.ends, 0), UTC_NEVER);
    close_scene(&s);
}

static void test_nothing_lasts_longer_than_longest(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &settings, true);
    begin(&s, SLICE_LIVE, AT(0), AT(9));
    starts(&s, "ann", "Work", AT(8));
    starts(&s, "bob", "Work", AT(7));
    finish(&s);
    begin(&s, SLICE_LIVE, AT(30), AT(31)); /* an outage later; nobody did anything */
    assert_string_equal(finish(&s), "bob Work 7-31; ");
    begin(&s, SLICE_PASS, AT(40), AT(41));
    starts(&s, "ann", "Break", AT(40));
    assert_string_equal(finish(&s), "ann Work 8-32; ann Break 40-; ");
    close_scene(&s);
}

static void test_a_hole_reads_on_until_its_ends_are_known(void **state)
{
    struct slice hole = {.purpose = SLICE_HISTORY, .from = AT(-72), .to = AT(-48)};
    struct slice live = {.purpose = SLICE_LIVE, .from = AT(-24), .to = AT(9)};
    struct scene s;

    (void)state;
    open_scene(&s, &settings, true);
    assert_int_equal(ends_read_to(s.ends, &live), AT(9));
    assert_int_equal(ends_read_to(s.ends, &hole), AT(-24));
    begin(&s, SLICE_LIVE, AT(-24), AT(9));
    starts(&s, "bob", "Work", AT(7));
    finish(&s);
    hole.to = AT(-2);
    assert_int_equal(ends_read_to(s.ends, &hole), AT(9)); /* no further than live has got */

    begin(&s, SLICE_HISTORY, AT(-48), AT(-24));
    starts(&s, "ann", "Early", AT(-30));
    starts(&s, "ann", "Beyond", AT(-20)); /* belongs to the next slice */
    starts(&s, "ann", "Beyond", AT(-19));
    starts(&s, "bob", "Night", AT(-40));
    starts(&s, "eve", "Once", AT(-25));
    assert_string_equal(finish(&s), "ann Early -30--20; bob Night -40--16; eve Once -25--1; ");
    assert_int_equal(ends_oldest_open(s.ends, 0), AT(7)); /* what is open now stays so */
    close_scene(&s);
    open_scene(&s, &settings, false);
    assert_int_equal(ends_read_to(s.ends, &hole), hole.to);
    close_scene(&s);
}

static void test_what_began_lately_is_open_though_a_hole_brought_it(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &settings, true);
    begin(&s, SLICE_LIVE, AT(7), AT(9));
    finish(&s);
    begin(&s, SLICE_HISTORY, AT(-17), AT(7)); /* a short lookback */
    starts(&s, "ann", "Work", AT(5));
    assert_string_equal(finish(&s), "ann Work 5-; ");
    begin(&s, SLICE_LIVE, AT(7.25), AT(9.25));
    starts(&s, "ann", "Break", AT(9.1));
    assert_string_equal(finish(&s), "ann Work 5-9.1; ann Break 9.1-; ");
    close_scene(&s);
}

static void test_an_older_file_ends_at_the_earliest_start_known(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &settings, true);
    begin(&s, SLICE_FILE, 0, 0);
    starts(&s, "ann", "Work", AT(8));
    starts(&s, "ann", "Break", AT(9));
    assert_string_equal(finish(&s), "ann Work 8-9; ann Break 9-; ");
    begin(&s, SLICE_FILE, 0, 0);
    starts(&s, "ann", "Night", AT(2));
    starts(&s, "bob", "Work", AT(3));
    assert_string_equal(finish(&s), "ann Night 2-8; bob Work 3-; ");
    begin(&s, SLICE_FILE, 0, 0); /* the next day: bob never came back */
    starts(&s, "ann", "Work", AT(28));
    assert_string_equal(finish(&s), "ann Break 9-28; ann Work 28-; bob Work 3-27; ");
    close_scene(&s);
}

/* --- memory --- */

static void test_an_abandoned_slice_never_was(void **state)
{
    struct scene s;
    size_t count = 0;

    (void)state;
    open_scene(&s, &settings, true);
    begin(&s, SLICE_LIVE, AT(0), AT(9));
    starts(&s, "bob", "Work", AT(7));
    finish(&s);
    begin(&s, SLICE_LIVE, AT(7), AT(40));
    starts(&s, "bob", "Work", AT(7));
    starts(&s, "bob", "Break", AT(8));
    starts(&s, "eve", "Work", AT(8));
    ends_finish(s.ends);
    ends_changed(s.ends, &count);
    assert_int_equal(count, 2);
    ends_abandon(s.ends);
    ends_changed(s.ends, &count);
    assert_int_equal(count, 0);
    begin(&s, SLICE_PASS, AT(9), AT(10));
    starts(&s, "bob", "Break", AT(9));
    assert_string_equal(finish(&s), "bob Work 7-9; bob Break 9-; ");
    close_scene(&s);
}

static void test_what_was_stored_is_taken_up(void **state)
{
    const struct agent_memory stored[] = {{"bob", AT(7), "Work", AT(-100)},
                                          {"eve", UTC_NEVER, "", AT(3)}};
    struct scene s;

    (void)state;
    open_scene(&s, &settings, true);
    ends_load(s.ends, &stored[0]);
    ends_load(s.ends, &stored[1]);
    assert_int_equal(ends_oldest_open(s.ends, 0), AT(7));
    begin(&s, SLICE_LIVE, AT(8), AT(10));
    starts(&s, "bob", "Break", AT(9));
    starts(&s, "eve", "Work", AT(9.5));
    assert_string_equal(finish(&s), "bob Work 7-9; bob Break 9-; eve Work 9.5-; ");
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given_ends_pass_but_those_without_length),
        cmocka_unit_test(test_given_an_open_one_is_remembered_until_its_end),
        cmocka_unit_test(test_given_the_oldest_open_within_reach_counts),
        cmocka_unit_test(test_an_open_one_that_is_gone_is_forgotten),
        cmocka_unit_test(test_ongoing_is_held_if_so_told),
        cmocka_unit_test(test_a_status_lasts_until_the_next_start),
        cmocka_unit_test(test_a_new_start_ends_the_open_one_wherever_its_row_is),
        cmocka_unit_test(test_nothing_lasts_longer_than_longest),
        cmocka_unit_test(test_a_hole_reads_on_until_its_ends_are_known),
        cmocka_unit_test(test_what_began_lately_is_open_though_a_hole_brought_it),
        cmocka_unit_test(test_an_older_file_ends_at_the_earliest_start_known),
        cmocka_unit_test(test_an_abandoned_slice_never_was),
        cmocka_unit_test(test_what_was_stored_is_taken_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
