/* SPDX-License-Identifier: Apache-2.0 */
/* intake.c - one slice, from records to the commit that makes it exist */
#include "agent/flow/intake.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/flow/packer.h"
#include "agent/flow/reject_list.h"
#include "agent/flow/store_slice.h"

#define DIGESTS_HELD   16384
#define MEMORY_RECORDS 131072

struct intake {
    struct store *store;
    int64_t integration;
    struct intake_rules rules;
    bool is_status;
    bool is_unordered; /* this source was seen out of order */
    bool next_start;   /* statuses end at the next start */

    struct names *names;
    struct grouper *grouper;
    struct ends *ends;
    struct ledger *ledger;
    struct queues *queues;
    struct packer *packer;
    struct bytes known; /* const struct queue * of each queue of the slice; NULL: denied */

    struct slice slice;
    utc_ms now;
    utc_ms keep_from; /* start of the horizon; UTC_NEVER: files, by when they were last sent */
    utc_ms known_from, known_to; /* the ledger has the digests of this stretch */
    enum intake_trouble trouble;
    bool is_begun; /* neither committed nor abandoned yet */
    struct intake_result result;
    struct reject_list *rejects;
};

/* --- opening --- */

static void load_queue(void *context, const struct queue *queue)
{
    struct intake *in = context;

    queues_load(in->queues, queue);
}

static void load_agent(void *context, const struct agent_memory *memory)
{
    struct intake *in = context;

    ends_load(in->ends, memory);
}

static bool load_agents(struct intake *in, struct error *err)
{
    if (!in->is_status)
        return true;
    ends_free(in->ends);
    in->ends = ends_new(in->rules.ends, in->next_start);
    return store_agents(in->store, in->integration, load_agent, in, err);
}

bool intake_refresh(struct intake *intake, struct error *err)
{
    return store_queues(intake->store, intake->integration, load_queue, intake, err) &&
           load_agents(intake, err);
}

struct intake *intake_open(struct store *store, int64_t integration,
                           const struct intake_rules *rules, const char *scratch_folder,
                           struct error *err)
{
    struct intake *in = os_alloc(sizeof *in);

    in->store = store;
    in->integration = integration;
    in->rules = *rules;
    in->is_status = rules->batch.kind == DATA_AGENT_STATUS;
    in->names = names_new();
    in->grouper = grouper_new(rules->batch.kind, MEMORY_RECORDS, scratch_folder);
    in->next_start = rules->ends_mode == ENDS_NEXT_START;
    in->ends = ends_new(rules->ends, in->next_start);
    in->ledger = ledger_new(store_key(store));
    in->queues = queues_new(rules->queues);
    in->packer = packer_new(store, integration, &rules->batch);
    bytes_init(&in->known, 16 << 20);
    in->rejects = reject_list_new();

    if (intake_refresh(in, err))
        return in;
    intake_close(in);
    return NULL;
}

void intake_close(struct intake *intake)
{
    if (intake == NULL)
        return;
    names_free(intake->names);
    grouper_free(intake->grouper);
    ends_free(intake->ends);
    ledger_free(intake->ledger);
    queues_free(intake->queues);
    packer_free(intake->packer);
    bytes_free(&intake->known);
    reject_list_free(intake->rejects);
    os_free(intake);
}

utc_ms intake_oldest_open(const struct intake *intake, utc_ms now)
{
    return ends_oldest_open(intake->ends, now - 31 * UTC_DAY);
}

/* --- a slice begins --- */

static bool is_file(const struct intake *in)
{
    return in->slice.purpose == SLICE_FILE;
}

static void load_digest(void *context, const struct ledger_entry *entry)
{
    struct intake *in = context;

    ledger_known(in->ledger, entry);
}

static bool load_digests(struct intake *in, struct error *err)
{
    const struct store_window window = {in->integration, in->known_from, in->known_to};

    return store_digests(in->store, &window, load_digest, in, err);
}

/* A file may hold years: its digests are not held until its commit. */
static bool stage_many_digests(struct intake *in, struct error *err)
{
    size_t count;
    const struct ledger_entry *changes = ledger_changes(in->ledger, &count);

    if (count < DIGESTS_HELD)
        return true;
    if (!store_stage_digests(in->store, in->integration, changes, count, err))
        return false;
    ledger_forget(in->ledger);
    return true;
}

