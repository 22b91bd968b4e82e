/* SPDX-License-Identifier: Apache-2.0 */
/* test_secrets.c - secrets are stored sealed, references resolved once, secret files kept private
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/base/bytes.h"
#include "agent/base/os_file.h"
#include "agent/secrets.h"
#include "tests/unit/folder.h"

static char path[4096];

static const char *path_in(const char *folder, const char *name)
{
    return os_path_join(folder, name, path, sizeof path);
}

static void write_file(const char *folder, const char *name, const char *content, mode_t mode)
{
    struct error err;

    assert_true(os_file_write(path_in(folder, name), content, strlen(content), &err));
    assert_int_equal(chmod(path, mode), 0);
}

static void check_value(struct secrets *secrets, const char *text, const char *expected)
{
    struct error err = {.text = ""};
    const char *value = secrets_lend(secrets, text, &err);

    assert_string_equal(err.text, "");
    assert_string_equal(value, expected);
}

static void check_error(struct secrets *secrets, const char *text, const char *expected)
{
    struct error err = {.text = ""};

    assert_null(secrets_lend(secrets, text, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_non_null(strstr(err.text, expected));
}

static void add_name(void *context, const char *name)
{
    char *names = context;

    snprintf(names + strlen(names), 1000 - strlen(names), "%s ", name);
}

static const char *list(struct secrets *secrets)
{
    static char names[1000];
    struct error err;

    names[0] = '\0';
    assert_true(secrets_list(secrets, add_name, names, &err));
    return names;
}

static void test_what_is_set_is_there_afterwards(void **state)
{
    struct secrets *secrets = secrets_open(*state, "/");
    struct error err;
    bool existed;

    check_error(secrets, "${secret:a}", "run `cloud-link secret set a`");
    assert_string_equal(list(secrets), "");
    assert_true(secrets_set(secrets, "b", "value of b", &err));
    assert_true(secrets_set(secrets, "c", "\xC3\xA4 \"$\\", &err));
    assert_true(secrets_set(secrets, "a", "value of a", &err));
    assert_true(secrets_set(secrets, "bb", "2", &err));
    assert_true(secrets_set(secrets, "b", "another", &err));
    secrets_close(secrets);

    secrets = secrets_open(*state, "/");
    assert_string_equal(list(secrets), "a b bb c ");
    check_value(secrets, "${secret:a}", "value of a");
    check_value(secrets, "${secret:b}", "another");
    check_value(secrets, "${secret:c}", "\xC3\xA4 \"$\\");
    assert_true(secrets_remove(secrets, "b", &existed, &err));
    assert_true(existed);
    assert_true(secrets_remove(secrets, "b", &existed, &err));
    assert_false(existed);
    assert_string_equal(list(secrets), "a bb c ");
    check_error(secrets, "${secret:b}", "not stored");
    secrets_close(secrets);
}

static void test_the_store_shows_neither_names_nor_values(void **state)
{
    struct secrets *secrets = secrets_open(*state, "/");
    struct bytes content;
    struct stat facts;
    struct error err;

    bytes_init(&content, 100000);
    assert_true(secrets_set(secrets, "nameofit", "valueofit", &err));
    assert_true(os_file_read(path_in(*state, "secrets"), &content, &err));
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(stat(path_in(*state, "secrets.key"), &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(facts.st_size, 32);
    for (size_t i = 0; i + 8 < content.size; i++) {
        assert_memory_not_equal(content.data + i, "nameofit", 8);
        assert_memory_not_equal(content.data + i, "valueofi", 8);
    }
    bytes_free(&content);
    secrets_close(secrets);
}

static void test_a_damaged_store_or_key_is_refused(void **state)
{
    struct secrets *secrets = secrets_open(*state, "/");
    struct error err;

    assert_true(secrets_set(secrets, "a", "b", &err));
    write_file(*state, "secrets", "cloud-link secrets 1\nnonsense that is long enough, really",
               0600);
    check_error(secrets, "${secret:a}", "cannot be opened");
    assert_false(secrets_set(secrets, "a", "c", &err)); /* nothing is overwritten */
    write_file(*state, "secrets.key", "short", 0600);
    check_error(secrets, "${secret:a}", "is not a key");
    assert_true(os_file_remove(path_in(*state, "secrets.key"), &err));
    check_error(secrets, "${secret:a}", "is gone");
    assert_false(secrets_set(secrets, "a", "c", &err));
    secrets_close(secrets);
}

static void test_another_key_does_not_open_it(void **state)
{
    struct secrets *secrets = secrets_open(*state, "/");
    struct error err;

    assert_true(secrets_set(secrets, "a", "b", &err));
    write_file(*state, "secrets.key", "0123456789abcdef0123456789abcdef", 0600);
    check_error(secrets, "${secret:a}", "cannot be opened");
    assert_int_equal(chmod(path, 0644), 0);
    check_error(secrets, "${secret:a}", "secrets.key");
    secrets_close(secrets);
}

