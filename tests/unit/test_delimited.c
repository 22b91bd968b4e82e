/* SPDX-License-Identifier: Apache-2.0 */
/* test_delimited.c - delimited text against Python's csv module, and what a stream does to it */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/delimited.h"

/* Bytes in memory, given out in pieces. */
struct memory {
    const char *data;
    size_t size, at;
    size_t piece;   /* largest */
    size_t repeats; /* the data again, so often */
    bool fails;     /* instead of ending */
};

static int64_t read_memory(void *context, void *data, size_t size, struct error *err)
{
    struct memory *memory = context;
    size_t left = memory->size - memory->at;

    if (left == 0 && memory->repeats > 0) {
        memory->repeats--;
        memory->at = 0;
        left = memory->size;
    }
    if (left == 0 && memory->fails) {
        error_set(err, ERROR_RETRY, "the disk is gone");
        return -1;
    }
    size_t given = left < size ? left : size;
    if (given > memory->piece)
        given = memory->piece;
    memcpy(data, memory->data + memory->at, given);
    memory->at += given;
    return (int64_t)given;
}

static void begin(struct delimited *delimited, struct memory *memory, char delimiter)
{
    struct error err;

    if (!delimited_begin(delimited, &(struct byte_source){memory, read_memory}, delimiter, '"',
                         &err))
        fail_msg("%s", err.text);
}

static struct memory whole(const char *text)
{
    return (struct memory){.data = text, .size = strlen(text), .piece = 1 << 20};
}

/* --- Python's answers --- */

static long next_number(FILE *truth)
{
    int letter = getc(truth);
    long number = 0;

    while (letter == ' ')
        letter = getc(truth);
    for (; letter >= '0' && letter <= '9'; letter = getc(truth))
        number = number * 10 + (letter - '0');
    return number;
}

static void read_exactly(FILE *truth, char *data, long size)
{
    assert_true(size >= 0 && size < 100000);
    assert_int_equal(fread(data, 1, (size_t)size, truth), size);
    data[size] = '\0';
}

/* One text: every record of it in order, read in pieces of the given size. */
static int compare_text(struct delimited *delimited, FILE *truth, size_t piece)
{
    static char text[100000], field[100000];
    char delimiter = (char)next_number(truth);
    char quote = (char)next_number(truth);
    long size = next_number(truth);
    struct delimited_record record;
    struct error err;
    int records = 0;

    read_exactly(truth, text, size);
    getc(truth);
    struct memory memory = {.data = text, .size = (size_t)size, .piece = piece};
    struct byte_source source = {&memory, read_memory};
    assert_true(delimited_begin(delimited, &source, delimiter, quote, &err));
    while (getc(truth) == 'R') {
        long count = next_number(truth);
        long line = next_number(truth);

        if (delimited_next(delimited, &record, &err) != DELIMITED_RECORD)
            fail_msg("no record in line %ld of:\n%s", line, text);
        if (record.count != (size_t)count || record.line != (uint64_t)line)
            fail_msg("%zu fields in line %d, not %ld in %ld, of:\n%s", record.count,
                     (int)record.line, count, line, text);
        for (long i = 0; i < count; i++) {
            long length = next_number(truth);

            read_exactly(truth, field, length);
            if (record.fields[i].size != (size_t)length ||
                memcmp(record.fields[i].text, field, (size_t)length) != 0)
                fail_msg("field %ld of line %ld is \"%.*s\", not \"%s\"", i, line,
                         (int)record.fields[i].size, record.fields[i].text, field);
        }
        getc(truth);
        records++;
    }
    getc(truth);
    if (delimited_next(delimited, &record, &err) != DELIMITED_END)
        fail_msg("too many records in:\n%s", text);
    return records;
}

static void test_records_are_as_python_has_them(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 7, 64, 100000};
    FILE *truth = popen("/usr/bin/python3 " TESTS_FOLDER "/unit/delimited_truth.py", "r");
    struct delimited *delimited = delimited_new(64);
    int texts = 0, records = 0;

    (void)state;
    assert_non_null(truth);
    while (getc(truth) == 'T')
        records += compare_text(delimited, truth, pieces[texts++ % 6]);
    assert_int_equal(pclose(truth), 0);
    assert_int_equal(texts, 400);
    assert_true(records > 3000);
    delimited_free(delimited);
}

/* --- streams --- */

static void test_a_long_stream_goes_through_one_buffer(void **state)
{
    static const char lines[] = "1;\"two\nlines\";three\r\n4;5;\"si\"\"x\"\r\n";
    struct delimited *delimited = delimited_new(8);
    struct memory memory = whole(lines);
    struct delimited_record record;
    struct error err;
    uint64_t count = 0;

    (void)state;
    memory.repeats = 99999;
    memory.piece = 65521;
    begin(delimited, &memory, ';');
    while (delimited_next(delimited, &record, &err) == DELIMITED_RECORD) {
        bool is_odd = count % 2 != 0;

        assert_int_equal(record.count, 3);
        assert_int_equal(record.line, count / 2 * 3 + (is_odd ? 3 : 1));
        assert_memory_equal(record.fields[2].text, is_odd ? "si\"x" : "three", is_odd ? 4 : 5);
        count++;
    }
    assert_int_equal(count, 200000);
    delimited_free(delimited);
}

