/* SPDX-License-Identifier: Apache-2.0 */
/* packer.c - groups into batches, batches into the store */
#include "agent/flow/packer.h"

#include "agent/base/bytes.h"
#include "agent/base/digest.h"
#include "agent/base/gzip.h"
#include "agent/base/os.h"
#include "agent/flow/store_slice.h"

#define STAGE_BYTES   (1 << 20) /* bodies gathered before they are written */
#define STAGE_BATCHES 64
#define BODIES_MOST   (96 << 20)

struct packer {
    struct store *store;
    int64_t integration;
    struct batch *batch;
    struct gzip *gzip;

    struct slice slice;
    utc_ms now;
    int64_t records, staged_bytes;
    bool is_too_large;

    struct bytes bodies, groups; /* of the batches that are closed and not yet written */
    struct store_batch batches[STAGE_BATCHES];
    size_t count;
};

struct packer *packer_new(struct store *store, int64_t integration, const struct batch_rules *rules)
{
    struct packer *p = os_alloc(sizeof *p);

    p->store = store;
    p->integration = integration;
    p->batch = batch_new(rules);
    p->gzip = gzip_new();
    bytes_init(&p->bodies, BODIES_MOST);
    bytes_init(&p->groups, BODIES_MOST);
    return p;
}

void packer_free(struct packer *packer)
{
    if (packer == NULL)
        return;
    batch_free(packer->batch);
    gzip_free(packer->gzip);
    bytes_free(&packer->bodies);
    bytes_free(&packer->groups);
    os_free(packer);
}

static void forget_pending(struct packer *p)
{
    bytes_reset(&p->bodies);
    bytes_reset(&p->groups);
    p->count = 0;
}

void packer_begin(struct packer *packer, const struct slice *slice, utc_ms now,
                  const struct names *names)
{
    packer->slice = *slice;
    packer->now = now;
    packer->records = 0;
    packer->staged_bytes = 0;
    packer->is_too_large = false;
    forget_pending(packer);
    batch_begin(packer->batch, names);
}

static bool stage(struct packer *p, struct error *err)
{
    if (p->count == 0)
        return true;
    for (size_t i = 0, body = 0, groups = 0; i < p->count; i++) {
        struct store_batch *batch = &p->batches[i];

        batch->data = p->bodies.data + body;
        batch->groups = (const struct batch_group *)(const void *)(p->groups.data + groups);
        body += batch->size;
        groups += batch->group_count * sizeof *batch->groups;
    }
    if (!store_stage(p->store, p->integration, p->batches, p->count, err))
        return false;
    p->staged_bytes += (int64_t)p->bodies.size;
    forget_pending(p);
    p->is_too_large = p->staged_bytes > PACKER_SLICE_MOST && p->slice.purpose != SLICE_FILE;
    return !p->is_too_large || error_set(err, ERROR_DATA, "the slice is larger than 64 MiB");
}

static int priority(enum slice_purpose purpose)
{
    static const int priorities[] = {
        [SLICE_PASS] = 0,     [SLICE_LIVE] = 1, [SLICE_HISTORY] = 2,
        [SLICE_REIMPORT] = 2, [SLICE_FILE] = 2, [SLICE_RECHECK] = 3,
    };

    return priorities[purpose];
}

static bool close_batch(struct packer *p, struct error *err)
{
    struct batch_body body;
    const size_t before = p->bodies.size;

    if (batch_is_empty(p->batch))
        return true;
    batch_body(p->batch, &body);
    gzip_compress(p->gzip, body.data, body.size, &p->bodies);
    bytes_append(&p->groups, body.groups, body.group_count * sizeof *body.groups);
    if (p->bodies.overflow || p->groups.overflow)
        return error_set(err, ERROR_DATA, "a batch is larger than it may be");

    struct store_batch *batch = &p->batches[p->count++];
    *batch = (struct store_batch){
        .size = p->bodies.size - before,
        .plain_size = body.size,
        .head = body.head,
        .tail = body.tail,
        .group_count = body.group_count,
        .records = body.records,
        .from = body.from,
        .to = body.to,
        .created = p->now,
        .priority = priority(p->slice.purpose),
    };
    digest_random(batch->key, sizeof batch->key);
    p->records += body.records;
    batch_reset(p->batch);
    return (p->count < STAGE_BATCHES && p->bodies.size < STAGE_BYTES) || stage(p, err);
}

bool packer_add(struct packer *packer, const struct batch_item *item, struct error *err)
{
    if (batch_is_full_for(packer->batch, item) && !close_batch(packer, err))
        return false;
    return batch_add(packer->batch, item, err);
}

bool packer_is_too_large(const struct packer *packer)
{
    return packer->is_too_large;
}

bool packer_finish(struct packer *packer, int64_t *records, struct error *err)
{
    if (!close_batch(packer, err) || !stage(packer, err))
        return false;
    *records = packer->records;
    return true;
}
