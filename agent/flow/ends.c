/* SPDX-License-Identifier: Apache-2.0 */
/* ends.c - statuses with their ends, and what has to be remembered of each agent for that
 *
 * With next-start an agent's statuses of one slice follow each other, so each ends where the next
 * begins (after `longest` at most). Three more cases need the memory of the agent:
 *
 *   open ----|  s1  s2  s3       what was open before the slice ends at the first start after it
 *      s1  s2  s3 ----| known    the last of an older slice ends at the next start known
 *      s1  s2  s3 ---->          the last of all is open: it goes out once the slice is finished,
 *                                ended if `longest` has passed meanwhile
 *
 * What a slice read as a whole does not show any more is not open any more.
 */
#include "agent/flow/ends.h"

#include <string.h>

#include "agent/base/map.h"
#include "agent/base/os.h"

#define OPEN_MOST (31 * UTC_DAY) /* how long an end is waited for */

static const char *const ongoing_words[] = {"send", "hold", NULL};

const struct setting ends_settings[] = {
    {.name = "longest",
     .type = SETTING_DURATION,
     .offset = offsetof(struct ends_settings, longest_ms),
     .fallback = "24h",
     .least = UTC_MINUTE,
     .most = OPEN_MOST,
     .meaning = "ends: next-start: a status lasts at most so long"},
    {.name = "log_off",
     .type = SETTING_LIST,
     .offset = offsetof(struct ends_settings, log_off),
     .example = "[Logged out]",
     .meaning = "ends: next-start: activities that end a status without beginning one"},
    {.name = "ongoing",
     .type = SETTING_CHOICE,
     .offset = offsetof(struct ends_settings, ongoing),
     .fallback = "send",
     .choices = ongoing_words,
     .meaning = "a status without end is sent, and again with its end (send), or waits for it "
                "(hold)"},
    {0}};

/* agent_memory, with the activity as a number of `activities`. */
struct memory {
    utc_ms open_start;
    uint32_t open_activity;
    utc_ms earliest_start;
};

struct agent {
    struct memory now;
    struct memory committed; /* if is_changed */
    bool is_changed;         /* listed in `changed` */
    uint32_t open_seen;      /* number of the slice in which the open status was last read */
};

struct ends {
    const struct ends_settings *settings;
    bool next_start;
    struct map *identifiers, *activities;
    struct agent *agents; /* by number of the identifier */
    size_t agent_capacity;
    uint32_t *changed; /* agents the slice changes */
    size_t changed_count, changed_capacity;
    struct agent_memory *lent;
    size_t lent_capacity;
    utc_ms frontier; /* up to here the agents' lives are known; UTC_NEVER: nothing yet */
    utc_ms committed_frontier;

    uint32_t slice_number;
    struct slice slice;
    bool is_whole; /* every row of the slice is read, so that what is missing is gone */
    utc_ms read_to;
    struct names *names;
    bool has_status;
    struct record status;  /* of the current agent, the last that came: waits for its end */
    uint32_t agent;        /* its agent */
    utc_ms earliest_start; /* of that agent, as it was known before the slice */

    struct record *ready; /* [ready_next, ready_count) */
    size_t ready_next, ready_count, ready_capacity;
};

struct ends *ends_new(const struct ends_settings *settings, bool next_start)
{
    struct ends *ends = os_alloc(sizeof *ends);

    ends->settings = settings;
    ends->next_start = next_start;
    ends->identifiers = map_new(MAP_NONE - 1);
    ends->activities = map_new(MAP_NONE - 1);
    ends->frontier = ends->committed_frontier = UTC_NEVER;
    return ends;
}

void ends_free(struct ends *ends)
{
    if (ends == NULL)
        return;
    map_free(ends->identifiers);
    map_free(ends->activities);
    os_free(ends->agents);
    os_free(ends->changed);
    os_free(ends->lent);
    os_free(ends->ready);
    os_free(ends);
}

static uint32_t agent_number(struct ends *ends, const char *identifier)
{
    bool is_new = false;
    uint32_t number = map_add(ends->identifiers, identifier, strlen(identifier), &is_new);

    if (number >= ends->agent_capacity) {
        ends->agent_capacity = 2 * (size_t)number + 64;
        ends->agents = os_resize(ends->agents, ends->agent_capacity * sizeof *ends->agents);
    }
    if (is_new)
        ends->agents[number] = (struct agent){
            .now = {.open_start = UTC_NEVER, .earliest_start = UTC_NEVER},
        };
    return number;
}

