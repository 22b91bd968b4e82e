/* SPDX-License-Identifier: Apache-2.0 */
/* test_http.c - requests and answers against servers on loopback (https_server.py, nginx) */
#define _GNU_SOURCE
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/http.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "tests/unit/folder.h"

#define LATEST_MS INT64_C(30000)
#define FLIGHTS   4

/* The servers, shared by all tests. */
static struct {
    char *folder;
    char ca_file[256];
    pid_t id;
    int lifeline; /* their standard input: they end when it closes */
    int good, expired, misnamed, plain, proxy;
} servers;

static int start_servers(void **state)
{
    int to[2], from[2];

    if (folder_make(state) != 0 || pipe(to) != 0 || pipe(from) != 0)
        return -1;
    servers.folder = *state;
    snprintf(servers.ca_file, sizeof servers.ca_file, "%s/ca.pem", servers.folder);
    servers.id = fork();
    if (servers.id == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        close(to[1]);
        execl("/usr/bin/python3", "python3", TESTS_FOLDER "/unit/https_server.py", servers.folder,
              (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    servers.lifeline = to[1];
    FILE *said = fdopen(from[0], "r"); /* the ports, once they listen */
    char line[128] = "";
    int *const ports[] = {&servers.good, &servers.expired, &servers.misnamed, &servers.plain,
                          &servers.proxy};
    if (said == NULL || fgets(line, sizeof line, said) == NULL)
        return -1;
    (void)fclose(said);
    char *at = line;
    for (size_t i = 0; i < 5; i++)
        *ports[i] = (int)strtoul(at, &at, 10);
    return 0;
}

static int stop_servers(void **state)
{
    *state = servers.folder;
    close(servers.lifeline);
    waitpid(servers.id, NULL, 0);
    return folder_remove(state);
}

static struct http *open_with(const char *proxy, const char *ca_file, int64_t timeout_ms)
{
    const struct http_options options = {proxy, ca_file, timeout_ms, FLIGHTS};
    struct error err;
    struct http *http = http_open(&options, &err);

    assert_non_null(http);
    return http;
}

static struct http *open_usual(void)
{
    return open_with(NULL, servers.ca_file, LATEST_MS);
}

static void post_to(struct http *http, int port, const char *path, void *context)
{
    char url[128];
    struct error err;
    const struct http_request request = {
        .url = url, .body = "{\"data\":[]}", .body_size = 11, .context = context};

    snprintf(url, sizeof url, "https://127.0.0.1:%d%s", port, path);
    assert_true(http_post(http, &request, &err));
}

static struct http_answer next(struct http *http)
{
    struct http_answer answer;

    assert_true(http_next(http, LATEST_MS, &answer));
    return answer;
}

static struct http_answer ask(struct http *http, int port, const char *path)
{
    post_to(http, port, path, NULL);
    return next(http);
}

static void check_no_answer(const struct http_answer *answer, const char *because)
{
    assert_int_equal(answer->status, 0);
    assert_int_equal(answer->error.kind, ERROR_RETRY);
    if (strstr(answer->error.text, because) == NULL)
        assert_string_equal(answer->error.text, because); /* shows both */
}

static void check_header(json_t *headers, const char *name, const char *expected)
{
    json_t *value = json_object_get(headers, name);

    if (expected == NULL)
        assert_null(value);
    else
        assert_string_equal(json_string_value(value), expected);
}

static void test_a_request_arrives_as_it_was_meant(void **state)
{
    struct http *http = open_usual();
    struct error err;
    char url[128];
    int context;
    struct http_request request = {.url = url,
                                   .bearer = "QUJDRA==",
                                   .idempotency_key = "0123456789abcdef",
                                   .is_gzip = true,
                                   .body = "any bytes",
                                   .body_size = 9,
                                   .context = &context};

    (void)state;
    snprintf(url, sizeof url, "https://127.0.0.1:%d/echo", servers.good);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(http_in_flight(http), 0);
        assert_true(http_post(http, &request, &err));
        assert_int_equal(http_in_flight(http), 1);
        const struct http_answer answer = next(http);
        assert_int_equal(http_in_flight(http), 0);
        assert_int_equal(answer.status, 200);
        assert_ptr_equal(answer.context, &context);
        assert_false(answer.is_html);
        assert_int_equal(answer.retry_after_ms, -1);
        assert_int_equal(answer.body_size, strlen(answer.body));
        json_t *told = json_loads(answer.body, 0, NULL);
        json_t *headers = json_object_get(told, "headers");
        assert_string_equal(json_string_value(json_object_get(told, "method")), "POST");
        assert_string_equal(json_string_value(json_object_get(told, "body")), "any bytes");
        check_header(headers, "content-type", "application/json");
        check_header(headers, "content-encoding", round == 0 ? "gzip" : NULL);
        check_header(headers, "authorization", round == 0 ? "Bearer QUJDRA==" : NULL);
        check_header(headers, "idempotency-key", round == 0 ? "0123456789abcdef" : NULL);
        check_header(headers, "expect", NULL);
        check_header(headers, "user-agent", "cloud-link/" CLOUD_LINK_VERSION);
        json_decref(told);
        request = (struct http_request){
            .url = url, .body = "any bytes", .body_size = 9, .context = &context};
    }
    http_close(http);
    http_close(NULL);
}

static void test_what_must_not_travel_is_refused(void **state)
{
    struct http *http = open_usual();
    struct error err;
    struct http_request request = {.url = "http://127.0.0.1/", .body = "", .bearer = "key"};

    (void)state;
    assert_false(http_post(http, &request, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_non_null(strstr(err.text, "https://"));
    const char *const keys[] = {"", "two words", "line\r\nHost: elsewhere", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        request = (struct http_request){.url = "https://127.0.0.1/", .bearer = keys[i]};
        assert_false(http_post(http, &request, &err));
        assert_int_equal(err.kind, ERROR_CONFIG);
    }
    assert_int_equal(http_in_flight(http), 0);
    http_close(http);
}

static void test_answers_tell_status_pages_and_waits(void **state)
{
    struct http *http = open_usual();

    (void)state;
    assert_int_equal(ask(http, servers.good, "/status/422").status, 422);
    assert_int_equal(ask(http, servers.good, "/status/500").status, 500);
    assert_int_equal(ask(http, servers.good, "/redirect").status, 307); /* not followed */
    assert_true(ask(http, servers.good, "/page").is_html);
    assert_true(ask(http, servers.good, "/pagelike").is_html);
    assert_int_equal(ask(http, servers.good, "/seconds").retry_after_ms, 120000);
    assert_int_equal(ask(http, servers.good, "/date").retry_after_ms, 60000);
    http_close(http);
}

static void test_long_answers_are_cut(void **state)
{
    struct http *http = open_usual();

    (void)state;
    struct http_answer answer = ask(http, servers.good, "/long");
    assert_int_equal(answer.status, 413);
    assert_int_equal(answer.body_size, 65536);
    assert_int_equal(strlen(answer.body), 65536);
    answer = ask(http, servers.good, "/endless");
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body_size, 65536);
    http_close(http);
}

/* Would fail if a server of HTTP/1.1 were asked one request after the other. */
static void test_requests_travel_together(void **state)
{
    struct http *http = open_usual();
    bool seen[FLIGHTS] = {false};

    (void)state;
    for (int round = 0; round < 2; round++) {
        memset(seen, 0, sizeof seen);
        for (int i = 0; i < FLIGHTS; i++)
            post_to(http, servers.good, "/together", &seen[i]);
        assert_int_equal(http_in_flight(http), FLIGHTS);
        for (int i = 0; i < FLIGHTS; i++) {
            const struct http_answer answer = next(http);
            assert_int_equal(answer.status, 200);
            *(bool *)answer.context = true;
        }
        for (int i = 0; i < FLIGHTS; i++)
            assert_true(seen[i]);
    }
    http_close(http);
}

static json_int_t connection_of(struct http *http)
{
    const struct http_answer answer = ask(http, servers.good, "/echo");
    json_t *told = json_loads(answer.body, 0, NULL);
    const json_int_t port = json_integer_value(json_object_get(told, "connection"));

    json_decref(told);
    return port;
}

static void test_connections_are_kept_until_one_times_out(void **state)
{
    struct http *http = open_with(NULL, servers.ca_file, 2000);
    json_int_t used[FLIGHTS];

    (void)state;
    for (int i = 0; i < FLIGHTS; i++)
        post_to(http, servers.good, "/together", NULL);
    for (int i = 0; i < FLIGHTS; i++)
        used[i] = (json_int_t)strtoul(next(http).body, NULL, 10);
    const json_int_t kept = connection_of(http);
    bool is_kept = false;
    for (int i = 0; i < FLIGHTS; i++)
        is_kept = is_kept || used[i] == kept;
    assert_true(is_kept);
    const struct http_answer answer = ask(http, servers.good, "/never");
    check_no_answer(&answer, "did not answer in time");
    const json_int_t fresh = connection_of(http);
    for (int i = 0; i < FLIGHTS; i++)
        assert_int_not_equal(used[i], fresh);
    assert_int_equal(connection_of(http), fresh);
    http_close(http);
}

static void test_closing_drops_what_is_in_flight(void **state)
{
    struct http *http = open_usual();
    struct http_answer answer;

    (void)state;
    post_to(http, servers.good, "/never", NULL);
    assert_false(http_next(http, 100, &answer));
    assert_int_equal(http_in_flight(http), 1);
    http_close(http);
}

static void wake(void *http)
{
    http_wake(http);
}

static void test_waiting_ends_when_woken(void **state)
{
    struct http *http = open_usual();
    struct http_answer answer;
    const int64_t before_ms = os_monotonic_ms();

    (void)state;
    http_wake(http); /* before: is not lost */
    assert_false(http_next(http, LATEST_MS, &answer));
    struct os_thread *thread = os_thread_start(wake, http);
    assert_false(http_next(http, LATEST_MS, &answer));
    os_thread_join(thread);
    assert_true(os_monotonic_ms() - before_ms < LATEST_MS);
    assert_false(http_next(http, 10, &answer)); /* each waking ends one wait */
    assert_true(os_monotonic_ms() - before_ms >= 10);
    http_close(http);
}

static void check_trouble(struct http *http, int port, const char *path, const char *because)
{
    const struct http_answer answer = ask(http, port, path);

    check_no_answer(&answer, because);
    http_close(http);
}

static void test_certificates_are_verified(void **state)
{
    (void)state;
    setenv("SSL_CERT_FILE", servers.ca_file, 1); /* is not heard */
    setenv("CURL_CA_BUNDLE", servers.ca_file, 1);
    check_trouble(open_with(NULL, NULL, LATEST_MS), servers.good, "/echo", "is not trusted");
    check_trouble(open_with(NULL, NULL, LATEST_MS), servers.good, "/echo", "ca_file");
    unsetenv("SSL_CERT_FILE");
    unsetenv("CURL_CA_BUNDLE");
    check_trouble(open_usual(), servers.expired, "/echo", "check this machine's clock");
    check_trouble(open_usual(), servers.misnamed, "/echo", "is for another name");
    check_trouble(open_usual(), servers.plain, "/echo", "no TLS connection");
}

static void test_a_bad_ca_file_is_said_at_once(void **state)
{
    char path[256];
    struct error err;
    struct http_options options = {.ca_file = path, .timeout_ms = LATEST_MS, .parallel = 1};

    (void)state;
    snprintf(path, sizeof path, "%s/none.pem", servers.folder);
    assert_null(http_open(&options, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    snprintf(path, sizeof path, "%s/server.key", servers.folder);
    assert_null(http_open(&options, &err));
    assert_int_equal(err.kind, ERROR_CONFIG);
    assert_non_null(strstr(err.text, "holds no certificate"));
}

static void test_unreachable_hosts_are_named(void **state)
{
    struct http *http = open_usual();
    struct error err;
    const struct http_request nowhere = {.url = "https://no-such-host.invalid/a", .body = ""};

    (void)state;
    assert_true(http_post(http, &nowhere, &err));
    const struct http_answer answer = next(http);
    check_no_answer(&answer, "the host no-such-host.invalid is not found");
    check_trouble(http, 1, "/", "cannot connect to 127.0.0.1:1 (Connection refused)");
    check_trouble(open_usual(), servers.good, "/nothing", "broke");
}

static void test_proxies(void **state)
{
    char proxy[128];

    (void)state;
    snprintf(proxy, sizeof proxy, "http://someone:secret@127.0.0.1:%d", servers.proxy);
    struct http *http = open_with(proxy, servers.ca_file, LATEST_MS);
    assert_int_equal(ask(http, servers.good, "/echo").status, 200);
    check_trouble(http, 1, "/echo", "refuses to connect us (it answered 403)");
    snprintf(proxy, sizeof proxy, "http://someone:guess@127.0.0.1:%d", servers.proxy);
    http = open_with(proxy, servers.ca_file, LATEST_MS);
    const struct http_answer answer = ask(http, servers.good, "/echo");
    check_no_answer(&answer, "does not accept our login");
    assert_null(strstr(answer.error.text, "guess"));
    http_close(http);
    check_trouble(open_with("http://127.0.0.1:1", servers.ca_file, LATEST_MS), servers.good,
                  "/echo", "cannot connect to 127.0.0.1:1");
    check_trouble(open_with("http://no-proxy.invalid:3128", servers.ca_file, LATEST_MS),
                  servers.good, "/echo", "the proxy no-proxy.invalid:3128 is not found");
}

static void test_proxies_of_the_environment_are_not_heard(void **state)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

    (void)state;
    for (size_t i = 0; i < 4; i++)
        setenv(names[i], "http://127.0.0.1:1", 1);
    struct http *http = open_with("", servers.ca_file, LATEST_MS);
    assert_int_equal(ask(http, servers.good, "/echo").status, 200);
    http_close(http);
    for (size_t i = 0; i < 4; i++)
        unsetenv(names[i]);
    char proxy[128];
    setenv("no_proxy", "*", 1); /* nor its exceptions: this would go past the proxy */
    snprintf(proxy, sizeof proxy, "http://someone:guess@127.0.0.1:%d", servers.proxy);
    check_trouble(open_with(proxy, servers.ca_file, LATEST_MS), servers.good, "/echo", "login");
    unsetenv("no_proxy");
}

/* nginx takes over a socket that listens already, so nobody waits for it to start. */
static pid_t start_nginx(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char path[512], text[2048], inherited[32];
    struct error err;

    const int listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listening, 16), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    const int length = snprintf(
        text, sizeof text,
        "daemon off;\nerror_log %s/nginx.log;\npid %s/nginx.pid;\n"
        "events {}\nhttp {\n  access_log off;\n  client_body_temp_path %s;\n  proxy_temp_path %s;\n"
        "  fastcgi_temp_path %s;\n  uwsgi_temp_path %s;\n  scgi_temp_path %s;\n  server {\n"
        "    listen 127.0.0.1:%d ssl http2;\n    ssl_certificate %s/server.pem;\n"
        "    ssl_certificate_key %s/server.key;\n"
        "    return 200 \"$server_protocol $connection\";\n  }\n}\n",
        servers.folder, servers.folder, servers.folder, servers.folder, servers.folder,
        servers.folder, servers.folder, *port, servers.folder, servers.folder);
    snprintf(path, sizeof path, "%s/nginx.conf", servers.folder);
    assert_true(os_file_replace(path, text, (size_t)length, &err));
    snprintf(inherited, sizeof inherited, "%d;", listening);
    const pid_t id = fork();
    if (id == 0) {
        setenv("NGINX", inherited, 1);
        execl("/usr/sbin/nginx", "nginx", "-e", "/dev/null", "-c", path, (char *)NULL);
        _exit(127);
    }
    close(listening);
    return id;
}

static void test_http_2_shares_one_connection(void **state)
{
    struct http *http = open_usual();
    char first[64] = "";
    int port;

    (void)state;
    if (access("/usr/sbin/nginx", X_OK) != 0)
        skip();
    const pid_t nginx = start_nginx(&port);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < FLIGHTS; i++)
            post_to(http, port, "/", NULL);
        for (int i = 0; i < FLIGHTS; i++) {
            const struct http_answer answer = next(http);
            assert_int_equal(answer.status, 200);
            if (first[0] == '\0')
                snprintf(first, sizeof first, "%s", answer.body);
            assert_memory_equal(answer.body, "HTTP/2.0 ", 9);
            assert_string_equal(answer.body, first);
        }
    }
    http_close(http);
    kill(nginx, SIGTERM);
    waitpid(nginx, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_arrives_as_it_was_meant),
        cmocka_unit_test(test_what_must_not_travel_is_refused),
        cmocka_unit_test(test_answers_tell_status_pages_and_waits),
        cmocka_unit_test(test_long_answers_are_cut),
        cmocka_unit_test(test_requests_travel_together),
        cmocka_unit_test(test_connections_are_kept_until_one_times_out),
        cmocka_unit_test(test_closing_drops_what_is_in_flight),
        cmocka_unit_test(test_waiting_ends_when_woken),
        cmocka_unit_test(test_certificates_are_verified),
        cmocka_unit_test(test_a_bad_ca_file_is_said_at_once),
        cmocka_unit_test(test_unreachable_hosts_are_named),
        cmocka_unit_test(test_proxies),
        cmocka_unit_test(test_proxies_of_the_environment_are_not_heard),
        cmocka_unit_test(test_http_2_shares_one_connection),
    };

    return cmocka_run_group_tests(tests, start_servers, stop_servers);
}
