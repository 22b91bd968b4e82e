/* SPDX-License-Identifier: Apache-2.0 */
/* folder.c - a folder of its own for each test */
#define _GNU_SOURCE
#include "tests/unit/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/os.h"

int folder_make(void **state)
{
    char path[] = "/tmp/cloud-link-test-XXXXXX";

    *state = os_copy_text(mkdtemp(path));
    return *state == NULL;
}

static int remove_one(const char *path, const struct stat *facts, int type, struct FTW *place)
{
    (void)facts;
    (void)type;
    (void)place;
    return remove(path);
}

int folder_remove(void **state)
{
    const int result = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);

    os_free(*state);
    return result;
}
