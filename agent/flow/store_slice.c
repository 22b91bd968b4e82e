/* SPDX-License-Identifier: Apache-2.0 */
/* store_slice.c - a slice is staged, then committed whole or abandoned without a trace */
#include "agent/flow/store_slice.h"

#include <string.h>

#include "agent/flow/store_batch.h"
#include "agent/flow/store_integration.h"
#include "agent/flow/store_reject.h"

#define FILES_KEPT (35 * UTC_DAY) /* digests of files, after they were last sent */

/* --- staging --- */

static bool stage(struct store *store, int64_t integration, const struct store_batch *staged,
                  struct error *err)
{
    struct tally *tally = store_tally(store, integration);
    const struct store_body body = {.data = staged->data,
                                    .size = staged->size,
                                    .head = staged->head,
                                    .tail = staged->tail,
                                    .groups = staged->groups,
                                    .group_count = staged->group_count};
    struct outbox_batch batch = {.integration = integration,
                                 .slice = tally->slice + 1,
                                 .from = staged->from,
                                 .to = staged->to,
                                 .priority = staged->priority,
                                 .records = staged->records,
                                 .plain_size = staged->plain_size,
                                 .created = staged->created};

    memcpy(batch.key, staged->key, sizeof batch.key);
    if (!store_put_batch(store, &batch, &body, err))
        return false;
    if (tally->staged.batches == 0)
        tally->first_staged = batch.place;
    store_add_totals(&tally->staged, &(struct outbox_totals){.batches = 1,
                                                             .records = batch.records,
                                                             .bytes = (int64_t)batch.size,
                                                             .oldest = batch.created});
    return true;
}

bool store_stage(struct store *store, int64_t integration, const struct store_batch *batches,
                 size_t count, struct error *err)
{
    if (!store_begin(store, err))
        return false;
    bool done = true;
    for (size_t i = 0; done && i < count; i++)
        done = stage(store, integration, &batches[i], err);
    return store_end(store, done, err);
}

static bool stage_digest(struct store *store, int64_t integration, const struct ledger_entry *entry,
                         struct error *err)
{
    struct query query =
        query_begin(&store->connection, "INSERT INTO staged_digest (integration, time, key, "
                                        "digest, records) VALUES (?, ?, ?, ?, ?)");

    query_give(&query, integration);
    query_give(&query, entry->time);
    query_give_data(&query, &entry->key, sizeof entry->key);
    query_give_data(&query, &entry->digest, sizeof entry->digest);
    query_give(&query, entry->records);
    return query_run(&query, err);
}

bool store_stage_digests(struct store *store, int64_t integration,
                         const struct ledger_entry *digests, size_t count, struct error *err)
{
    if (!store_begin(store, err))
        return false;
    bool done = true;
    for (size_t i = 0; done && i < count; i++)
        done = stage_digest(store, integration, &digests[i], err);
    return store_end(store, done, err);
}

/* --- committing --- */

static bool delete_staged_digests(struct store *store, int64_t integration, struct error *err)
{
    struct query query =
        query_begin(&store->connection, "DELETE FROM staged_digest WHERE integration = ?");

    query_give(&query, integration);
    return query_run(&query, err);
}

static bool adopt_staged_digests(struct store *store, const struct store_commit *commit,
                                 struct error *err)
{
    struct query query =
        query_begin(&store->connection,
                    "INSERT INTO digest (integration, time, key, digest, records, sent) "
                    "SELECT integration, time, key, digest, records, ? FROM staged_digest "
                    "WHERE integration = ? ON CONFLICT (integration, time, key) DO UPDATE SET "
                    "digest = excluded.digest, records = excluded.records, sent = excluded.sent");

    query_give(&query, commit->now);
    query_give(&query, commit->integration);
    return query_run(&query, err) && delete_staged_digests(store, commit->integration, err);
}

