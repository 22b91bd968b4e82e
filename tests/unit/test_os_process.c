/* SPDX-License-Identifier: Apache-2.0 */
/* test_os_process.c - the child's side of the pipe, deadlines, the control socket, libraries
 *
 * The children are this program itself with a word that says what to be.
 */
#define _GNU_SOURCE
#include "tests/unit/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/base/os_process.h"
#include "tests/unit/folder.h"

#define BIG       ((size_t)8 * 1024 * 1024)
#define SOON_MS   INT64_C(50)
#define LATEST_MS INT64_C(20000)

static int64_t latest(void)
{
    return os_monotonic_ms() + LATEST_MS;
}

static struct os_child *start(const char *what)
{
    struct error err;
    struct os_child *child = os_child_start((const char *const[]){what, NULL}, &err);

    assert_non_null(child);
    assert_true(os_child_id(child) > 0);
    return child;
}

/* --- what the children do --- */

static int be_echo(void)
{
    uint8_t *data = os_alloc(BIG);

    printf("a driver that prints\n"); /* goes to standard error */
    (void)fflush(stdout);
    if (getchar() != EOF) /* and one that reads standard input finds nothing */
        return 1;
    while (os_pipe_read(data, BIG, -1) == OS_PIPE_OK && os_pipe_write(data, BIG) == OS_PIPE_OK)
        ;
    os_free(data);
    return 0;
}

static int be_waiting(void)
{
    char byte;

    if (os_pipe_read(&byte, 1, SOON_MS) != OS_PIPE_TIMEOUT)
        return 1;
    return os_pipe_read(&byte, 1, LATEST_MS) == OS_PIPE_CLOSED ? 0 : 2;
}

/* A line of facts about itself: what a child must not have. */
static int be_looked_at(void)
{
    char line[512];
    struct rlimit core;
    struct sigaction action;
    int descriptors = 0;
    DIR *folder = opendir("/proc/self/fd");

    while (readdir(folder) != NULL)
        descriptors++;
    closedir(folder);
    getrlimit(RLIMIT_CORE, &core);
    sigaction(SIGTERM, NULL, &action);
    const int size =
        snprintf(line, sizeof line,
                 "descriptors %d, core %d, privileges %d, term %d, LANG %s, SECRET %s, TZ %s",
                 descriptors - 3 /* ".", ".." and its own */, (int)core.rlim_max,
                 prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL), action.sa_handler == SIG_IGN,
                 getenv("LANG"), getenv("SECRET") != NULL ? "seen" : "unseen", getenv("TZ"));
    return os_pipe_write(line, (size_t)size + 1) == OS_PIPE_OK ? 0 : 1;
}

static int be(const char *what)
{
    os_pipe_take();
    if (strcmp(what, "echo") == 0)
        return be_echo();
    if (strcmp(what, "waiting") == 0)
        return be_waiting();
    if (strcmp(what, "looked at") == 0)
        return be_looked_at();
    if (strcmp(what, "greedy") == 0) {
        for (int i = 0; i < 3; i++)
            memset(os_alloc((size_t)CLOUD_LINK_SOURCE_MEMORY << 19), 1, 1);
        os_exit_now(0);
    }
    if (strcmp(what, "crash") == 0) {
        (void)signal(SIGSEGV, SIG_DFL);
        (void)raise(SIGSEGV);
    }
    return 3;
}

/* --- the tests --- */

static void test_bytes_go_there_and_back(void **state)
{
    struct os_child *child = start("echo");
    uint8_t *sent = os_alloc(BIG);
    uint8_t *got = os_alloc(BIG);

    (void)state;
    for (size_t i = 0; i < BIG; i++)
        sent[i] = (uint8_t)(i * 2654435761U >> 13);
    for (int round = 0; round < 2; round++) {
        memset(got, 0, BIG);
        assert_int_equal(os_child_write(child, sent, BIG, latest(), NULL), OS_PIPE_OK);
        assert_int_equal(os_child_read(child, got, BIG, latest(), NULL), OS_PIPE_OK);
        assert_memory_equal(got, sent, BIG);
    }
    os_child_end(child, NULL);
    os_free(sent);
    os_free(got);
}

