/* SPDX-License-Identifier: Apache-2.0 */
/* connectors.c - the list of what can be read */
#include "connectors/connector.h"

#include <string.h>

const struct connector *const connectors[] = {
    &csv_connector,
    &database_connector,
    NULL,
};

const struct connector *connector_find(const char *name)
{
    for (int i = 0; connectors[i] != NULL; i++) {
        if (strcmp(connectors[i]->name, name) == 0)
            return connectors[i];
    }
    return NULL;
}