static bool save_digests(struct store *store, const struct store_commit *commit, struct error *err)
{
    struct query query =
        query_begin(&store->connection,
                    "INSERT INTO digest (integration, time, key, digest, records, sent) "
                    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (integration, time, key) DO UPDATE SET "
                    "digest = excluded.digest, records = excluded.records, sent = excluded.sent");

    for (size_t i = 0; i < commit->digest_count; i++) {
        const struct ledger_entry *entry = &commit->digests[i];
        query_give(&query, commit->integration);
        query_give(&query, entry->time);
        query_give_data(&query, &entry->key, sizeof entry->key);
        query_give_data(&query, &entry->digest, sizeof entry->digest);
        query_give(&query, entry->records);
        query_give(&query, commit->now);
        if (!query_run(&query, err))
            return false;
    }
    if (commit->horizon == UTC_NEVER)
        return true;
    query =
        query_begin(&store->connection, "DELETE FROM digest WHERE integration = ? AND time < ?");
    query_give(&query, commit->integration);
    query_give(&query, commit->horizon);
    return query_run(&query, err);
}

bool store_save_queue(struct store *store, int64_t integration, const struct queue *queue,
                      struct error *err)
{
    /* A candidate that is admitted takes its place in the order of pinning now. */
    struct query query = query_begin(&store->connection,
                                     "REPLACE INTO queue (integration, identifier, name, accepted) "
                                     "VALUES (?, ?, ?, ?)");
    query_give(&query, integration);
    query_give_text(&query, queue->identifier);
    query_give_text(&query, queue->name);
    query_give(&query, queue->accepted);
    return query_run(&query, err);
}

static bool save_agent(struct store *store, int64_t integration, const struct agent_memory *agent,
                       struct error *err)
{
    const struct digest key = store_hash(store, agent->identifier);

    bytes_reset(&store->plain);
    bytes_append(&store->plain, agent->identifier, strlen(agent->identifier) + 1);
    bytes_append(&store->plain, agent->open_activity, strlen(agent->open_activity) + 1);
    const struct bytes *sealed =
        store_seal(store, "agent", key.bytes, store->plain.data, store->plain.size);

    struct query query = query_begin(
        &store->connection, "REPLACE INTO agent (integration, key, open_start, earliest_start, "
                            "sealed) VALUES (?, ?, ?, ?, ?)");
    query_give(&query, integration);
    query_give_data(&query, &key, sizeof key);
    query_give(&query, agent->open_start);
    query_give(&query, agent->earliest_start);
    query_give_data(&query, sealed->data, sealed->size);
    return query_run(&query, err);
}

static bool save_file(struct store *store, const struct store_commit *commit, struct error *err)
{
    if (commit->file == NULL)
        return true;
    struct query query = query_begin(&store->connection,
                                     "REPLACE INTO file (integration, hash, name, imported, slice) "
                                     "VALUES (?, ?, ?, ?, ?)");
    query_give(&query, commit->integration);
    query_give_data(&query, &commit->file->hash, sizeof commit->file->hash);
    query_give_text(&query, commit->file->name);
    query_give(&query, commit->file->imported);
    query_give(&query, store_tally(store, commit->integration)->slice + 1);
    return query_run(&query, err);
}

static bool add_counters(struct store *store, const struct store_commit *commit, int64_t rejected,
                         struct error *err)
{
    struct query query =
        query_begin(&store->connection,
                    "UPDATE counter SET read = read + ?, rejected = rejected + ?, "
                    "unchanged = unchanged + ?, rounded = rounded + ?, ambiguous = ambiguous + ?, "
                    "nonexistent = nonexistent + ?, last_import = ? WHERE integration = ?");
    query_give(&query, commit->read);
    query_give(&query, rejected);
    query_give(&query, commit->unchanged);
    query_give(&query, commit->rounded);
    query_give(&query, commit->ambiguous);
    query_give(&query, commit->nonexistent);
    query_give(&query, commit->now);
    query_give(&query, commit->integration);
    return query_run(&query, err);
}

