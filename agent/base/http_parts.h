/* SPDX-License-Identifier: Apache-2.0 */
/* http_parts.h - what http.c is made of besides libcurl's handles; nobody else includes it */
#ifndef AGENT_BASE_HTTP_PARTS_H
#define AGENT_BASE_HTTP_PARTS_H

#include <curl/curl.h>

#include "agent/base/error.h"

struct bytes;

/* http_trust.c: the certificates of the authorities we trust, as PEM: those of the system and those
 * in ca_file (NULL: none). What SSL_CERT_FILE and its like say is not heard. */
bool http_trust_read(const char *ca_file, struct bytes *pem, struct error *err) MUST_USE;

/* http_trouble.c: why a transfer got no answer, as ERROR_RETRY. reason is libcurl's own sentence;
 * proxy (NULL: none) is named without its login. */
void http_trouble_explain(CURL *easy, CURLcode code, const char *reason, const char *proxy,
                          struct error *err);

#endif