static void test_a_silent_child_meets_its_deadline(void **state)
{
    struct os_child *child = start("echo");
    struct os_event *stop = os_event_new();
    const int64_t before_ms = os_monotonic_ms();
    char byte;
    char how[64];

    (void)state;
    assert_int_equal(os_child_read(child, &byte, 1, before_ms + SOON_MS, stop), OS_PIPE_TIMEOUT);
    assert_true(os_monotonic_ms() >= before_ms + SOON_MS);
    os_event_set(stop);
    assert_int_equal(os_child_read(child, &byte, 1, latest(), stop), OS_PIPE_STOPPED);
    os_child_end(child, how);
    assert_string_equal(how, "was killed");
    os_event_free(stop);
}

static void test_a_child_that_does_not_read_meets_its_deadline(void **state)
{
    struct os_child *child = start("waiting");
    uint8_t *data = os_alloc(BIG);

    (void)state;
    kill((pid_t)os_child_id(child), SIGSTOP);
    assert_int_equal(os_child_write(child, data, BIG, os_monotonic_ms() + SOON_MS, NULL),
                     OS_PIPE_TIMEOUT);
    os_child_end(child, NULL); /* a stopped process, too */
    os_free(data);
}

static void test_how_a_child_ended_is_told(void **state)
{
    const char *const cases[][2] = {
        {"other", "ended with status 3"},
        {"greedy", CLOUD_LINK_SOURCE_MEMORY > 0 ? "ended with status 1" : "ended with status 0"},
        {"crash", "ended by signal 11"}};
    char how[64];
    char byte;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct os_child *child = start(cases[i][0]);
        assert_int_equal(os_child_read(child, &byte, 1, latest(), NULL), OS_PIPE_CLOSED);
        os_child_end(child, how);
        assert_string_equal(how, cases[i][1]);
    }
    os_child_end(NULL, NULL);
}

static void test_writing_to_a_dead_child_is_a_result(void **state)
{
    struct os_child *child = start("other");
    char byte = 'x';

    (void)state;
    assert_int_equal(os_child_read(child, &byte, 1, latest(), NULL), OS_PIPE_CLOSED);
    enum os_pipe_result result = OS_PIPE_OK; /* its end may be closed a moment later */
    while (result == OS_PIPE_OK)
        result = os_child_write(child, &byte, 1, latest(), NULL);
    assert_int_equal(result, OS_PIPE_CLOSED);
    os_child_end(child, NULL);
}

static void start_echo(void *child)
{
    *(struct os_child **)child = start("echo");
}

static void test_a_child_ends_with_the_thread_that_started_it(void **state)
{
    struct os_child *child = NULL;
    char byte;
    char how[64];

    (void)state;
    os_thread_join(os_thread_start(start_echo, &child));
    assert_int_equal(os_child_read(child, &byte, 1, latest(), NULL), OS_PIPE_CLOSED);
    os_child_end(child, how);
    assert_string_equal(how, "was killed");
}

static void test_a_child_has_nothing_but_its_pipes(void **state)
{
    char line[512];
    size_t at = 0;

    (void)state;
    const int stray = fcntl(STDERR_FILENO, F_DUPFD, 20); /* inheritable, as a library's may be */
    setenv("SECRET", "value", 1);
    setenv("TZ", "Asia/Tokyo", 1);
    struct os_child *child = start("looked at");
    do
        assert_int_equal(os_child_read(child, &line[at], 1, latest(), NULL), OS_PIPE_OK);
    while (line[at++] != '\0');
    assert_string_equal(line, "descriptors 5, core 0, privileges 1, term 1, LANG C.UTF-8, "
                              "SECRET unseen, TZ Asia/Tokyo");
    os_child_end(child, NULL);
    unsetenv("SECRET");
    unsetenv("TZ");
    close(stray);
}

struct answering {
    struct os_listener *listener;
    struct os_event *stop;
    int answered;
};

