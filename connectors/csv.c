/* SPDX-License-Identifier: Apache-2.0 */
/* csv.c - rows from the files of a folder */
#include "connectors/connector.h"

static const struct setting csv_settings[] = {{0}};
static const struct connector_files csv_files = {0};

const struct connector csv_connector = {
    .name = "csv", .settings = csv_settings, .files = &csv_files};
