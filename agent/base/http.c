/* SPDX-License-Identifier: Apache-2.0 */
/* http.c - HTTPS requests with libcurl: one multi handle, a kept easy handle for each in flight
 *
 * After a timeout no connection is trusted: a dead one may look alive for minutes, and requests
 * multiplexed over it would time out one after the other. New requests then open fresh ones, and
 * when nothing is in flight any more, all are dropped.
 */
#include "agent/base/http.h"

#include <assert.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/base/bytes.h"
#include "agent/base/http_parts.h"
#include "agent/base/os.h"

#define BODY_KEPT          ((size_t)64 * 1024)
#define BODY_READ          ((size_t)1024 * 1024) /* an answer longer than this is cut off */
#define TRUST_LIMIT        ((size_t)16 * 1024 * 1024)
#define CONNECT_TIMEOUT_MS 15000L
#define SILENCE_SECONDS    60L /* not one byte for so long: given up */
#define KEEPALIVE_SECONDS  30L
#define LONGEST_WAIT_MS    INT64_C(3600000)
#define LONGEST_SECONDS    INT64_C(1000000000)

/* A request in flight, and its answer while that is lent. */
struct slot {
    CURL *easy;
    bool is_busy;
    void *context;
    struct curl_slist headers[5];
    char authorization[4096];
    char idempotency_key[256];
    struct bytes body;
    size_t body_read;
    char reason[CURL_ERROR_SIZE];
};

struct http {
    CURLM *multi;
    struct os_mutex *mutex; /* guards woken, and multi against http_wake while it is replaced */
    bool woken;
    bool is_suspect; /* a timeout happened: see above */
    char *proxy;     /* NULL: none */
    int64_t timeout_ms;
    struct bytes trusted;
    struct slot *slots;
    int parallel;
    int in_flight;
};

const char *http_library_versions(void)
{
    return curl_version();
}

static size_t take_body(char *data, size_t one, size_t size, void *context)
{
    struct slot *slot = context;
    const size_t room = BODY_KEPT - slot->body.size;

    (void)one;
    bytes_append(&slot->body, data, size < room ? size : room);
    slot->body_read += size;
    return slot->body_read <= BODY_READ ? size : 0; /* 0 ends the transfer */
}

/* --- the options that stay --- */

static const struct {
    CURLoption option;
    long value;
} numbers[] = {
    {CURLOPT_POST, 1},
    {CURLOPT_FOLLOWLOCATION, 0}, /* a key must not travel to another host */
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS},
    /* Waits for a connection that is being made to tell whether it takes many requests at once;
     * where it does not, each request gets its own. */
    {CURLOPT_PIPEWAIT, 1},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_PROXYAUTH, (long)CURLAUTH_ANY},
    {CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS},
    {CURLOPT_LOW_SPEED_LIMIT, 1},
    {CURLOPT_LOW_SPEED_TIME, SILENCE_SECONDS},
    {CURLOPT_QUICK_EXIT, 1}, /* http_close waits for no name server */
    {CURLOPT_TCP_KEEPALIVE, 1},
    {CURLOPT_TCP_KEEPIDLE, KEEPALIVE_SECONDS},
    {CURLOPT_TCP_KEEPINTVL, KEEPALIVE_SECONDS},
};

static const struct {
    CURLoption option;
    const char *text;
} texts[] = {
    {CURLOPT_PROTOCOLS_STR, "https"},
    {CURLOPT_USERAGENT, "cloud-link/" CLOUD_LINK_VERSION},
    {CURLOPT_NOPROXY, ""}, /* said, so that the environment is not asked */
    {CURLOPT_CAINFO, NULL},
    {CURLOPT_CAPATH, NULL},
    {CURLOPT_PROXY_CAINFO, NULL},
    {CURLOPT_PROXY_CAPATH, NULL},
};

/* False when this libcurl refuses one of them: better no transfer than an unverified one. */
static bool configure(const struct http *h, struct slot *slot)
{
    struct curl_blob trusted = {h->trusted.data, h->trusted.size, CURL_BLOB_NOCOPY};
    CURL *easy = slot->easy;
    bool taken = easy != NULL;

    for (size_t i = 0; taken && i < sizeof numbers / sizeof numbers[0]; i++)
        taken = curl_easy_setopt(easy, numbers[i].option, numbers[i].value) == CURLE_OK;
    for (size_t i = 0; taken && i < sizeof texts / sizeof texts[0]; i++)
        taken = curl_easy_setopt(easy, texts[i].option, texts[i].text) == CURLE_OK;
    return taken && curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &trusted) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO_BLOB, &trusted) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, h->proxy != NULL ? h->proxy : "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)h->timeout_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->reason) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, slot) == CURLE_OK;
}

static CURLM *new_multi(int parallel)
{
    CURLM *multi = curl_multi_init();

    if (multi != NULL)
        curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)parallel);
    return multi;
}

struct http *http_open(const struct http_options *options, struct error *err)
{
    struct http *h = os_alloc(sizeof *h);
    bool is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;

