/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_retry_after.c - the header Retry-After: never negative, seconds as they are, dates by date
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/http.h"
#include "agent/base/utc.h"
#include "tests/fuzz/fuzz.h"

#define LONGEST_MS INT64_C(1000000000000)

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static void print_date(utc_ms time, char text[40])
{
    static const char days[] = "ThuFriSatSunMonTueWed";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct civil civil;

    utc_to_civil(time, &civil);
    snprintf(text, 40, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * (time / UTC_DAY % 7),
             civil.day, months + 3 * (civil.month - 1), civil.year, civil.hour, civil.minute,
             civil.second);
}

/* Any second until 2100 is read as it was printed. */
static void check_date(int64_t now_ms, int64_t number)
{
    const int64_t later_ms = (int64_t)((uint64_t)number % 4102444800) * UTC_SECOND;
    char text[40];

    print_date(later_ms, text);
    PROMISE(http_parse_retry_after(text, -1) == -1);
    PROMISE(http_parse_retry_after(text, now_ms) == (later_ms > now_ms ? later_ms - now_ms : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const int64_t now_ms = (int64_t)((uint64_t)input_number(&input) % 4102444800000);
    const int64_t number = input_number(&input);
    char *text = input_rest(&input);
    const int64_t wait_ms = http_parse_retry_after(text, now_ms);

    PROMISE(wait_ms >= -1);
    if (strspn(text, "0123456789") == strlen(text) && text[0] != '\0') {
        const int64_t wanted_ms = strlen(text) > 9 ? -1 : atoll(text) * 1000;

        PROMISE(wait_ms <= LONGEST_MS && wait_ms == http_parse_retry_after(text, -1));
        PROMISE(wanted_ms == -1 || wait_ms == wanted_ms);
    }
    check_date(now_ms, number);
    free(text);
    return 0;
}
