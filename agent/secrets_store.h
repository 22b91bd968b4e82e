/* SPDX-License-Identifier: Apache-2.0 */
/* secrets_store.h - part of secrets.c: the file of stored secrets, read and rewritten whole */
#ifndef AGENT_SECRETS_STORE_H
#define AGENT_SECRETS_STORE_H

#include <stddef.h>

#include "agent/base/bytes.h"
#include "agent/base/error.h"

/* One stored secret, lent by the plain content it lies in. */
struct stored_secret {
    const char *name; /* not terminated */
    size_t name_size;
    const char *value; /* not terminated */
    size_t value_size;
};

/* Reads the store of this state directory into plain; an absent store is an empty one. */
bool secrets_store_read(const char *state_dir, struct bytes *plain, struct error *err) MUST_USE;
/* Writes it atomically, making the folder and the key when they are absent. */
bool secrets_store_write(const char *state_dir, const struct bytes *plain,
                         struct error *err) MUST_USE;

/* The next secret at *offset (0 at first), which moves behind it; false at the end. */
bool secrets_store_next(const struct bytes *plain, size_t *offset, struct stored_secret *secret);
void secrets_store_append(struct bytes *plain, const struct stored_secret *secret);

/* Where it is, for marks and sentences. */
const char *secrets_store_path(const char *state_dir, char *out, size_t size);

#endif
