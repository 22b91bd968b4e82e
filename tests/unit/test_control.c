/* SPDX-License-Identifier: Apache-2.0 */
/* test_control.c - what commands ask, with an agent and without: the answer is the same */
#include "tests/unit/store_check.h"

#include <jansson.h>

#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/base/os_process.h"
#include "agent/control.h"

static const struct integration_config integrations[] = {
    {.name = "other", .id = 1, .data = DATA_CONTACTS, .connector = &database_connector},
    {.name = "support-calls", .id = 1234, .data = DATA_CONTACTS, .connector = &database_connector},
};

/* A store with a queue that waits and a reject, an agent's lock and its control thread. */
struct desk {
    struct room *room;
    struct config config;
    struct os_event *stop;
    struct os_lock *lock;
    struct control *control;
    size_t admitted; /* the index told, + 1 */
};

static void note_admitted(void *context, size_t index)
{
    ((struct desk *)context)->admitted = index + 1;
}

static void fill(struct room *room)
{
    const struct queue candidate = {.identifier = "1337_99", .name = "Level 1 support"};
    const struct store_reject reject = {
        .hash.bytes[0] = 1, .origin = "a.csv, line 17", .reason = "odd", .cells = "secret"};
    const struct store_commit commit = {
        .integration = room->integration, .rejects = &reject, .reject_count = 1, .now = NOW};
    int64_t rejects;

    CHECK(store_commit(room->store, &commit, &rejects, &failure));
    CHECK(store_abandon(room->store, room->integration, &candidate, 1, &failure));
}

/* The commands ask for the store of the machine they run on. */
static void take_over(struct room *room)
{
    const struct store_identity identity = {"support-calls", 1234, DATA_CONTACTS};
    char machine[64];

    room_close(room);
    room->store = room_try(room, os_machine_id(machine), true);
    assert_non_null(room->store);
    CHECK(store_integration(room->store, &identity, &room->integration, &room->schedule, &failure));
}

/* The store is open in this process as the agent's, or closed for the command to open. */
static struct desk desk_open(void **state, bool with_agent)
{
    struct desk desk = {.room = *state, .stop = os_event_new()};

    desk.config.integrations = integrations;
    desk.config.integration_count = 2;
    desk.config.agent.state_dir = desk.room->folder;
    take_over(desk.room);
    fill(desk.room);
    if (!with_agent)
        room_close(desk.room);
    return desk;
}

static void start_agent(struct desk *desk)
{
    const struct control_options options = {.config = &desk->config,
                                            .store = desk->room->store,
                                            .stop = desk->stop,
                                            .admitted = note_admitted,
                                            .context = desk};
    char path[512];

    snprintf(path, sizeof path, "%s/lock", desk->room->folder);
    desk->lock = os_lock_take(path, &failure);
    assert_non_null(desk->lock);
    desk->control = control_start(&options, &failure);
    assert_non_null(desk->control);
}

static void desk_close(struct desk *desk)
{
    os_event_set(desk->stop);
    control_end(desk->control);
    os_lock_release(desk->lock);
    os_event_free(desk->stop);
}

/* The answer as JSON; NULL: refused, see failure. */
static json_t *ask(struct desk *desk, const char *what, const char *integration)
{
    struct bytes answer;
    json_t *json = NULL;

    bytes_init(&answer, 1 << 20);
    if (control_ask(&desk->config, what, integration, &answer, &failure))
        json = json_loadb((const char *)answer.data, answer.size, 0, NULL);
    bytes_free(&answer);
    return json;
}

static void assert_answer(struct desk *desk, const char *what, const char *expected)
{
    json_t *answer = ask(desk, what, "support-calls");
    json_t *wanted = json_loads(expected, 0, NULL);

    assert_non_null(wanted);
    if (!json_equal(answer, wanted)) {
        char *text = json_dumps(answer, 0);
        fail_msg("%s: %s", what, answer != NULL ? text : failure.text);
    }
    json_decref(answer);
    json_decref(wanted);
}