    h->mutex = os_mutex_new();
    h->parallel = options->parallel;
    h->timeout_ms = options->timeout_ms;
    h->slots = os_alloc((size_t)options->parallel * sizeof *h->slots);
    if (options->proxy != NULL && options->proxy[0] != '\0')
        h->proxy = os_copy_text(options->proxy);
    bytes_init(&h->trusted, TRUST_LIMIT);
    if (!http_trust_read(options->ca_file, &h->trusted, err))
        goto fail;
    h->multi = new_multi(h->parallel);
    is_ready = is_ready && h->multi != NULL;
    for (int i = 0; i < h->parallel && is_ready; i++) {
        bytes_init(&h->slots[i].body, BODY_KEPT);
        h->slots[i].easy = curl_easy_init();
        is_ready = configure(h, &h->slots[i]);
    }
    if (is_ready)
        return h;
    error_set(err, ERROR_FATAL, "this libcurl cannot be used: %s", curl_version());
fail:
    http_close(h);
    return NULL;
}

void http_close(struct http *h)
{
    if (h == NULL)
        return;
    for (int i = 0; i < h->parallel; i++) {
        struct slot *slot = &h->slots[i];
        if (slot->is_busy)
            curl_multi_remove_handle(h->multi, slot->easy);
        curl_easy_cleanup(slot->easy);
        bytes_free(&slot->body);
    }
    curl_multi_cleanup(h->multi);
    os_free(h->slots);
    bytes_free(&h->trusted);
    os_free(h->proxy);
    os_mutex_free(h->mutex);
    os_free(h);
}

int http_in_flight(const struct http *h)
{
    return h->in_flight;
}

void http_wake(struct http *h)
{
    os_mutex_lock(h->mutex);
    h->woken = true;
    curl_multi_wakeup(h->multi);
    os_mutex_unlock(h->mutex);
}

static bool take_woken(struct http *h)
{
    os_mutex_lock(h->mutex);
    const bool woken = h->woken;
    h->woken = false;
    os_mutex_unlock(h->mutex);
    return woken;
}

/* --- a request --- */

/* A value is visible ASCII: what could end the line would begin another header. */
static bool print_header(char *line, size_t size, const char *start, const char *value)
{
    for (const char *at = value; *at != '\0'; at++) {
        if (*at < '!' || *at > '~')
            return false;
    }
    return value[0] != '\0' && snprintf(line, size, "%s%s", start, value) < (int)size;
}

/* The list is ours: libcurl only reads it, and nothing is allocated. */
static bool make_headers(struct slot *slot, const struct http_request *request, struct error *err)
{
    static char json[] = "Content-Type: application/json";
    static char gzip[] = "Content-Encoding: gzip";
    static char no_expect[] = "Expect:"; /* takes away libcurl's own */
    struct curl_slist *const headers = slot->headers;
    size_t count = 0;

    headers[count++].data = json;
    headers[count++].data = no_expect;
    if (request->is_gzip)
        headers[count++].data = gzip;
    if (request->bearer != NULL) {
        if (!print_header(slot->authorization, sizeof slot->authorization, "Authorization: Bearer ",
                          request->bearer))
            return error_set(err, ERROR_CONFIG,
                             "the API key is empty, too long or has characters that no key has");
        headers[count++].data = slot->authorization;
    }
    if (request->idempotency_key != NULL) {
        if (!print_header(slot->idempotency_key, sizeof slot->idempotency_key,
                          "Idempotency-Key: ", request->idempotency_key))
            return error_set(err, ERROR_DATA, "the batch has a malformed idempotency key");
        headers[count++].data = slot->idempotency_key;
    }
    for (size_t i = 0; i < count; i++)
        headers[i].next = i + 1 < count ? &headers[i + 1] : NULL;
    return true;
}

static struct slot *free_slot(struct http *h)
{
    int i = 0;

    assert(h->in_flight < h->parallel);
    while (h->slots[i].is_busy)
        i++;
    return &h->slots[i];
}

bool http_post(struct http *h, const struct http_request *request, struct error *err)
{
    struct slot *slot = free_slot(h);
    CURL *easy = slot->easy;

    if (strncmp(request->url, "https://", 8) != 0)
        return error_set(err, ERROR_CONFIG, "the address %s does not begin with https://",
                         request->url);
    if (!make_headers(slot, request, err))
        return false;
    bytes_reset(&slot->body);
    slot->body_read = 0;
    slot->reason[0] = '\0';
    slot->context = request->context;
    if (curl_easy_setopt(easy, CURLOPT_URL, request->url) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot->headers) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size) !=
            CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, h->is_suspect ? 1L : 0L) != CURLE_OK ||
        curl_multi_add_handle(h->multi, easy) != CURLM_OK)
        return error_set(err, ERROR_FATAL, "libcurl does not take a request");
    slot->is_busy = true;
    h->in_flight++;
    return true;
}