/* Makes sure that the ledger knows what was sent of this moment. A window of the horizon is loaded
 * whole when its slice begins; files and near-real-time passes, which have no window that bounds
 * their groups, look up what they meet. */
static bool know(struct intake *in, utc_ms time, struct error *err)
{
    if (time >= in->known_from && time < in->known_to)
        return true;
    if (!is_file(in) && in->slice.purpose != SLICE_PASS)
        return true;
    const int64_t span_ms = in->is_status ? 1 : UTC_DAY;

    if (!stage_many_digests(in, err))
        return false;
    in->known_from = utc_floor(time, span_ms);
    in->known_to = in->known_from + span_ms;
    return load_digests(in, err);
}

bool intake_begin(struct intake *intake, const struct slice *slice, utc_ms now, struct error *err)
{
    const utc_ms oldest_open = intake_oldest_open(intake, now);

    /* What the last slice staged must be gone: the next commit would make it ready. */
    if (intake->is_begun && !intake_abandon(intake, err))
        return false;
    intake->is_begun = true;
    intake->slice = *slice;
    intake->now = now;
    intake->keep_from = is_file(intake) ? UTC_NEVER : now - intake->rules.horizon_ms;
    /* A long status keeps its digest until it ends, and what is read again for it too. */
    if (oldest_open != UTC_NEVER && oldest_open < intake->keep_from)
        intake->keep_from = oldest_open;
    if (slice->purpose == SLICE_LIVE && slice->from < intake->keep_from)
        intake->keep_from = slice->from;
    intake->trouble = INTAKE_FINE;
    memset(&intake->result, 0, sizeof intake->result);
    reject_list_reset(intake->rejects);
    bytes_reset(&intake->known);

    names_reset(intake->names);
    packer_begin(intake->packer, slice, now, intake->names);
    grouper_begin(intake->grouper, intake->is_unordered);
    ends_begin(intake->ends, slice, intake->names);
    ledger_begin(intake->ledger, intake->keep_from);
    intake->known_from = intake->known_to = 0;
    if (is_file(intake) || slice->purpose == SLICE_PASS || slice->to <= intake->keep_from)
        return true;
    intake->known_from = slice->from;
    intake->known_to = slice->to;
    return load_digests(intake, err);
}

bool intake_name(struct intake *intake, const struct names_told *told, struct error *err)
{
    if (!names_put(intake->names, told, err))
        return false;
    if (told->role != NAME_QUEUE)
        return true;

    const uint32_t own = names_own(intake->names, NAME_QUEUE, told->number);
    const struct queue *known;
    queues_see(intake->queues, told->identifier, told->name, &known);
    if (own * sizeof known == intake->known.size)
        bytes_append(&intake->known, &known, sizeof known);
    else
        memcpy(intake->known.data + own * sizeof known, &known, sizeof known); /* renamed */
    if (queues_too_many(intake->queues))
        intake->trouble = INTAKE_HELD_BACK;
    return true;
}

void intake_reject(struct intake *intake, const struct reject *reject)
{
    reject_list_add(intake->rejects, &intake->slice, reject);
}

/* --- what becomes of a group --- */

static bool is_to_be_sent(struct intake *in, const struct group *group, enum ledger_verdict verdict)
{
    if (verdict == LEDGER_NEW || in->slice.purpose == SLICE_REIMPORT)
        return true;
    if (verdict == LEDGER_CHANGED && in->rules.send_corrections)
        return true;
    in->result.unchanged += (int64_t)group->count;
    return false;
}

static bool add_item(struct intake *in, const struct batch_item *item, struct error *err)
{
    if (packer_add(in->packer, item, err))
        return true;
    if (packer_is_too_large(in->packer))
        in->trouble = INTAKE_TOO_LARGE;
    return false;
}

