/* SPDX-License-Identifier: Apache-2.0 */
#include "connectors/connector.h"
