/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_check.h - may the login write? MySQL, MariaDB and SQL Server tell */
#ifndef CONNECTORS_ODBC_CHECK_H
#define CONNECTORS_ODBC_CHECK_H

#include "connectors/odbc_link.h"

bool odbc_check_login(struct odbc_link *link, const struct database_report *report,
                      struct error *err) MUST_USE;

#endif
