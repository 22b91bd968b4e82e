/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_link.c - libpq's asynchronous calls with our own deadlines
 *
 * A database behind a frozen network answers nothing and closes nothing: every wait has an end.
 */
#include "connectors/postgres_link.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/os.h"
#include "agent/base/os_socket.h"

struct postgres_link {
    struct postgres_library pq;
    PGconn *connection;
    const struct database_access *access;
    int64_t left_ms;    /* until the answer waited for is given up */
    PGresult *facts;    /* what postgres_link_describe lends */
    const char **names; /* as many as the facts have columns */
    uint32_t *types, *parameters;
    char *message; /* what postgres_link_next lends */
};

/* ---- connecting ---- */

static PGconn *start(struct postgres_link *link)
{
    static const char *const modes[] = {
        [TLS_VERIFY_FULL] = "verify-full",
        [TLS_REQUIRE] = "require",
        [TLS_PREFER] = "prefer",
        [TLS_OFF] = "disable",
    };
    const struct database_access *access = link->access;
    const enum database_tls tls = database_tls(access);
    char port[24];

    snprintf(port, sizeof port, "%" PRId64, access->port);
    const struct {
        const char *keyword, *value; /* NULL and "": libpq's own default */
    } options[] = {
        {"host", access->host},
        {"port", access->port != 0 ? port : NULL},
        {"dbname", access->name},
        {"user", access->user},
        {"password", access->password},
        {"sslmode", modes[tls]},
        /* before version 16, libpq does not find the system's store by itself */
        {"sslrootcert", tls == TLS_VERIFY_FULL ? database_certificates(access) : NULL},
        {"client_encoding", "UTF8"},
        {"application_name", "cloud-link"},
    };
    const char *keywords[sizeof options / sizeof *options + 1] = {NULL};
    const char *values[sizeof options / sizeof *options + 1] = {NULL};

    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        keywords[i] = options[i].keyword;
        values[i] = options[i].value;
    }
    return link->pq.connectStartParams(keywords, values, 0);
}

/* The SQLSTATE in a verbose message: `FATAL:  28P01: password authentication failed`. It is cut
 * out of the message. NULL: the server did not speak. */
static bool take_sqlstate(char *message, char sqlstate[6])
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (char *at = strstr(message, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
        if (strspn(at + 3, alphabet) != 5 || strncmp(at + 8, ": ", 2) != 0)
            continue;
        memcpy(sqlstate, at + 3, 5);
        sqlstate[5] = '\0';
        memmove(at + 2, at + 10, strlen(at + 10) + 1);
        return true;
    }
    return false;
}

/* Why there is no connection. Only our own libpq speaks of certificates in English; the server's
 * words may be in any language. */
static bool fail_connect(struct postgres_link *link, struct error *err)
{
    char message[700], sqlstate[6];

    snprintf(message, sizeof message, "%s", link->pq.errorMessage(link->connection));
    char *const location = strstr(message, "LOCATION:");
    if (location != NULL)
        *location = '\0';

    enum error_kind kind = ERROR_RETRY;
    if (take_sqlstate(message, sqlstate))
        kind = database_error_kind(sqlstate);
    else if (strstr(message, "certificate") != NULL || strstr(message, "SSL") != NULL ||
             strstr(message, "no password supplied") != NULL)
        kind = ERROR_CONFIG;
    database_tidy(message);
    return error_set(err, kind, "%s", message);
}

static bool fail_timeout(const char *what, int64_t timeout_ms, struct error *err)
{
    char text[24];

    return error_set(err, ERROR_RETRY, "the database did not %s within %s", what,
                     utc_print_duration(timeout_ms, text));
}

static bool connect_link(struct postgres_link *link, struct error *err)
{
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    link->connection = start(link);
    if (link->connection == NULL)
        return error_set(err, ERROR_FATAL, "libpq is out of memory");
    if (link->pq.status(link->connection) == CONNECTION_BAD)
        return fail_connect(link, err);

    link->pq.setErrorVerbosity(link->connection, PQERRORS_VERBOSE); /* with SQLSTATE */
    link->left_ms = link->access->connect_timeout_ms;
    while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
        const int wish = status == PGRES_POLLING_READING ? OS_SOCKET_READ : OS_SOCKET_WRITE;

        if (!os_socket_wait(link->pq.socket(link->connection), wish, &link->left_ms))
            return fail_timeout("answer", link->access->connect_timeout_ms, err);
        status = link->pq.connectPoll(link->connection);
    }
    if (status == PGRES_POLLING_FAILED)
        return fail_connect(link, err);
    link->pq.setErrorVerbosity(link->connection, PQERRORS_DEFAULT);
    return true;
}