void ends_load(struct ends *ends, const struct agent_memory *memory)
{
    uint32_t number = agent_number(ends, memory->identifier);
    struct agent *agent = &ends->agents[number];

    agent->now.open_start = memory->open_start;
    agent->now.open_activity =
        map_add(ends->activities, memory->open_activity, strlen(memory->open_activity), NULL);
    agent->now.earliest_start = memory->earliest_start;
}

utc_ms ends_oldest_open(const struct ends *ends, utc_ms not_before)
{
    utc_ms oldest = UTC_NEVER;

    for (uint32_t i = 0; i < map_count(ends->identifiers); i++) {
        utc_ms open = ends->agents[i].now.open_start;
        if (open != UTC_NEVER && open >= not_before && (oldest == UTC_NEVER || open < oldest))
            oldest = open;
    }
    return oldest;
}

static bool is_hole(const struct slice *slice)
{
    return slice->purpose == SLICE_HISTORY || slice->purpose == SLICE_REIMPORT ||
           slice->purpose == SLICE_RECHECK;
}

utc_ms ends_read_to(const struct ends *ends, const struct slice *slice)
{
    utc_ms to = slice->to + ends->settings->longest_ms;

    if (!ends->next_start || !is_hole(slice))
        return slice->to;
    if (ends->frontier != UTC_NEVER && to > ends->frontier)
        to = ends->frontier > slice->to ? ends->frontier : slice->to;
    return to;
}

void ends_begin(struct ends *ends, const struct slice *slice, struct names *names)
{
    bool is_file = slice->purpose == SLICE_FILE;

    ends->slice_number++;
    ends->slice = *slice;
    ends->is_whole = !is_file && slice->purpose != SLICE_PASS;
    ends->read_to = ends->is_whole ? ends_read_to(ends, slice) : UTC_NEVER;
    if (is_file) {
        ends->slice.from = UTC_NEVER;
        ends->slice.to = INT64_MAX;
    } else if (ends->frontier < slice->to) {
        ends->frontier = slice->to;
    }
    ends->names = names;
    ends->has_status = false;
    ends->ready_next = ends->ready_count = 0;
}

/* The agent's memory, to be changed. */
static struct memory *change(struct ends *ends, uint32_t number)
{
    struct agent *agent = &ends->agents[number];

    if (!agent->is_changed) {
        if (ends->changed_count == ends->changed_capacity) {
            ends->changed_capacity = 2 * ends->changed_capacity + 64;
            ends->changed =
                os_resize(ends->changed, ends->changed_capacity * sizeof *ends->changed);
        }
        ends->changed[ends->changed_count++] = number;
        agent->is_changed = true;
        agent->committed = agent->now;
    }
    return &agent->now;
}

static void set_open(struct ends *ends, const struct record *status)
{
    const char *activity = names_identifier(ends->names, NAME_ACTIVITY, status->status.activity);
    struct memory *memory = change(ends, ends->agent);

    memory->open_start = status->time;
    memory->open_activity = map_add(ends->activities, activity, strlen(activity), NULL);
    ends->agents[ends->agent].open_seen = ends->slice_number;
}

static void forget_open(struct ends *ends, uint32_t agent)
{
    change(ends, agent)->open_start = UTC_NEVER;
}

static void make_ready(struct ends *ends, const struct record *status, utc_ms end)
{
    bool is_ongoing = end == UTC_NEVER;

    if (is_ongoing && ends->settings->ongoing == ONGOING_HOLD)
        return;
    /* The API's times are whole seconds, so what is shorter has no length there. */
    if (!is_ongoing && utc_floor(end, UTC_SECOND) <= utc_floor(status->time, UTC_SECOND))
        return;
    if (ends->ready_count == ends->ready_capacity) {
        ends->ready_capacity = 2 * ends->ready_capacity + 64;
        ends->ready = os_resize(ends->ready, ends->ready_capacity * sizeof *ends->ready);
    }
    ends->ready[ends->ready_count] = *status;
    ends->ready[ends->ready_count++].status.end = end;
}

