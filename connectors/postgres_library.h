/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_library.h - libpq's functions, found at run time */
#ifndef CONNECTORS_POSTGRES_LIBRARY_H
#define CONNECTORS_POSTGRES_LIBRARY_H

#include <libpq-fe.h>

#include "agent/base/error.h"

/* Named as in libpq, so that its manual applies. */
struct postgres_library {
    void (*clear)(PGresult *);
    PGconn *(*connectStartParams)(const char *const *, const char *const *, int);
    PostgresPollingStatusType (*connectPoll)(PGconn *);
    int (*consumeInput)(PGconn *);
    char *(*errorMessage)(const PGconn *);
    void (*finish)(PGconn *);
    int (*flush)(PGconn *);
    char *(*fname)(const PGresult *, int);
    void (*freemem)(void *);
    Oid (*ftype)(const PGresult *, int);
    int (*getCopyData)(PGconn *, char **, int);
    int (*getisnull)(const PGresult *, int, int);
    PGresult *(*getResult)(PGconn *);
    char *(*getvalue)(const PGresult *, int, int);
    int (*isBusy)(PGconn *);
    int (*nfields)(const PGresult *);
    int (*nparams)(const PGresult *);
    int (*ntuples)(const PGresult *);
    Oid (*paramtype)(const PGresult *, int);
    char *(*resultErrorField)(const PGresult *, int);
    char *(*resultErrorMessage)(const PGresult *);
    ExecStatusType (*resultStatus)(const PGresult *);
    int (*sendDescribePrepared)(PGconn *, const char *);
    int (*sendPrepare)(PGconn *, const char *, const char *, int, const Oid *);
    int (*sendQuery)(PGconn *, const char *);
    int (*sendQueryParams)(PGconn *, const char *, int, const Oid *, const char *const *,
                           const int *, const int *, int);
    PGVerbosity (*setErrorVerbosity)(PGconn *, PGVerbosity);
    int (*setnonblocking)(PGconn *, int);
    int (*socket)(const PGconn *);
    int (*sslInUse)(PGconn *);
    ConnStatusType (*status)(const PGconn *);
};

/* ERROR_CONFIG names the package when there is no libpq. */
bool postgres_library_load(struct postgres_library *library, struct error *err) MUST_USE;

#endif