struct postgres_link *postgres_link_open(const struct database_access *access, struct error *err)
{
    struct postgres_link *link = os_alloc(sizeof *link);

    link->access = access;
    if (!postgres_library_load(&link->pq, err))
        goto fail;
    if (!connect_link(link, err))
        goto fail;
    if (link->pq.setnonblocking(link->connection, 1) != 0) {
        fail_connect(link, err);
        goto fail;
    }
    return link;

fail:
    postgres_link_close(link);
    return NULL;
}

static void forget_facts(struct postgres_link *link)
{
    if (link->facts != NULL)
        link->pq.clear(link->facts);
    link->facts = NULL;
    os_free(link->names);
    os_free(link->types);
    os_free(link->parameters);
    link->names = NULL;
    link->types = link->parameters = NULL;
}

void postgres_link_close(struct postgres_link *link)
{
    if (link == NULL)
        return;
    forget_facts(link);
    if (link->message != NULL)
        link->pq.freemem(link->message);
    if (link->connection != NULL)
        link->pq.finish(link->connection);
    os_free(link);
}

bool postgres_link_is_encrypted(const struct postgres_link *link)
{
    return link->pq.sslInUse(link->connection) != 0;
}

/* ---- asking ---- */

static bool fail_result(struct postgres_link *link, const PGresult *result, struct error *err)
{
    const struct postgres_library *pq = &link->pq;
    const char *sqlstate = pq->resultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = pq->resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = pq->resultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = pq->resultErrorField(result, PG_DIAG_MESSAGE_HINT);
    char message[900];

    if (sqlstate == NULL || primary == NULL) { /* libpq's own: the connection is lost */
        snprintf(message, sizeof message, "%s", pq->resultErrorMessage(result));
        database_tidy(message);
        return error_set(err, ERROR_RETRY, "%s", message);
    }
    snprintf(message, sizeof message, "%s%s%s%s%s", primary, detail != NULL ? "; " : "",
             detail != NULL ? detail : "", hint != NULL ? "; " : "", hint != NULL ? hint : "");
    database_tidy(message);
    return error_set(err, database_error_kind(sqlstate), "the database says: %s (%s)", message,
                     sqlstate);
}

static bool fail_lost(struct postgres_link *link, struct error *err)
{
    char message[700];

    snprintf(message, sizeof message, "%s", link->pq.errorMessage(link->connection));
    database_tidy(message);
    return error_set(err, ERROR_RETRY, "the connection is lost: %s", message);
}

static bool wait_for(struct postgres_link *link, int wishes, struct error *err)
{
    if (!os_socket_wait(link->pq.socket(link->connection), wishes, &link->left_ms))
        return fail_timeout("answer", link->access->query_timeout_ms, err);
    if (link->pq.consumeInput(link->connection) == 0)
        return fail_lost(link, err);
    return true;
}

/* Sends what libpq has in hand. */
static bool flush(struct postgres_link *link, bool was_sent, struct error *err)
{
    int rest = was_sent ? link->pq.flush(link->connection) : -1;

    link->left_ms = link->access->query_timeout_ms;
    while (rest == 1) {
        if (!wait_for(link, OS_SOCKET_READ | OS_SOCKET_WRITE, err))
            return false;
        rest = link->pq.flush(link->connection);
    }
    return rest == 0 ? true : fail_lost(link, err);
}

/* The next result, which the caller clears; *result NULL: the statement is finished. */
static bool next_result(struct postgres_link *link, PGresult **result, struct error *err)
{
    while (link->pq.isBusy(link->connection)) {
        if (!wait_for(link, OS_SOCKET_READ, err))
            return false;
    }
    *result = link->pq.getResult(link->connection);
    if (*result == NULL)
        return true;

    const ExecStatusType status = link->pq.resultStatus(*result);
    if (status != PGRES_FATAL_ERROR && status != PGRES_BAD_RESPONSE)
        return true;
    fail_result(link, *result, err);
    link->pq.clear(*result);
    return false;
}

