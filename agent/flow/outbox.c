/* SPDX-License-Identifier: Apache-2.0 */
/* outbox.c - the sender's side of the store: ready batches and how they leave it */
#include "agent/flow/outbox.h"

#include <string.h>

#include "agent/base/gzip.h"
#include "agent/base/os.h"
#include "agent/flow/store_batch.h"
#include "agent/flow/store_integration.h"

bool outbox_ready(struct store *store, int64_t integration, int64_t after,
                  void (*visit)(void *context, const struct outbox_batch *batch), void *context,
                  struct error *err)
{
    struct outbox_batch batch;

    if (!store_begin(store, err))
        return false;
    struct query query =
        query_begin(&store->connection, "SELECT " STORE_BATCH_COLUMNS " FROM batch WHERE "
                                        "integration = ? AND place > ? AND slice <= ? "
                                        "ORDER BY place, number");
    query_give(&query, integration);
    query_give(&query, after);
    query_give(&query, store_tally(store, integration)->slice);
    while (query_next(&query)) {
        store_take_batch(&query, &batch);
        visit(context, &batch);
    }
    return store_end(store, query_end(&query, err), err);
}

void outbox_totals(struct store *store, int64_t integration, struct outbox_totals *totals)
{
    *totals = (struct outbox_totals){.oldest = UTC_NEVER};
    os_mutex_lock(store->mutex);
    for (size_t i = 0; i < store->tally_count; i++) {
        const struct tally *tally = &store->tallies[i];
        if (integration == OUTBOX_ALL ? tally->is_open : (size_t)integration == i + 1)
            store_add_totals(totals, &tally->ready);
    }
    os_mutex_unlock(store->mutex);
}

void outbox_left_behind(struct store *store, struct outbox_totals *totals)
{
    *totals = (struct outbox_totals){.oldest = UTC_NEVER};
    os_mutex_lock(store->mutex);
    for (size_t i = 0; i < store->tally_count; i++) {
        if (!store->tallies[i].is_open)
            store_add_totals(totals, &store->tallies[i].ready);
    }
    os_mutex_unlock(store->mutex);
}

/* A batch that the caller still believes to be there. */
static bool must_get(struct store *store, int64_t number, struct outbox_batch *batch,
                     struct error *err)
{
    bool found;

    if (!store_get_batch(store, number, batch, &found, err))
        return false;
    return found ||
           error_set(err, ERROR_DATA, "there is no batch %lld in the store", (long long)number);
}

/* --- bodies --- */

static bool append_body(struct store *store, int64_t number, bool plain, struct bytes *out,
                        struct error *err)
{
    struct outbox_batch batch;
    struct store_body body;

    if (!must_get(store, number, &batch, err) || !store_get_body(store, &batch, &body, err))
        return false;
    if (plain)
        return gzip_decompress(body.data, body.size, batch.plain_size, out, err);
    bytes_append(out, body.data, body.size);
    return !out->overflow ||
           error_set(err, ERROR_DATA, "a request body of %zu bytes is too large", batch.plain_size);
}

bool outbox_body(struct store *store, int64_t number, bool plain, struct bytes *out,
                 struct error *err)
{
    return store_begin(store, err) &&
           store_end(store, append_body(store, number, plain, out, err), err);
}

/* --- leaving --- */

static bool drop(struct store *store, const struct outbox_batch *batch, struct error *err)
{
    struct outbox_totals *ready = &store_tally(store, batch->integration)->ready;

    ready->batches--;
    ready->records -= batch->records;
    ready->bytes -= (int64_t)batch->size;
    return store_drop_batch(store, batch->number, err);
}

/* An older version of a group that lies in quarantine is outdated by a newer one. */
static bool release_group(struct store *store, const struct outbox_batch *batch,
                          const struct batch_group *group, struct error *err)
{
    struct query query =
        query_begin(&store->connection, "DELETE FROM quarantine WHERE integration = ? AND "
                                        "time = ? AND key = ? AND place < ?");
    query_give(&query, batch->integration);
    query_give(&query, group->time);
    query_give_data(&query, group->key, sizeof group->key);
    query_give(&query, batch->place);
    if (!query_run(&query, err))
        return false;
    store_tally(store, batch->integration)->quarantined -= query_changed(&query);
    return true;
}

static bool release_groups(struct store *store, const struct outbox_batch *batch, struct error *err)
{
    struct store_body body;

    if (store_tally(store, batch->integration)->quarantined == 0)
        return true;
    if (!store_get_body(store, batch, &body, err))
        return false;
    for (size_t i = 0; i < body.group_count; i++) {
        if (!release_group(store, batch, &body.groups[i], err))
            return false;
    }
    return true;
}

static bool count_accepted(struct store *store, const struct outbox_batch *batch, utc_ms now,
                           struct error *err)
{
    struct query query =
        query_begin(&store->connection, "UPDATE counter SET uploaded = uploaded + ?, "
                                        "last_accepted = ? WHERE integration = ?");
    query_give(&query, batch->records);
    query_give(&query, now);
    query_give(&query, batch->integration);
    return query_run(&query, err);
}