/* --- an answer --- */

static bool begins_with_word(const char *text, const char *word)
{
    for (; *word != '\0'; text++, word++) {
        if (tolower((unsigned char)*text) != *word)
            return false;
    }
    return true;
}

static bool is_page(CURL *easy, const char *body)
{
    const char *type = NULL;

    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    return (type != NULL && begins_with_word(type, "text/html")) ||
           body[strspn(body, " \t\r\n\xEF\xBB\xBF")] == '<'; /* white space, byte order mark */
}

/* NULL when the answer has no such header. */
static const char *header(CURL *easy, const char *name)
{
    struct curl_header *found;

    return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value
                                                                                  : NULL;
}

/* A date as RFC 9110 writes it; -1 when it is none. They all begin with the day's name, and years
 * have four digits. */
static int64_t parse_date_ms(const char *text)
{
    const int64_t seconds = isalpha((unsigned char)text[0]) ? curl_getdate(text, NULL) : -1;

    return seconds < 0 || seconds > UTC_LATEST / UTC_SECOND ? -1 : seconds * 1000;
}

int64_t http_parse_retry_after(const char *value, int64_t now_ms)
{
    const size_t digits = strspn(value, "0123456789");
    int64_t seconds = 0;

    if (digits == 0) {
        const int64_t date_ms = now_ms >= 0 ? parse_date_ms(value) : -1;
        if (date_ms < 0)
            return -1;
        return date_ms > now_ms ? date_ms - now_ms : 0;
    }
    if (value[digits + strspn(value + digits, " \t")] != '\0')
        return -1;
    for (size_t i = 0; i < digits && seconds < LONGEST_SECONDS; i++)
        seconds = seconds * 10 + (value[i] - '0');
    return (seconds < LONGEST_SECONDS ? seconds : LONGEST_SECONDS) * 1000;
}

static void read_retry_after(CURL *easy, struct http_answer *answer)
{
    const char *value = header(easy, "Retry-After");
    char copy[128]; /* the value is lent until the next header is asked for */

    if (value == NULL)
        return;
    snprintf(copy, sizeof copy, "%s", value);
    const char *date = header(easy, "Date");
    answer->retry_after_ms = http_parse_retry_after(copy, date != NULL ? parse_date_ms(date) : -1);
    if (answer->retry_after_ms < 0 && date == NULL)
        answer->retry_at_ms = parse_date_ms(copy);
}

static void make_answer(struct http *h, struct slot *slot, CURLcode code,
                        struct http_answer *answer)
{
    const bool was_cut = code == CURLE_WRITE_ERROR && slot->body_read > BODY_READ; /* by us */
    long status = 0;

    *answer = (struct http_answer){
        .context = slot->context, .retry_after_ms = -1, .retry_at_ms = -1, .body = ""};
    if (code != CURLE_OK && !was_cut) {
        http_trouble_explain(slot->easy, code, slot->reason, h->proxy, &answer->error);
        h->is_suspect = h->is_suspect || code == CURLE_OPERATION_TIMEDOUT;
        return;
    }
    curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (int)status;
    answer->body = bytes_text(&slot->body);
    answer->body_size = slot->body.size;
    answer->is_html = is_page(slot->easy, answer->body);
    read_retry_after(slot->easy, answer);
}

/* Drops every connection, now that none is in use. */
static void drop_connections(struct http *h)
{
    CURLM *fresh = new_multi(h->parallel);

    if (fresh == NULL)
        return; /* stays suspect: tried again next time */
    os_mutex_lock(h->mutex);
    CURLM *old = h->multi;
    h->multi = fresh;
    os_mutex_unlock(h->mutex);
    curl_multi_cleanup(old);
    h->is_suspect = false;
}

static bool take_finished(struct http *h, struct http_answer *answer)
{
    int left;
    CURLMsg *message = curl_multi_info_read(h->multi, &left);
    char *private = NULL;

    if (message == NULL)
        return false;
    CURL *easy = message->easy_handle;
    const CURLcode code = message->data.result; /* the message goes with the handle */
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    struct slot *slot = (void *)private;
    curl_multi_remove_handle(h->multi, easy);
    slot->is_busy = false;
    h->in_flight--;
    make_answer(h, slot, code, answer);
    if (h->is_suspect && h->in_flight == 0)
        drop_connections(h);
    return true;
}

bool http_next(struct http *h, int64_t timeout_ms, struct http_answer *answer)
{
    const int64_t deadline_ms = os_monotonic_ms() + timeout_ms;

    for (;;) {
        int running;
        curl_multi_perform(h->multi, &running);
        if (take_finished(h, answer))
            return true;
        const int64_t left_ms = deadline_ms - os_monotonic_ms();
        if (take_woken(h) || left_ms <= 0)
            return false;
        curl_multi_poll(h->multi, NULL, 0,
                        (int)(left_ms < LONGEST_WAIT_MS ? left_ms : LONGEST_WAIT_MS), NULL);
    }
}
