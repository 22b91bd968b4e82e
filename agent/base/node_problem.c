/* SPDX-License-Identifier: Apache-2.0 */
/* node_problem.c - libyaml's errors, translated by looking at the line they are in */
#include "agent/base/node_problem.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* line from 1; "" beyond the end. */
static const char *line_of(const struct node_source *source, size_t line, size_t *size)
{
    const char *start = source->data;
    const char *end = source->data + source->size;

    for (size_t i = 1; i < line; i++) {
        const char *feed = start == end ? NULL : memchr(start, '\n', (size_t)(end - start));

        start = feed == NULL ? end : feed + 1;
    }
    const char *feed = start == end ? NULL : memchr(start, '\n', (size_t)(end - start));
    *size = (size_t)((feed == NULL ? end : feed) - start);
    return start;
}

/* Bytes of the line before the mark: its column counts characters. */
static size_t bytes_before(const char *line, size_t size, size_t column)
{
    size_t i = 0;

    while (i < size && column > 0) {
        do
            i++;
        while (i < size && ((unsigned char)line[i] & 0xC0) == 0x80);
        column--;
    }
    return i;
}

const char *node_source_rest(const struct node_source *source, yaml_mark_t mark, size_t *size)
{
    const char *line = line_of(source, mark.line + 1, size);
    const size_t before = bytes_before(line, *size, mark.column);

    *size -= before;
    return line + before;
}

static void set_place(struct node_problem *problem, yaml_mark_t mark)
{
    problem->line = mark.line + 1;
    problem->column = mark.column + 1;
}

static void set_text(struct node_problem *problem, const char *text)
{
    snprintf(problem->text, sizeof problem->text, "%s", text);
}

static const char *meaning_of_indicator(char indicator)
{
    switch (indicator) {
    case '*':
        return "begins an alias";
    case '&':
        return "begins an anchor";
    case '!':
        return "begins a tag";
    case '|':
    case '>':
        return "begins a text of several lines";
    default:
        return "cannot begin a value";
    }
}

void node_problem_unquoted(const struct node_source *source, yaml_mark_t mark,
                           struct node_problem *problem)
{
    size_t size;
    const char *rest = node_source_rest(source, mark, &size);
    size_t word = 0;

    while (word < size && strchr(" \t\r,]}", rest[word]) == NULL)
        word++;
    set_place(problem, mark);
    snprintf(problem->text, sizeof problem->text, "\"%.*s\" must be quoted: without quotes %c %s",
             word > 80 ? 80 : (int)word, rest, size > 0 ? rest[0] : ' ',
             meaning_of_indicator(size > 0 ? rest[0] : ' '));
}

/* Is there something but blanks (and list dashes) before the mark? */
static bool stands_after_text(const struct node_source *source, yaml_mark_t mark)
{
    size_t size;
    const char *line = line_of(source, mark.line + 1, &size);
    const size_t before = bytes_before(line, size, mark.column);

    for (size_t i = 0; i < before; i++) {
        if (strchr(" \t-", line[i]) == NULL)
            return true;
    }
    return false;
}

/* "key:value" is one word to YAML. */
static bool lacks_blank_after_colon(const struct node_source *source, yaml_mark_t mark)
{
    size_t size;
    const char *rest = node_source_rest(source, mark, &size);
    const char *colon = size == 0 ? NULL : memchr(rest, ':', size);

    return colon != NULL && (size_t)(colon - rest) + 1 < size && strchr(" \t\r", colon[1]) == NULL;
}

static void explain_reader(const yaml_parser_t *yaml, const struct node_source *source,
                           struct node_problem *problem)
{
    size_t start = 0;

    problem->line = 1;
    for (size_t i = 0; i < yaml->problem_offset && i < source->size; i++) {
        if (source->data[i] == '\n') {
            problem->line++;
            start = i + 1;
        }
    }
    problem->column = yaml->problem_offset - start + 1;
    if (strcmp(yaml->problem, "control characters are not allowed") == 0)
        snprintf(problem->text, sizeof problem->text,
                 "a control character (code %d) cannot stand in the file", yaml->problem_value);
    else
        set_text(problem, "this is not UTF-8: save the file in that encoding");
}

/* The first word of the line before: `timeout:60s`, which YAML takes for a word that goes on. */
static bool explain_word_before(const struct node_source *source, yaml_mark_t mark,
                                struct node_problem *problem)
{
    size_t size;
    yaml_mark_t before = {.line = mark.line - 1};
    const char *line = line_of(source, mark.line, &size);

    if (mark.line == 0)
        return false;
    while (before.column < size && line[before.column] == ' ')
        before.column++;
    if (!lacks_blank_after_colon(source, before))
        return false;
    set_place(problem, before);
    set_text(problem, "a blank must follow the colon after a key");
    return true;
}

/* "mapping values are not allowed": a colon too many, or a line too far to the right. */
static void explain_colon(const struct node_source *source, yaml_mark_t mark,
                          struct node_problem *problem)
{
    size_t size;
    const char *line = line_of(source, mark.line + 1, &size);
    const size_t before = bytes_before(line, size, mark.column);