/* size letters in one field, in quotes or not, then two ordinary lines. */
static void expect_fault(struct delimited *delimited, size_t size, bool is_quoted)
{
    char *text = malloc(size + 64);
    struct delimited_record record;
    struct error err;

    assert_non_null(text);
    memset(text, 'x', size);
    if (is_quoted) {
        text[0] = text[size - 1] = '"';
        text[size / 2] = '\n';
        text[size / 3] = ';';
    }
    memcpy(text + size, ";b\r\n1;2\n3;4", 12);
    struct memory memory = whole(text);
    memory.piece = 100000;
    begin(delimited, &memory, ';');
    assert_int_equal(delimited_next(delimited, &record, &err), DELIMITED_RECORD);
    bool is_too_long = size > DELIMITED_RECORD_MOST;
    assert_int_equal(record.fault != NULL, is_too_long);
    assert_int_equal(record.line, 1);
    if (is_too_long)
        assert_string_equal(record.fault, "is longer than 1 MiB");
    else
        assert_int_equal(record.fields[0].size, is_quoted ? size - 2 : size);
    assert_int_equal(delimited_next(delimited, &record, &err), DELIMITED_RECORD);
    assert_null(record.fault);
    assert_int_equal(record.line, is_quoted ? 3 : 2);
    assert_memory_equal(record.fields[1].text, "2", 1);
    assert_int_equal(delimited_next(delimited, &record, &err), DELIMITED_RECORD);
    assert_int_equal(delimited_next(delimited, &record, &err), DELIMITED_END);
    free(text);
}

static void test_a_record_too_long_is_a_fault_of_its_own(void **state)
{
    struct delimited *delimited = delimited_new(8);

    (void)state;
    expect_fault(delimited, DELIMITED_RECORD_MOST - 100, false);
    expect_fault(delimited, DELIMITED_RECORD_MOST - 100, true);
    expect_fault(delimited, DELIMITED_RECORD_MOST + 100, false);
    expect_fault(delimited, DELIMITED_RECORD_MOST + 100, true);
    expect_fault(delimited, 3 * DELIMITED_RECORD_MOST + 7, false);
    expect_fault(delimited, 3 * DELIMITED_RECORD_MOST + 7, true);
    delimited_free(delimited);
}

static void expect_failure(struct memory memory, enum error_kind kind, const char *text)
{
    struct delimited *delimited = delimited_new(8);
    struct delimited_record record;
    struct error err;

    begin(delimited, &memory, ';');
    assert_int_equal(delimited_next(delimited, &record, &err), DELIMITED_RECORD);
    assert_int_equal(delimited_next(delimited, &record, &err), DELIMITED_FAILED);
    assert_int_equal(err.kind, kind);
    assert_string_equal(err.text, text);
    delimited_free(delimited);
}

static void test_failures(void **state)
{
    struct memory memory = whole("a;b\n1;");

    (void)state;
    memory.fails = true;
    expect_failure(memory, ERROR_RETRY, "the disk is gone");
    expect_failure(whole("a;b\n1;\"2\n3;4\n"), ERROR_DATA,
                   "line 2 has a quote that is never closed");

    static char text[2 * DELIMITED_RECORD_MOST];
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "a;b\n\"", 5);
    expect_failure(whole(text), ERROR_DATA, "line 2 has a quote that is never closed");
}

static void expect_delimiter(const char *text, size_t fields)
{
    struct delimited *delimited = delimited_new(16);
    struct memory memory = whole(text);
    struct delimited_record record;
    struct error err;

    begin(delimited, &memory, '\0');
    assert_int_equal(delimited_next(delimited, &record, &err), DELIMITED_RECORD);
    assert_int_equal(record.count, fields);
    delimited_free(delimited);
}

static void test_the_delimiter_is_found(void **state)
{
    (void)state;
    expect_delimiter("a;b;c\n1,2,3,4,5,6,7", 3);
    expect_delimiter("a,b\n", 2);
    expect_delimiter("\n\r\na\tb\tc\td\n", 4);
    expect_delimiter("a|b|c", 3);
    expect_delimiter("\"a,b,c,d\";e\n", 2);
    expect_delimiter("alone\n", 1);
    expect_delimiter("a,b;c,d;e\n", 3); /* as many of both: the semicolon is the rarer letter */
}

static void test_counts_of_fields(void **state)
{
    struct delimited *delimited = delimited_new(3);
    struct memory memory = whole("a,b,c,d,,\n1,2,,,,,,\n,,\n\"\"\n");
    struct delimited_record record;
    struct error err;

    (void)state;
    begin(delimited, &memory, ',');
    delimited_next(delimited, &record, &err);
    assert_int_equal(record.count, 6);
    assert_int_equal(record.filled, 4);
    assert_int_equal(record.stored, 3);
    delimited_next(delimited, &record, &err);
    assert_int_equal(record.count, 8);
    assert_int_equal(record.filled, 2);
    delimited_next(delimited, &record, &err);
    assert_int_equal(record.filled, 0);
    assert_int_equal(delimited_next(delimited, &record, &err), DELIMITED_RECORD);
    assert_int_equal(record.count, 1);
    assert_int_equal(delimited_next(delimited, &record, &err), DELIMITED_END);
    delimited_free(delimited);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_are_as_python_has_them),
        cmocka_unit_test(test_a_long_stream_goes_through_one_buffer),
        cmocka_unit_test(test_a_record_too_long_is_a_fault_of_its_own),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_the_delimiter_is_found),
        cmocka_unit_test(test_counts_of_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
