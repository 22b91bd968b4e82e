/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - cmocka with the includes it wants before it, in this order */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
