/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - finds the command and runs it */
int main(void);

int main(void)
{
    return 0;
}
