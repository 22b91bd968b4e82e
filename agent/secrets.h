/* SPDX-License-Identifier: Apache-2.0 */
/* secrets.h - values that never stand in the configuration
 *
 * ${secret:NAME}      the store: state_dir/secrets (AES-256-GCM), key in state_dir/secrets.key
 * ${env:NAME}         the environment
 * ${file:PATH}        a file only its owner may read; re-read when it changes; an empty or half-
 *                     written one keeps the old value
 * ${credential:NAME}  systemd's LoadCredential
 * $${ is a literal ${; a lone $ is a $. Every value handed out is registered with log_scrub_add.
 * Thread-safe, but for secrets_lend.
 */
#ifndef AGENT_SECRETS_H
#define AGENT_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/error.h"

struct bytes;
struct secrets;
/* Reads nothing yet; base_folder: what relative ${file:...} paths start from. */
struct secrets *secrets_open(const char *state_dir, const char *base_folder);
void secrets_close(struct secrets *secrets);

/* Appends the text with its references replaced (a secret is at most 64 KiB). ERROR_CONFIG when
 * one is unset or unreadable: says which and what to do. ERROR_RETRY: a credential, and this
 * process was not started by systemd, so it cannot be known here. */
bool secrets_resolve(struct secrets *secrets, const char *text, struct bytes *out,
                     struct error *err) MUST_USE;
/* The same, lent until the next secrets_lend; for one thread. NULL and err. */
const char *secrets_lend(struct secrets *secrets, const char *text, struct error *err) MUST_USE;

/* Changes whenever the store or a file read so far changes: cheap enough for every few seconds. */
uint64_t secrets_mark(struct secrets *secrets);

/* 1 to 64 letters, digits, points, underscores and hyphens, beginning with a letter or digit. */
bool secrets_name_is_valid(const char *name);
bool secrets_set(struct secrets *secrets, const char *name, const char *value,
                 struct error *err) MUST_USE;
/* *existed: was there one? */
bool secrets_remove(struct secrets *secrets, const char *name, bool *existed,
                    struct error *err) MUST_USE;
bool secrets_list(struct secrets *secrets, void (*visit)(void *context, const char *name),
                  void *context, struct error *err) MUST_USE;

#endif