/* Now and then: what has no time of its own to be deleted by. */
static bool tidy(struct store *store, const struct store_commit *commit, struct error *err)
{
    struct tally *tally = store_tally(store, commit->integration);
    const utc_ms old = commit->now - FILES_KEPT;
    const bool is_files = commit->horizon == UTC_NEVER;

    if (tally->tidied != UTC_NEVER && commit->now - tally->tidied < UTC_HOUR)
        return true;
    tally->tidied = commit->now;
    if (!store_tidy_rejects(store, commit->integration, is_files ? old : commit->horizon, err))
        return false;
    if (!is_files)
        return true;
    struct query query =
        query_begin(&store->connection, "DELETE FROM digest WHERE integration = ? AND sent < ?");
    query_give(&query, commit->integration);
    query_give(&query, old);
    return query_run(&query, err);
}

/* From here on the slice exists: what it staged is ready. */
static bool raise_slice(struct store *store, int64_t integration, struct error *err)
{
    struct tally *tally = store_tally(store, integration);
    struct query query =
        query_begin(&store->connection, "UPDATE integration SET slice = ? WHERE number = ?");

    query_give(&query, ++tally->slice);
    query_give(&query, integration);
    store_add_totals(&tally->ready, &tally->staged);
    tally->staged = (struct outbox_totals){.oldest = UTC_NEVER};
    return query_run(&query, err);
}

static bool commit_whole(struct store *store, const struct store_commit *commit,
                         int64_t *new_rejects, struct error *err)
{
    const int64_t integration = commit->integration;

    for (size_t i = 0; i < commit->queue_count; i++) {
        if (!store_save_queue(store, integration, &commit->queues[i], err))
            return false;
    }
    for (size_t i = 0; i < commit->agent_count; i++) {
        if (!save_agent(store, integration, &commit->agents[i], err))
            return false;
    }
    return adopt_staged_digests(store, commit, err) && save_digests(store, commit, err) &&
           save_file(store, commit, err) && store_save_rejects(store, commit, new_rejects, err) &&
           add_counters(store, commit, *new_rejects, err) && tidy(store, commit, err) &&
           (commit->schedule == NULL ||
            store_save_schedule(store, integration, commit->schedule, err)) &&
           raise_slice(store, integration, err);
}

bool store_commit(struct store *store, const struct store_commit *commit, int64_t *new_rejects,
                  struct error *err)
{
    int64_t rejects = 0;

    if (!store_begin(store, err))
        return false;
    store->now = commit->now;
    if (!store_end(store, commit_whole(store, commit, &rejects, err), err))
        return false;
    *new_rejects = rejects;
    return true;
}

/* --- abandoning --- */

static bool delete_staged(struct store *store, int64_t integration, struct error *err)
{
    struct tally *tally = store_tally(store, integration);

    if (tally->staged.batches == 0)
        return true;
    struct query query = query_begin(
        &store->connection, "DELETE FROM body WHERE number IN (SELECT number FROM batch WHERE "
                            "integration = ? AND place >= ? AND slice > ?)");
    query_give(&query, integration);
    query_give(&query, tally->first_staged);
    query_give(&query, tally->slice);
    if (!query_run(&query, err))
        return false;
    query = query_begin(&store->connection,
                        "DELETE FROM batch WHERE integration = ? AND place >= ? AND slice > ?");
    query_give(&query, integration);
    query_give(&query, tally->first_staged);
    query_give(&query, tally->slice);
    tally->staged = (struct outbox_totals){.oldest = UTC_NEVER};
    return query_run(&query, err);
}

/* What is shown to a person are the candidates of the slice that was held back last. */
static bool save_candidates(struct store *store, int64_t integration,
                            const struct queue *candidates, size_t count, struct error *err)
{
    if (count == 0)
        return true;
    struct query query =
        query_begin(&store->connection, "DELETE FROM queue WHERE integration = ? AND accepted = 0");
    query_give(&query, integration);
    if (!query_run(&query, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct queue candidate = candidates[i];
        candidate.accepted = false;
        if (!store_save_queue(store, integration, &candidate, err))
            return false;
    }
    return true;
}

bool store_abandon(struct store *store, int64_t integration, const struct queue *candidates,
                   size_t candidate_count, struct error *err)
{
    if (!store_begin(store, err))
        return false;
    const bool done = delete_staged(store, integration, err) &&
                      delete_staged_digests(store, integration, err) &&
                      save_candidates(store, integration, candidates, candidate_count, err);
    return store_end(store, done, err);
}