static bool is_log_off(const struct ends *ends, const struct record *status)
{
    const struct setting_list *words = &ends->settings->log_off;
    const char *activity = names_identifier(ends->names, NAME_ACTIVITY, status->status.activity);

    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->items[i], activity) == 0)
            return true;
    return false;
}

static utc_ms earlier(utc_ms a, utc_ms b)
{
    return a < b ? a : b;
}

/* The waiting status ends at `next`, or before if that is too long. Those beyond the slice only
 * ended the ones before them. */
static void end_status(struct ends *ends, utc_ms next)
{
    const struct record *status = &ends->status;

    if (status->time >= ends->slice.to)
        return;
    if (status->time == ends->agents[ends->agent].now.open_start)
        forget_open(ends, ends->agent);
    if (!is_log_off(ends, status))
        make_ready(ends, status, earlier(next, status->time + ends->settings->longest_ms));
}

/* The open status of an agent, as a record of this slice. False: no room for its names. */
static bool recall_open(struct ends *ends, uint32_t agent, struct record *status)
{
    const struct memory *memory = &ends->agents[agent].now;

    *status = (struct record){.time = memory->open_start};
    status->subject =
        names_add(ends->names, NAME_AGENT, map_key(ends->identifiers, agent, NULL), NULL);
    status->status.activity = names_add(
        ends->names, NAME_ACTIVITY, map_key(ends->activities, memory->open_activity, NULL), NULL);
    return status->subject != UINT32_MAX && status->status.activity != UINT32_MAX;
}

static bool is_in_slice(const struct ends *ends, utc_ms time)
{
    return time >= ends->slice.from && time < ends->slice.to;
}

/* What was open before the agent's first start of the slice ends there, if it still exists. */
static void end_what_was_open(struct ends *ends, utc_ms next)
{
    utc_ms open = ends->agents[ends->agent].now.open_start;
    struct record status;

    if (open == UTC_NEVER || open >= next || (ends->is_whole && is_in_slice(ends, open)))
        return;
    if (!recall_open(ends, ends->agent, &status))
        return;
    forget_open(ends, ends->agent);
    make_ready(ends, &status, earlier(next, open + ends->settings->longest_ms));
}

/* The agent's next start known from other slices, beyond what this one read; UTC_NEVER: none. */
static utc_ms next_known_start(const struct ends *ends, utc_ms after)
{
    const utc_ms starts[] = {ends->agents[ends->agent].now.open_start, ends->earliest_start};
    utc_ms next = UTC_NEVER;

    for (int i = 0; i < 2; i++)
        if (starts[i] > after && starts[i] >= ends->read_to &&
            (next == UTC_NEVER || starts[i] < next))
            next = starts[i];
    return next;
}

/* Is nothing open that began later? What is not there any more does not count. */
static bool is_newest(const struct ends *ends, utc_ms time)
{
    utc_ms open = ends->agents[ends->agent].now.open_start;

    return open <= time || (ends->is_whole && is_in_slice(ends, open) &&
                            ends->agents[ends->agent].open_seen != ends->slice_number);
}

static void finish_agent(struct ends *ends)
{
    const struct record *status = &ends->status;
    utc_ms next = UTC_NEVER;

    if (!ends->has_status)
        return;
    ends->has_status = false;
    if (!ends->next_start || status->time >= ends->slice.to)
        return;
    next = next_known_start(ends, status->time);
    if (next == UTC_NEVER && is_newest(ends, status->time) && !is_log_off(ends, status))
        set_open(ends, status);
    else
        end_status(ends, next != UTC_NEVER ? next : INT64_MAX);
}

/* A status whose end is given with it. Of several open ones the oldest is remembered: reading back
 * to it shows the others too. */
static void put_given(struct ends *ends, const struct record *status)
{
    utc_ms open = ends->agents[ends->agent].now.open_start;

    if (status->time == open && status->status.end != UTC_NEVER)
        forget_open(ends, ends->agent);
    if (status->status.end == UTC_NEVER &&
        (open == UTC_NEVER || status->time <= open || status->time - open > OPEN_MOST))
        set_open(ends, status);
    make_ready(ends, status, status->status.end);
}

/* The current agent is that of the status from now on. */
static void begin_agent(struct ends *ends, const struct record *status)
{
    ends->agent = agent_number(ends, names_identifier(ends->names, NAME_AGENT, status->subject));
    ends->earliest_start = ends->agents[ends->agent].now.earliest_start;
    if (ends->next_start)
        end_what_was_open(ends, status->time);
}

