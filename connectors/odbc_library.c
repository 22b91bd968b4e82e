/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_library.c - a table from names to places in the struct */
#include "connectors/odbc_library.h"

#include "agent/base/os_process.h"

#define FUNCTION(name)                                                                             \
    {                                                                                              \
        "SQL" #name, offsetof(struct odbc_library, name)                                           \
    }

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
    FUNCTION(AllocHandle),  FUNCTION(BindCol),        FUNCTION(BindParameter),
    FUNCTION(ColAttribute), FUNCTION(DataSources),    FUNCTION(DescribeCol),
    FUNCTION(Disconnect),   FUNCTION(DriverConnect),  FUNCTION(Drivers),
    FUNCTION(ExecDirect),   FUNCTION(Execute),        FUNCTION(Fetch),
    FUNCTION(FreeHandle),   FUNCTION(FreeStmt),       FUNCTION(GetData),
    FUNCTION(GetDiagRec),   FUNCTION(GetInfo),        FUNCTION(NumResultCols),
    FUNCTION(Prepare),      FUNCTION(SetConnectAttr), FUNCTION(SetEnvAttr),
    FUNCTION(SetStmtAttr),
};

bool odbc_library_load(struct odbc_library *library, struct error *err)
{
    static const char *const names[] = {"libodbc.so.2", "libodbc.so.1", NULL};
    struct os_library *loaded = os_library_open(names);

    if (loaded == NULL)
        return error_set(err, ERROR_CONFIG,
                         "unixODBC is not installed (Debian, Ubuntu: apt install libodbc2; Red "
                         "Hat: dnf install unixODBC)");
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (!os_library_function(loaded, functions[i].name, (char *)library + functions[i].offset))
            return error_set(err, ERROR_CONFIG, "unixODBC is too old: it has no %s",
                             functions[i].name);
    }
    return true;
}
