/* SPDX-License-Identifier: Apache-2.0 */
/* http_trust.c - whom we trust: the system's certificate authorities plus the company's own */
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "agent/base/bytes.h"
#include "agent/base/http_parts.h"
#include "agent/base/os_file.h"

/* Where distributions keep the one file of all authorities. */
static const char *const system_stores[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Arch, Alpine */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Red Hat, Fedora, Amazon */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* the same, newer */
    "/etc/ssl/ca-bundle.pem",                            /* SUSE */
    "/etc/ssl/cert.pem",                                 /* BSD */
};

/* libcurl reads certificates like this, and refuses all of them when one cannot be read. */
static bool holds_certificates(const uint8_t *pem, size_t size)
{
    BIO *source = size <= INT_MAX ? BIO_new_mem_buf(pem, (int)size) : NULL;
    STACK_OF(X509_INFO) *all =
        source != NULL ? PEM_X509_INFO_read_bio(source, NULL, NULL, NULL) : NULL;
    bool found = false;

    for (int i = 0; i < sk_X509_INFO_num(all); i++)
        found = found || sk_X509_INFO_value(all, i)->x509 != NULL;
    sk_X509_INFO_pop_free(all, X509_INFO_free);
    BIO_free(source);
    ERR_clear_error();
    return found;
}

bool http_trust_read(const char *ca_file, struct bytes *pem, struct error *err)
{
    const size_t count = sizeof system_stores / sizeof system_stores[0];
    struct error ignored; /* the next place may be the one */
    size_t found = 0;

    while (found < count && !os_file_read(system_stores[found], pem, &ignored))
        found++;
    if (found == count && ca_file == NULL)
        return error_set(err, ERROR_CONFIG,
                         "this machine has no certificate authorities: install ca-certificates");
    if (ca_file == NULL)
        return true;
    bytes_append_byte(pem, '\n');
    const size_t start = pem->size;
    if (!os_file_read(ca_file, pem, err))
        return error_prefix(err, "ca_file: ");
    if (!holds_certificates(pem->data + start, pem->size - start))
        return error_set(err, ERROR_CONFIG, "ca_file: %s holds no certificate in PEM form",
                         ca_file);
    return true;
}
