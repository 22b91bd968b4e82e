/* SPDX-License-Identifier: Apache-2.0 */
/* test_node.c - YAML becomes a tree with places; what libyaml says badly is said well */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/node.h"

static char told[2000];

static void tell(void *context, const char *file, int line, int column, const char *text)
{
    const size_t used = strlen(told);

    (void)context;
    snprintf(told + used, sizeof told - used, "%s:%d:%d: %s\n", file, line, column, text);
}

static struct node_document *parse(const char *text)
{
    told[0] = '\0';
    return node_parse("x.yaml", text, strlen(text), tell, NULL);
}

static void test_every_piece_knows_its_place(void **state)
{
    struct node_document *document = parse("a: 1\nlist:\n  - { name: \"x y\", id: 7 }\n  - '2'\n");
    const struct node *root;
    const struct node *item;

    (void)state;
    assert_non_null(document);
    root = node_root(document);
    assert_int_equal(root->kind, NODE_MAP);
    assert_string_equal(node_child(root, "a")->text, "1");
    assert_true(node_child(root, "a")->is_plain);
    item = node_child(root, "list")->first;
    assert_int_equal(item->kind, NODE_MAP);
    assert_ptr_equal(item->parent, node_child(root, "list"));
    assert_string_equal(node_child(item, "name")->text, "x y");
    assert_false(node_child(item, "name")->is_plain);
    assert_int_equal(node_child(item, "id")->line, 3);
    assert_int_equal(node_child(item, "id")->column, 24);
    assert_int_equal(node_child(item, "id")->key_column, 20);
    assert_string_equal(item->next->text, "2");
    assert_null(item->next->next);
    assert_null(node_child(root, "b"));
    node_free(document);
}

static void test_an_empty_file_is_an_empty_value(void **state)
{
    struct node_document *document = parse("# nothing\n");

    (void)state;
    assert_non_null(document);
    assert_int_equal(node_root(document)->kind, NODE_SCALAR);
    assert_string_equal(node_root(document)->text, "");
    node_free(document);
}

static void test_a_comment_taken_for_a_value_is_noticed(void **state)
{
    struct node_document *document = parse("\xEF\xBB\xBF\xC3\xA4: b\nc: #x\nd:\ne: ''\n");

    (void)state;
    assert_non_null(document);
    assert_string_equal(node_child(node_root(document), "\xC3\xA4")->text, "b");
    assert_true(node_child(node_root(document), "c")->is_comment);
    assert_false(node_child(node_root(document), "d")->is_comment);
    assert_false(node_child(node_root(document), "e")->is_comment);
    node_free(document);
}

static void test_json_goes_round(void **state)
{
    const char *const text =
        "{\"a\":\"1\",\"b\":[\"x\\ny\",{\"c\":\"\\\"\\\\ \xC3\xA4\"}],\"d\":{}}";
    struct node_document *document = parse(text);
    struct bytes out;
    struct json json;
    struct error err;

    (void)state;
    assert_non_null(document);
    bytes_init(&out, 1000);
    json_init(&json, &out);
    assert_true(node_write_json(node_root(document), NULL, NULL, &json, &err));
    assert_string_equal(bytes_text(&out), text);
    bytes_free(&out);
    node_free(document);
}

