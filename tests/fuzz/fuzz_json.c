/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_json.c - what the writer writes, jansson reads as what it was */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "tests/fuzz/fuzz.h"

static void check_document(const char *text, size_t size, int64_t number)
{
    struct bytes out;
    struct json json;

    bytes_init(&out, 1 << 20);
    json_init(&json, &out);
    json_begin_array(&json);
    json_put_text_sized(&json, text, size);
    json_put_integer(&json, number);
    json_put_thousandths(&json, number);
    json_put_tenths(&json, number);
    json_put_time(&json, number);
    json_begin_object(&json);
    json_end_object(&json);
    json_end_array(&json);
    PROMISE(!out.overflow);

    json_t *read = json_loadb((const char *)out.data, out.size, JSON_ALLOW_NUL, NULL);
    PROMISE(read != NULL && json_array_size(read) == 6);
    const json_t *text_read = json_array_get(read, 0);
    PROMISE(json_string_length(text_read) == size);
    PROMISE(memcmp(json_string_value(text_read), text, size) == 0);
    PROMISE(json_integer_value(json_array_get(read, 1)) == number);
    const double near = fabs((double)number) * 1e-15;
    PROMISE(fabs(json_number_value(json_array_get(read, 2)) - (double)number / 1000) <= near);
    PROMISE(fabs(json_number_value(json_array_get(read, 3)) - (double)number / 10) <= near);
    json_decref(read);
    bytes_free(&out);
}

/* Control characters apart, valid is what jansson takes. */
static bool is_valid_to_jansson(const char *text, size_t size)
{
    json_t *made = json_stringn(text, size);

    for (size_t i = 0; i < size; i++) {
        const uint8_t byte = (uint8_t)text[i];
        const uint8_t next = i + 1 < size ? (uint8_t)text[i + 1] : 0;

        if (byte < 0x20 || byte == 0x7F || (byte == 0xC2 && next < 0xA0)) {
            json_decref(made);
            return false;
        }
    }
    json_decref(made);
    return made != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const int64_t number = input_number(&input);
    const char *text = input.size > 0 ? (const char *)input.data : "";
    json_t *made = json_stringn(text, input.size);

    PROMISE(json_text_is_valid(text, input.size) == is_valid_to_jansson(text, input.size));
    if (made != NULL) /* controls are escaped, too */
        check_document(text, input.size, number);
    json_decref(made);
    return 0;
}
