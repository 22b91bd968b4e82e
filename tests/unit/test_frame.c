/* SPDX-License-Identifier: Apache-2.0 */
/* test_frame.c - what is put into a frame comes out; what is not a frame is never believed */
#include "tests/unit/check.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "agent/flow/frame.h"

static struct frame open_frame(const struct bytes *out)
{
    struct frame frame = {0};
    size_t size;

    assert_true(frame_head(out->data, &frame.type, &size));
    assert_int_equal(size, out->size - FRAME_HEAD);
    frame.data = out->data + FRAME_HEAD;
    frame.size = size;
    return frame;
}

static void test_fields_come_out_as_they_went_in(void **state)
{
    const struct slice slice = {SLICE_RECHECK, -5, 900000, "folder's file;1.csv"};
    const uint8_t raw[3] = {0, 255, 7};
    uint8_t raw_out[3];
    struct slice slice_out;
    struct bytes out;

    (void)state;
    bytes_init(&out, FRAME_LIMIT);
    const size_t begin = frame_begin(&out, FRAME_READ);
    frame_put(&out, raw, sizeof raw);
    frame_put_number(&out, INT64_MIN);
    frame_put_text(&out, "Größe");
    frame_put_text(&out, NULL);
    frame_put_slice(&out, &slice);
    frame_end(&out, begin);

    struct frame frame = open_frame(&out);
    assert_int_equal(frame.type, FRAME_READ);
    frame_get(&frame, raw_out, sizeof raw_out);
    assert_memory_equal(raw, raw_out, sizeof raw);
    assert_true(frame_get_number(&frame) == INT64_MIN);
    assert_string_equal(frame_get_text(&frame), "Größe");
    assert_string_equal(frame_get_text(&frame), "");
    assert_false(frame_is_whole(&frame));
    frame_get_slice(&frame, &slice_out);
    assert_int_equal(slice_out.purpose, SLICE_RECHECK);
    assert_true(slice_out.from == -5 && slice_out.to == 900000);
    assert_string_equal(slice_out.file, slice.file);
    assert_true(frame_is_whole(&frame));
    bytes_free(&out);
}

/* Every cut of a good frame is broken, and reading it stays inside it. */
static void test_a_cut_frame_is_broken_wherever_it_is_cut(void **state)
{
    const struct slice slice = {SLICE_LIVE, 1, 2, "x"};
    struct slice slice_out;
    struct bytes out;

    (void)state;
    bytes_init(&out, FRAME_LIMIT);
    const size_t begin = frame_begin(&out, FRAME_READ);
    frame_put_text(&out, "abc");
    frame_put_slice(&out, &slice);
    frame_end(&out, begin);
    const struct frame whole = open_frame(&out);

    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *copy = test_malloc(size + 1); /* the sanitizer sees a read beyond it */
        struct frame cut = {.type = FRAME_READ, .data = copy, .size = size};

        memcpy(copy, whole.data, size);
        frame_get_text(&cut);
        frame_get_slice(&cut, &slice_out);
        assert_false(frame_is_whole(&cut));
        test_free(copy);
    }
    bytes_free(&out);
}

static void test_a_purpose_that_is_none_breaks_the_frame(void **state)
{
    struct slice slice = {SLICE_FILE, 0, 0, ""};
    struct bytes out;

    (void)state;
    bytes_init(&out, FRAME_LIMIT);
    const size_t begin = frame_begin(&out, FRAME_READ);
    frame_put_number(&out, SLICE_FILE + 1);
    frame_put_number(&out, 0);
    frame_put_number(&out, 0);
    frame_put_text(&out, "");
    frame_end(&out, begin);
    struct frame frame = open_frame(&out);
    frame_get_slice(&frame, &slice);
    assert_false(frame_is_whole(&frame));
    assert_int_equal(slice.purpose, SLICE_LIVE);
    bytes_free(&out);
}

static void test_a_head_with_an_unknown_type_or_a_great_length_is_refused(void **state)
{
    uint8_t head[FRAME_HEAD] = {'Z', 0, 0, 0, 0};
    const uint32_t longest = FRAME_LIMIT, too_long = FRAME_LIMIT + 1;
    enum frame_type type;
    size_t size;

    (void)state;
    assert_false(frame_head(head, &type, &size));
    head[0] = '\0';
    assert_false(frame_head(head, &type, &size));
    head[0] = FRAME_END;
    memcpy(head + 1, &longest, sizeof longest);
    assert_true(frame_head(head, &type, &size));
    assert_int_equal(size, FRAME_LIMIT);
    memcpy(head + 1, &too_long, sizeof too_long);
    assert_false(frame_head(head, &type, &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_come_out_as_they_went_in),
        cmocka_unit_test(test_a_cut_frame_is_broken_wherever_it_is_cut),
        cmocka_unit_test(test_a_purpose_that_is_none_breaks_the_frame),
        cmocka_unit_test(test_a_head_with_an_unknown_type_or_a_great_length_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