/* What is wrong, and what is said about it. */
static const struct {
    const char *text, *told;
} problems[] = {
    {"files: *.csv\n", "1:8: \"*.csv\" must be quoted: without quotes * begins an alias"},
    {"files: *csv\n", "1:8: \"*csv\" must be quoted: without quotes * begins an alias"},
    {"a: &b c\n", "1:4: \"&b\" must be quoted: without quotes & begins an anchor"},
    {"a: !b c\n", "1:4: \"!b\" must be quoted: without quotes ! begins a tag"},
    {"a: @b\n", "1:4: \"@b\" must be quoted: without quotes @ cannot begin a value"},
    {"a: %b\n", "1:4: \"%b\" must be quoted: without quotes % cannot begin a value"},
    {"a: |b\n", "1:4: \"|b\" must be quoted: without quotes | begins a text of several lines"},
    {"password: pa$s: word\n", "1:15: a value that holds \": \" must be quoted"},
    {"a: b\n  c: d\n", "2:4: this line is indented further than the one it belongs to allows"},
    {"a:\n  b:1\n  c: d\n", "2:3: a blank must follow the colon after a key"},
    {"a:\n\tb: 1\n", "2:1: a tab cannot indent: use blanks"},
    {"a: x\n\tb: 1\n", "2:1: a tab cannot indent: use blanks"},
    {"a: \"C:\\exports\\q\"\n", "1:15: in double quotes a backslash begins an escape: write this "
                                "text in single quotes"},
    {"a: \"C:\\exports\"\n", "1:4: this text holds a control character: in double quotes a "
                             "backslash begins an escape, in single quotes it does not"},
    {"a: \"x\\0\"\n", "1:4: this text holds a control character: in double quotes a "
                      "backslash begins an escape, in single quotes it does not"},
    {"a: \"\\xyz\"\n", "1:7: in double quotes a backslash begins an escape: write this text in "
                       "single quotes"},
    {"a: 1\nhost:localhost\nb: 2\n", "2:1: a blank must follow the colon after a key"},
    {"a: 1\nhost\nb: 2\n", "2:1: this line must have the form \"key: value\""},
    {"a: \"b\nc: d\n", "1:4: the quote that begins here is never closed"},
    {"a: 'b\nc: d\n", "1:4: the quote that begins here is never closed"},
    {"a: \"b\" c\n", "1:8: a value ends before this: quote the whole of it"},
    {"a:\n  b: 1\n c: 2\n", "3:2: this line does not line up with those above that it belongs to"},
    {"a:\n  - 1\n b\n", "3:2: this line does not line up with those above that it belongs to"},
    {"a: { b: ${env:X} }\n", "1:10: inside { } a reference must be quoted: \"${...}\""},
    {"a: { b: 1 c }\nd: 1\n", NULL},
    {"a: [ 1, 2\nb: 3\n", "2:2: a comma or the closing bracket is missing before this"},
    {"a: { b: , }\nc: [ , ]\n", "2:6: a value is missing here, or must be quoted"},
    {"a: - b\n", "1:4: a list must begin on a line of its own"},
    {"a: \xE4\n", "1:4: this is not UTF-8: save the file in that encoding"},
    {"a: 1\nb: \x01\n", "2:4: a control character (code 1) cannot stand in the file"},
    {"a: 1\n---\nb: 2\n", "2:1: one file holds one document: --- begins another"},
    {"? [a]\n: b\n", "1:3: a key must be a single word"},
    {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "1:17: this is nested too deeply"},
};

static void test_problems_are_said_well(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        struct node_document *document = parse(problems[i].text);
        char expected[400] = "";

        if (problems[i].told != NULL)
            snprintf(expected, sizeof expected, "x.yaml:%s\n", problems[i].told);
        assert_string_equal(told, expected);
        assert_true((document == NULL) == (problems[i].told != NULL));
        node_free(document);
    }
}

static void test_several_problems_are_told_at_once(void **state)
{
    (void)state;
    assert_null(parse("a: *x\nb: *y\nc: *.z\n"));
    assert_string_equal(told,
                        "x.yaml:1:4: \"*x\" must be quoted: without quotes * begins an alias\n"
                        "x.yaml:2:4: \"*y\" must be quoted: without quotes * begins an alias\n"
                        "x.yaml:3:4: \"*.z\" must be quoted: without quotes * begins an alias\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_piece_knows_its_place),
        cmocka_unit_test(test_an_empty_file_is_an_empty_value),
        cmocka_unit_test(test_a_comment_taken_for_a_value_is_noticed),
        cmocka_unit_test(test_json_goes_round),
        cmocka_unit_test(test_problems_are_said_well),
        cmocka_unit_test(test_several_problems_are_told_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