static void answer_calls(void *argument)
{
    struct answering *answering = argument;
    char line[32];
    char answer[64];

    while (os_listener_next(answering->listener, answering->stop, line, sizeof line)) {
        const int size = snprintf(answer, sizeof answer, "heard %s", line);
        os_listener_answer(answering->listener, answer, (size_t)size);
        answering->answered++;
    }
}

/* Says something and hangs up at once. */
static void call_rudely(const char *path, const char *said)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(connect(descriptor, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(descriptor, said, strlen(said)), strlen(said));
    close(descriptor);
}

static void test_calls_are_answered_one_line_each_way(void **state)
{
    char path[256];
    struct error err;
    struct bytes answer;
    struct stat facts;

    snprintf(path, sizeof path, "%s/control.sock", (const char *)*state);
    bytes_init(&answer, 1000);
    assert_false(os_call(path, "anybody?", LATEST_MS, &answer, &err));
    assert_int_equal(err.kind, ERROR_RETRY);

    struct answering answering = {os_listener_open(path, &err), os_event_new(), 0};
    assert_non_null(answering.listener);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    struct os_thread *thread = os_thread_start(answer_calls, &answering);
    assert_true(os_call(path, "{\"pause\":1}", LATEST_MS, &answer, &err));
    assert_string_equal(bytes_text(&answer), "heard {\"pause\":1}");
    call_rudely(path, "");
    call_rudely(path, "no end of line");
    assert_false(
        os_call(path, "a line that is longer than the listener takes", LATEST_MS, &answer, &err));
    bytes_reset(&answer);
    assert_true(os_call(path, "again", LATEST_MS, &answer, &err));
    assert_string_equal(bytes_text(&answer), "heard again");
    os_event_set(answering.stop);
    os_thread_join(thread);
    assert_int_equal(answering.answered, 2);
    os_listener_close(answering.listener);
    assert_false(os_call(path, "anybody?", LATEST_MS, &answer, &err));
    os_event_free(answering.stop);
    bytes_free(&answer);
}

static void test_a_listener_in_a_deep_folder_takes_over_a_dead_ones_place(void **state)
{
    char path[1024];
    struct error err;
    struct bytes answer;

    snprintf(path, sizeof path, "%s/%0180d", (const char *)*state, 1);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/%0180d/control.sock", (const char *)*state, 1);
    bytes_init(&answer, 1000);
    struct os_listener *listener = os_listener_open(path, &err);
    struct os_listener *next = os_listener_open(path, &err);
    assert_non_null(listener);
    assert_non_null(next);
    assert_false(os_call(path, "are you there?", SOON_MS, &answer, &err)); /* nobody answers */
    assert_non_null(strstr(err.text, "does not answer"));
    os_listener_close(next);
    os_listener_close(listener);
    os_listener_close(NULL);
    bytes_free(&answer);
}

static void test_libraries(void **state)
{
    const char *const names[] = {"libnothing.so.9", "libm.so.6", NULL};
    double (*power)(double, double) = NULL;

    (void)state;
    assert_null(os_library_open((const char *const[]){"libnothing.so.9", NULL}));
    struct os_library *library = os_library_open(names);
    assert_non_null(library);
    assert_false(os_library_function(library, "no_such_function", &power));
    assert_true(os_library_function(library, "pow", &power));
    assert_true(power(2, 10) > 1023 && power(2, 10) < 1025);
}

int main(int count, char **arguments)
{
    if (count > 1)
        return be(arguments[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_go_there_and_back),
        cmocka_unit_test(test_a_silent_child_meets_its_deadline),
        cmocka_unit_test(test_a_child_that_does_not_read_meets_its_deadline),
        cmocka_unit_test(test_how_a_child_ended_is_told),
        cmocka_unit_test(test_writing_to_a_dead_child_is_a_result),
        cmocka_unit_test(test_a_child_ends_with_the_thread_that_started_it),
        cmocka_unit_test(test_a_child_has_nothing_but_its_pipes),
        cmocka_unit_test_setup_teardown(test_calls_are_answered_one_line_each_way, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(
            test_a_listener_in_a_deep_folder_takes_over_a_dead_ones_place, folder_make,
            folder_remove),
        cmocka_unit_test(test_libraries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
