/* SPDX-License-Identifier: Apache-2.0 */
/* secrets_store.c - the file of stored secrets
 *
 * STATE_DIR/secrets, 0600:
 *
 *     "cloud-link secrets 1\n" | sealed content (nonce 12 | cipher text | tag 16)
 *
 * The content, once opened with the 32 bytes of STATE_DIR/secrets.key (0600):
 *
 *     (size of name 1 | name | size of value 4, little endian | value) ...
 *
 * Valid if and only if the first line is that, the tag fits key and content, and the secrets fill
 * the content exactly, by name, each name once.
 */
#include "agent/secrets_store.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/digest.h"
#include "agent/base/os_file.h"

#define HEAD      "cloud-link secrets 1\n"
#define HEAD_SIZE (sizeof HEAD - 1)
#define SIZE_MOST ((size_t)8 << 20)

const char *secrets_store_path(const char *state_dir, char *out, size_t size)
{
    return os_path_join(state_dir, "secrets", out, size);
}

static const char *key_path(const char *state_dir, char *out, size_t size)
{
    return os_path_join(state_dir, "secrets.key", out, size);
}

static bool read_key(const char *state_dir, uint8_t key[DIGEST_KEY_SIZE], struct error *err)
{
    char path[4096], store[4096];
    struct bytes content;
    bool ok = false;

    bytes_init(&content, 2 * DIGEST_KEY_SIZE);
    key_path(state_dir, path, sizeof path);
    if (!os_file_exists(path)) {
        error_set(err, ERROR_CONFIG,
                  "the key of the stored secrets, %s, is gone: bring it back, or remove %s and "
                  "store them again",
                  path, secrets_store_path(state_dir, store, sizeof store));
        goto out;
    }
    if (!os_file_read_private(path, &content, err))
        goto out;
    if (content.size != DIGEST_KEY_SIZE) {
        error_set(err, ERROR_CONFIG, "%s is not a key of stored secrets", path);
        goto out;
    }
    memcpy(key, content.data, DIGEST_KEY_SIZE);
    ok = true;

out:
    bytes_free(&content);
    return ok;
}

/* Do the secrets fill the content exactly? */
static bool is_well_formed(const struct bytes *plain)
{
    struct stored_secret secret;
    size_t offset = 0;

    while (secrets_store_next(plain, &offset, &secret))
        ;
    return offset == plain->size;
}

bool secrets_store_read(const char *state_dir, struct bytes *plain, struct error *err)
{
    uint8_t key[DIGEST_KEY_SIZE];
    char path[4096];
    struct sealer *sealer = NULL;
    struct bytes content;
    bool ok = false;

    bytes_init(&content, SIZE_MOST);
    secrets_store_path(state_dir, path, sizeof path);
    if (!os_file_exists(path)) {
        ok = true;
        goto out;
    }
    if (!read_key(state_dir, key, err) || !os_file_read_private(path, &content, err))
        goto out;
    sealer = sealer_new(key);
    ok =
        content.size >= HEAD_SIZE && memcmp(content.data, HEAD, HEAD_SIZE) == 0 &&
        sealer_open(sealer, content.data + HEAD_SIZE, content.size - HEAD_SIZE, HEAD, plain, err) &&
        is_well_formed(plain);
    if (!ok)
        error_set(err, ERROR_CONFIG,
                  "the stored secrets in %s cannot be opened with the key beside them", path);

out:
    sealer_free(sealer);
    bytes_free(&content);
    return ok;
}

static bool make_key(const char *state_dir, uint8_t key[DIGEST_KEY_SIZE], struct error *err)
{
    char path[4096];

    digest_random(key, DIGEST_KEY_SIZE);
    return os_file_write(key_path(state_dir, path, sizeof path), key, DIGEST_KEY_SIZE, err);
}

bool secrets_store_write(const char *state_dir, const struct bytes *plain, struct error *err)
{
    uint8_t key[DIGEST_KEY_SIZE];
    char path[4096];
    struct sealer *sealer = NULL;
    struct bytes content;
    bool ok = false;

    bytes_init(&content, SIZE_MOST);
    if (!os_folder_make(state_dir, err))
        goto out;
    if (os_file_exists(secrets_store_path(state_dir, path, sizeof path)) ||
                os_file_exists(key_path(state_dir, path, sizeof path))
            ? !read_key(state_dir, key, err)
            : !make_key(state_dir, key, err))
        goto out;
    sealer = sealer_new(key);
    bytes_append_text(&content, HEAD);
    sealer_seal(sealer, plain->data, plain->size, HEAD, &content);
    if (content.overflow) {
        error_set(err, ERROR_CONFIG, "there is no room for more secrets");
        goto out;
    }
    ok = os_file_write(secrets_store_path(state_dir, path, sizeof path), content.data, content.size,
                       err);

out:
    sealer_free(sealer);
    bytes_free(&content);
    return ok;
}

bool secrets_store_next(const struct bytes *plain, size_t *offset, struct stored_secret *secret)
{
    const size_t left = plain->size - *offset;

    if (left == 0)
        return false;
    const uint8_t *at = plain->data + *offset;
    if (left < (size_t)at[0] + 5)
        return false;
    secret->name_size = at[0];
    secret->name = (const char *)at + 1;
    at += 1 + secret->name_size;
    secret->value_size =
        (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
    if (left - 5 - secret->name_size < secret->value_size)
        return false;
    secret->value = (const char *)at + 4;
    *offset += 5 + secret->name_size + secret->value_size;
    return true;
}

void secrets_store_append(struct bytes *plain, const struct stored_secret *secret)
{
    bytes_append_byte(plain, (uint8_t)secret->name_size);
    bytes_append(plain, secret->name, secret->name_size);
    for (int shift = 0; shift < 32; shift += 8)
        bytes_append_byte(plain, (uint8_t)(secret->value_size >> shift));
    bytes_append(plain, secret->value, secret->value_size);
}
