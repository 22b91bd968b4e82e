/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - cmocka with the includes it wants; one test program per module */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

/* clang-format off: cmocka needs these before it, in this order */
#include <cmocka.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format on */

#endif