static void test_what_is_no_secret_is_not_stored(void **state)
{
    static const char *const names[] = {"", "a b", "-a", ".a", "a/b", "\xC3\xA4", "a}"};
    struct secrets *secrets = secrets_open(*state, "/");
    struct error err;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_false(secrets_set(secrets, names[i], "x", &err));
    assert_false(secrets_set(secrets, "a", "", &err));
    assert_false(secrets_set(secrets, "a", "\x01", &err));
    assert_false(secrets_set(secrets, "a", "\xFF", &err));
    assert_true(secrets_set(secrets, "A.b_c-1", "two\nlines\t", &err));
    check_value(secrets, "${secret:A.b_c-1}", "two\nlines\t");
    secrets_close(secrets);
}

static void test_references_are_replaced_once(void **state)
{
    struct secrets *secrets = secrets_open(*state, "/");

    setenv("TEST_ONE", "1", 1);
    setenv("TEST_REFERENCE", "${env:TEST_ONE}", 1);
    unsetenv("TEST_UNSET");
    check_value(secrets, "", "");
    check_value(secrets, "plain", "plain");
    check_value(secrets, "a$b $ $$", "a$b $ $$");
    check_value(secrets, "PWD=${env:TEST_ONE};X=${env:TEST_ONE}", "PWD=1;X=1");
    check_value(secrets, "${env:TEST_REFERENCE}", "${env:TEST_ONE}");
    check_value(secrets, "$${env:TEST_ONE}", "${env:TEST_ONE}");
    check_value(secrets, "$$${env:TEST_ONE}", "$${env:TEST_ONE}");
    check_error(secrets, "x${env:TEST_UNSET}", "TEST_UNSET is not set");
    check_error(secrets, "${env:TEST_ONE", "without its }");
    check_error(secrets, "${TEST_ONE}", "is no reference");
    check_error(secrets, "${env:}", "is no reference");
    check_error(secrets, "${}", "is no reference");
    check_error(secrets, "${vault:x}", "is no reference");
    secrets_close(secrets);
}

static void test_a_secret_file_must_be_private(void **state)
{
    struct secrets *secrets = secrets_open("/nowhere", *state);
    char reference[4200];

    write_file(*state, "key", "from a file\r\n", 0600);
    check_value(secrets, "${file:key}", "from a file"); /* relative to the configuration */
    snprintf(reference, sizeof reference, "${file:%s}", path);
    check_value(secrets, reference, "from a file");
    assert_int_equal(chmod(path, 0640), 0);
    check_error(secrets, "${file:key}", "key");
    check_error(secrets, "${file:none}", "does not exist");
    secrets_close(secrets);
}

static void test_a_file_that_is_being_rewritten_keeps_its_value(void **state)
{
    struct secrets *secrets = secrets_open("/nowhere", *state);
    struct error err;

    write_file(*state, "key", "", 0600);
    check_error(secrets, "${file:key}", "is empty");
    write_file(*state, "key", "one", 0600);
    check_value(secrets, "${file:key}", "one");
    write_file(*state, "key", "", 0600);
    check_value(secrets, "${file:key}", "one");
    assert_true(os_file_remove(path_in(*state, "key"), &err));
    check_value(secrets, "${file:key}", "one");
    write_file(*state, "key", "two", 0600);
    check_value(secrets, "${file:key}", "two");
    secrets_close(secrets);
}

static void test_the_mark_tells_every_change(void **state)
{
    struct secrets *secrets = secrets_open(*state, *state);
    struct error err;
    uint64_t mark = secrets_mark(secrets);

    assert_true(secrets_set(secrets, "a", "1", &err));
    assert_true(mark != secrets_mark(secrets));
    mark = secrets_mark(secrets);
    assert_true(mark == secrets_mark(secrets));

    write_file(*state, "key", "one", 0600);
    check_value(secrets, "${file:key}", "one");
    mark = secrets_mark(secrets);
    write_file(*state, "key", "two", 0600);
    assert_true(mark != secrets_mark(secrets));
    secrets_close(secrets);
}

static void test_a_credential_is_systemds(void **state)
{
    struct secrets *secrets = secrets_open("/nowhere", "/nowhere");
    struct error err;

    unsetenv("CREDENTIALS_DIRECTORY");
    assert_null(secrets_lend(secrets, "${credential:key}", &err));
    assert_int_equal(err.kind, ERROR_RETRY);
    setenv("CREDENTIALS_DIRECTORY", *state, 1);
    check_error(secrets, "${credential:key}", "does not exist");
    write_file(*state, "key", "given", 0600);
    check_value(secrets, "${credential:key}", "given");
    unsetenv("CREDENTIALS_DIRECTORY");
    secrets_close(secrets);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(test_what_is_set_is_there_afterwards),
        IN_A_FOLDER(test_the_store_shows_neither_names_nor_values),
        IN_A_FOLDER(test_a_damaged_store_or_key_is_refused),
        IN_A_FOLDER(test_another_key_does_not_open_it),
        IN_A_FOLDER(test_what_is_no_secret_is_not_stored),
        IN_A_FOLDER(test_references_are_replaced_once),
        IN_A_FOLDER(test_a_secret_file_must_be_private),
        IN_A_FOLDER(test_a_file_that_is_being_rewritten_keeps_its_value),
        IN_A_FOLDER(test_the_mark_tells_every_change),
        IN_A_FOLDER(test_a_credential_is_systemds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