static bool take_volume(struct intake *in, const struct group *group, struct error *err)
{
    struct batch_item item = {.group = group};
    const struct queue *queue;

    memcpy(&queue, in->known.data + group->subject * sizeof queue, sizeof queue);
    if (queue == NULL || in->trouble == INTAKE_HELD_BACK)
        return true;
    if (!know(in, group->time, err))
        return false;
    const enum ledger_verdict verdict = ledger_judge_volume(in->ledger, group, &queue, &item.key);

    item.queue_name = queue->name;
    item.replaces = verdict == LEDGER_CHANGED;
    return !is_to_be_sent(in, group, verdict) || add_item(in, &item, err);
}

static bool take_status(struct intake *in, const struct group *group, struct error *err)
{
    struct batch_item item = {.group = group};
    const uint32_t activity = group->records[0].status.activity;

    if (!know(in, group->time, err))
        return false;
    const enum ledger_verdict verdict = ledger_judge_status(
        in->ledger, group, names_identifier(in->names, NAME_AGENT, group->subject),
        names_identifier(in->names, NAME_ACTIVITY, activity), &item.key);

    return !is_to_be_sent(in, group, verdict) || add_item(in, &item, err);
}

static bool take_finished_statuses(struct intake *in, struct error *err)
{
    struct group group;

    while (ends_next(in->ends, &group)) {
        if (!take_status(in, &group, err))
            return false;
    }
    return true;
}

/* Takes every group that is complete. */
static bool drain(struct intake *in, struct error *err)
{
    struct group group;
    bool failed = false;

    while (grouper_next(in->grouper, &group, &failed, err)) {
        if (in->is_status)
            ends_put(in->ends, &group);
        if (in->is_status ? !take_finished_statuses(in, err) : !take_volume(in, &group, err))
            return false;
    }
    return !failed;
}

/* False: there is no such record. */
static bool renumber(struct intake *in, struct record *record)
{
    if (!in->is_status) {
        record->subject = names_own(in->names, NAME_QUEUE, record->subject);
        return record->subject != UINT32_MAX;
    }
    record->subject = names_own(in->names, NAME_AGENT, record->subject);
    record->status.activity = names_own(in->names, NAME_ACTIVITY, record->status.activity);
    return record->subject != UINT32_MAX && record->status.activity != UINT32_MAX;
}

bool intake_records(struct intake *intake, struct record *records, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!record_is_possible(&records[i], intake->rules.batch.kind) ||
            !renumber(intake, &records[i]))
            return error_set(err, ERROR_RETRY, "the source process sent a record of nothing");
    }
    if (!grouper_add(intake->grouper, records, count, err)) {
        if (grouper_needs_sorting(intake->grouper)) {
            intake->trouble = INTAKE_AGAIN;
            intake->is_unordered = true;
        }
        return false;
    }
    return drain(intake, err);
}

/* --- a slice ends --- */

static const struct queue *queue_of(struct intake *in, const struct digest *key)
{
    for (size_t i = 0; i < queues_count(in->queues); i++) {
        const struct digest candidate = ledger_queue_key(in->ledger, queues_at(in->queues, i));

        if (memcmp(&candidate, key, sizeof candidate) == 0)
            return queues_at(in->queues, i);
    }
    return NULL;
}

static bool overwrite(struct intake *in, const struct ledger_entry *entry, struct error *err)
{
    const struct queue *queue = queue_of(in, &entry->key);

    if (queue == NULL)
        return true;
    const struct group nothing = {
        .subject = names_add(in->names, NAME_QUEUE, queue->identifier, queue->name),
        .time = entry->time,
    };
    const struct batch_item item = {&nothing, queue->name, entry->key, true};

    ledger_overwrite(in->ledger, entry);
    return add_item(in, &item, err);
}

/* What the source does not have any more: counted, and overwritten with nothing if wanted. Only a
 * window that was read whole can tell. */
static bool judge_vanished(struct intake *in, struct error *err)
{
    size_t count;

    if (is_file(in) || in->slice.purpose == SLICE_PASS || in->known_to == in->known_from)
        return true;
    const struct ledger_entry *vanished =
        ledger_vanished(in->ledger, in->known_from, in->known_to, &count);

    in->result.vanished = (int64_t)count;
    for (size_t i = 0; i < count && in->rules.zero_vanished && !in->is_status; i++) {
        if (!overwrite(in, &vanished[i], err))
            return false;
    }
    return true;
}

