/* SPDX-License-Identifier: Apache-2.0 */
/* test_log.c - one event is one line, in three forms, and never shows a secret */
#define _GNU_SOURCE
#include "tests/unit/check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/log.h"
#include "agent/base/os.h"
#include "agent/base/utc.h"

static FILE *caught; /* what standard error was given */
static int told;     /* the real one, where failures are told */

static int begin_catching(void **state)
{
    (void)state;
    told = dup(STDERR_FILENO);
    caught = tmpfile();
    return dup2(fileno(caught), STDERR_FILENO) < 0;
}

static int end_catching(void **state)
{
    (void)state;
    dup2(told, STDERR_FILENO);
    close(told);
    return fclose(caught);
}

/* All lines since the last call. */
static const char *lines(void)
{
    static char text[100000];

    const ssize_t size = pread(fileno(caught), text, sizeof text - 1, 0);
    assert_true(size >= 0);
    text[size] = '\0';
    assert_int_equal(ftruncate(fileno(caught), 0), 0);
    lseek(fileno(caught), 0, SEEK_SET);
    return text;
}

static void test_the_journal_gets_priorities_and_no_time(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_DEBUG, LOG_FORMAT_JOURNAL);
    log_line(LOG_LEVEL_ERROR, NULL, "the disk is full");
    log_line(LOG_LEVEL_WARNING, "calls", "%d rows rejected", 3);
    log_line(LOG_LEVEL_INFO, "calls", "done");
    log_line(LOG_LEVEL_DEBUG, "calls", "detail");
    assert_string_equal(lines(), "<3>the disk is full\n<4>calls: 3 rows rejected\n"
                                 "<6>calls: done\n<7>calls: detail\n");
}

static void test_lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_WARNING, LOG_FORMAT_JOURNAL);
    log_line(LOG_LEVEL_INFO, NULL, "no");
    log_line(LOG_LEVEL_WARNING, NULL, "yes");
    assert_string_equal(lines(), "<4>yes\n");
}

static void test_lines_below_the_log_make_room_for_it(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JOURNAL);
    log_below("one\ntwo\n");
    assert_string_equal(lines(), "one\ntwo\n");
    log_line(LOG_LEVEL_INFO, NULL, "done");
    assert_string_equal(lines(), "\033[2A\033[J<6>done\none\ntwo\n");
    log_below("three\n");
    assert_string_equal(lines(), "\033[2A\033[Jthree\n");
    log_below("");
    assert_string_equal(lines(), "\033[1A\033[J");
    log_line(LOG_LEVEL_INFO, NULL, "alone");
    assert_string_equal(lines(), "<6>alone\n");
}

static void test_text_has_local_time_with_its_offset(void **state)
{
    utc_ms time = 0;
    enum utc_form form = UTC_FORM_CIVIL;

    (void)state;
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    const utc_ms before = utc_floor(os_now(), UTC_SECOND);
    log_line(LOG_LEVEL_INFO, "calls", "done");
    log_line(LOG_LEVEL_WARNING, NULL, "odd");
    const char *text = lines();
    assert_true(utc_parse(text, 25, &time, &form));
    assert_int_equal(form, UTC_FORM_OFFSET);
    assert_in_range(time - before, 0, UTC_MINUTE);
    assert_memory_equal(text + 19, "+05:30 info    calls: done\n", 27);
    assert_string_equal(text + 19 + 27 + 19, "+05:30 warning odd\n");
}

static void test_json_has_utc_and_reads_back(void **state)
{
    const char *level, *integration, *message, *time;

    (void)state;
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_line(LOG_LEVEL_INFO, "calls", "said \"no\"\nand \xff\xc3\xa4");
    json_t *line = json_loads(lines(), 0, NULL);
    assert_int_equal(json_unpack(line, "{s:s, s:s, s:s, s:s}", "time", &time, "level", &level,
                                 "integration", &integration, "message", &message),
                     0);
    assert_int_equal(strlen(time), 20);
    assert_int_equal(time[19], 'Z');
    assert_string_equal(level, "info");
    assert_string_equal(integration, "calls");
    assert_string_equal(message, "said \"no\"\\x0aand \\xff\xc3\xa4");
    json_decref(line);

    log_line(LOG_LEVEL_INFO, NULL, "from the agent");
    line = json_loads(lines(), 0, NULL);
    assert_true(json_is_null(json_object_get(line, "integration")));
    json_decref(line);
}

static void test_one_event_is_one_line(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JOURNAL);
    log_line(LOG_LEVEL_INFO, "a\nb", "%s",
             "row\n2026-01-05 ERROR\r\t\x1b[31m\x7f\xc2\x85 \xe2\x82");
    assert_string_equal(lines(), "<6>a\\x0ab: row\\x0a2026-01-05 ERROR\\x0d\\x09\\x1b[31m\\x7f"
                                 "\\xc2\\x85 \\xe2\\x82\n");
}

static void test_secrets_are_scrubbed_wherever_they_occur(void **state)
{
    char text[] = "login hunter2-of-old with hunter2: hunter2hunter2";

    (void)state;
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JOURNAL);
    log_scrub_add("abc"); /* too short: would hide half of every text */
    log_scrub_add("hunter2");
    log_scrub_add("hunter2-of-old"); /* holds the other one: goes first */
    log_scrub_add("two\nlines");
    log_line(LOG_LEVEL_INFO, NULL, "%s", text);
    log_line(LOG_LEVEL_INFO, NULL, "abc two\nlines");
    assert_string_equal(lines(), "<6>login **** with ****: ********\n<6>abc ****\n");
    log_scrub(text);
    assert_string_equal(text, "login **** with ****: ********");
}

static void test_a_secret_cut_by_the_end_of_a_long_line_is_gone(void **state)
{
    char message[5000];

    (void)state;
    log_scrub_add("sesame-open");
    for (size_t before = 4080; before < 4100; before++) {
        memset(message, 'x', before);
        strncpy(message + before, "sesame-open", sizeof message - before);
        log_line(LOG_LEVEL_INFO, NULL, "%s", message);
        assert_null(strstr(lines(), "s"));
    }
}

static void log_many(void *argument)
{
    for (int i = 0; i < 200; i++)
        log_line(LOG_LEVEL_INFO, argument, "line");
}

static void test_lines_of_threads_do_not_mix(void **state)
{
    struct os_thread *threads[4];
    int count = 0;

    (void)state;
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JOURNAL);
    for (int i = 0; i < 4; i++)
        threads[i] = os_thread_start(log_many, "thread");
    for (int i = 0; i < 4; i++)
        os_thread_join(threads[i]);
    for (const char *at = lines(); *at != '\0'; at += strlen("<6>thread: line\n"), count++)
        assert_memory_equal(at, "<6>thread: line\n", strlen("<6>thread: line\n"));
    assert_int_equal(count, 800);
}

#define CATCHING(test) cmocka_unit_test_setup_teardown(test, begin_catching, end_catching)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CATCHING(test_the_journal_gets_priorities_and_no_time),
        CATCHING(test_lines_below_the_level_are_not_written),
        CATCHING(test_lines_below_the_log_make_room_for_it),
        CATCHING(test_text_has_local_time_with_its_offset),
        CATCHING(test_json_has_utc_and_reads_back),
        CATCHING(test_one_event_is_one_line),
        CATCHING(test_secrets_are_scrubbed_wherever_they_occur),
        CATCHING(test_a_secret_cut_by_the_end_of_a_long_line_is_gone),
        CATCHING(test_lines_of_threads_do_not_mix),
    };

    setenv("TZ", "Asia/Kolkata", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
