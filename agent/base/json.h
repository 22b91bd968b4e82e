/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - writes JSON (RFC 8259) straight into a buffer; never fails until asked
 *
 * Commas are put by the writer. Text is UTF-8 and must be valid (json_text_is_valid); control
 * characters, quote and backslash are escaped, everything else passes as it is.
 * Overflow is the buffer's own: ask buffer->overflow at the end. No name is one of jansson's, which
 * reads JSON here.
 */
#ifndef AGENT_BASE_JSON_H
#define AGENT_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes;

struct json {
    struct bytes *out;
    bool comma; /* the next value or key needs a comma before it */
};

void json_init(struct json *json, struct bytes *out);
void json_begin_object(struct json *json); /* { */
void json_end_object(struct json *json);
void json_begin_array(struct json *json); /* [ */
void json_end_array(struct json *json);
void json_put_key(struct json *json, const char *key);
void json_put_text(struct json *json, const char *text); /* NULL writes null */
void json_put_text_sized(struct json *json, const char *text, size_t size);
/* For a reader of YAML, which folds or refuses U+0080-9F, U+2028-2029, U+FEFF and U+FFFE-FFFF:
 * they are escaped, too. */
void json_put_text_for_yaml(struct json *json, const char *text);
void json_put_integer(struct json *json, int64_t value);
void json_put_thousandths(struct json *json, int64_t value); /* 124600 -> 124.6; 5000 -> 5 */
void json_put_tenths(struct json *json, int64_t value);      /* 1000 -> 100.0: always one decimal */
void json_put_boolean(struct json *json, bool value);
void json_put_null(struct json *json);
/* "2026-01-05T08:00:00Z"; UTC_NEVER writes null. */
void json_put_time(struct json *json, int64_t utc_ms_value);

/* The pieces the hot path is made of: text between quotes escaped, seconds with up to three
 * decimals; both without commas. */
void json_escape(struct bytes *out, const char *text, size_t size);
void json_append_thousandths(struct bytes *out, int64_t value);

/* Valid UTF-8 (RFC 3629) without control characters (C0, DEL, C1)? */
bool json_text_is_valid(const char *text, size_t size);

#endif