/* The agent's memory of the status: when it was seen first and last. */
static void note_start(struct ends *ends, utc_ms start)
{
    struct agent *agent = &ends->agents[ends->agent];

    if (start == agent->now.open_start)
        agent->open_seen = ends->slice_number;
    if (start < ends->slice.to &&
        (agent->now.earliest_start == UTC_NEVER || start < agent->now.earliest_start))
        change(ends, ends->agent)->earliest_start = start;
    if (ends->slice.purpose == SLICE_FILE && start > ends->frontier)
        ends->frontier = start;
}

void ends_put(struct ends *ends, const struct group *group)
{
    const struct record *status = group->records;

    if (!ends->has_status || status->subject != ends->status.subject) {
        finish_agent(ends);
        begin_agent(ends, status);
    } else if (ends->next_start) {
        end_status(ends, status->time);
    }
    note_start(ends, status->time);
    if (!ends->next_start)
        put_given(ends, status);
    ends->status = *status;
    ends->has_status = true;
}

/* An open status at the end of the slice: gone, over, or (if the slice showed it) to be sent. */
static void finish_open(struct ends *ends, uint32_t agent)
{
    utc_ms open = ends->agents[agent].now.open_start;
    bool is_seen = ends->agents[agent].open_seen == ends->slice_number;
    struct record status;

    if (ends->is_whole && !is_seen && is_in_slice(ends, open)) {
        forget_open(ends, agent);
        return;
    }
    if (!ends->next_start || !recall_open(ends, agent, &status))
        return;
    if (open + ends->settings->longest_ms <= ends->frontier) {
        forget_open(ends, agent);
        make_ready(ends, &status, open + ends->settings->longest_ms);
    } else if (is_seen) {
        make_ready(ends, &status, UTC_NEVER);
    }
}

void ends_finish(struct ends *ends)
{
    finish_agent(ends);
    for (uint32_t i = 0; i < map_count(ends->identifiers); i++)
        if (ends->agents[i].now.open_start != UTC_NEVER)
            finish_open(ends, i);
}

bool ends_next(struct ends *ends, struct group *group)
{
    const struct record *status = NULL;

    if (ends->ready_next == ends->ready_count) {
        ends->ready_next = ends->ready_count = 0;
        return false;
    }
    status = &ends->ready[ends->ready_next++];
    *group = (struct group){.subject = status->subject,
                            .time = status->time,
                            .records = status,
                            .count = 1,
                            .events = 1};
    return true;
}

static bool is_same(const struct memory *a, const struct memory *b)
{
    return a->open_start == b->open_start && a->earliest_start == b->earliest_start &&
           (a->open_start == UTC_NEVER || a->open_activity == b->open_activity);
}

const struct agent_memory *ends_changed(struct ends *ends, size_t *count)
{
    size_t at = 0;

    if (ends->changed_count > ends->lent_capacity) {
        ends->lent_capacity = ends->changed_capacity;
        ends->lent = os_resize(ends->lent, ends->lent_capacity * sizeof *ends->lent);
    }
    for (size_t i = 0; i < ends->changed_count; i++) {
        const struct agent *agent = &ends->agents[ends->changed[i]];
        bool is_open = agent->now.open_start != UTC_NEVER;

        if (is_same(&agent->now, &agent->committed))
            continue;
        ends->lent[at++] = (struct agent_memory){
            .identifier = map_key(ends->identifiers, ends->changed[i], NULL),
            .open_start = agent->now.open_start,
            .open_activity =
                is_open ? map_key(ends->activities, agent->now.open_activity, NULL) : "",
            .earliest_start = agent->now.earliest_start,
        };
    }
    *count = at;
    return ends->lent;
}

void ends_commit(struct ends *ends)
{
    for (size_t i = 0; i < ends->changed_count; i++)
        ends->agents[ends->changed[i]].is_changed = false;
    ends->changed_count = 0;
    ends->committed_frontier = ends->frontier;
}

void ends_abandon(struct ends *ends)
{
    for (size_t i = 0; i < ends->changed_count; i++) {
        struct agent *agent = &ends->agents[ends->changed[i]];
        agent->now = agent->committed;
        agent->is_changed = false;
    }
    ends->changed_count = 0;
    ends->frontier = ends->committed_frontier;
}
