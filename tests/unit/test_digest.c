/* SPDX-License-Identifier: Apache-2.0 */
/* test_digest.c - known answers, contexts used again, and nothing sealed opens when it was touched
 */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/digest.h"

static void check_hex(const void *data, size_t size, const char *expected)
{
    char text[65];

    assert_string_equal(digest_hex(data, size, text), expected);
}

static void test_sha256_known_answers(void **state)
{
    struct hasher *hasher = hasher_new();
    struct digest_sha256 digest;

    (void)state;
    for (int round = 0; round < 2; round++) { /* FIPS 180-2, B.1 and the empty text */
        hasher_begin(hasher);
        hasher_add(hasher, "a", 1);
        hasher_add(hasher, "bc", 2);
        digest = hasher_end(hasher);
        check_hex(digest.bytes, sizeof digest.bytes,
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        hasher_begin(hasher);
        digest = hasher_end(hasher);
        check_hex(digest.bytes, sizeof digest.bytes,
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
    hasher_begin(hasher);
    hasher_add(hasher, "left unfinished", 15);
    hasher_begin(hasher);
    digest = hasher_end(hasher);
    check_hex(digest.bytes, 4, "e3b0c442");
    hasher_free(hasher);
    hasher_free(NULL);
}

static void test_keyed_known_answers(void **state)
{
    uint8_t key[DIGEST_KEY_SIZE];
    struct digest digest;

    (void)state;
    /* RFC 4231 case 1 has a key of 20 bytes; HMAC fills keys up with zeros, so ours is the same. */
    memset(key, 0, sizeof key);
    memset(key, 0x0b, 20);
    struct digester *digester = digester_new(key);
    for (int round = 0; round < 3; round++) {
        digester_begin(digester);
        digester_add(digester, "Hi ", 3);
        digester_add(digester, "There", 5);
        digest = digester_end(digester);
        check_hex(digest.bytes, sizeof digest.bytes, "b0344c61d8db38535ca8afceaf0bf12b");
        digester_begin(digester);
        digester_add(digester, "something else, left unfinished", 31);
    }
    digester_free(digester);
    digester_free(NULL);
}

static void test_random_bytes_differ(void **state)
{
    uint8_t first[32] = {0}, second[32] = {0};

    (void)state;
    digest_random(first, sizeof first);
    digest_random(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
}

static void test_sealed_data_opens_again(void **state)
{
    uint8_t key[DIGEST_KEY_SIZE];
    struct bytes sealed, again, plain;
    struct error err;

    (void)state;
    digest_random(key, sizeof key);
    struct sealer *sealer = sealer_new(key);
    bytes_init(&sealed, 1000);
    bytes_init(&again, 1000);
    bytes_init(&plain, 1000);
    for (size_t size = 0; size < 100; size++) {
        char data[100];
        memset(data, 'x', sizeof data);
        bytes_reset(&sealed);
        bytes_reset(&again);
        bytes_reset(&plain);
        bytes_append_text(&sealed, "before");
        sealer_seal(sealer, data, size, "batch 7", &sealed);
        sealer_seal(sealer, data, size, "batch 7", &again);
        assert_int_equal(sealed.size, 6 + size + SEALER_OVERHEAD);
        assert_memory_not_equal(sealed.data + 6, again.data, again.size); /* never twice the same */
        assert_true(sealer_open(sealer, sealed.data + 6, sealed.size - 6, "batch 7", &plain, &err));
        assert_int_equal(plain.size, size);
        assert_memory_equal(plain.data, data, size);
    }
    bytes_free(&sealed);
    bytes_free(&again);
    bytes_free(&plain);
    sealer_free(sealer);
    sealer_free(NULL);
}

static void test_what_was_touched_does_not_open(void **state)
{
    uint8_t key[DIGEST_KEY_SIZE] = {1};
    struct bytes sealed, plain;
    struct error err;

    (void)state;
    struct sealer *sealer = sealer_new(key);
    bytes_init(&sealed, 1000);
    bytes_init(&plain, 1000);
    sealer_seal(sealer, "a customer's contact", 20, "batch 7", &sealed);
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= 0x10;
        assert_false(sealer_open(sealer, sealed.data, sealed.size, "batch 7", &plain, &err));
        assert_int_equal(err.kind, ERROR_DATA);
        sealed.data[i] ^= 0x10;
        assert_false(sealer_open(sealer, sealed.data, i, "batch 7", &plain, &err));
    }
    assert_false(sealer_open(sealer, sealed.data, sealed.size, "batch 8", &plain, &err));
    assert_int_equal(plain.size, 0);
    key[0] = 2;
    struct sealer *other = sealer_new(key);
    assert_false(sealer_open(other, sealed.data, sealed.size, "batch 7", &plain, &err));
    assert_true(sealer_open(sealer, sealed.data, sealed.size, "batch 7", &plain, &err));
    assert_memory_equal(plain.data, "a customer's contact", 20);
    sealer_free(other);
    sealer_free(sealer);
    bytes_free(&sealed);
    bytes_free(&plain);
}

static void test_sealing_keeps_to_the_limit(void **state)
{
    const uint8_t key[DIGEST_KEY_SIZE] = {1};
    struct sealer *sealer = sealer_new(key);
    struct bytes sealed, plain;
    struct error err;

    (void)state;
    bytes_init(&sealed, 30);
    bytes_init(&plain, 1);
    sealer_seal(sealer, "abc", 3, "", &sealed);
    assert_true(sealed.overflow);
    bytes_reset(&sealed);
    sealer_seal(sealer, "ab", 2, "", &sealed);
    assert_false(sealed.overflow);
    assert_false(sealer_open(sealer, sealed.data, sealed.size, "", &plain, &err));
    sealer_free(sealer);
    bytes_free(&sealed);
    bytes_free(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_known_answers),
        cmocka_unit_test(test_keyed_known_answers),
        cmocka_unit_test(test_random_bytes_differ),
        cmocka_unit_test(test_sealed_data_opens_again),
        cmocka_unit_test(test_what_was_touched_does_not_open),
        cmocka_unit_test(test_sealing_keeps_to_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
