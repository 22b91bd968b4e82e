/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - SHA-256, HMAC-SHA-256 cut to 128 bits, AES-256-GCM and random bytes, by OpenSSL
 *
 * What OpenSSL fetches by name is fetched once, and its contexts live as long as their object: a
 * digest of a few bytes then costs its compression and nothing else. A refusal by OpenSSL means
 * that it is out of memory or broken, and ends the process.
 */
#include "agent/base/digest.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"

#define NONCE_SIZE 12
#define TAG_SIZE   16

static void must(bool done)
{
    if (done)
        return;
    (void)fputs("cloud-link: OpenSSL refuses to work\n", stderr);
    os_exit_now(EXIT_FAILURE);
}

void digest_random(void *data, size_t size)
{
    must(size <= INT_MAX && RAND_bytes(data, (int)size) == 1);
}

const char *digest_hex(const void *data, size_t size, char *text)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        text[2 * i] = hex[bytes[i] >> 4];
        text[2 * i + 1] = hex[bytes[i] & 15];
    }
    text[2 * size] = '\0';
    return text;
}

struct digester {
    EVP_MAC_CTX *context;
};

struct digester *digester_new(const uint8_t key[DIGEST_KEY_SIZE])
{
    struct digester *digester = os_alloc(sizeof *digester);
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    char hash[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash, 0),
        OSSL_PARAM_construct_end(),
    };

    must(mac != NULL);
    digester->context = EVP_MAC_CTX_new(mac);
    must(digester->context != NULL &&
         EVP_MAC_init(digester->context, key, DIGEST_KEY_SIZE, parameters) == 1);
    EVP_MAC_free(mac); /* the context keeps a reference */
    return digester;
}

void digester_free(struct digester *digester)
{
    if (digester == NULL)
        return;
    EVP_MAC_CTX_free(digester->context);
    os_free(digester);
}

void digester_begin(struct digester *digester)
{
    must(EVP_MAC_init(digester->context, NULL, 0, NULL) == 1); /* the key stays */
}

void digester_add(struct digester *digester, const void *data, size_t size)
{
    must(EVP_MAC_update(digester->context, data, size) == 1);
}

struct digest digester_end(struct digester *digester)
{
    uint8_t whole[EVP_MAX_MD_SIZE];
    struct digest digest;
    size_t size;

    must(EVP_MAC_final(digester->context, whole, &size, sizeof whole) == 1);
    memcpy(digest.bytes, whole, sizeof digest.bytes);
    return digest;
}

struct hasher {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
};

struct hasher *hasher_new(void)
{
    struct hasher *hasher = os_alloc(sizeof *hasher);

    hasher->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    hasher->context = EVP_MD_CTX_new();
    must(hasher->algorithm != NULL && hasher->context != NULL);
    return hasher;
}

void hasher_free(struct hasher *hasher)
{
    if (hasher == NULL)
        return;
    EVP_MD_CTX_free(hasher->context);
    EVP_MD_free(hasher->algorithm);
    os_free(hasher);
}

void hasher_begin(struct hasher *hasher)
{
    must(EVP_DigestInit_ex2(hasher->context, hasher->algorithm, NULL) == 1);
}

void hasher_add(struct hasher *hasher, const void *data, size_t size)
{
    must(EVP_DigestUpdate(hasher->context, data, size) == 1);
}

struct digest_sha256 hasher_end(struct hasher *hasher)
{
    struct digest_sha256 digest;

    must(EVP_DigestFinal_ex(hasher->context, digest.bytes, NULL) == 1);
    return digest;
}

struct sealer {
    EVP_CIPHER_CTX *sealing; /* both keep the key; only the nonce is new each time */
    EVP_CIPHER_CTX *opening;
};

struct sealer *sealer_new(const uint8_t key[DIGEST_KEY_SIZE])
{
    struct sealer *sealer = os_alloc(sizeof *sealer);
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);

    sealer->sealing = EVP_CIPHER_CTX_new();
    sealer->opening = EVP_CIPHER_CTX_new();
    must(cipher != NULL && sealer->sealing != NULL && sealer->opening != NULL);
    must(EVP_EncryptInit_ex2(sealer->sealing, cipher, key, NULL, NULL) == 1 &&
         EVP_DecryptInit_ex2(sealer->opening, cipher, key, NULL, NULL) == 1);
    EVP_CIPHER_free(cipher);
    return sealer;
}

void sealer_free(struct sealer *sealer)
{
    if (sealer == NULL)
        return;
    EVP_CIPHER_CTX_free(sealer->sealing);
    EVP_CIPHER_CTX_free(sealer->opening);
    os_free(sealer);
}

void sealer_seal(struct sealer *sealer, const void *data, size_t size, const char *about,
                 struct bytes *out)
{
    EVP_CIPHER_CTX *context = sealer->sealing;
    int written = 0, last = 0;

    uint8_t *nonce = size <= INT_MAX - SEALER_OVERHEAD ? bytes_reserve(out, size + SEALER_OVERHEAD)
                                                       : bytes_reserve(out, SIZE_MAX);
    if (nonce == NULL)
        return;
    uint8_t *sealed = nonce + NONCE_SIZE;
    digest_random(nonce, NONCE_SIZE);
    must(EVP_EncryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1 &&
         EVP_EncryptUpdate(context, NULL, &written, (const uint8_t *)about, (int)strlen(about)) &&
         EVP_EncryptUpdate(context, sealed, &written, data, (int)size) == 1 &&
         EVP_EncryptFinal_ex(context, sealed + written, &last) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, sealed + size) == 1);
    bytes_grown(out, size + SEALER_OVERHEAD);
}

bool sealer_open(struct sealer *sealer, const void *data, size_t size, const char *about,
                 struct bytes *out, struct error *err)
{
    EVP_CIPHER_CTX *context = sealer->opening;
    const uint8_t *nonce = data;
    uint8_t tag[TAG_SIZE];
    int written = 0, last = 0;

    if (size < SEALER_OVERHEAD || size > INT_MAX)
        return error_set(err, ERROR_DATA, "encrypted data of the store is cut (%zu bytes)", size);
    const size_t plain_size = size - SEALER_OVERHEAD;
    uint8_t *plain = bytes_reserve(out, plain_size);
    if (plain == NULL)
        return error_set(err, ERROR_DATA, "encrypted data of the store is too large (%zu bytes)",
                         size);
    memcpy(tag, nonce + NONCE_SIZE + plain_size, TAG_SIZE);
    must(EVP_DecryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1 &&
         EVP_DecryptUpdate(context, NULL, &written, (const uint8_t *)about, (int)strlen(about)) &&
         EVP_DecryptUpdate(context, plain, &written, nonce + NONCE_SIZE, (int)plain_size) == 1);
    if (EVP_DecryptFinal_ex(context, plain + written, &last) != 1)
        return error_set(err, ERROR_DATA,
                         "encrypted data of the store was changed, or its key is another one");
    bytes_grown(out, plain_size);
    return true;
}
