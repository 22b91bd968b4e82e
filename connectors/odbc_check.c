/* SPDX-License-Identifier: Apache-2.0 */
/* odbc_check.c - what a login may, asked in the two dialects that tell */
#include "connectors/odbc_check.h"

#include <stdio.h>
#include <string.h>

/* How a database tells what a login may, and what should not be among it. */
static const struct login_question {
    const struct sql_dialect *dialect;
    const char *question;
    const char *words[8];
    const char *advice;
} login_questions[] = {
    {&sql_mysql,
     "SHOW GRANTS",
     {"ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE", "DROP", "FILE", NULL},
     "CREATE USER cloud_link IDENTIFIED BY '...'; GRANT SELECT ON your_database.* TO cloud_link;"},
    {&sql_server,
     "SELECT permission_name FROM fn_my_permissions(NULL, 'DATABASE')",
     {"CONTROL", "INSERT", "UPDATE", "DELETE", "ALTER", NULL},
     "CREATE USER cloud_link FOR LOGIN cloud_link; ALTER ROLE db_datareader ADD MEMBER "
     "cloud_link;"},
};

struct login {
    const struct login_question *question;
    const char *found; /* a word */
};

static bool take_privilege(void *context, const char *text)
{
    struct login *login = context;

    for (const char *const *word = login->question->words; *word != NULL; word++) {
        if (strstr(text, *word) != NULL)
            login->found = *word;
    }
    return login->found == NULL;
}

static bool ask_login(struct odbc_link *link, const struct login_question *question,
                      const struct database_report *report, struct error *err)
{
    struct login login = {.question = question};
    char sentence[400];

    if (!odbc_link_ask(link, question->question, take_privilege, &login, err))
        return false;
    if (login.found == NULL) {
        report->tell(report->context, FINDING_OK, "the login may only read");
        return true;
    }
    snprintf(sentence, sizeof sentence, "the login may write (%s); a login that may only read: %s",
             login.found, question->advice);
    report->tell(report->context, FINDING_NOTE, sentence);
    return true;
}

bool odbc_check_login(struct odbc_link *link, const struct database_report *report,
                      struct error *err)
{
    for (size_t i = 0; i < sizeof login_questions / sizeof *login_questions; i++) {
        if (strcmp(link->dialect.name, login_questions[i].dialect->name) == 0)
            return ask_login(link, &login_questions[i], report, err);
    }
    return true; /* the others do not tell */
}
