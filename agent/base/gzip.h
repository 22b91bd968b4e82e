/* SPDX-License-Identifier: Apache-2.0 */
/* gzip.h - request bodies squeezed and unsqueezed in one shot (RFC 1952), at the fastest level */
#ifndef AGENT_BASE_GZIP_H
#define AGENT_BASE_GZIP_H

#include <stddef.h>

#include "agent/base/error.h"

struct bytes;

struct gzip; /* keeps the compressor's tables (some hundred KiB); belongs to one thread */
struct gzip *gzip_new(void);
void gzip_free(struct gzip *gzip);

/* Appends to out, which needs room for the worst case: a little more than `size`. */
void gzip_compress(struct gzip *gzip, const void *data, size_t size, struct bytes *out);

/* Appends to out exactly plain_size bytes; fails (ERROR_DATA) when the data is damaged or holds
 * another number of bytes, or out has no room. Rare, so it keeps nothing between calls. */
bool gzip_decompress(const void *data, size_t size, size_t plain_size, struct bytes *out,
                     struct error *err) MUST_USE;

#endif
