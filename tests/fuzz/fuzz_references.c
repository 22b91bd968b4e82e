/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_references.c - texts with ${...} in them: what is none stays, what is one is replaced once
 */
#include <stdlib.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/secrets.h"
#include "tests/fuzz/fuzz.h"

#define REFERENCE "${env:CLOUD_LINK_FUZZ}"
#define VALUE     "p${env:HOME}$${s" /* a value is not looked into */

static void expect(struct secrets *secrets, const char *written, const char *wanted)
{
    struct error err;
    const char *text = secrets_lend(secrets, written, &err);

    PROMISE(text != NULL && strcmp(text, wanted) == 0);
}

/* The text as one writes it who means no reference, with what is put before and behind it. */
static void check_escaped(struct secrets *secrets, const char *text)
{
    struct bytes written, wanted;

    bytes_init(&written, 1 << 17);
    bytes_init(&wanted, 1 << 17);
    bytes_append_text(&written, REFERENCE);
    bytes_append_text(&wanted, VALUE);
    for (const char *at = text; *at != '\0'; at++) {
        if (at[0] == '$' && at[1] == '{')
            bytes_append_byte(&written, '$');
        bytes_append_byte(&written, (uint8_t)*at);
        bytes_append_byte(&wanted, (uint8_t)*at);
    }
    bytes_append_text(&written, " " REFERENCE);
    bytes_append_text(&wanted, " " VALUE);
    expect(secrets, bytes_text(&written), bytes_text(&wanted));
    bytes_free(&written);
    bytes_free(&wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    char *text = input_rest(&input);
    struct secrets *secrets = secrets_open("/nonexistent", "/nonexistent");
    struct error err;

    setenv("CLOUD_LINK_FUZZ", VALUE, 1);
    unsetenv("CREDENTIALS_DIRECTORY");
    if (strlen(text) < 4096) {
        check_escaped(secrets, text);
        if (strstr(text, "${") == NULL)
            expect(secrets, text, text);
    }
    if (strstr(text, "${file:") == NULL) { /* no file of the machine is to be read */
        const char *resolved = secrets_lend(secrets, text, &err);

        PROMISE(resolved != NULL || err.kind == ERROR_CONFIG || err.kind == ERROR_RETRY);
    }
    secrets_close(secrets);
    free(text);
    return 0;
}
