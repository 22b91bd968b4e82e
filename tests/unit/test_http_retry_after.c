/* SPDX-License-Identifier: Apache-2.0 */
/* test_http_retry_after.c - a server's Retry-After, in seconds or as a date */
#include "tests/unit/check.h"

#include "agent/base/http.h"
#include "agent/base/utc.h"

static void test_retry_after_is_seconds_or_a_date(void **state)
{
    const int64_t now_ms = INT64_C(784111717000); /* Sun, 06 Nov 1994 08:48:37 GMT */

    (void)state;
    assert_int_equal(http_parse_retry_after("0", now_ms), 0);
    assert_int_equal(http_parse_retry_after("120", -1), 120000);
    assert_int_equal(http_parse_retry_after("120 ", now_ms), 120000);
    assert_true(http_parse_retry_after("99999999999999999999999999", now_ms) > UTC_DAY * 365);
    assert_int_equal(http_parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now_ms), 60000);
    assert_int_equal(http_parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now_ms), 60000);
    assert_int_equal(http_parse_retry_after("Sun Nov  6 08:49:37 1994", now_ms), 60000);
    assert_int_equal(http_parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now_ms), 0);
    assert_int_equal(http_parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", -1), -1);
    const char *const neither[] = {"", "soon", "-5", "1.5", "5 minutes", "+5", "2026-01-01"};
    for (size_t i = 0; i < sizeof neither / sizeof neither[0]; i++)
        assert_int_equal(http_parse_retry_after(neither[i], now_ms), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_after_is_seconds_or_a_date),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
