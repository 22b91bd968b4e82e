/* SPDX-License-Identifier: Apache-2.0 */
/* test_settings_read.c - tables fill structs; what is wrong is told at its place, all at once */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/settings_read.h"

struct inner {
    int64_t port;
    const char *name;
};

struct outer {
    const char *text, *path, *secret;
    bool boolean;
    int64_t integer, duration, size;
    int choice;
    char letter, decimal;
    struct setting_list list;
    struct inner inner;
    int64_t custom;
};

static const char *const words[] = {"", "first", "second", NULL};
static const char *const decimals[] = {".", ",", NULL};

static const struct setting inner_settings[] = {
    {.name = "port",
     .type = SETTING_INTEGER,
     .offset = offsetof(struct inner, port),
     .fallback = "5432",
     .least = 1,
     .most = 65535},
    {.name = "name",
     .type = SETTING_TEXT,
     .offset = offsetof(struct inner, name),
     .required = true},
    {0},
};

static void read_custom(struct settings_reader *reader, const struct node *node, void *place)
{
    if (node == NULL)
        *(int64_t *)place = -1;
    else if (node->kind != NODE_MAP)
        settings_error(reader, node, "custom wants a map");
    else if (node->first != NULL)
        settings_error(reader, node->first, "is odd");
    else
        *(int64_t *)place = 1;
}

static const struct setting outer_settings[] = {
    {.name = "text",
     .type = SETTING_TEXT,
     .offset = offsetof(struct outer, text),
     .fallback = "nothing"},
    {.name = "path", .type = SETTING_PATH, .offset = offsetof(struct outer, path)},
    {.name = "secret", .type = SETTING_SECRET, .offset = offsetof(struct outer, secret)},
    {.name = "boolean",
     .type = SETTING_BOOLEAN,
     .offset = offsetof(struct outer, boolean),
     .fallback = "true"},
    {.name = "integer",
     .type = SETTING_INTEGER,
     .offset = offsetof(struct outer, integer),
     .fallback = "4",
     .least = 1,
     .most = 16},
    {.name = "duration",
     .type = SETTING_DURATION,
     .offset = offsetof(struct outer, duration),
     .fallback = "15m",
     .least = 1000,
     .most = 86400000},
    {.name = "size",
     .type = SETTING_SIZE,
     .offset = offsetof(struct outer, size),
     .fallback = "2GiB",
     .least = 1024,
     .most = INT64_C(1) << 40},
    {.name = "choice",
     .type = SETTING_CHOICE,
     .offset = offsetof(struct outer, choice),
     .choices = words},
    {.name = "letter", .type = SETTING_LETTER, .offset = offsetof(struct outer, letter)},
    {.name = "decimal",
     .type = SETTING_LETTER,
     .offset = offsetof(struct outer, decimal),
     .fallback = ".",
     .choices = decimals},
    {.name = "list", .type = SETTING_LIST, .offset = offsetof(struct outer, list)},
    {.name = "inner",
     .type = SETTING_SECTION,
     .offset = offsetof(struct outer, inner),
     .section = inner_settings},
    {.name = "custom",
     .type = SETTING_CUSTOM,
     .offset = offsetof(struct outer, custom),
     .read = read_custom},
    {0},
};

/* One test's reader, filled struct and what was told. */
struct fixture {
    struct arena *arena;
    struct settings_reader reader;
    struct outer outer;
    char told[4000];
};

static void tell(void *context, const char *file, int line, int column, const char *text)
{
    struct fixture *fixture = context;
    const size_t used = strlen(fixture->told);

    snprintf(fixture->told + used, sizeof fixture->told - used, "%s:%d:%d: %s\n", file, line,
             column, text);
}

static const char *resolve(void *context, const struct node *scalar, struct error *err)
{
    (void)context;
    if (strcmp(scalar->text, "${env:SET}") == 0)
        return "resolved";
    if (strncmp(scalar->text, "${env:", 6) == 0) {
        error_set(err, ERROR_CONFIG, "the variable is not set");
        return NULL;
    }
    return scalar->text;
}

static int set_up(void **state)
{
    static struct fixture fixture;

    memset(&fixture, 0, sizeof fixture);
    fixture.arena = arena_new();
    fixture.reader = (struct settings_reader){
        .memory = fixture.arena,
        .report = tell,
        .report_context = &fixture,
        .resolve = resolve,
        .folder = "/etc/cloud-link",
        .path = "",
    };
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    arena_free(((struct fixture *)*state)->arena);
    return 0;
}

static void read_text(struct fixture *fixture, const char *text)
{
    const struct settings_part part = {outer_settings, &fixture->outer};
    struct node_document *document = node_parse("x", text, strlen(text), tell, fixture);

    assert_non_null(document);
    settings_read(&fixture->reader, node_root(document), &part, 1);
    node_free(document); /* a filled struct does not need it any more */
}

