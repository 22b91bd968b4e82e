/* SPDX-License-Identifier: Apache-2.0 */
/* test_child.c - whatever a source process does or says, the agent has an answer in time
 *
 * The processes are this program itself: what it plays is told by the settings of `open`.
 */
#include "tests/unit/check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/base/os_process.h"
#include "agent/child.h"
#include "agent/flow/frame.h"
#include "agent/source.h"

#define SOON_MS       INT64_C(100)
#define OPEN_EXTRA_MS INT64_C(5000) /* that child_open gives a driver on top */

/* --- the plays --- */

static struct bytes out;

static void say(void)
{
    if (os_pipe_write(out.data, out.size) != OS_PIPE_OK)
        os_exit_now(0);
    bytes_reset(&out);
}

static void say_bytes(const char *bytes, size_t size)
{
    bytes_append(&out, bytes, size);
    say();
}

static void say_half(void)
{
    say_bytes("D\x20\0\0\0half", FRAME_HEAD + 4);
    os_exit_now(0);
}

static void say_empty(enum frame_type type)
{
    frame_end(&out, frame_begin(&out, type));
    say();
}

static void say_sized(enum frame_type type, size_t size)
{
    const size_t begin = frame_begin(&out, type);

    for (size_t i = 0; i < size; i++)
        bytes_append_byte(&out, 0);
    frame_end(&out, begin);
    say();
}

static void say_words(enum error_kind kind, const char *words)
{
    const size_t begin = frame_begin(&out, FRAME_ERROR);

    frame_put_number(&out, (int64_t)kind);
    frame_put_text(&out, words);
    frame_end(&out, begin);
    say();
}

static void say_error(enum error_kind kind)
{
    say_words(kind, "the database says no");
}

static void say_name(int64_t number, const char *identifier)
{
    const size_t begin = frame_begin(&out, FRAME_NAME);

    frame_put_number(&out, NAME_QUEUE);
    frame_put_number(&out, number);
    frame_put_text(&out, identifier);
    frame_put_text(&out, "Level 1 support");
    frame_end(&out, begin);
    say();
}

static void say_slice(void)
{
    const struct record records[2] = {{.time = 1}, {.time = 2}};
    const struct normalise_counts counts = {.rows = 3, .rejected = 1};

    size_t begin = frame_begin(&out, FRAME_COLUMNS);
    frame_put_number(&out, 1);
    frame_end(&out, begin);
    say_name(0, "1337_99");
    begin = frame_begin(&out, FRAME_RECORDS);
    frame_put(&out, records, sizeof records);
    frame_end(&out, begin);
    begin = frame_begin(&out, FRAME_REJECT);
    frame_put(&out, &(struct digest){.bytes = {7}}, sizeof(struct digest));
    frame_put_number(&out, 17);
    frame_put_text(&out, "odd");
    frame_put_text(&out, "1;2");
    frame_end(&out, begin);
    begin = frame_begin(&out, FRAME_END);
    frame_put(&out, &counts, sizeof counts);
    frame_end(&out, begin);
    say();
}

static void wait_for_ever(void)
{
    char byte;

    while (os_pipe_read(&byte, 1, -1) == OS_PIPE_OK)
        ;
    os_exit_now(0);
}

/* Does not come back where the pipe is spoilt by it. */
static void answer_read(const char *play)
{
    if (strcmp(play, "good") == 0)
        say_slice();
    else if (strcmp(play, "silence") == 0)
        wait_for_ever();
    else if (strcmp(play, "chatter") == 0)
        for (;;)
            say_empty(FRAME_ALIVE);
    else if (strcmp(play, "garbage") == 0)
        say_bytes("Segmentation fault (core dumped)\n", 33);
    else if (strcmp(play, "too long") == 0)
        say_bytes("D\xff\xff\xff\x7f", FRAME_HEAD);
    else if (strcmp(play, "half") == 0)
        say_half();
    else if (strcmp(play, "odd records") == 0)
        say_sized(FRAME_RECORDS, sizeof(struct record) + 1);
    else if (strcmp(play, "too many records") == 0)
        say_sized(FRAME_RECORDS, (FRAME_RECORDS_MOST + 1) * sizeof(struct record));
    else if (strcmp(play, "odd counts") == 0)
        say_sized(FRAME_END, 3);
    else if (strcmp(play, "odd error") == 0)
        say_error((enum error_kind)99);
    else if (strcmp(play, "negative name") == 0)
        say_name(-1, "x");
    else if (strcmp(play, "wrong frame") == 0)
        say_empty(FRAME_OK);
    else if (strcmp(play, "error") == 0)
        say_error(ERROR_CONFIG);
    else if (strcmp(play, "Latin-1 error") == 0)
        say_words(ERROR_CONFIG, "Tabelle \"Gr\xf6\xdf"
                                "e\"\nfehlt");
    else if (strcmp(play, "empty error") == 0)
        say_words(ERROR_CONFIG, "\xcd");
    else if (strcmp(play, "end of the process") == 0)
        say_error(ERROR_FATAL);
    else if (strcmp(play, "exit") == 0)
        os_exit_now(3);
    else if (strcmp(play, "crash") == 0)
        (void)raise(SIGKILL);
}