static bool accept_one(struct store *store, int64_t number, utc_ms now, struct error *err)
{
    struct outbox_batch batch;
    bool found;

    if (!store_get_batch(store, number, &batch, &found, err))
        return false;
    return !found || (release_groups(store, &batch, err) && drop(store, &batch, err) &&
                      count_accepted(store, &batch, now, err));
}

/* Once per transaction: which is the oldest now? */
static bool find_oldest_again(struct store *store, struct error *err)
{
    for (size_t i = 0; i < store->tally_count; i++) {
        if (store->tallies[i].ready.batches != store->before[i].ready.batches &&
            !store_find_oldest(store, (int64_t)i + 1, err))
            return false;
    }
    return true;
}

bool outbox_accepted(struct store *store, const int64_t *numbers, size_t count, utc_ms now,
                     struct error *err)
{
    if (!store_begin(store, err))
        return false;
    store->now = now;
    bool done = true;
    for (size_t i = 0; done && i < count; i++)
        done = accept_one(store, numbers[i], now, err);
    return store_end(store, done && find_oldest_again(store, err), err);
}

/* --- a group alone --- */

static bool get_alone(struct store *store, int64_t number, struct outbox_batch *batch,
                      struct store_body *body, struct error *err)
{
    if (!must_get(store, number, batch, err) || !store_get_body(store, batch, body, err))
        return false;
    return body->group_count == 1 ||
           error_set(err, ERROR_DATA, "batch %lld holds %zu groups: it must be split first",
                     (long long)number, body->group_count);
}

/* What the server said, and what it said it about, sealed together. */
static const struct bytes *seal_refused(struct store *store, const struct store_body *body,
                                        const struct batch_group *group, const char *answer)
{
    struct bytes *both = &store->groups; /* free: the group was copied */

    bytes_reset(both);
    bytes_append(both, answer, strlen(answer) + 1);
    bytes_append(both, body->data, body->size);
    return store_seal(store, "quarantine", group->key, both->data, both->size);
}

static bool keep_newest_groups(struct store *store, int64_t integration, struct error *err)
{
    struct tally *tally = store_tally(store, integration);

    if (tally->quarantined <= OUTBOX_QUARANTINE_MOST)
        return true;
    struct query query = query_begin(&store->connection,
                                     "DELETE FROM quarantine WHERE number IN (SELECT number FROM "
                                     "quarantine WHERE integration = ? ORDER BY number LIMIT ?)");
    query_give(&query, integration);
    query_give(&query, tally->quarantined - OUTBOX_QUARANTINE_MOST);
    if (!query_run(&query, err))
        return false;
    tally->quarantined -= query_changed(&query);
    return true;
}

static bool count_quarantined(struct store *store, const struct outbox_batch *batch,
                              struct error *err)
{
    struct query query =
        query_begin(&store->connection,
                    "UPDATE counter SET quarantined = quarantined + ? WHERE integration = ?");

    query_give(&query, batch->records);
    query_give(&query, batch->integration);
    store_tally(store, batch->integration)->quarantined++;
    return query_run(&query, err);
}

struct refusal {
    int status;
    const char *answer;
    utc_ms now;
};

static bool quarantine(struct store *store, int64_t number, const struct refusal *refusal,
                       struct error *err)
{
    struct outbox_batch batch;
    struct store_body body;

    if (!get_alone(store, number, &batch, &body, err))
        return false;
    const struct batch_group group = body.groups[0];
    const struct bytes *sealed = seal_refused(store, &body, &group, refusal->answer);
    if (!release_group(store, &batch, &group, err))
        return false;

