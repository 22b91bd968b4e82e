/* SPDX-License-Identifier: Apache-2.0 */
/* database.h - what the protocols of the connector "database" share
 *
 * database.c opens one of two protocols, postgres.c (libpq) and odbc.c. Both are told the same and
 * answer the same; which columns hold the times, and what an error means, is decided here.
 */
#ifndef CONNECTORS_DATABASE_H
#define CONNECTORS_DATABASE_H

#include "connectors/bounds.h"
#include "connectors/connector.h"

struct zone;

enum database_type { DATABASE_POSTGRESQL, DATABASE_MYSQL, DATABASE_SQLSERVER, DATABASE_ODBC };
enum database_tls { TLS_UNSET, TLS_VERIFY_FULL, TLS_REQUIRE, TLS_PREFER, TLS_OFF };

struct database_access {
    int type; /* enum database_type */
    const char *host;
    int64_t port; /* 0: the type's own */
    const char *name, *user, *password;
    int tls; /* enum database_tls */
    const char *ca_file, *driver, *connection_string;
    int64_t connect_timeout_ms, query_timeout_ms;
};
struct database_settings {
    struct database_access access;
    const char *query, *query_file; /* one of them */
};

/* Lent to the protocol from open to close. */
struct database {
    const struct database_access *access;
    struct connector_facts facts;
    const char *query;
    struct zone *zone; /* NULL: UTC */
};

/* What was asked for, or else verify-full for a remote host and prefer for this machine. */
enum database_tls database_tls(const struct database_access *access);
bool database_is_local(const char *host); /* this machine: NULL, loopback or a socket */
/* The file of those who may sign its certificate: ca_file, or the system's store; NULL: none. */
const char *database_certificates(const struct database_access *access);

/* Where the columns of times are; end -1: none. ERROR_CONFIG names what is there instead. */
struct database_times {
    int time, end;
};
bool database_find_times(const struct database *database, const struct columns *columns,
                         struct database_times *times, struct error *err) MUST_USE;

/* The bounds of a column of numbers. ERROR_CONFIG: no `times` says what they count. */
bool database_number_form(const struct database *database, const char *column,
                          struct bound_form *form, struct error *err) MUST_USE;

/* The first hundred texts of a column of times, to learn how it writes them. ERROR_CONFIG: not one
 * of them is a time. */
struct database_sample {
    size_t texts, numbers;  /* seen */
    bool is_found;          /* a time was */
    struct bound_form form; /* of it */
};
void database_sample_take(struct database_sample *sample, const char *text);
bool database_sample_form(const struct database *database, const char *column,
                          const struct database_sample *sample, struct bound_form *form,
                          struct error *err) MUST_USE;

/* The reaction a five-character SQLSTATE asks for. */
enum error_kind database_error_kind(const char *sqlstate);
/* A database's own message on one line. */
void database_tidy(char *message);

/* Where a check's findings go. */
struct database_report {
    void (*tell)(void *context, enum finding finding, const char *sentence);
    void *context;
};

#endif
