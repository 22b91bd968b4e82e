/* SPDX-License-Identifier: Apache-2.0 */
/* test_os.c - time, threads, events, signals, the secret's line, hardening */
#define _GNU_SOURCE
#include "tests/unit/check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/error.h"
#include "agent/base/os.h"

static void test_memory_is_zeroed_and_texts_are_copied(void **state)
{
    (void)state;
    char *memory = os_alloc(1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(memory[i], 0);
    memory = os_resize(memory, 100000);
    os_free(memory);
    assert_null(os_copy_text(NULL));
    char *copy = os_copy_text("queue");
    assert_string_equal(copy, "queue");
    os_free(copy);
    os_free(NULL);
}

static void test_clocks(void **state)
{
    (void)state;
    assert_true(os_now() > INT64_C(1700000000000)); /* 2023 */
    const int64_t before = os_monotonic_ms();
    assert_int_equal(os_event_wait(NULL, 0, 20), -1);
    assert_in_range(os_monotonic_ms() - before, 19, 5000);
}

static void test_offset_of_the_machines_zone(void **state)
{
    (void)state;
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    assert_int_equal(os_utc_offset_now_ms(INT64_C(1767600000000)), UTC_HOUR);     /* January 2026 */
    assert_int_equal(os_utc_offset_now_ms(INT64_C(1783500000000)), 2 * UTC_HOUR); /* July */
    unsetenv("TZ");
    tzset();
}

static void test_variables_unset_or_empty_are_null(void **state)
{
    (void)state;
    setenv("CLOUD_LINK_TEST", "", 1);
    assert_null(os_variable("CLOUD_LINK_TEST"));
    setenv("CLOUD_LINK_TEST", "value", 1);
    assert_string_equal(os_variable("CLOUD_LINK_TEST"), "value");
    unsetenv("CLOUD_LINK_TEST");
    assert_null(os_variable("CLOUD_LINK_TEST"));
}

static void test_machine_id_is_one_word(void **state)
{
    char text[64];

    (void)state;
    assert_ptr_equal(os_machine_id(text), text);
    assert_int_equal(strcspn(text, " \r\n"), strlen(text));
}

static void test_events_stay_set_until_reset(void **state)
{
    struct os_event *first = os_event_new();
    struct os_event *second = os_event_new();
    struct os_event *const both[] = {first, second};

    (void)state;
    assert_false(os_event_is_set(first));
    assert_int_equal(os_event_wait(both, 2, 0), -1);
    os_event_set(second);
    os_event_set(second);
    assert_true(os_event_is_set(second));
    assert_int_equal(os_event_wait(both, 2, -1), 1);
    assert_int_equal(os_event_wait(both, 2, 1000), 1);
    os_event_set(first);
    assert_int_equal(os_event_wait(both, 2, -1), 0);
    os_event_reset(first);
    os_event_reset(second);
    os_event_reset(second);
    assert_int_equal(os_event_wait(both, 2, 0), -1);
    os_event_free(first);
    os_event_free(second);
    os_event_free(NULL);
}

#define ROUNDS 20000

struct shared {
    struct os_mutex *mutex;
    struct os_event *go;
    long count;
};

static void count_up(void *argument)
{
    struct shared *shared = argument;

    os_event_wait(&shared->go, 1, -1);
    for (int i = 0; i < ROUNDS; i++) {
        os_mutex_lock(shared->mutex);
        shared->count++;
        os_mutex_unlock(shared->mutex);
    }
}

static void test_threads_wait_for_an_event_and_share_under_a_mutex(void **state)
{
    struct shared shared = {os_mutex_new(), os_event_new(), 0};
    struct os_thread *threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        threads[i] = os_thread_start(count_up, &shared);
    os_event_set(shared.go);
    for (int i = 0; i < 4; i++)
        os_thread_join(threads[i]);
    assert_int_equal(shared.count, 4 * ROUNDS);
    os_event_free(shared.go);
    os_mutex_free(shared.mutex);
}

static void test_signals_set_the_event(void **state)
{
    const int numbers[] = {SIGTERM, SIGINT};
    struct os_event *stop = os_event_new();

    (void)state;
    os_signals_to(stop);
    for (int i = 0; i < 2; i++) {
        os_event_reset(stop);
        (void)raise(numbers[i]);
        assert_true(os_event_is_set(stop));
    }
    os_event_reset(stop);
    (void)raise(SIGPIPE); /* is ignored */
    assert_false(os_event_is_set(stop));
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGINT, SIG_DFL);
    os_event_free(stop);
}

/* Puts the text into standard input and reads the secret from it. */
static bool read_secret_from(const char *typed, char *text, size_t size, struct error *err)
{
    const int kept = dup(STDIN_FILENO);
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], typed, strlen(typed)), strlen(typed));
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    const bool read = os_read_secret("Value: ", text, size, err);
    dup2(kept, STDIN_FILENO);
    close(kept);
    return read;
}

static void test_a_secret_is_one_line_of_standard_input(void **state)
{
    struct error err;
    char text[8];

    (void)state;
    assert_true(read_secret_from("abc\nrest", text, sizeof text, &err));
    assert_string_equal(text, "abc");
    assert_true(read_secret_from("abc\r\n", text, sizeof text, &err));
    assert_string_equal(text, "abc");
    assert_true(read_secret_from("abcdefg", text, sizeof text, &err));
    assert_string_equal(text, "abcdefg");
    assert_true(read_secret_from("\n", text, sizeof text, &err));
    assert_string_equal(text, "");
    assert_false(read_secret_from("", text, sizeof text, &err));
    assert_false(read_secret_from("abcdefgh\n", text, sizeof text, &err));
    assert_string_equal(err.text, "the value is longer than 7 bytes");
}

/* In a process of its own, because it cannot be undone. */
static int harden_and_look(void)
{
    struct rlimit core;

    setenv("SSLKEYLOGFILE", "/tmp/keys", 1);
    close(STDIN_FILENO);
    os_harden();
    getrlimit(RLIMIT_CORE, &core);
    if (umask(0) != 077 || core.rlim_max != 0 || prctl(PR_GET_DUMPABLE) != 0)
        return 1;
    return getenv("SSLKEYLOGFILE") != NULL || fcntl(STDIN_FILENO, F_GETFD) == -1;
}

static void test_hardening(void **state)
{
    int status = -1;

    (void)state;
    const pid_t id = fork();
    assert_true(id >= 0);
    if (id == 0)
        os_exit_now(harden_and_look());
    assert_int_equal(waitpid(id, &status, 0), id);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_and_texts_are_copied),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_offset_of_the_machines_zone),
        cmocka_unit_test(test_variables_unset_or_empty_are_null),
        cmocka_unit_test(test_machine_id_is_one_word),
        cmocka_unit_test(test_events_stay_set_until_reset),
        cmocka_unit_test(test_threads_wait_for_an_event_and_share_under_a_mutex),
        cmocka_unit_test(test_signals_set_the_event),
        cmocka_unit_test(test_a_secret_is_one_line_of_standard_input),
        cmocka_unit_test(test_hardening),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