    set_place(problem, mark);
    for (size_t i = 0; i + 1 < before; i++) {
        if (line[i] == ':' && (line[i + 1] == ' ' || line[i + 1] == '\t')) {
            set_text(problem, "a value that holds \": \" must be quoted");
            return;
        }
    }
    if (!explain_word_before(source, mark, problem))
        set_text(problem, "this line is indented further than the one it belongs to allows");
}

static void explain_character(const struct node_source *source, yaml_mark_t mark,
                              struct node_problem *problem)
{
    size_t size;
    const char *rest = node_source_rest(source, mark, &size);

    if (size > 0 && rest[0] == '\t')
        set_text(problem, "a tab cannot indent: use blanks");
    else
        node_problem_unquoted(source, mark, problem);
    set_place(problem, mark);
}

static void explain_simple_key(const struct node_source *source, yaml_mark_t mark,
                               struct node_problem *problem)
{
    set_place(problem, mark);
    set_text(problem, lacks_blank_after_colon(source, mark)
                          ? "a blank must follow the colon after a key"
                          : "this line must have the form \"key: value\"");
}

static void explain_flow(const struct node_source *source, yaml_mark_t mark,
                         struct node_problem *problem)
{
    size_t size;
    const char *line = line_of(source, mark.line + 1, &size);
    const size_t before = bytes_before(line, size, mark.column);

    set_place(problem, mark);
    if (before > 0 && before < size && line[before] == '{' && line[before - 1] == '$')
        set_text(problem, "inside { } a reference must be quoted: \"${...}\"");
    else
        set_text(problem, "a comma or the closing bracket is missing before this");
}

static void explain_line_up(const struct node_source *source, yaml_mark_t mark,
                            struct node_problem *problem)
{
    set_place(problem, mark);
    set_text(problem, stands_after_text(source, mark)
                          ? "a value ends before this: quote the whole of it"
                          : "this line does not line up with those above that it belongs to");
}

/* Problems that need no look at the line: the first whose words libyaml's begin with. */
static const struct {
    const char *problem, *sentence;
    bool at_context; /* the place is where the trouble began */
} sentences[] = {
    {"found unknown escape character",
     "in double quotes a backslash begins an escape: write this text in single quotes", false},
    {"did not find expected hexdecimal number",
     "in double quotes a backslash begins an escape: write this text in single quotes", false},
    {"found invalid Unicode character escape code",
     "in double quotes a backslash begins an escape: write this text in single quotes", false},
    {"found unexpected end of stream", "the quote that begins here is never closed", true},
    {"found unexpected document indicator", "the quote that begins here is never closed", true},
    {"found a tab character", "a tab cannot indent: use blanks", false},
    {"block sequence entries are not allowed", "a list must begin on a line of its own", false},
    {"did not find expected node content", "a value is missing here, or must be quoted", false},
};

static void explain_rest(const yaml_parser_t *yaml, struct node_problem *problem)
{
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        if (strncmp(yaml->problem, sentences[i].problem, strlen(sentences[i].problem)) == 0) {
            set_place(problem, sentences[i].at_context ? yaml->context_mark : yaml->problem_mark);
            set_text(problem, sentences[i].sentence);
            return;
        }
    }
    set_place(problem, yaml->problem_mark);
    snprintf(problem->text, sizeof problem->text, "%s%s%s", yaml->problem,
             yaml->context == NULL ? "" : " ", yaml->context == NULL ? "" : yaml->context);
}

void node_problem_of(const yaml_parser_t *yaml, const struct node_source *source,
                     struct node_problem *problem)
{
    const char *what = yaml->problem == NULL ? "" : yaml->problem;
    const char *context = yaml->context == NULL ? "" : yaml->context;

    if (yaml->error == YAML_READER_ERROR)
        explain_reader(yaml, source, problem);
    else if (strcmp(context, "while scanning an alias") == 0 ||
             strcmp(context, "while scanning an anchor") == 0 ||
             strcmp(context, "while scanning a tag") == 0 ||
             strcmp(context, "while scanning a block scalar") == 0)
        node_problem_unquoted(source, yaml->context_mark, problem);
    else if (strcmp(what, "found character that cannot start any token") == 0)
        explain_character(source, yaml->problem_mark, problem);
    else if (strcmp(what, "mapping values are not allowed in this context") == 0)
        explain_colon(source, yaml->problem_mark, problem);
    else if (strcmp(what, "could not find expected ':'") == 0)
        explain_simple_key(source, yaml->context_mark, problem);
    else if (strncmp(what, "did not find expected ',' or", 28) == 0)
        explain_flow(source, yaml->problem_mark, problem);
    else if (strcmp(what, "did not find expected key") == 0 ||
             strcmp(what, "did not find expected '-' indicator") == 0 ||
             strcmp(what, "did not find expected <document start>") == 0)
        explain_line_up(source, yaml->problem_mark, problem);
    else
        explain_rest(yaml, problem);
}
