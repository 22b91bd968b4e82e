/* SPDX-License-Identifier: Apache-2.0 */
/* gzip.c - libdeflate at level 1: the most bytes a second, and 16:1 on bodies of equal events */
#include "agent/base/gzip.h"

#include <libdeflate.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"

struct gzip {
    struct libdeflate_compressor *compressor;
};

struct gzip *gzip_new(void)
{
    struct gzip *gzip = os_alloc(sizeof *gzip);

    gzip->compressor = libdeflate_alloc_compressor(1);
    if (gzip->compressor == NULL)
        os_out_of_memory();
    return gzip;
}

void gzip_free(struct gzip *gzip)
{
    if (gzip == NULL)
        return;
    libdeflate_free_compressor(gzip->compressor);
    os_free(gzip);
}

void gzip_compress(struct gzip *gzip, const void *data, size_t size, struct bytes *out)
{
    size_t bound = libdeflate_gzip_compress_bound(gzip->compressor, size);
    uint8_t *place = bytes_reserve(out, bound);

    if (place != NULL)
        bytes_grown(out, libdeflate_gzip_compress(gzip->compressor, data, size, place, bound));
}

bool gzip_decompress(const void *data, size_t size, size_t plain_size, struct bytes *out,
                     struct error *err)
{
    struct libdeflate_decompressor *decompressor = NULL;
    uint8_t *place = bytes_reserve(out, plain_size);
    enum libdeflate_result result = LIBDEFLATE_INSUFFICIENT_SPACE;

    if (place != NULL) {
        decompressor = libdeflate_alloc_decompressor();
        if (decompressor == NULL)
            os_out_of_memory();
        /* Without a place for the actual size, any other size than plain_size is an error. */
        result = libdeflate_gzip_decompress(decompressor, data, size, place, plain_size, NULL);
        libdeflate_free_decompressor(decompressor);
    }
    if (result != LIBDEFLATE_SUCCESS)
        return error_set(err, ERROR_DATA, "a compressed body of %zu bytes is damaged", size);
    bytes_grown(out, plain_size);
    return true;
}
