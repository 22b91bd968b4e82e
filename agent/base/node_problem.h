/* SPDX-License-Identifier: Apache-2.0 */
/* node_problem.h - what libyaml cannot read, said so that an administrator can mend it
 *
 * Part of node.c: only that file includes this one.
 */
#ifndef AGENT_BASE_NODE_PROBLEM_H
#define AGENT_BASE_NODE_PROBLEM_H

#include <yaml.h>

/* What was parsed, for looking at the line a problem is in. */
struct node_source {
    const char *data;
    size_t size;
};

/* The rest of the mark's line from the mark on, lent, without the line end. */
const char *node_source_rest(const struct node_source *source, yaml_mark_t mark, size_t *size);

struct node_problem {
    size_t line, column; /* from 1 */
    char text[240];      /* one sentence */
};

/* After yaml_parser_parse has failed. */
void node_problem_of(const yaml_parser_t *yaml, const struct node_source *source,
                     struct node_problem *problem);

/* The word at a place, as `"*.csv" must be quoted: without quotes * begins an alias`. */
void node_problem_unquoted(const struct node_source *source, yaml_mark_t mark,
                           struct node_problem *problem);

#endif
