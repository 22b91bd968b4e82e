/* SPDX-License-Identifier: Apache-2.0 */
/* test_os_file.c - files, folders, names, scratch files, locks and watches */
#define _GNU_SOURCE
#include "tests/unit/check.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "tests/unit/folder.h"

/* A path in the test's folder; good until the fifth call after it. */
static const char *in(void **state, const char *name)
{
    static char paths[5][PATH_MAX];
    static int next;
    char *path = paths[next++ % 5];

    snprintf(path, sizeof paths[0], "%s/%s", (const char *)*state, name);
    return path;
}

static void put(const char *path, const char *content)
{
    struct error err;

    assert_true(os_file_replace(path, content, strlen(content), &err));
}

static void check_content(const char *path, const char *expected)
{
    struct bytes content;
    struct error err;

    bytes_init(&content, 1000000);
    assert_true(os_file_read(path, &content, &err));
    assert_string_equal(bytes_text(&content), expected);
    bytes_free(&content);
}

static mode_t mode_of(const char *path)
{
    struct stat facts;

    assert_int_equal(stat(path, &facts), 0);
    return facts.st_mode & 0777;
}

static void test_written_files_read_back(void **state)
{
    const char *path = in(state, "a");
    struct error err;

    assert_true(os_file_write(path, "first", 5, &err));
    assert_int_equal(mode_of(path), 0600);
    check_content(path, "first");
    put(in(state, "a.new"), "what a crash left");
    assert_true(os_file_write(path, "second", 6, &err));
    check_content(path, "second");
    assert_false(os_file_exists(in(state, "a.new")));
    assert_true(os_file_replace(path, "", 0, &err));
    check_content(path, "");
    assert_false(os_file_write(in(state, "none/a"), "x", 1, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_non_null(strstr(err.text, "none/a.new: No such file or directory"));
}

static void test_reading_appends_within_the_limit(void **state)
{
    const char *path = in(state, "a");
    struct bytes content;
    struct error err;

    put(path, "12345");
    bytes_init(&content, 8);
    bytes_append_text(&content, "abc");
    assert_true(os_file_read(path, &content, &err));
    assert_string_equal(bytes_text(&content), "abc12345");
    bytes_reset(&content);
    bytes_append_text(&content, "abcd");
    assert_false(os_file_read(path, &content, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_string_equal(bytes_text(&content), "abcd");
    assert_false(os_file_read(in(state, "missing"), &content, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_false(os_file_read(*state, &content, &err));
    bytes_free(&content);
}

static void test_private_files_are_not_for_others(void **state)
{
    const char *path = in(state, "key");
    struct bytes content;
    struct error err;

    bytes_init(&content, 100);
    put(path, "x");
    assert_true(os_file_read_private(path, &content, &err));
    assert_int_equal(chmod(path, 0640), 0);
    assert_false(os_file_read_private(path, &content, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_non_null(strstr(err.text, "chmod 600"));
    bytes_free(&content);
}

static void test_removing_renaming_marking(void **state)
{
    struct error err;
    uint64_t before, after;

    assert_true(os_file_remove(in(state, "a"), &err));
    assert_false(os_file_mark(in(state, "a"), &before));
    put(in(state, "a"), "1");
    assert_true(os_file_mark(in(state, "a"), &before));
    assert_true(os_file_mark(in(state, "a"), &after));
    assert_int_equal(before, after);
    put(in(state, "a"), "2");
    assert_true(os_file_mark(in(state, "a"), &after));
    assert_int_not_equal(before, after);
    assert_true(os_file_rename(in(state, "a"), in(state, "b"), &err));
    assert_false(os_file_exists(in(state, "a")));
    check_content(in(state, "b"), "2");
    assert_false(os_file_rename(in(state, "a"), in(state, "b"), &err));
    assert_true(os_file_remove(in(state, "b"), &err));
    assert_false(os_file_exists(in(state, "b")));
}

static void test_folders_are_made_with_their_parents(void **state)
{
    const char *path = in(state, "one/two/three");
    struct error err;

    assert_true(os_folder_make(path, &err));
    assert_true(os_folder_make(path, &err));
    assert_int_equal(mode_of(path), 0700);
    assert_int_equal(mode_of(in(state, "one")), 0700);
    put(in(state, "file"), "");
    assert_false(os_folder_make(in(state, "file/below"), &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_false(os_folder_make(in(state, "file"), &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
}

static void test_paths(void **state)
{
    char out[PATH_MAX], working[PATH_MAX];
    char small[8];

    (void)state;
    assert_string_equal(os_path_join("/etc/cloud-link", "a.yaml", out, sizeof out),
                        "/etc/cloud-link/a.yaml");
    assert_string_equal(os_path_join("/etc", "/var/a", out, sizeof out), "/var/a");
    assert_non_null(getcwd(working, sizeof working));
    os_path_join(NULL, "a", out, sizeof out);
    assert_memory_equal(out, working, strlen(working));
    assert_string_equal(out + strlen(working), "/a");
    assert_string_equal(os_path_join("/etc", "abc", small, sizeof small), "");
    assert_string_equal(os_path_folder("/etc/a", out, sizeof out), "/etc");
    assert_string_equal(os_path_folder("/a", out, sizeof out), "/");
    assert_string_equal(os_path_folder("a", out, sizeof out), ".");
}

static void test_names_match_patterns(void **state)
{
    static const char *const yes[][2] = {{"*.csv", "a.csv"},
                                         {"*.csv", "a.b.csv"},
                                         {"*", "anything"},
                                         {"a?c", "abc"},
                                         {"a*b*c", "axxbyybc"},
                                         {"a?c", "a\xc3\xa4"
                                                 "c"},
                                         {"*\xc3\xa4", "x\xc3\xa4"},
                                         {"", ""},
                                         {"report-??.csv", "report-07.csv"},
                                         {".*", ".hidden"},
                                         {"a", "a"},
                                         {"**", "b"}};
    static const char *const no[][2] = {{"*.csv", "a.txt"},
                                        {"*.csv", ".a.csv"},
                                        {"a?c", "ac"},
                                        {
                                            "?",
                                            ".",
                                        },
                                        {"a", "A"},
                                        {"a*b", "ac"},
                                        {"?", "ab"},
                                        {"*.csv", "csv"},
                                        {"", "a"},
                                        {"a*bc*bd", "abcbc"}};

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        assert_true(os_name_matches(yes[i][0], yes[i][1]));
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        assert_false(os_name_matches(no[i][0], no[i][1]));
}

static void visit_entry(void *context, const struct os_entry *entry)
{
    struct bytes *seen = context;

    bytes_append_text(seen, entry->name);
    if (entry->is_regular) {
        assert_in_range(os_now() - entry->modified_ns / 1000000, 0, 600000);
        bytes_append_byte(seen, (uint8_t)('0' + entry->size));
    }
    bytes_append_byte(seen, ' ');
}

static void test_a_folder_lists_what_it_holds(void **state)
{
    struct bytes seen;
    struct error err;

    bytes_init(&seen, 1000);
    assert_true(os_folder_list(*state, visit_entry, &seen, &err));
    assert_string_equal(bytes_text(&seen), "");
    put(in(state, "a.csv"), "1234");
    assert_true(os_folder_list(*state, visit_entry, &seen, &err));
    assert_string_equal(bytes_text(&seen), "a.csv4 ");
    assert_true(os_file_remove(in(state, "a.csv"), &err));
    assert_int_equal(symlink("/etc/passwd", in(state, "link.csv")), 0);
    bytes_reset(&seen);
    assert_true(os_folder_list(*state, visit_entry, &seen, &err));
    assert_string_equal(bytes_text(&seen), "link.csv ");
    assert_false(os_folder_list(in(state, "none"), visit_entry, &seen, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    bytes_free(&seen);
}

static void test_glob_is_sorted(void **state)
{
    char expected[PATH_MAX];

    put(in(state, "b.yaml"), "");
    put(in(state, "a.yaml"), "");
    put(in(state, "c.txt"), "");
    put(in(state, ".d.yaml"), "");
    char **paths = os_glob(in(state, "*.yaml"));
    snprintf(expected, sizeof expected, "%s", in(state, "a.yaml"));
    assert_string_equal(paths[0], expected);
    assert_string_equal(paths[1], in(state, "b.yaml"));
    assert_null(paths[2]);
    os_glob_free(paths);
    paths = os_glob("/no/such/folder/*.yaml");
    assert_null(paths[0]);
    os_glob_free(paths);
    os_glob_free(NULL);
}

static void test_regular_files_are_read_to_their_end_and_again(void **state)
{
    struct error err;
    uint64_t size = 0;
    int64_t modified_ns = 0;
    char data[8];

    put(in(state, "a.csv"), "12345");
    struct os_file *file = os_file_open(*state, "a.csv", &err);
    assert_non_null(file);
    assert_true(os_file_facts(file, &size, &modified_ns));
    assert_int_equal(size, 5);
    assert_in_range(os_now() - modified_ns / 1000000, 0, 600000);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(os_file_next(file, data, sizeof data, &err), 5);
        assert_memory_equal(data, "12345", 5);
        assert_int_equal(os_file_next(file, data, sizeof data, &err), 0);
        assert_true(os_file_rewind(file, &err));
    }
    os_file_close(file);
    os_file_close(NULL);
}

static void check_refused(void **state, const char *name, const char *because)
{
    struct error err;

    assert_null(os_file_open(*state, name, &err));
    assert_int_equal(err.kind, ERROR_DATA);
    assert_non_null(strstr(err.text, because));
}

static void test_what_is_not_a_regular_file_is_refused(void **state)
{
    struct error err;

    assert_int_equal(symlink("/etc/passwd", in(state, "link.csv")), 0);
    assert_int_equal(mkfifo(in(state, "pipe.csv"), 0600), 0);
    assert_int_equal(mkdir(in(state, "folder.csv"), 0700), 0);
    check_refused(state, "link.csv", "is a link");
    check_refused(state, "pipe.csv", "not a regular file"); /* at once, without a writer */
    check_refused(state, "folder.csv", "not a regular file");
    check_refused(state, "missing.csv", "No such file");
    check_refused(state, "../passwd", "not a name");
    assert_null(os_file_open(in(state, "none"), "a.csv", &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
}

static void test_scratch_files_have_no_name(void **state)
{
    struct error err;
    struct bytes seen;
    char data[8] = "";

    bytes_init(&seen, 1000);
    struct os_file *scratch = os_scratch_open(*state, &err);
    assert_non_null(scratch);
    assert_true(os_scratch_write(scratch, "hello ", 6, &err));
    assert_true(os_scratch_write(scratch, "there", 5, &err));
    assert_true(os_scratch_read(scratch, 6, data, 5, &err));
    assert_string_equal(data, "there");
    assert_true(os_scratch_write(scratch, "!", 1, &err)); /* at the end, wherever was read */
    assert_true(os_scratch_read(scratch, 10, data, 2, &err));
    assert_memory_equal(data, "e!", 2);
    assert_false(os_scratch_read(scratch, 11, data, 2, &err));
    assert_true(os_folder_list(*state, visit_entry, &seen, &err));
    assert_string_equal(bytes_text(&seen), "");
    os_file_close(scratch);
    assert_null(os_scratch_open(in(state, "none"), &err));
    bytes_free(&seen);
}

static void test_a_lock_is_held_by_one(void **state)
{
    const char *path = in(state, "lock");
    char expected[64];
    struct error err;

    assert_false(os_lock_is_held(path));
    struct os_lock *lock = os_lock_take(path, &err);
    assert_non_null(lock);
    assert_true(os_lock_is_held(path));
    assert_null(os_lock_take(path, &err));
    assert_int_equal(err.kind, ERROR_FATAL);
    snprintf(expected, sizeof expected, "process %ld holds ", (long)getpid());
    assert_memory_equal(err.text, expected, strlen(expected));
    os_lock_release(lock);
    assert_false(os_lock_is_held(path));
    os_lock_release(NULL);
    assert_null(os_lock_take(in(state, "none/lock"), &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
}

static void test_the_lock_of_a_dead_process_is_free(void **state)
{
    const char *path = in(state, "lock");
    struct error err;
    int status = -1;

    const pid_t id = fork();
    assert_true(id >= 0);
    if (id == 0)
        os_exit_now(os_lock_take(path, &err) == NULL);
    assert_int_equal(waitpid(id, &status, 0), id);
    assert_int_equal(status, 0);
    assert_false(os_lock_is_held(path));
    struct os_lock *lock = os_lock_take(path, &err);
    assert_non_null(lock);
    os_lock_release(lock);
}

static void visit_name(void *context, const char *name)
{
    bytes_append_text(context, name);
    bytes_append_byte(context, ' ');
}

static void test_a_watch_hears_of_completed_files(void **state)
{
    struct os_event *event = os_event_new();
    struct os_watch *watch = os_watch_start(*state, event);
    struct bytes names;

    bytes_init(&names, 1000);
    assert_non_null(watch);
    const int growing = open(in(state, "growing.csv"), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(growing, "1", 1), 1);
    assert_false(os_event_is_set(event));
    put(in(state, "renamed.csv"), "content");
    assert_true(os_event_is_set(event));
    close(growing);
    os_watch_take(watch, visit_name, &names);
    assert_string_equal(bytes_text(&names), "renamed.csv.new renamed.csv growing.csv ");
    assert_false(os_event_is_set(event));
    os_event_set(event); /* still an event like any other */
    assert_int_equal(os_event_wait(&event, 1, -1), 0);
    os_watch_stop(watch);
    os_event_reset(event);
    assert_false(os_event_is_set(event));
    os_watch_stop(NULL);
    assert_null(os_watch_start(in(state, "none"), event));
    os_event_free(event);
    bytes_free(&names);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_written_files_read_back),
        IN_FOLDER(test_reading_appends_within_the_limit),
        IN_FOLDER(test_private_files_are_not_for_others),
        IN_FOLDER(test_removing_renaming_marking),
        IN_FOLDER(test_folders_are_made_with_their_parents),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_names_match_patterns),
        IN_FOLDER(test_a_folder_lists_what_it_holds),
        IN_FOLDER(test_glob_is_sorted),
        IN_FOLDER(test_regular_files_are_read_to_their_end_and_again),
        IN_FOLDER(test_what_is_not_a_regular_file_is_refused),
        IN_FOLDER(test_scratch_files_have_no_name),
        IN_FOLDER(test_a_lock_is_held_by_one),
        IN_FOLDER(test_the_lock_of_a_dead_process_is_free),
        IN_FOLDER(test_a_watch_hears_of_completed_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