/* Takes all results to the last one, which the caller clears (NULL: there was none). */
static bool last_result(struct postgres_link *link, PGresult **last, struct error *err)
{
    PGresult *result = NULL;

    *last = NULL;
    do {
        if (!next_result(link, &result, err)) {
            link->pq.clear(*last);
            return false;
        }
        if (result != NULL) {
            link->pq.clear(*last);
            *last = result;
        }
    } while (result != NULL);
    return true;
}

bool postgres_link_run(struct postgres_link *link, const char *statements, struct error *err)
{
    PGresult *result;

    if (!flush(link, link->pq.sendQuery(link->connection, statements) == 1, err) ||
        !last_result(link, &result, err))
        return false;
    link->pq.clear(result);
    return true;
}

static void keep_facts(struct postgres_link *link, PGresult *result, struct postgres_facts *facts)
{
    const int columns = link->pq.nfields(result), parameters = link->pq.nparams(result);

    forget_facts(link);
    link->facts = result;
    link->names = os_alloc((size_t)columns * sizeof *link->names);
    link->types = os_alloc((size_t)columns * sizeof *link->types);
    link->parameters = os_alloc((size_t)parameters * sizeof *link->parameters);
    for (int i = 0; i < columns; i++) {
        link->names[i] = link->pq.fname(result, i);
        link->types[i] = link->pq.ftype(result, i);
    }
    for (int i = 0; i < parameters; i++)
        link->parameters[i] = link->pq.paramtype(result, i);
    *facts = (struct postgres_facts){
        .names = link->names,
        .types = link->types,
        .columns = (size_t)columns,
        .parameters = link->parameters,
        .parameter_count = (size_t)parameters,
    };
}

bool postgres_link_describe(struct postgres_link *link, const char *statement,
                            struct postgres_facts *facts, struct error *err)
{
    PGresult *result;

    if (!flush(link, link->pq.sendPrepare(link->connection, "", statement, 0, NULL) == 1, err) ||
        !last_result(link, &result, err))
        return false;
    link->pq.clear(result);
    if (!flush(link, link->pq.sendDescribePrepared(link->connection, "") == 1, err) ||
        !last_result(link, &result, err))
        return false;
    keep_facts(link, result, facts);
    return true;
}

/* One statement, whatever it says: the protocol refuses a second one. */
static bool send_one(struct postgres_link *link, const char *statement, struct error *err)
{
    const int sent =
        link->pq.sendQueryParams(link->connection, statement, 0, NULL, NULL, NULL, NULL, 0);

    return flush(link, sent == 1, err);
}

bool postgres_link_ask(struct postgres_link *link, const char *statement,
                       void (*answer)(void *context, const char *text), void *context,
                       struct error *err)
{
    PGresult *result;

    if (!send_one(link, statement, err) || !last_result(link, &result, err))
        return false;
    for (int i = 0; result != NULL && i < link->pq.ntuples(result); i++)
        answer(context, link->pq.getvalue(result, i, 0));
    link->pq.clear(result);
    return true;
}

/* ---- copying ---- */

bool postgres_link_copy(struct postgres_link *link, const char *statement, struct error *err)
{
    PGresult *result;

    if (!send_one(link, statement, err) || !next_result(link, &result, err))
        return false;

    const bool is_copy = link->pq.resultStatus(result) == PGRES_COPY_OUT;
    link->pq.clear(result);
    return is_copy || error_set(err, ERROR_FATAL, "the database did not answer with a copy");
}

enum postgres_step postgres_link_next(struct postgres_link *link, const uint8_t **message,
                                      size_t *size, struct error *err)
{
    PGresult *result;
    int got;

    if (link->message != NULL)
        link->pq.freemem(link->message);
    link->message = NULL;

    got = link->pq.getCopyData(link->connection, &link->message, 1);
    if (got == 0)
        link->left_ms = link->access->query_timeout_ms;
    while (got == 0) {
        if (!wait_for(link, OS_SOCKET_READ, err))
            return POSTGRES_STEP_FAILED;
        got = link->pq.getCopyData(link->connection, &link->message, 1);
    }
    if (got > 0) {
        *message = (const uint8_t *)link->message;
        *size = (size_t)got;
        return POSTGRES_STEP_MESSAGE;
    }
    if (got == -2) {
        fail_lost(link, err);
        return POSTGRES_STEP_FAILED;
    }
    if (!last_result(link, &result, err))
        return POSTGRES_STEP_FAILED;
    link->pq.clear(result);
    return POSTGRES_STEP_END;
}
