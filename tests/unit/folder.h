/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h - a folder of its own for each test: a cmocka setup and teardown; *state is its path */
#ifndef TESTS_UNIT_FOLDER_H
#define TESTS_UNIT_FOLDER_H

int folder_make(void **state);
int folder_remove(void **state); /* with all that is in it */

#endif
