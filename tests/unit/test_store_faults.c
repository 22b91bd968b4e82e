/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_faults.c - killed anywhere, disk full, I/O errors: whole or absent, and it goes on */
#include "tests/unit/store_story.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/faulty_disk.h"

/* --- killed --- */

/* A child tells the story on a disk at whose n-th writing call it dies. */
static bool tell_and_die(struct room *room, int64_t calls, int *steps)
{
    int ends[2], status;
    char told[STEPS + 1];

    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        faulty_disk_arm(FAULT_KILL, calls, 1);
        room_open(room);
        struct story story = story_new(room);
        for (int step = 0; step < STEPS; step++) {
            if (!story_step(&story, step))
                _exit(2);
            if (write(ends[1], "s", 1) != 1)
                _exit(2);
        }
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    *steps = (int)read(ends[0], told, sizeof told);
    close(ends[0]);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == FAULTY_DISK_DIED);
    return WEXITSTATUS(status) == FAULTY_DISK_DIED;
}

static void test_killed_at_any_storage_call_all_is_whole_or_absent(void **state)
{
    struct room *room = *state;
    struct facts expected[STEPS + 1], found;
    int steps;
    int64_t calls = 1;

    tell_undisturbed(room, expected);
    room_close(room);
    for (;; calls++) {
        room_empty(room);
        const bool died = tell_and_die(room, calls, &steps);
        room_open(room);
        assert_string_equal(room->notice, "");
        found = facts_of(room);
        if (strcmp(found.text, expected[steps].text) != 0)
            assert_string_equal(found.text, expected[steps + 1].text);
        assert_int_equal(found.spooled == 0, strchr(found.text, '/') == NULL);
        room_close(room);
        if (!died)
            break;
    }
    assert_true(calls > 50);
    room_open(room);
}

/* --- I/O errors and a full disk --- */

static bool are_equal(const struct facts *one, const struct facts *other)
{
    return strcmp(one->text, other->text) == 0 && one->spooled == other->spooled;
}

/* The story, its steps repeated until they are done; `count` writing calls from the first-th on
 * fail. False: the story ended before that. */
static bool tell_with_faults(struct room *room, enum fault fault, int64_t first, int64_t count,
                             struct facts expected[STEPS + 1])
{
    struct story story = story_new(room);
    struct facts found;

    faulty_disk_arm(fault, first, count);
    for (int step = 0; step < STEPS; step++) {
        bool done = false;
        while (!done) {
            done = story_step(&story, step);
            faulty_disk.is_paused = true;
            if (!done) {
                assert_int_equal(failure.kind, ERROR_RETRY);
                assert_non_null(strstr(failure.text, room->folder));
            }
            found = facts_of(room);
            /* What failed has left no trace; or it was done, and only its last call failed. */
            done = done || !are_equal(&found, &expected[step]);
            assert_true(!done || are_equal(&found, &expected[step + 1]));
            faulty_disk.is_paused = false;
        }
    }
    story_end(&story);
    const bool was_hit = faulty_disk.hits > 0;
    faulty_disk_arm(FAULT_NONE, 0, 0);
    return was_hit;
}

static void test_after_an_error_of_the_disk_it_goes_on(void **state)
{
    static const enum fault faults[] = {FAULT_FULL, FAULT_IO};
    struct room *room = *state;
    struct facts expected[STEPS + 1], found;

    tell_undisturbed(room, expected);
    for (size_t i = 0; i < 4; i++) {
        int64_t first = 1;
        do
            start_anew(room);
        while (tell_with_faults(room, faults[i % 2], first++, i < 2 ? 1 : 7, expected));
        assert_true(first > 50);
        room_reopen(room);
        found = facts_of(room);
        assert_string_equal(found.text, expected[STEPS].text);
    }
}

