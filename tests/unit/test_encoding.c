/* SPDX-License-Identifier: Apache-2.0 */
/* test_encoding.c - every character of every encoding against iconv, in pieces of every size */
#include "tests/unit/check.h"

#include <iconv.h>
#include <string.h>

#include "connectors/encoding.h"

struct memory {
    const uint8_t *data;
    size_t size, at, piece;
    bool fails;
};

static int64_t read_memory(void *context, void *data, size_t size, struct error *err)
{
    struct memory *memory = context;
    size_t given = memory->size - memory->at;

    if (given == 0 && memory->fails) {
        error_set(err, ERROR_DATA, "the disk is gone");
        return -1;
    }
    if (given > size)
        given = size;
    if (given > memory->piece)
        given = memory->piece;
    memcpy(data, memory->data + memory->at, given);
    memory->at += given;
    return (int64_t)given;
}

/* Decodes all of it with the given sizes of pieces in and out; returns the size. */
static size_t decode(enum encoding encoding, const void *data, size_t size, size_t piece,
                     uint8_t out[8192])
{
    size_t room = piece < 4 ? 4 : piece;
    struct memory memory = {.data = data, .size = size, .piece = piece};
    struct decoder *decoder = decoder_new(encoding);
    struct error err;
    size_t at = 0;
    int64_t got;

    decoder_begin(decoder, &(struct byte_source){&memory, read_memory});
    while ((got = decoder_read(decoder, out + at, room, &err)) > 0) {
        assert_true((size_t)got <= room);
        at += (size_t)got;
        assert_true(at + room <= 8192);
    }
    assert_int_equal(got, 0);
    decoder_free(decoder);
    return at;
}

static void expect(enum encoding encoding, const void *data, size_t size, const void *wanted,
                   size_t wanted_size)
{
    static const size_t pieces[] = {1, 2, 3, 5, 64, 4096};
    uint8_t out[8192];

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        assert_int_equal(decode(encoding, data, size, pieces[i], out), wanted_size);
        assert_memory_equal(out, wanted, wanted_size);
    }
}

/* What iconv makes of it, as UTF-8. */
static size_t convert(const char *encoding, const void *data, size_t size, char out[4096])
{
    iconv_t cd = iconv_open("UTF-8", encoding);
    char copy[2048];
    char *from = copy, *to = out;
    size_t room = 4096;

    assert_true(cd != (iconv_t)-1);
    memcpy(copy, data, size);
    assert_int_equal(iconv(cd, &from, &size, &to, &room), 0);
    iconv_close(cd);
    return 4096 - room;
}

static void expect_as_iconv(enum encoding encoding, const char *name, const char *undefined)
{
    uint8_t all[256];
    char wanted[4096];
    size_t size = 0;

    for (int byte = 1; byte < 256; byte++) {
        if (strchr(undefined, byte) == NULL)
            all[size++] = (uint8_t)byte;
    }
    expect(encoding, all, size, wanted, convert(name, all, size, wanted));
}

static void test_one_byte_encodings(void **state)
{
    (void)state;
    expect_as_iconv(ENCODING_ISO_8859_1, "ISO-8859-1", "");
    expect_as_iconv(ENCODING_ISO_8859_9, "ISO-8859-9", "");
    expect_as_iconv(ENCODING_WINDOWS_1252, "CP1252", "\x81\x8d\x8f\x90\x9d");
    expect(ENCODING_WINDOWS_1252, "a\x81z", 3, "a\xc2\x81z", 4);
}

static void test_utf_8_passes_as_it_is(void **state)
{
    (void)state;
    expect(ENCODING_UTF_8, "K\xc3\xb6ln \xff;", 8, "K\xc3\xb6ln \xff;", 8);
    expect(ENCODING_UTF_8, "", 0, "", 0);
    expect(ENCODING_UTF_8, "a", 1, "a", 1);
}

static void test_a_mark_decides(void **state)
{
    static const char text[] = "K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x98\x80.";
    char marked[64] = "\xef\xbb\xbf";
    char wide[128];
    iconv_t cd;

    (void)state;
    memcpy(marked + 3, text, sizeof text);
    expect(ENCODING_UTF_8, marked, 3 + sizeof text - 1, text, sizeof text - 1);
    expect(ENCODING_WINDOWS_1252, marked, 3 + sizeof text - 1, text, sizeof text - 1);
    for (int is_big = 0; is_big < 2; is_big++) {
        char *from = marked, *to = wide;
        size_t size = 3 + sizeof text - 1, room = sizeof wide;

        cd = iconv_open(is_big ? "UTF-16BE" : "UTF-16LE", "UTF-8");
        assert_int_equal(iconv(cd, &from, &size, &to, &room), 0);
        iconv_close(cd);
        expect(ENCODING_UTF_8, wide, sizeof wide - room, text, sizeof text - 1);
        expect(ENCODING_ISO_8859_9, wide, sizeof wide - room, text, sizeof text - 1);
    }
    expect(ENCODING_UTF_8, "\xef\xbb\xbf", 3, "", 0);
    expect(ENCODING_UTF_8, "\xff\xfe", 2, "", 0);
}

static void test_broken_utf_16_is_seen(void **state)
{
    (void)state;
    /* A high half alone, a low half alone, half a unit at the end. */
    expect(ENCODING_UTF_8, "\xff\xfe\x3d\xd8z\0", 6, "\xffz", 2);
    expect(ENCODING_UTF_8, "\xff\xfe\x00\xdez\0", 6, "\xffz", 2);
    expect(ENCODING_UTF_8, "\xff\xfez\0\x3d", 5, "z\xff", 2);
    expect(ENCODING_UTF_8, "\xff\xfez\0\x3d\xd8", 6, "z\xff", 2);
}

static void test_a_source_that_fails(void **state)
{
    static const enum encoding encodings[] = {ENCODING_UTF_8, ENCODING_WINDOWS_1252};
    struct error err;
    char out[64];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct memory memory = {
            .data = (const uint8_t *)"abcd", .size = 4, .piece = 4, .fails = true};
        struct decoder *decoder = decoder_new(encodings[i]);

        decoder_begin(decoder, &(struct byte_source){&memory, read_memory});
        assert_int_equal(decoder_read(decoder, out, sizeof out, &err), 4);
        assert_int_equal(decoder_read(decoder, out, sizeof out, &err), -1);
        assert_string_equal(err.text, "the disk is gone");
        decoder_free(decoder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_byte_encodings),  cmocka_unit_test(test_utf_8_passes_as_it_is),
        cmocka_unit_test(test_a_mark_decides),      cmocka_unit_test(test_broken_utf_16_is_seen),
        cmocka_unit_test(test_a_source_that_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
