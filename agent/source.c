/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - the source process: orders in, records out */
#include "agent/source.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/base/os_process.h"
#include "agent/config.h"
#include "agent/flow/frame.h"
#include "connectors/connector_files.h"

#define OUT_LIMIT    (2 * FRAME_LIMIT)
#define OUT_FLUSH    (64 * 1024)
#define QUIET_MS     (5 * UTC_SECOND) /* a slow source still says that it lives */
#define CLOCK_STRIDE 64               /* rows between two looks at the clock, once they flow */

struct process {
    struct config *config;
    const struct integration_config *integration;
    struct source *source;
    struct normalise *normalise;
    struct bytes order, out;
    struct record records[FRAME_RECORDS_MOST];
    size_t record_count;
    uint32_t rows_since_flush;
    int64_t last_flush_ms;
    bool pipe_is_closed;
    bool is_stopped; /* normalise stopped the slice */
};

/* Writes out what has gathered: names first, then the records that speak of them. */
static void flush(struct process *p)
{
    if (p->record_count > 0) {
        const size_t begin = frame_begin(&p->out, FRAME_RECORDS);

        frame_put(&p->out, p->records, p->record_count * sizeof *p->records);
        frame_end(&p->out, begin);
        p->record_count = 0;
    }
    if (p->out.size > 0 && os_pipe_write(p->out.data, p->out.size) != OS_PIPE_OK)
        p->pipe_is_closed = true;
    bytes_reset(&p->out);
    p->rows_since_flush = 0;
    p->last_flush_ms = os_monotonic_ms();
}

static bool gathered(struct process *p)
{
    if (p->out.size >= OUT_FLUSH || p->record_count == FRAME_RECORDS_MOST)
        flush(p);
    return !p->pipe_is_closed;
}

static void answer(struct process *p, enum frame_type type)
{
    frame_end(&p->out, frame_begin(&p->out, type));
    flush(p);
}

static void answer_error(struct process *p, const struct error *err)
{
    const size_t begin = frame_begin(&p->out, FRAME_ERROR);

    frame_put_number(&p->out, (int64_t)err->kind);
    frame_put_text(&p->out, err->text);
    frame_end(&p->out, begin);
    flush(p);
}

/* --- what normalise makes of a slice --- */

static bool take_name(void *context, enum name_role role, uint32_t number, const char *identifier,
                      const char *name)
{
    struct process *p = context;
    const size_t begin = frame_begin(&p->out, FRAME_NAME);

    frame_put_number(&p->out, (int64_t)role);
    frame_put_number(&p->out, (int64_t)number);
    frame_put_text(&p->out, identifier);
    frame_put_text(&p->out, name);
    frame_end(&p->out, begin);
    return gathered(p);
}

static bool take_record(void *context, const struct record *record)
{
    struct process *p = context;

    p->records[p->record_count++] = *record;
    return gathered(p);
}

static bool take_reject(void *context, const struct reject *reject)
{
    struct process *p = context;
    const size_t begin = frame_begin(&p->out, FRAME_REJECT);

    frame_put(&p->out, &reject->hash, sizeof reject->hash);
    frame_put_number(&p->out, (int64_t)reject->line);
    frame_put_text(&p->out, reject->reason);
    frame_put_text(&p->out, reject->cells);
    frame_end(&p->out, begin);
    return gathered(p);
}

static bool sink_columns(void *context, const struct columns *columns)
{
    struct process *p = context;

    p->is_stopped = !normalise_columns(p->normalise, columns);
    if (p->is_stopped)
        return false;
    const size_t begin = frame_begin(&p->out, FRAME_COLUMNS);
    frame_put_number(&p->out, normalise_is_next_start(p->normalise));
    frame_end(&p->out, begin);
    flush(p);
    return !p->pipe_is_closed;
}

/* Costs a comparison per row: the clock is read for the first rows after a flush, then rarely. */
static bool sink_row(void *context, const struct row *row)
{
    struct process *p = context;

    p->is_stopped = !normalise_row(p->normalise, row);
    if (p->is_stopped)
        return false;
    p->rows_since_flush++;
    if (p->rows_since_flush > CLOCK_STRIDE && p->rows_since_flush % CLOCK_STRIDE != 0)
        return true;
    if (os_monotonic_ms() - p->last_flush_ms < QUIET_MS)
        return true;
    answer(p, FRAME_ALIVE);
    return !p->pipe_is_closed;
}

/* --- orders --- */

static void close_source(struct process *p)
{
    if (p->integration != NULL)
        p->integration->connector->close(p->source);
    p->source = NULL;
    normalise_free(p->normalise);
    p->normalise = NULL;
    config_free(p->config);
    p->config = NULL;
    p->integration = NULL;
}

static bool open_source(struct process *p, const struct frame *frame, struct error *err)
{
    close_source(p);
    if (frame->size < 32)
        return error_set(err, ERROR_FATAL, "an order without settings");
    p->config = config_from_source_settings((const char *)frame->data + 32, frame->size - 32, err);
    if (p->config == NULL)
        return false;
    const struct integration_config *i = &p->config->integrations[0];
    const struct connector_facts facts = {
        .name = i->name,
        .is_status = i->data == DATA_AGENT_STATUS,
        .is_interval = i->data == DATA_INTERVALS,
        .time_zone = i->normalise.time_zone,
        .times = i->normalise.times,
    };

    p->normalise = normalise_new(i->data, &i->normalise, frame->data, err);
    if (p->normalise == NULL)
        return false;
    p->source = i->connector->open(i->connector_settings, &facts, err);
    if (p->source == NULL)
        return false;
    p->integration = i;
    return true;
}