static void next_order(struct frame *frame, uint8_t *place)
{
    uint8_t head[FRAME_HEAD];

    if (os_pipe_read(head, sizeof head, -1) != OS_PIPE_OK ||
        !frame_head(head, &frame->type, &frame->size) ||
        os_pipe_read(place, frame->size, -1) != OS_PIPE_OK)
        os_exit_now(0);
}

static _Noreturn void play(void)
{
    uint8_t *order = os_alloc(FRAME_LIMIT + 1);
    struct frame frame;
    char what[64];

    os_pipe_take();
    bytes_init(&out, FRAME_LIMIT);
    next_order(&frame, order);
    snprintf(what, sizeof what, "%s", (const char *)order + 32); /* after the reject key */
    if (strcmp(what, "deaf") == 0)
        wait_for_ever();
    if (strcmp(what, "login") == 0)
        say_error(ERROR_REFUSED);
    say_empty(FRAME_OK);
    for (;;) {
        next_order(&frame, order);
        answer_read(what);
    }
}

/* --- the tests --- */

static const uint8_t key[32];

struct heard {
    int columns, names, records, rejects;
    bool refuses; /* the sink stops the slice */
};

static bool hear_columns(void *context, bool next_start, struct error *err)
{
    (void)err;
    ((struct heard *)context)->columns += next_start;
    return true;
}

static bool hear_name(void *context, const struct names_told *told, struct error *err)
{
    (void)err;
    assert_string_equal(told->identifier, "1337_99");
    ((struct heard *)context)->names++;
    return true;
}

static bool hear_records(void *context, struct record *records, size_t count, struct error *err)
{
    struct heard *heard = context;

    assert_int_equal(records[count - 1].time, count);
    heard->records += (int)count;
    return !heard->refuses || error_set(err, ERROR_DATA, "not these");
}

static bool hear_reject(void *context, const struct reject *reject, struct error *err)
{
    (void)err;
    assert_int_equal(reject->line, 17);
    assert_string_equal(reject->cells, "1;2");
    ((struct heard *)context)->rejects++;
    return true;
}

static struct child *open_play(const char *what, struct os_event *stop)
{
    const struct child_options options = {.integration = "support-calls",
                                          .connect_timeout_ms = OPEN_EXTRA_MS,
                                          .query_timeout_ms = SOON_MS,
                                          .stop = stop};
    struct child *child = child_new(&options);
    struct error err;

    if (!child_open(child, what, strlen(what) + 1, key, &err))
        fail_msg("%s: %s", what, err.text);
    return child;
}

static bool read_slice(struct child *child, struct heard *heard, int64_t give_up_ms,
                       bool *interrupted, struct error *err)
{
    const struct child_sink sink = {heard, hear_columns, hear_name, hear_records, hear_reject};
    const struct slice slice = {SLICE_LIVE, 0, 900000, NULL};
    struct child_reading reading = {.slice = &slice, .sink = &sink, .give_up_ms = give_up_ms};
    const bool read = child_read(child, &reading, err);

    *interrupted = reading.is_interrupted;
    if (read)
        assert_int_equal(reading.counts.rows, 3);
    return read;
}

static void test_a_slice_is_handed_on_and_the_next_one_too(void **state)
{
    struct child *child = open_play("good", NULL);
    struct heard heard = {0};
    struct error err;
    bool interrupted;

    (void)state;
    for (int round = 1; round <= 2; round++) {
        assert_true(read_slice(child, &heard, INT64_MAX, &interrupted, &err));
        assert_int_equal(heard.columns, round);
        assert_int_equal(heard.names, round);
        assert_int_equal(heard.records, 2 * round);
        assert_int_equal(heard.rejects, round);
        assert_true(child_is_open(child));
    }
    child_free(child);
}