static void test_an_empty_map_gives_the_defaults(void **state)
{
    struct fixture *fixture = *state;
    const struct outer *outer = &fixture->outer;

    read_text(fixture, "");
    assert_string_equal(fixture->told, "");
    assert_int_equal(fixture->reader.errors, 0);
    assert_string_equal(outer->text, "nothing");
    assert_null(outer->path);
    assert_true(outer->boolean);
    assert_int_equal(outer->integer, 4);
    assert_int_equal(outer->duration, 900000);
    assert_int_equal(outer->size, INT64_C(2) << 30);
    assert_int_equal(outer->choice, 0);
    assert_int_equal(outer->letter, 0);
    assert_int_equal(outer->decimal, '.');
    assert_int_equal(outer->list.count, 0);
    assert_int_equal(outer->inner.port, 5432);
    assert_int_equal(outer->custom, -1);
}

static void test_every_type_is_read(void **state)
{
    struct fixture *fixture = *state;
    const struct outer *outer = &fixture->outer;

    read_text(fixture, "text: ${env:SET}\npath: a/b\nsecret: ${env:SET}\nboolean: false\n"
                       "integer: 16\nduration: 90s\nsize: 64KiB\nchoice: second\nletter: tab\n"
                       "decimal: ','\nlist: [a, b]\n"
                       "inner: { port: 1, name: x }\ncustom: {}\n");
    assert_string_equal(fixture->told, "");
    assert_string_equal(outer->text, "resolved");
    assert_string_equal(outer->path, "/etc/cloud-link/a/b");
    assert_string_equal(outer->secret, "${env:SET}"); /* kept as the reference */
    assert_false(outer->boolean);
    assert_int_equal(outer->integer, 16);
    assert_int_equal(outer->duration, 90000);
    assert_int_equal(outer->size, 65536);
    assert_int_equal(outer->choice, 2);
    assert_int_equal(outer->letter, '\t');
    assert_int_equal(outer->decimal, ',');
    assert_int_equal(outer->list.count, 2);
    assert_string_equal(outer->list.items[1], "b");
    assert_int_equal(outer->inner.port, 1);
    assert_string_equal(outer->inner.name, "x");
    assert_int_equal(outer->custom, 1);
}

static void test_a_single_value_is_a_list_of_one(void **state)
{
    struct fixture *fixture = *state;

    read_text(fixture, "list: a\n");
    assert_int_equal(fixture->outer.list.count, 1);
    assert_string_equal(fixture->outer.list.items[0], "a");
}

static void test_without_a_resolver_texts_are_taken_as_they_are(void **state)
{
    struct fixture *fixture = *state;

    fixture->reader.resolve = NULL;
    read_text(fixture, "secret: ${plain\ntext: ${env:SET}\n");
    assert_string_equal(fixture->told, "");
    assert_string_equal(fixture->outer.secret, "${plain");
    assert_string_equal(fixture->outer.text, "${env:SET}");
}

static void test_every_error_of_a_map_is_told(void **state)
{
    struct fixture *fixture = *state;

    read_text(fixture, "boolean: yes\ninteger: 17\nduration: 15 minutes\nsize: 4MB\n"
                       "choice: frist\nletter: ab\ndecimal: ;\nlist: [a, {}]\n#\n"
                       "inner: { prot: 1 }\ncustom: { x: { y: 1, y: 2 } }\ntext: [a]\n"
                       "path: #here\nsecret: geheim\ntext: b\nbolean: true\nfoo: 1\n");
    assert_string_equal(
        fixture->told,
        "x:15:1: text: this key stands twice, first in line 12\n"
        "x:16:1: bolean: unknown key; did you mean \"boolean\"?\n"
        "x:17:1: foo: unknown key\n"
        "x:12:7: text: must be a single value, not a list\n"
        "x:13:6: path: has no value: what follows # is a comment, unless it is quoted\n"
        "x:14:9: secret: a secret never stands in the file: store it with `cloud-link secret set "
        "NAME` and write ${secret:NAME} here\n"
        "x:1:10: boolean: \"yes\" is not one of false, true\n"
        "x:2:10: integer: 17 is out of range: 1 to 16 are possible\n"
        "x:3:11: duration: \"15 minutes\" is not a duration such as 90s, 15m, 2h or 7d\n"
        "x:4:7: size: \"4MB\" is not a size such as 64KiB or 4MiB\n"
        "x:5:9: choice: \"frist\" is not one of first, second; did you mean \"first\"?\n"
        "x:6:9: letter: \"ab\" is not one ASCII character (or the word tab)\n"
        "x:7:10: decimal: \";\" is not one of ., ,\n"
        "x:8:11: list[2]: must be a single value, not a map\n"
        "x:10:10: inner.prot: unknown key; did you mean \"port\"?\n"
        "x:10:8: inner.name: this key is missing\n"
        "x:11:22: custom.x.y: this key stands twice, first in line 11\n"
        "x:11:14: custom.x: is odd\n");
    assert_int_equal(fixture->reader.errors, 18);
    assert_int_equal(fixture->outer.integer, 4); /* the default stands */
}

