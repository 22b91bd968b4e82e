/* SPDX-License-Identifier: Apache-2.0 */
/* http_trouble.c - why there was no answer, in a sentence that says what to do */
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/http_parts.h"

#define HOST_SIZE          256
#define PROXY_WANTS_A_NAME 407

/* Host and port of an address, without scheme, login and path. */
static const char *host_of(const char *url, char host[HOST_SIZE])
{
    const char *scheme_end = strstr(url, "://");
    const char *start = scheme_end != NULL ? scheme_end + 3 : url;
    const size_t length = strcspn(start, "/?#");
    size_t login = length;

    while (login > 0 && start[login - 1] != '@')
        login--;
    snprintf(host, HOST_SIZE, "%.*s", (int)(length - login), start + login);
    return host;
}

static void explain_proxy(long status, const char *proxy, struct error *err)
{
    if (status == PROXY_WANTS_A_NAME)
        error_set(err, ERROR_RETRY,
                  "the proxy %s does not accept our login: check user and password in its address",
                  proxy);
    else
        error_set(err, ERROR_RETRY, "the proxy %s refuses to connect us (it answered %ld)", proxy,
                  status);
}

static void explain_certificate(CURL *easy, const char *host, struct error *err)
{
    long verified = X509_V_OK;
    long by_proxy = X509_V_OK;

    curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified);
    curl_easy_getinfo(easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &by_proxy);
    if (verified == X509_V_OK || verified == X509_V_ERR_UNSPECIFIED)
        verified = by_proxy;
    switch (verified) {
    case X509_V_OK: /* libcurl compares names itself, before it asks for OpenSSL's verdict */
    case X509_V_ERR_UNSPECIFIED:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        error_set(err, ERROR_RETRY,
                  "the certificate of %s is for another name: check the address, or who answers "
                  "in its place",
                  host);
        return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        error_set(err, ERROR_RETRY,
                  "the certificate of %s is not valid now (%s): check this machine's clock", host,
                  X509_verify_cert_error_string(verified));
        return;
    default:
        error_set(err, ERROR_RETRY,
                  "the certificate of %s is not trusted (%s): if a proxy inspects TLS, name its "
                  "certificate authority in ca_file",
                  host, X509_verify_cert_error_string(verified));
    }
}

static void explain_connecting(CURL *easy, const char *host, const char *reason, struct error *err)
{
    long number = 0;

    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
    error_set(err, ERROR_RETRY,
              "cannot connect to %s (%s): check firewall and proxy, it may also be down", host,
              number != 0 ? strerror((int)number) : reason);
}

static void explain_timeout(CURL *easy, const char *host, struct error *err)
{
    curl_off_t ready_us = 0; /* when the request could begin */

    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    if (ready_us == 0)
        error_set(err, ERROR_RETRY,
                  "no connection to %s in time: check firewall and proxy, it may also be down",
                  host);
    else
        error_set(err, ERROR_RETRY, "%s did not answer in time", host);
}

void http_trouble_explain(CURL *easy, CURLcode code, const char *reason, const char *proxy,
                          struct error *err)
{
    char host[HOST_SIZE] = "";
    char proxy_host[HOST_SIZE] = "";
    const char *url = NULL;
    long connect_status = 0;

    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
    if (curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url != NULL)
        host_of(url, host);
    if (proxy != NULL)
        host_of(proxy, proxy_host);
    if (reason[0] == '\0')
        reason = curl_easy_strerror(code);
    if (proxy != NULL && connect_status >= 300) {
        explain_proxy(connect_status, proxy_host, err);
        return;
    }
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
        error_set(err, ERROR_RETRY,
                  "the proxy %s is not found: check its address and this machine's DNS",
                  proxy_host);
        return;
    case CURLE_COULDNT_RESOLVE_HOST:
        error_set(err, ERROR_RETRY,
                  "the host %s is not found: check the address and this machine's DNS, or set a "
                  "proxy",
                  host);
        return;
    case CURLE_COULDNT_CONNECT:
        explain_connecting(easy, proxy != NULL ? proxy_host : host, reason, err);
        return;
    case CURLE_PEER_FAILED_VERIFICATION:
        explain_certificate(easy, host, err);
        return;
    case CURLE_OPERATION_TIMEDOUT:
        explain_timeout(easy, host, err);
        return;
    case CURLE_SSL_CONNECT_ERROR:
        error_set(err, ERROR_RETRY, "no TLS connection with %s (%s): is it an HTTPS address?", host,
                  reason);
        return;
    default:
        error_set(err, ERROR_RETRY, "the connection to %s broke (%s)", host, reason);
    }
}