/* What goes wrong is an error of the slice, and the process is gone. */
static void test_whatever_it_does_is_answered_and_ends_it(void **state)
{
    static const struct {
        const char *what, *sentence;
    } cases[] = {
        {"silence", "did not answer in time"}, {"garbage", "what it must not"},
        {"too long", "what it must not"},      {"half", "ended with status 0"},
        {"odd records", "what it must not"},   {"too many records", "what it must not"},
        {"odd counts", "what it must not"},    {"odd error", "what it must not"},
        {"empty error", "what it must not"},   {"negative name", "what it must not"},
        {"wrong frame", "what it must not"},   {"end of the process", "the database says no"},
        {"exit", "ended with status 3"},       {"crash", "was killed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct child *child = open_play(cases[i].what, NULL);
        struct heard heard = {0};
        struct error err;
        bool interrupted;

        assert_false(read_slice(child, &heard, INT64_MAX, &interrupted, &err));
        if (err.kind != ERROR_RETRY || strstr(err.text, cases[i].sentence) == NULL)
            fail_msg("%s: %d %s", cases[i].what, (int)err.kind, err.text);
        assert_false(interrupted);
        assert_false(child_is_open(child));
        assert_true(child_open(child, "good", sizeof "good", key, &err)); /* a new one */
        assert_true(read_slice(child, &heard, INT64_MAX, &interrupted, &err));
        child_free(child);
    }
}

static void test_an_error_it_tells_leaves_it_as_it_is(void **state)
{
    struct child *child = open_play("error", NULL);
    struct heard heard = {0};
    struct error err;
    bool interrupted;

    (void)state;
    assert_false(read_slice(child, &heard, INT64_MAX, &interrupted, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_string_equal(err.text, "the database says no");
    assert_true(child_is_open(child));
    child_free(child);
}

static void test_a_drivers_own_words_become_text(void **state)
{
    struct child *child = open_play("Latin-1 error", NULL);
    struct heard heard = {0};
    struct error err;
    bool interrupted;

    (void)state;
    assert_false(read_slice(child, &heard, INT64_MAX, &interrupted, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_string_equal(err.text, "Tabelle \"Gr??e\" fehlt");
    child_free(child);
}

static void test_a_sink_that_refuses_ends_it(void **state)
{
    struct child *child = open_play("good", NULL);
    struct heard heard = {.refuses = true};
    struct error err;
    bool interrupted;

    (void)state;
    assert_false(read_slice(child, &heard, INT64_MAX, &interrupted, &err));
    assert_string_equal(err.text, "not these");
    assert_false(child_is_open(child));
    child_free(child);
}

static void test_one_that_never_pauses_is_interrupted_all_the_same(void **state)
{
    struct child *child = open_play("chatter", NULL);
    struct heard heard = {0};
    const int64_t before_ms = os_monotonic_ms();
    struct error err;
    bool interrupted;

    (void)state;
    assert_false(read_slice(child, &heard, before_ms + SOON_MS, &interrupted, &err));
    assert_true(interrupted);
    assert_true(os_monotonic_ms() >= before_ms + SOON_MS);
    assert_false(child_is_open(child));
    child_free(child);
}

static void test_stop_ends_every_waiting(void **state)
{
    const char *const plays[] = {"silence", "chatter"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct os_event *stop = os_event_new();
        struct child *child = open_play(plays[i], stop);
        struct heard heard = {0};
        struct error err;
        bool interrupted;

        os_event_set(stop);
        assert_false(read_slice(child, &heard, INT64_MAX, &interrupted, &err));
        assert_string_equal(err.text, "stopped");
        assert_false(interrupted);
        child_free(child);
        os_event_free(stop);
    }
}

static void test_open_has_a_deadline_and_keeps_the_reason(void **state)
{
    const struct child_options options = {.integration = "support-calls",
                                          .connect_timeout_ms = SOON_MS - OPEN_EXTRA_MS,
                                          .query_timeout_ms = SOON_MS};
    struct child *child = child_new(&options);
    struct error err;

    (void)state;
    assert_false(child_open(child, "deaf", sizeof "deaf", key, &err));
    assert_int_equal(err.kind, ERROR_RETRY);
    assert_false(child_is_open(child));
    child_free(child);

    const struct child_options patient = {.connect_timeout_ms = OPEN_EXTRA_MS};
    child = child_new(&patient);
    assert_false(child_open(child, "login", sizeof "login", key, &err));
    assert_int_equal(err.kind, ERROR_REFUSED);
    assert_string_equal(err.text, "the database says no");
    assert_false(child_is_open(child));
    child_free(child);
    child_free(NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_slice_is_handed_on_and_the_next_one_too),
        cmocka_unit_test(test_whatever_it_does_is_answered_and_ends_it),
        cmocka_unit_test(test_an_error_it_tells_leaves_it_as_it_is),
        cmocka_unit_test(test_a_drivers_own_words_become_text),
        cmocka_unit_test(test_a_sink_that_refuses_ends_it),
        cmocka_unit_test(test_one_that_never_pauses_is_interrupted_all_the_same),
        cmocka_unit_test(test_stop_ends_every_waiting),
        cmocka_unit_test(test_open_has_a_deadline_and_keeps_the_reason),
    };

    if (argc == 2 && strcmp(argv[1], SOURCE_ARGUMENT) == 0)
        play();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