static bool read_slice(struct process *p, struct frame *frame, struct error *err)
{
    const struct normalise_sink sink = {p, take_name, take_record, take_reject};
    const struct row_sink rows = {p, sink_columns, sink_row};
    struct slice slice;

    frame_get_slice(frame, &slice);
    if (!frame_is_whole(frame))
        return error_set(err, ERROR_FATAL, "an order that is none");
    p->record_count = 0;
    p->is_stopped = false;
    p->rows_since_flush = 0;
    p->last_flush_ms = os_monotonic_ms();
    normalise_begin(p->normalise, &slice, &sink);
    if (!p->integration->connector->read(p->source, &slice, &rows, err))
        return false;
    if (p->is_stopped) {
        *err = *normalise_error(p->normalise);
        return false;
    }
    if (!normalise_end(p->normalise, err))
        return false;

    flush(p);
    const size_t begin = frame_begin(&p->out, FRAME_END);
    frame_put(&p->out, normalise_counts(p->normalise), sizeof(struct normalise_counts));
    frame_end(&p->out, begin);
    flush(p);
    return true;
}

static void visit_file(void *context, const struct source_file *file)
{
    struct process *p = context;
    const size_t begin = frame_begin(&p->out, FRAME_FILE);

    frame_put_number(&p->out, (int64_t)file->size);
    frame_put_number(&p->out, file->modified_ns);
    frame_put_text(&p->out, file->name);
    frame_end(&p->out, begin);
    gathered(p);
}

static void visit_finding(void *context, enum finding finding, const char *sentence)
{
    struct process *p = context;
    const size_t begin = frame_begin(&p->out, FRAME_FINDING);

    frame_put_number(&p->out, (int64_t)finding);
    frame_put_text(&p->out, sentence);
    frame_end(&p->out, begin);
    flush(p);
}

static bool hash_file(struct process *p, struct frame *frame, struct error *err)
{
    uint8_t sha256[32];

    if (!p->integration->connector->files->hash(p->source, frame_get_text(frame), sha256, err))
        return false;
    const size_t begin = frame_begin(&p->out, FRAME_DIGEST);
    frame_put(&p->out, sha256, sizeof sha256);
    frame_end(&p->out, begin);
    flush(p);
    return true;
}

static bool settle_file(struct process *p, struct frame *frame, struct error *err)
{
    uint8_t sha256[32];

    frame_get(frame, sha256, sizeof sha256);
    const char *name = frame_get_text(frame);
    return p->integration->connector->files->settle(p->source, name, sha256, err);
}

/* Does what the order says; false and err when an error must be answered. */
static bool obey(struct process *p, struct frame *frame, struct error *err)
{
    const struct connector *connector = p->integration != NULL ? p->integration->connector : NULL;
    const struct connector_files *files = connector != NULL ? connector->files : NULL;

    if (frame->type == FRAME_OPEN)
        return open_source(p, frame, err);
    if (p->source == NULL)
        return error_set(err, ERROR_FATAL, "an order before open");
    if (frame->type == FRAME_READ)
        return read_slice(p, frame, err);
    if (frame->type == FRAME_CHECK)
        return connector->check == NULL || connector->check(p->source, visit_finding, p, err);
    if (files != NULL && frame->type == FRAME_LIST)
        return files->list(p->source, visit_file, p, err);
    if (files != NULL && frame->type == FRAME_HASH)
        return hash_file(p, frame, err);
    if (files != NULL && frame->type == FRAME_SETTLE)
        return settle_file(p, frame, err);
    return error_set(err, ERROR_FATAL, "an order that this source does not know");
}

/* Do the order's own frames end its answer? Else an "ok" does. */
static bool answers_itself(enum frame_type type)
{
    return type == FRAME_READ || type == FRAME_HASH;
}

static bool next_order(struct process *p, struct frame *frame)
{
    uint8_t head[FRAME_HEAD];
    size_t size;

    memset(frame, 0, sizeof *frame);
    if (os_pipe_read(head, sizeof head, -1) != OS_PIPE_OK || !frame_head(head, &frame->type, &size))
        return false;
    bytes_reset(&p->order);
    uint8_t *place = bytes_reserve(&p->order, size + 1);
    if (os_pipe_read(place, size, -1) != OS_PIPE_OK)
        return false;
    frame->data = place;
    frame->size = size;
    return true;
}

int source_main(void)
{
    struct process *p = os_alloc(sizeof *p);
    struct frame frame;
    struct error err;

    os_pipe_take();
    bytes_init(&p->order, FRAME_LIMIT + FRAME_HEAD);
    bytes_init(&p->out, OUT_LIMIT);

    while (!p->pipe_is_closed && next_order(p, &frame)) {
        if (!obey(p, &frame, &err)) {
            p->record_count = 0;
            bytes_reset(&p->out);
            answer_error(p, &err);
        } else if (!answers_itself(frame.type)) {
            answer(p, FRAME_OK);
        }
    }

    /* No tidy close: a driver that hangs in it would hang here, and the agent waits for nobody. */
    os_exit_now(0);
    return 0;
}
