/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_library.c - a table from names to places in the struct */
#include "connectors/postgres_library.h"

#include "agent/base/os_process.h"

#define FUNCTION(name)                                                                             \
    {                                                                                              \
        "PQ" #name, offsetof(struct postgres_library, name)                                        \
    }

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
    FUNCTION(clear),
    FUNCTION(connectStartParams),
    FUNCTION(connectPoll),
    FUNCTION(consumeInput),
    FUNCTION(errorMessage),
    FUNCTION(finish),
    FUNCTION(flush),
    FUNCTION(fname),
    FUNCTION(freemem),
    FUNCTION(ftype),
    FUNCTION(getCopyData),
    FUNCTION(getisnull),
    FUNCTION(getResult),
    FUNCTION(getvalue),
    FUNCTION(isBusy),
    FUNCTION(nfields),
    FUNCTION(nparams),
    FUNCTION(ntuples),
    FUNCTION(paramtype),
    FUNCTION(resultErrorField),
    FUNCTION(resultErrorMessage),
    FUNCTION(resultStatus),
    FUNCTION(sendDescribePrepared),
    FUNCTION(sendPrepare),
    FUNCTION(sendQuery),
    FUNCTION(sendQueryParams),
    FUNCTION(setErrorVerbosity),
    FUNCTION(setnonblocking),
    FUNCTION(socket),
    FUNCTION(sslInUse),
    FUNCTION(status),
};

bool postgres_library_load(struct postgres_library *library, struct error *err)
{
    static const char *const names[] = {"libpq.so.5", NULL};
    struct os_library *loaded = os_library_open(names);

    if (loaded == NULL)
        return error_set(err, ERROR_CONFIG,
                         "PostgreSQL's client library libpq.so.5 is not installed (Debian, Ubuntu: "
                         "apt install libpq5; Red Hat: dnf install libpq)");
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (!os_library_function(loaded, functions[i].name, (char *)library + functions[i].offset))
            return error_set(err, ERROR_CONFIG,
                             "PostgreSQL's client library libpq.so.5 is too old: it has no %s",
                             functions[i].name);
    }
    return true;
}
