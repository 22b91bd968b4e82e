/* SPDX-License-Identifier: Apache-2.0 */
/* test_csv_columns.c - columns that are missing, do not go together or belong to other data */
#include "tests/unit/csv_bench.h"

static void expect_problems(const char *yaml, const struct connector_facts *facts,
                            const char *wanted)
{
    struct arena *memory;

    configure(yaml, "/srv", facts, &memory);
    if (strcmp(problems, wanted) != 0)
        fail_msg("%s\ngives:\n%s\nnot:\n%s", yaml, problems, wanted);
    arena_free(memory);
}

static void test_problems_of_settings(void **state)
{
    (void)state;
    expect_problems("columns: { queue: Q }", &contacts,
                    "1: x.columns: answered is missing\n"
                    "1: x.columns: timestamp (or date and time) is missing\n");
    expect_problems("columns: { queue: Q, answered: A, date: D }", &contacts,
                    "1: x.columns: time is missing\n");
    expect_problems("columns: { queue: Q, answered: A, time: D }", &contacts,
                    "1: x.columns: date is missing\n");
    expect_problems("columns:\n"
                    "  { queue: Q, answered: A, time: D, date: D,\n"
                    "    timestamp: D }",
                    &contacts,
                    "3: x.columns.timestamp: is given together with date or time: one way is "
                    "enough\n");
    expect_problems("columns:\n"
                    "  queue: Q\n"
                    "  answered: A\n"
                    "  timestamp: { column: T, format: DD.MM.YYYY }\n"
                    "  aht: A\n",
                    &contacts,
                    "5: x.columns.aht: is not for this kind of data\n"
                    "4: x.columns.timestamp.format: \"DD.MM.YYYY\" is not the format of a date and "
                    "a time\n");
    expect_problems("columns:\n"
                    "  { queue: Q, answered: A, timestamp: T }",
                    &intervals,
                    "2: x.columns: offered is missing\n"
                    "2: x.columns: aht (or handling_time) is missing\n");
    expect_problems("columns:\n"
                    "  queue: Q\n"
                    "  answered: A\n"
                    "  offered: A\n"
                    "  timestamp: T\n"
                    "  aht: { column: A, format: 'DD.MM.YYYY' }\n"
                    "  handling_time: A\n",
                    &intervals,
                    "6: x.columns.aht: is given together with handling_time: one is enough\n"
                    "6: x.columns.aht.format: \"DD.MM.YYYY\" is not the format of a length of "
                    "time; hh:mm:ss is one\n");
    expect_problems("columns: { agent: A, activity: B, start: S, end: E, duration: D }", &statuses,
                    "1: x.columns.duration: is given together with an end: one is enough\n");
    expect_problems("columns: { agent: A, activity: B, start: S, end_date: E }", &statuses,
                    "1: x.columns: end_time is missing\n");
    expect_problems("decimal: ','\n"
                    "format: { decimal: '.' }\n"
                    "columns: { queue: Q, answered: A, timestamp: T }",
                    &contacts,
                    "1: x.decimal: unknown key\n"
                    "1: x.decimal: is given in `format` too: one is enough\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems_of_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