static void test_a_full_disk_is_said_and_passes(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(20, 1, 4000);
    int staged = 0;

    CHECK(connection_run(&room->store->connection, "PRAGMA max_page_count = 100", &failure));
    while (store_stage(room->store, room->integration, &parcel->batch, 1, &failure))
        staged++;
    assert_true(staged > 0);
    assert_int_equal(failure.kind, ERROR_RETRY);
    assert_non_null(strstr(failure.text, "disk is full"));
    assert_non_null(strstr(failure.text, room->folder));
    CHECK(connection_run(&room->store->connection, "PRAGMA max_page_count = 10000", &failure));
    room_stage(room, parcel);
    room_commit(room);
    assert_int_equal(room_ready(room, 0)->count, staged + 1);
    parcel_free(parcel);
}

static void test_a_file_that_may_not_grow_is_said_and_passes(void **state)
{
    struct room *room = *state;
    struct parcel *parcel = parcel_new(20, 1, 4000);
    struct rlimit before, limit;
    int staged = 0;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 300 * 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    while (store_stage(room->store, room->integration, &parcel->batch, 1, &failure))
        staged++;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(staged > 0);
    assert_int_equal(failure.kind, ERROR_RETRY);
    room_commit(room);
    assert_int_equal(room_ready(room, 0)->count, staged);
    parcel_free(parcel);
}

static void test_a_folder_that_is_not_there_is_said(void **state)
{
    struct room *room = *state;
    char folder[] = "/tmp/no/such/folder";
    struct room nowhere = {.folder = folder};

    (void)room;
    assert_null(room_try(&nowhere, "this machine", false));
    assert_int_equal(failure.kind, ERROR_FATAL);
    assert_non_null(strstr(failure.text, nowhere.folder));
}

static void test_a_folder_in_its_place_is_said(void **state)
{
    struct room *room = *state;
    char path[128];

    room_close(room);
    snprintf(path, sizeof path, "%s/store.db", room->folder);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_null(room_try(room, "this machine", false));
    assert_int_equal(failure.kind, ERROR_FATAL);
    assert_non_null(strstr(failure.text, path));
}

/* As a user who may only read the store. */
static void test_a_store_that_may_not_be_written_is_said(void **state)
{
    struct room *room = *state;
    const uid_t nobody = 65534;
    char store[128], key[128];
    int status;

    room_close(room);
    snprintf(store, sizeof store, "%s/store.db", room->folder);
    snprintf(key, sizeof key, "%s/store.key", room->folder);
    assert_int_equal(chmod(store, 0400), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 &&
            (chown(room->folder, nobody, nobody) != 0 || chown(store, nobody, nobody) != 0 ||
             chown(key, nobody, nobody) != 0 || setuid(nobody) != 0))
            _exit(2);
        const bool refused = room_try(room, "this machine", false) == NULL &&
                             failure.kind == ERROR_FATAL &&
                             strstr(failure.text, "no right to write") != NULL;
        _exit(refused ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_a_store_in_use_is_refused(void **state)
{
    struct room *room = *state;
    int status;
    const pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        const bool refused = room_try(room, "this machine", false) == NULL &&
                             failure.kind == ERROR_FATAL && strstr(failure.text, "in use") != NULL;
        _exit(refused ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, room_setup, room_teardown)
    const struct CMUnitTest tests[] = {
        IN_A_ROOM(test_killed_at_any_storage_call_all_is_whole_or_absent),
        IN_A_ROOM(test_after_an_error_of_the_disk_it_goes_on),
        IN_A_ROOM(test_a_full_disk_is_said_and_passes),
        IN_A_ROOM(test_a_file_that_may_not_grow_is_said_and_passes),
        IN_A_ROOM(test_a_folder_that_is_not_there_is_said),
        IN_A_ROOM(test_a_folder_in_its_place_is_said),
        IN_A_ROOM(test_a_store_that_may_not_be_written_is_said),
        IN_A_ROOM(test_a_store_in_use_is_refused),
    };

    faulty_disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
