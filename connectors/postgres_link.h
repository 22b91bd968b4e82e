/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_link.h - one connection to PostgreSQL that never waits longer than it was told
 *
 * After any failure the link is of no more use: close it and connect again.
 */
#ifndef CONNECTORS_POSTGRES_LINK_H
#define CONNECTORS_POSTGRES_LINK_H

#include "connectors/database.h"
#include "connectors/postgres_library.h"

struct postgres_link;

struct postgres_link *postgres_link_open(const struct database_access *access,
                                         struct error *err) MUST_USE;
void postgres_link_close(struct postgres_link *link);
bool postgres_link_is_encrypted(const struct postgres_link *link);

/* Several statements of our own, without answers. */
bool postgres_link_run(struct postgres_link *link, const char *statements,
                       struct error *err) MUST_USE;

/* Names and types of one statement's columns, types of its parameters; nothing is executed. The
 * texts are lent until the next call. */
struct postgres_facts {
    const char *const *names;
    const uint32_t *types; /* enum postgres_type, and any other */
    size_t columns;
    const uint32_t *parameters;
    size_t parameter_count;
};
bool postgres_link_describe(struct postgres_link *link, const char *statement,
                            struct postgres_facts *facts, struct error *err) MUST_USE;

/* One statement's first column as text, row after row; NULL values are "". */
bool postgres_link_ask(struct postgres_link *link, const char *statement,
                       void (*answer)(void *context, const char *text), void *context,
                       struct error *err) MUST_USE;

/* One COPY ... TO STDOUT, message by message; each is lent until the next call. */
bool postgres_link_copy(struct postgres_link *link, const char *statement,
                        struct error *err) MUST_USE;
enum postgres_step { POSTGRES_STEP_MESSAGE, POSTGRES_STEP_END, POSTGRES_STEP_FAILED };
enum postgres_step postgres_link_next(struct postgres_link *link, const uint8_t **message,
                                      size_t *size, struct error *err) MUST_USE;

#endif
