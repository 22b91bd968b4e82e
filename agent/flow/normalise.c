/* SPDX-License-Identifier: Apache-2.0 */
/* normalise.c - row -> record: columns by name, numbers, local time to UTC, channels, rejects
 *
 * The columns are found once per slice; then a row costs no allocation and no search for a column.
 */
#include "agent/flow/normalise.h"

#include <inttypes.h>

#include "agent/base/map.h"
#include "agent/base/os.h"
#include "agent/flow/normalise_reject.h"
#include "agent/flow/normalise_row.h"

#define TEXTS_MOST  1000000 /* of one role in one slice */
#define LABELS_MOST 1000000 /* repeated times of one slice */

#define ROWS_FEW UINT64_C(100) /* fewer are not judged as a whole */

struct normalise *normalise_new(enum data_kind kind, const struct normalise_settings *settings,
                                const uint8_t reject_key[DIGEST_KEY_SIZE], struct error *err)
{
    struct zone *zone = NULL;

    if (settings->time_zone != NULL) {
        zone = zone_open(settings->time_zone, err);
        if (zone == NULL)
            return NULL;
    }
    struct normalise *n = os_alloc(sizeof *n);
    n->kind = kind;
    n->settings = *settings;
    n->ambiguous = (enum ambiguous)settings->ambiguous;
    if (n->ambiguous == AMBIGUOUS_UNSET)
        n->ambiguous = kind == DATA_INTERVALS ? AMBIGUOUS_ORDER : AMBIGUOUS_FIRST;
    n->zone = zone;
    n->rejecter = rejecter_new(reject_key);
    for (int role = 0; role < ROLES; role++)
        n->texts[role] = map_new(TEXTS_MOST);
    n->labels = map_new(LABELS_MOST);
    bytes_init(&n->key, 4 << 20);
    return n;
}

void normalise_free(struct normalise *n)
{
    if (n == NULL)
        return;
    zone_close(n->zone);
    rejecter_free(n->rejecter);
    for (int role = 0; role < ROLES; role++)
        map_free(n->texts[role]);
    map_free(n->labels);
    bytes_free(&n->key);
    os_free(n);
}

void normalise_begin(struct normalise *n, const struct slice *slice,
                     const struct normalise_sink *sink)
{
    n->slice = *slice;
    n->sink = *sink;
    n->columns = NULL;
    n->counts = (struct normalise_counts){.newest = UTC_NEVER};
    n->order = 0;
    rejecter_reset(n->rejecter);
    for (int role = 0; role < ROLES; role++)
        map_reset(n->texts[role]);
    map_reset(n->labels);
}

bool normalise_is_next_start(const struct normalise *n)
{
    if (n->kind != DATA_AGENT_STATUS || n->settings.ends == ENDS_GIVEN)
        return false;
    return n->settings.ends == ENDS_NEXT_START ||
           (n->at[SLOT_END_TIME] < 0 && n->at[SLOT_DURATION] < 0);
}

bool normalise_columns(struct normalise *n, const struct columns *columns)
{
    if (!columns_find(columns, n->kind, n->at, &n->error))
        return false;
    if (n->settings.ends == ENDS_GIVEN && n->at[SLOT_END_TIME] < 0 && n->at[SLOT_DURATION] < 0)
        return error_set(&n->error, ERROR_CONFIG,
                         "`ends: given` needs a column \"endtime\" or \"duration\"");
    n->columns = columns;
    return true;
}

static bool set_aside(struct normalise *n, const struct row *row)
{
    struct reject told;

    n->counts.rejected++;
    rejecter_describe(n->rejecter, n->columns, row, n->wrong_column, n->wrong, &told);
    return n->sink.reject(n->sink.context, &told) || normalise_stop(n);
}

bool normalise_row(struct normalise *n, const struct row *row)
{
    n->cells = row->cells;
    if (row->fault != NULL) {
        n->outcome = ROW_REJECTED;
        n->wrong_column = NULL;
        n->wrong = row->fault;
    } else {
        normalise_take(n);
    }
    n->order++;
    n->counts.rows += n->outcome == ROW_GOOD || n->outcome == ROW_REJECTED;
    if (n->outcome == ROW_REJECTED)
        return set_aside(n, row);
    return n->outcome != ROW_STOPPED;
}

const struct error *normalise_error(const struct normalise *n)
{
    return &n->error;
}

bool normalise_end(struct normalise *n, struct error *err)
{
    const struct normalise_counts *counts = &n->counts;

    if (counts->rows < ROWS_FEW || counts->rejected <= counts->rows / 2)
        return true;
    return error_set(err, ERROR_CONFIG, "%" PRIu64 " of %" PRIu64 " rows are unusable: mostly %s",
                     counts->rejected, counts->rows, rejecter_commonest(n->rejecter));
}

const struct normalise_counts *normalise_counts(const struct normalise *n)
{
    return &n->counts;
}
