/* SPDX-License-Identifier: Apache-2.0 */
/* encoding.h - a stream of bytes in some encoding, read as UTF-8
 *
 * A byte-order mark at the beginning (UTF-8, UTF-16) decides, whatever was said, and is skipped.
 * UTF-8 passes unchecked. What stands for no character (half of a UTF-16 pair) becomes the byte FF,
 * so that whoever checks the text finds it.
 */
#ifndef CONNECTORS_ENCODING_H
#define CONNECTORS_ENCODING_H

#include <stddef.h>
#include <stdint.h>

#include "agent/base/error.h"

enum encoding { ENCODING_UTF_8, ENCODING_ISO_8859_1, ENCODING_ISO_8859_9, ENCODING_WINDOWS_1252 };
extern const char *const encoding_words[]; /* NULL-terminated */

/* Where bytes come from: up to size of them, 0 at the end, -1 and err. */
struct byte_source {
    void *context;
    int64_t (*read)(void *context, void *data, size_t size, struct error *err);
};

struct decoder;
struct decoder *decoder_new(enum encoding encoding);
void decoder_free(struct decoder *decoder);
void decoder_begin(struct decoder *decoder, const struct byte_source *source);
/* UTF-8, as byte_source.read gives it (context: the decoder). size: at least 4. */
int64_t decoder_read(void *decoder, void *data, size_t size, struct error *err);

#endif
