/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_config.c - a configuration: read without a crash, written as JSON and read again as it was
 *
 * What the agent hands to a source process is JSON made of the tree, read by the same reader: so
 * every tree must survive that, and an integration that is accepted must be accepted there, too.
 */
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/config.h"
#include "agent/config_integration.h"
#include "tests/fuzz/fuzz.h"

#define KEY_MOST 1000 /* libyaml: a longer key needs a question mark before it */

static void count_problem(void *context, const char *file, int line, int column, const char *text)
{
    PROMISE(file != NULL && line >= 1 && column >= 1 && text[0] != '\0');
    ++*(int *)context;
}

/* Problems of defaults have no place, and there must be none. */
static void count_error(void *context, const char *file, int line, int column, const char *text)
{
    PROMISE(strcmp(file, "default") != 0);
    count_problem(context, file, line, column, text);
}

static const char *as_written(void *context, const struct node *scalar, struct error *err)
{
    (void)context;
    (void)err;
    return scalar->text;
}

static bool has_long_keys(const struct node *node)
{
    for (const struct node *child = node->first; child != NULL; child = child->next) {
        if ((child->key != NULL && strlen(child->key) > KEY_MOST) || has_long_keys(child))
            return true;
    }
    return false;
}

static void expect_same_tree(const struct node *one, const struct node *other)
{
    PROMISE(one->kind == other->kind && strcmp(one->text, other->text) == 0);
    const struct node *second = other->first;

    for (const struct node *first = one->first; first != NULL; first = first->next) {
        PROMISE(second != NULL && (first->key == NULL) == (second->key == NULL));
        PROMISE(first->key == NULL || strcmp(first->key, second->key) == 0);
        expect_same_tree(first, second);
        second = second->next;
    }
    PROMISE(second == NULL);
}

static void check_json(const struct node *root)
{
    struct bytes out;
    struct json json;
    struct error err;
    int problems = 0;

    bytes_init(&out, 1 << 19);
    json_init(&json, &out);
    PROMISE(node_write_json(root, NULL, NULL, &json, &err));
    if (!out.overflow) {
        struct node_document *again =
            node_parse("json", out.data, out.size, count_problem, &problems);

        PROMISE(again != NULL && problems == 0);
        expect_same_tree(root, node_root(again));
        node_free(again);
    }
    bytes_free(&out);
}

/* An integration that was accepted: through the pipe, as config_source_settings writes it. */
static void check_source(const struct node *integration)
{
    struct bytes out;
    struct json json;
    struct error err;

    bytes_init(&out, 1 << 19);
    json_init(&json, &out);
    json_begin_object(&json);
    json_put_key(&json, "folder");
    json_put_text(&json, "/etc/cloud-link");
    json_put_key(&json, "integration");
    PROMISE(node_write_json(integration, NULL, NULL, &json, &err));
    json_end_object(&json);
    struct config *config =
        out.overflow ? NULL : config_from_source_settings((const char *)out.data, out.size, &err);
    PROMISE(out.overflow || config != NULL);
    config_free(config);
    bytes_free(&out);
}

static void read_integration(struct settings_reader *reader, const struct node *node)
{
    struct integration_config integration = {.name = NULL};
    const int before = reader->errors;

    config_integration_read(reader, node, &integration);
    if (reader->errors == before)
        check_source(node);
}

static void read_settings(const struct node *root)
{
    struct top_settings top = {.include = {.count = 0}};
    const struct settings_part part = {top_settings, &top};
    int problems = 0;
    struct settings_reader reader = {
        .memory = arena_new(),
        .report = count_error,
        .report_context = &problems,
        .resolve = as_written,
        .folder = "/etc/cloud-link",
        .path = "",
    };

    settings_read(&reader, root, &part, 1);
    for (const struct node *item = top.integrations == NULL ? NULL : top.integrations->first;
         item != NULL; item = item->next)
        read_integration(&reader, item);
    PROMISE(problems == reader.errors);
    arena_free(reader.memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int problems = 0;
    struct node_document *document =
        node_parse("cloud-link.yaml", data, size, count_problem, &problems);

    PROMISE((document == NULL) == (problems > 0));
    if (document != NULL) {
        read_settings(node_root(document));
        if (!has_long_keys(node_root(document)))
            check_json(node_root(document));
        node_free(document);
    }
    return 0;
}