    struct query query =
        query_begin(&store->connection,
                    "INSERT INTO quarantine (number, place, integration, time, key, records,"
                    " status, since, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_give(&query, store->next_number++);
    query_give(&query, batch.place);
    query_give(&query, batch.integration);
    query_give(&query, group.time);
    query_give_data(&query, group.key, sizeof group.key);
    query_give(&query, batch.records);
    query_give(&query, refusal->status);
    query_give(&query, refusal->now);
    query_give_data(&query, sealed->data, sealed->size);
    return query_run(&query, err) && count_quarantined(store, &batch, err) &&
           drop(store, &batch, err) && keep_newest_groups(store, batch.integration, err) &&
           store_find_oldest(store, batch.integration, err);
}

bool outbox_quarantine(struct store *store, int64_t number, int status, const char *answer,
                       utc_ms now, struct error *err)
{
    const struct refusal refusal = {.status = status, .answer = answer, .now = now};

    return store_begin(store, err) &&
           store_end(store, quarantine(store, number, &refusal, err), err);
}

static bool hold(struct store *store, int64_t number, struct error *err)
{
    struct outbox_batch batch;
    struct store_body body;

    return get_alone(store, number, &batch, &body, err) && drop(store, &batch, err) &&
           store_find_oldest(store, batch.integration, err);
}

bool outbox_hold(struct store *store, int64_t number, struct error *err)
{
    return store_begin(store, err) && store_end(store, hold(store, number, err), err);
}

/* --- halves --- */

static size_t distance(size_t one, size_t other)
{
    return one > other ? one - other : other - one;
}

/* The first group of the second half: where the bytes are cut as evenly as whole groups allow. */
static size_t middle_of(const struct store_body *body, size_t plain_size)
{
    const struct batch_group *groups = body->groups;
    const size_t middle = body->head + (plain_size - body->head - body->tail) / 2;
    size_t first = 1;

    while (first + 1 < body->group_count &&
           distance(groups[first + 1].offset, middle) < distance(groups[first].offset, middle))
        first++;
    return first;
}

/* What both halves are cut from. */
struct whole {
    const struct outbox_batch *batch;
    const struct store_body *body;
    const uint8_t *plain;
};

/* head | groups begin..end-1 | tail, and their table and facts likewise. */
static void cut(const struct whole *whole, size_t begin, size_t end, struct bytes *plain,
                struct bytes *groups, struct outbox_batch *half)
{
    const struct store_body *body = whole->body;
    const size_t first = body->groups[begin].offset;
    /* One byte before the next group: the comma between them stays out. */
    const size_t last = end < body->group_count ? body->groups[end].offset - 1
                                                : whole->batch->plain_size - body->tail;
    utc_ms newest = body->groups[begin].time;

    bytes_append(plain, whole->plain, body->head);
    bytes_append(plain, whole->plain + first, last - first);
    bytes_append(plain, whole->plain + whole->batch->plain_size - body->tail, body->tail);

    *half = *whole->batch;
    digest_random(half->key, sizeof half->key);
    half->plain_size = plain->size;
    half->records = 0;
    half->from = newest;
    for (size_t i = begin; i < end; i++) {
        struct batch_group group = body->groups[i];
        group.offset -= (uint32_t)(first - body->head);
        bytes_append(groups, &group, sizeof group);
        half->records += group.records;
        half->from = group.time < half->from ? group.time : half->from;
        newest = group.time > newest ? group.time : newest;
    }
    half->from = utc_floor(half->from, UTC_QUARTER);
    half->to = utc_floor(newest, UTC_QUARTER) + UTC_QUARTER;
}

static bool put_half(struct store *store, const struct whole *whole, size_t begin, size_t end,
                     struct outbox_batch *half, struct error *err)
{
    struct bytes plain, groups, zipped;
    struct gzip *gzip = gzip_new();
    struct outbox_totals *ready = &store_tally(store, whole->batch->integration)->ready;

    bytes_init(&plain, whole->batch->plain_size);
    bytes_init(&groups, (end - begin) * sizeof *whole->body->groups);
    bytes_init(&zipped, 2 * whole->batch->plain_size + 4096);
    cut(whole, begin, end, &plain, &groups, half);
    gzip_compress(gzip, plain.data, plain.size, &zipped);
    const struct store_body body = {
        .data = zipped.data,
        .size = zipped.size,
        .head = whole->body->head,
        .tail = whole->body->tail,
        .groups = (const struct batch_group *)(const void *)groups.data,
        .group_count = end - begin,
    };
    const bool done = store_put_batch(store, half, &body, err);
    ready->batches++;
    ready->records += half->records;
    ready->bytes += (int64_t)half->size;
    bytes_free(&plain);
    bytes_free(&groups);
    bytes_free(&zipped);
    gzip_free(gzip);
    return done;
}

static bool split(struct store *store, int64_t number, struct outbox_batch halves[2],
                  struct error *err)
{
    struct outbox_batch batch;
    struct store_body body;
    struct bytes plain = {0};
    bool done = false;

    if (!must_get(store, number, &batch, err) || !store_get_body(store, &batch, &body, err))
        goto out;
    if (body.group_count == 1) {
        error_set(err, ERROR_DATA, "batch %lld is a single group: it cannot be split",
                  (long long)number);
        goto out;
    }
    bytes_init(&plain, batch.plain_size);
    if (!gzip_decompress(body.data, body.size, batch.plain_size, &plain, err))
        goto out;
    const struct whole whole = {.batch = &batch, .body = &body, .plain = plain.data};
    const size_t middle = middle_of(&body, batch.plain_size);
    done = put_half(store, &whole, 0, middle, &halves[0], err) &&
           put_half(store, &whole, middle, body.group_count, &halves[1], err) &&
           drop(store, &batch, err) && store_find_oldest(store, batch.integration, err);
out:
    bytes_free(&plain);
    return done;
}

bool outbox_split(struct store *store, int64_t number, struct outbox_batch halves[2],
                  struct error *err)
{
    return store_begin(store, err) && store_end(store, split(store, number, halves, err), err);
}