static void test_an_unset_reference_is_told_at_its_place(void **state)
{
    struct fixture *fixture = *state;

    read_text(fixture, "text: ${env:NONE}\nsecret: ${env:NONE}\nlist:\n  - ${env:NONE}\n");
    assert_string_equal(fixture->told, "x:1:7: text: the variable is not set\n"
                                       "x:2:9: secret: the variable is not set\n"
                                       "x:4:5: list[1]: the variable is not set\n");
}

static void test_a_secret_must_be_exactly_one_reference(void **state)
{
    static const char *const wrong[] = {"x${env:SET}", "${env:SET}x", "${env:SET}${env:SET}",
                                        "${env:}",     "${SET}",      "$env:SET"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[100];

        fixture->told[0] = '\0';
        snprintf(text, sizeof text, "secret: '%s'\n", wrong[i]);
        read_text(fixture, text);
        assert_string_equal(fixture->told,
                            "x:1:9: secret: a secret never stands in the file: store it with "
                            "`cloud-link secret set NAME` and write ${secret:NAME} here\n");
    }
}

static void test_what_is_no_map_is_told(void **state)
{
    struct fixture *fixture = *state;

    read_text(fixture, "inner: name:x\n");
    read_text(fixture, "inner: [1]\n");
    read_text(fixture, "{name:x}\n");
    assert_string_equal(
        fixture->told,
        "x:1:8: inner: must be a map of keys; a blank must follow the colon after a key\n"
        "x:1:8: inner: must be a map of keys\n"
        "x:1:2: name:x: unknown key; a blank must follow the colon after a key\n");
}

static const char *refuse(void *context, const char *key)
{
    (void)context;
    return strcmp(key, "integer") == 0 || strcmp(key, "elsewhere") == 0 ? "is not for here" : NULL;
}

static const char *fallback(void *context, const struct setting *setting)
{
    (void)context;
    return strcmp(setting->name, "duration") == 0 ? "2s" : setting->fallback;
}

static void test_rules_refuse_keys_and_change_defaults(void **state)
{
    static const struct settings_rules rules = {.refuse = refuse, .fallback = fallback};
    struct fixture *fixture = *state;

    fixture->reader.rules = &rules;
    fixture->reader.path = "integrations.a";
    read_text(fixture, "integer: 7\nelsewhere: 1\nintegar: 2\n");
    assert_string_equal(fixture->told, "x:1:1: integrations.a.integer: is not for here\n"
                                       "x:2:1: integrations.a.elsewhere: is not for here\n"
                                       "x:3:1: integrations.a.integar: unknown key\n");
    assert_int_equal(fixture->outer.integer, 4);
    assert_int_equal(fixture->outer.duration, 2000);
}

static void test_the_nearest_word(void **state)
{
    static const char *const known[] = {"postgresql", "mysql", "odbc", "off", NULL};

    (void)state;
    assert_string_equal(settings_nearest("postgres", known), "postgresql");
    assert_string_equal(settings_nearest("MySQL", known), "mysql");
    assert_string_equal(settings_nearest("msyql", known), "mysql");
    assert_string_equal(settings_nearest("obdc", known), "odbc");
    assert_null(settings_nearest("oracle", known));
    assert_null(settings_nearest("on", known) /* two letters, two typing errors */);
    assert_string_equal(settings_nearest("post", known), "postgresql");
    assert_null(settings_nearest("", known));
}

static void test_sizes(void **state)
{
    int64_t size = 0;
    char text[32];

    (void)state;
    assert_true(settings_parse_size("500", &size));
    assert_int_equal(size, 500);
    assert_true(settings_parse_size("4MiB", &size));
    assert_int_equal(size, 4 << 20);
    assert_string_equal(settings_print_size(size, text), "4MiB");
    assert_string_equal(settings_print_size(1025, text), "1025B");
    assert_false(settings_parse_size("MiB", &size));
    assert_false(settings_parse_size("-1", &size));
    assert_false(settings_parse_size("9999999999999TiB", &size));
    assert_false(settings_parse_size("99999999999999999999", &size));
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_an_empty_map_gives_the_defaults),
        WITH_FIXTURE(test_every_type_is_read),
        WITH_FIXTURE(test_a_single_value_is_a_list_of_one),
        WITH_FIXTURE(test_without_a_resolver_texts_are_taken_as_they_are),
        WITH_FIXTURE(test_every_error_of_a_map_is_told),
        WITH_FIXTURE(test_an_unset_reference_is_told_at_its_place),
        WITH_FIXTURE(test_a_secret_must_be_exactly_one_reference),
        WITH_FIXTURE(test_what_is_no_map_is_told),
        WITH_FIXTURE(test_rules_refuse_keys_and_change_defaults),
        cmocka_unit_test(test_the_nearest_word),
        cmocka_unit_test(test_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
