/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - SHA-256, a keyed digest (HMAC-SHA-256 cut to 128 bits), sealing (AES-256-GCM), random
 *
 * All through OpenSSL. Objects keep their contexts; each belongs to one thread.
 */
#ifndef AGENT_BASE_DIGEST_H
#define AGENT_BASE_DIGEST_H

#include <stdint.h>

#include "agent/base/error.h"

struct bytes;

#define DIGEST_KEY_SIZE 32
struct digest {
    uint8_t bytes[16];
};
struct digest_sha256 {
    uint8_t bytes[32];
};

void digest_random(void *data, size_t size); /* cryptographic; ends the process if it cannot */

struct digester; /* keyed; keeps its context between calls */
struct digester *digester_new(const uint8_t key[DIGEST_KEY_SIZE]);
void digester_free(struct digester *digester);
void digester_begin(struct digester *digester);
void digester_add(struct digester *digester, const void *data, size_t size);
struct digest digester_end(struct digester *digester);

struct hasher; /* SHA-256 of a stream */
struct hasher *hasher_new(void);
void hasher_free(struct hasher *hasher);
void hasher_begin(struct hasher *hasher);
void hasher_add(struct hasher *hasher, const void *data, size_t size);
struct digest_sha256 hasher_end(struct hasher *hasher);
const char *digest_hex(const void *data, size_t size, char *text); /* text: 2 * size + 1 */

struct sealer; /* sealed = 12 bytes nonce, cipher text, 16 bytes tag */
#define SEALER_OVERHEAD 28
struct sealer *sealer_new(const uint8_t key[DIGEST_KEY_SIZE]);
void sealer_free(struct sealer *sealer);
/* Appends the sealed data to out. `about` is authenticated, not stored (binds it to its place). */
void sealer_seal(struct sealer *sealer, const void *data, size_t size, const char *about,
                 struct bytes *out);
/* Appends the plain data to out; fails (ERROR_DATA) when it is not what was sealed. */
bool sealer_open(struct sealer *sealer, const void *data, size_t size, const char *about,
                 struct bytes *out, struct error *err) MUST_USE;

#endif