static void assert_all_answers(struct desk *desk)
{
    assert_answer(desk, "rejects",
                  "{\"rejects\":[{\"first_seen\":\"2026-01-05T08:00:00Z\","
                  "\"origin\":\"a.csv, line 17\",\"reason\":\"odd\"}]}");
    assert_answer(desk, "queues",
                  "{\"queues\":[{\"identifier\":\"1337_99\",\"name\":\"Level 1 support\","
                  "\"accepted\":false}]}");
    assert_answer(desk, "accept-queues", "{\"admitted\":1}");
    assert_answer(desk, "accept-queues", "{\"admitted\":0}");
    assert_answer(desk, "queues",
                  "{\"queues\":[{\"identifier\":\"1337_99\",\"name\":\"Level 1 support\","
                  "\"accepted\":true}]}");
    assert_null(ask(desk, "queues", "nobody"));
    assert_int_equal(failure.kind, ERROR_CONFIG);
    assert_non_null(strstr(failure.text, "\"nobody\""));
    assert_null(ask(desk, "dance", "other"));
    assert_int_equal(failure.kind, ERROR_CONFIG);
}

static void test_a_running_agent_answers(void **state)
{
    struct desk desk = desk_open(state, true);

    start_agent(&desk);
    assert_all_answers(&desk);
    assert_int_equal(desk.admitted, 2); /* its reader is told */
    desk_close(&desk);
}

static void test_without_an_agent_the_store_answers(void **state)
{
    struct desk desk = desk_open(state, false);

    assert_all_answers(&desk);
    desk_close(&desk);
}

static void test_before_the_first_start_there_is_nothing(void **state)
{
    struct desk desk = desk_open(state, false);

    room_empty(desk.room);
    assert_answer(&desk, "rejects", "{}");
    desk_close(&desk);
}

static void test_a_store_that_fails_is_no_fault_of_the_request(void **state)
{
    struct desk desk = desk_open(state, false);
    char path[512];

    snprintf(path, sizeof path, "%s/store.db", desk.room->folder);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_null(ask(&desk, "queues", "support-calls"));
    assert_int_equal(failure.kind, ERROR_FATAL);
    desk_close(&desk);
}

/* A damage that the running agent finds. */
static void test_an_agent_whose_store_is_lost_says_so(void **state)
{
    struct desk desk = desk_open(state, true);

    start_agent(&desk);
    connection_close(&desk.room->store->connection);
    assert_null(ask(&desk, "queues", "support-calls"));
    assert_int_equal(failure.kind, ERROR_FATAL);
    desk_close(&desk);
}

static void test_what_is_no_request_gets_an_error_and_the_next_an_answer(void **state)
{
    static const char *const lines[] = {"",
                                        "x",
                                        "[]",
                                        "{\"do\":1,\"integration\":\"other\"}",
                                        "{\"do\":\"queues\"}",
                                        "{\"do\":\"queues\",\"do\":\"x\"}"};
    struct desk desk = desk_open(state, true);
    char path[512];
    struct bytes answer;

    start_agent(&desk);
    snprintf(path, sizeof path, "%s/control.sock", desk.room->folder);
    bytes_init(&answer, 4096);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        bytes_reset(&answer);
        CHECK(os_call(path, lines[i], 5 * UTC_SECOND, &answer, &failure));
        assert_non_null(strstr(bytes_text(&answer), "a request that is none"));
    }
    bytes_free(&answer);
    assert_answer(&desk, "accept-queues", "{\"admitted\":1}");
    desk_close(&desk);
}

#define ROOM_TEST(test) cmocka_unit_test_setup_teardown(test, room_setup, room_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_TEST(test_a_running_agent_answers),
        ROOM_TEST(test_without_an_agent_the_store_answers),
        ROOM_TEST(test_before_the_first_start_there_is_nothing),
        ROOM_TEST(test_a_store_that_fails_is_no_fault_of_the_request),
        ROOM_TEST(test_an_agent_whose_store_is_lost_says_so),
        ROOM_TEST(test_what_is_no_request_gets_an_error_and_the_next_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