/* Is there nothing to write? A row that was rejected before is rejected again and again. */
static bool is_nothing(const struct intake *in, const struct store_commit *commit, bool *nothing,
                       struct error *err)
{
    int64_t new_rejects = 0;

    *nothing = commit->schedule == NULL && commit->file == NULL && in->result.sent == 0 &&
               commit->digest_count == 0 && commit->agent_count == 0 && commit->queue_count == 0;
    if (*nothing && commit->reject_count > 0 &&
        !store_new_rejects(in->store, commit, &new_rejects, err))
        return false;
    *nothing = *nothing && new_rejects == 0;
    return true;
}

bool intake_commit(struct intake *intake, const struct schedule *schedule,
                   const struct store_file *file, const struct normalise_counts *counts,
                   struct intake_result *result, struct error *err)
{
    size_t changed;
    bool nothing;

    if (!grouper_end(intake->grouper, err) || !drain(intake, err))
        return false;
    ends_finish(intake->ends);
    if (intake->is_status && !take_finished_statuses(intake, err))
        return false;
    if (intake->trouble == INTAKE_HELD_BACK)
        return error_set(
            err, ERROR_CONFIG,
            "more than %lld new queues at once: they could never be deleted again; "
            "look at them with `cloud-link queues %s` and admit them with --accept, or "
            "mend the query",
            (long long)intake->rules.queues->max_new_queues, intake->rules.source);
    if (!judge_vanished(intake, err))
        return false;
    if (!packer_finish(intake->packer, &intake->result.sent, err)) {
        intake->trouble = packer_is_too_large(intake->packer) ? INTAKE_TOO_LARGE : INTAKE_FINE;
        return false;
    }
    const struct ledger_entry *changes = ledger_changes(intake->ledger, &changed);
    intake->result.shrunk = (int64_t)ledger_shrunk(intake->ledger);

    struct store_commit commit = {
        .integration = intake->integration,
        .schedule = schedule,
        .digests = changes,
        .digest_count = changed,
        .horizon = intake->keep_from,
        .file = file,
        .read = (int64_t)counts->rows,
        .unchanged = intake->result.unchanged,
        .rounded = (int64_t)counts->rounded,
        .ambiguous = (int64_t)counts->ambiguous,
        .nonexistent = (int64_t)counts->nonexistent,
        .now = intake->now,
    };
    if (intake->is_status)
        commit.agents = ends_changed(intake->ends, &commit.agent_count);
    commit.queues = queues_brought(intake->queues, &commit.queue_count);
    commit.rejects = reject_list_all(intake->rejects, &commit.reject_count);
    if (!is_nothing(intake, &commit, &nothing, err) ||
        (!nothing && !store_commit(intake->store, &commit, &intake->result.new_rejects, err)))
        return false;
    queues_commit(intake->queues);
    ends_commit(intake->ends);
    intake->is_begun = false;
    *result = intake->result;
    return true;
}

bool intake_abandon(struct intake *intake, struct error *err)
{
    size_t count;
    const struct queue *candidates = queues_brought(intake->queues, &count);
    const bool abandoned = store_abandon(intake->store, intake->integration, candidates,
                                         intake->trouble == INTAKE_HELD_BACK ? count : 0, err);

    queues_abandon(intake->queues);
    ends_abandon(intake->ends);
    intake->is_begun = !abandoned;
    return abandoned;
}

bool intake_next_start(struct intake *intake, bool next_start, struct error *err)
{
    if (!intake->is_status || intake->next_start == next_start)
        return true;
    intake->next_start = next_start;
    if (!load_agents(intake, err))
        return false;
    intake->trouble = INTAKE_AGAIN;
    return error_set(err, ERROR_RETRY, "the source's columns say how its statuses end");
}

struct slice intake_read_slice(const struct intake *intake, const struct slice *slice)
{
    struct slice read = *slice;

    if (intake->is_status)
        read.to = ends_read_to(intake->ends, slice);
    return read;
}

void intake_forget_trouble(struct intake *intake)
{
    intake->trouble = INTAKE_FINE;
}

enum intake_trouble intake_trouble(const struct intake *intake)
{
    return intake->trouble;
}
