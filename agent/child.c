/* SPDX-License-Identifier: Apache-2.0 */
/* child.c - orders to a source process, and its answers before their deadlines */
#include "agent/child.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/os.h"
#include "agent/base/os_process.h"
#include "agent/flow/frame.h"
#include "agent/source.h"

#define FRAME_GAP_MS   (60 * UTC_SECOND) /* between two frames of one answer */
#define WRITE_LIMIT_MS (30 * UTC_SECOND) /* for taking an order */

struct child {
    struct child_options options;
    struct os_child *process; /* NULL: none runs */
    struct bytes order, answer;
    struct record *records; /* an aligned copy of what a frame holds */
};

struct child *child_new(const struct child_options *options)
{
    struct child *c = os_alloc(sizeof *c);

    c->options = *options;
    bytes_init(&c->order, FRAME_LIMIT + FRAME_HEAD);
    bytes_init(&c->answer, FRAME_LIMIT + FRAME_HEAD);
    c->records = os_alloc(FRAME_RECORDS_MOST * sizeof *c->records);
    return c;
}

void child_free(struct child *child)
{
    if (child == NULL)
        return;
    child_close(child);
    bytes_free(&child->order);
    bytes_free(&child->answer);
    os_free(child->records);
    os_free(child);
}

bool child_is_open(const struct child *child)
{
    return child->process != NULL;
}

void child_close(struct child *child)
{
    char how[64];

    if (child->process == NULL)
        return;
    os_child_end(child->process, how);
    child->process = NULL;
}

/* The process is of no use any more: ends it and says why. */
static bool give_up(struct child *c, enum os_pipe_result result, struct error *err)
{
    char how[64] = "";

    os_child_end(c->process, how);
    c->process = NULL;
    if (result == OS_PIPE_STOPPED)
        return error_set(err, ERROR_RETRY, "stopped");
    if (result == OS_PIPE_TIMEOUT)
        return error_set(err, ERROR_RETRY,
                         "the source did not answer in time; its process was ended and the slice "
                         "will be read again");
    return error_set(err, ERROR_RETRY, "the source process %s; the slice will be read again",
                     how[0] != '\0' ? how : "ended");
}

static bool broken(struct child *c, struct error *err)
{
    child_close(c);
    return error_set(err, ERROR_RETRY,
                     "the source process sent what it must not; it was ended and the slice will be "
                     "read again");
}

static bool send_order(struct child *c, struct error *err)
{
    if (c->order.overflow)
        return error_set(err, ERROR_CONFIG, "the settings of \"%s\" are larger than 1 MiB",
                         c->options.integration);
    const enum os_pipe_result result =
        os_child_write(c->process, c->order.data, c->order.size, os_monotonic_ms() + WRITE_LIMIT_MS,
                       c->options.stop);

    return result == OS_PIPE_OK || give_up(c, result, err);
}

/* Stop and deadline count for a process that never lets us wait, too. */
static enum os_pipe_result read_head(struct child *c, uint8_t head[FRAME_HEAD], int64_t deadline_ms)
{
    if (c->options.stop != NULL && os_event_is_set(c->options.stop))
        return OS_PIPE_STOPPED;
    if (os_monotonic_ms() >= deadline_ms)
        return OS_PIPE_TIMEOUT;
    return os_child_read(c->process, head, FRAME_HEAD, deadline_ms, c->options.stop);
}

/* A driver's own words may be in any encoding: what is no text of ours is made one. */
static void make_text(char *text)
{
    for (char *letter = text; *letter != '\0'; letter++) {
        if ((unsigned char)*letter < ' ')
            *letter = ' ';
    }
    if (json_text_is_valid(text, strlen(text)))
        return;
    for (char *letter = text; *letter != '\0'; letter++) {
        if ((unsigned char)*letter > '~')
            *letter = '?';
    }
}

/* Always false: with the source's own error, or because that is none. */
static bool fail_as_told(struct child *c, struct frame *frame, struct error *err)
{
    const int64_t kind = frame_get_number(frame);
    const char *text = frame_get_text(frame);

    if (!frame_is_whole(frame) || kind < ERROR_RETRY || kind > ERROR_FATAL)
        return broken(c, err);
    if (kind == ERROR_FATAL) /* for that process; another one may do better */
        child_close(c);
    error_set(err, kind == ERROR_FATAL ? ERROR_RETRY : (enum error_kind)kind, "%s", text);
    make_text(err->text);
    return err->text[0] != '\0' ? false : broken(c, err);
}

/* The next frame of an answer. An error frame fails with what it says. */
static bool next_frame(struct child *c, int64_t deadline_ms, struct frame *frame,
                       enum os_pipe_result *result, struct error *err)
{
    uint8_t head[FRAME_HEAD];
    size_t size;

    memset(frame, 0, sizeof *frame);
    *result = read_head(c, head, deadline_ms);
    if (*result != OS_PIPE_OK)
        return give_up(c, *result, err);
    if (!frame_head(head, &frame->type, &size))
        return broken(c, err);

    bytes_reset(&c->answer);
    uint8_t *place = bytes_reserve(&c->answer, size + 1);
    *result =
        os_child_read(c->process, place, size, os_monotonic_ms() + FRAME_GAP_MS, c->options.stop);
    if (*result != OS_PIPE_OK)
        return give_up(c, *result, err);
    frame->data = place;
    frame->size = size;

    return frame->type != FRAME_ERROR || fail_as_told(c, frame, err);
}

/* The one frame that answers an order without further content. */
static bool expect(struct child *c, enum frame_type type, struct frame *frame, int64_t timeout_ms,
                   struct error *err)
{
    enum os_pipe_result result;

    if (!next_frame(c, os_monotonic_ms() + timeout_ms, frame, &result, err))
        return false;
    return frame->type == type || broken(c, err);
}

bool child_open(struct child *child, const char *settings, size_t size,
                const uint8_t reject_key[32], struct error *err)
{
    struct frame frame;

    if (child->process != NULL)
        return true;
    child->process = os_child_start((const char *const[]){SOURCE_ARGUMENT, NULL}, err);
    if (child->process == NULL)
        return false;

    bytes_reset(&child->order);
    const size_t begin = frame_begin(&child->order, FRAME_OPEN);
    frame_put(&child->order, reject_key, 32);
    frame_put(&child->order, settings, size);
    frame_end(&child->order, begin);
    const bool sent = send_order(child, err);
    bytes_wipe(&child->order);
    /* A driver that ignores its own time-out is given a little more, then ended. */
    if (sent &&
        expect(child, FRAME_OK, &frame, child->options.connect_timeout_ms + UTC_SECOND * 5, err))
        return true;
    child_close(child);
    return false;
}

static bool give_columns(struct frame *frame, const struct child_sink *sink, bool *valid,
                         struct error *err)
{
    const int64_t next_start = frame_get_number(frame);

    *valid = frame_is_whole(frame);
    return *valid && sink->columns(sink->context, next_start != 0, err);
}

static bool give_name(struct frame *frame, const struct child_sink *sink, bool *valid,
                      struct error *err)
{
    const int64_t role = frame_get_number(frame);
    const int64_t number = frame_get_number(frame);
    const char *identifier = frame_get_text(frame);
    const char *name = frame_get_text(frame);
    const struct names_told told = {(enum name_role)role, (uint32_t)number, identifier, name};

    *valid = frame_is_whole(frame) && role >= NAME_QUEUE && role <= NAME_ACTIVITY && number >= 0 &&
             number < UINT32_MAX;
    return *valid && sink->name(sink->context, &told, err);
}

static bool give_records(struct child *c, const struct frame *frame, const struct child_sink *sink,
                         bool *valid, struct error *err)
{
    const size_t count = frame->size / sizeof *c->records;

    *valid = frame->size % sizeof *c->records == 0 && count <= FRAME_RECORDS_MOST;
    if (!*valid)
        return false;
    memcpy(c->records, frame->data, frame->size);
    return sink->records(sink->context, c->records, count, err);
}

static bool give_reject(struct frame *frame, const struct child_sink *sink, bool *valid,
                        struct error *err)
{
    struct reject reject;

    frame_get(frame, &reject.hash, sizeof reject.hash);
    reject.line = (uint64_t)frame_get_number(frame);
    reject.reason = frame_get_text(frame);
    reject.cells = frame_get_text(frame);
    *valid = frame_is_whole(frame);
    return *valid && sink->reject(sink->context, &reject, err);
}

/* Hands one frame of a slice on. */
static bool give(struct child *c, struct frame *frame, const struct child_sink *sink,
                 struct error *err)
{
    bool valid = frame->type == FRAME_ALIVE;
    bool taken = valid;

    if (frame->type == FRAME_RECORDS)
        taken = give_records(c, frame, sink, &valid, err);
    else if (frame->type == FRAME_NAME)
        taken = give_name(frame, sink, &valid, err);
    else if (frame->type == FRAME_COLUMNS)
        taken = give_columns(frame, sink, &valid, err);
    else if (frame->type == FRAME_REJECT)
        taken = give_reject(frame, sink, &valid, err);

    if (!valid)
        return broken(c, err);
    if (!taken)
        child_close(c);
    return taken;
}

static bool take_counts(struct child *c, struct frame *frame, struct normalise_counts *counts,
                        struct error *err)
{
    frame_get(frame, counts, sizeof *counts);
    return frame_is_whole(frame) || broken(c, err);
}

bool child_read(struct child *child, struct child_reading *reading, struct error *err)
{
    struct frame frame;
    enum os_pipe_result result;
    int64_t gap_ms = child->options.query_timeout_ms;

    reading->is_interrupted = false;
    bytes_reset(&child->order);
    const size_t begin = frame_begin(&child->order, FRAME_READ);
    frame_put_slice(&child->order, reading->slice);
    frame_end(&child->order, begin);
    if (!send_order(child, err))
        return false;

    for (;;) {
        const int64_t deadline_ms = os_monotonic_ms() + gap_ms;
        const bool is_last_chance = reading->give_up_ms < deadline_ms;

        if (!next_frame(child, is_last_chance ? reading->give_up_ms : deadline_ms, &frame, &result,
                        err)) {
            reading->is_interrupted = result == OS_PIPE_TIMEOUT && is_last_chance;
            return false;
        }
        if (frame.type == FRAME_END)
            return take_counts(child, &frame, &reading->counts, err);
        if (!give(child, &frame, reading->sink, err))
            return false;
        gap_ms = FRAME_GAP_MS;
    }
}

/* An order without content, or with a file's name. */
static bool order(struct child *c, enum frame_type type, const char *name, struct error *err)
{
    bytes_reset(&c->order);
    const size_t begin = frame_begin(&c->order, type);
    if (name != NULL)
        frame_put_text(&c->order, name);
    frame_end(&c->order, begin);
    return send_order(c, err);
}

bool child_list(struct child *child, void (*visit)(void *context, const struct source_file *file),
                void *context, struct error *err)
{
    struct frame frame;
    enum os_pipe_result result;

    if (!order(child, FRAME_LIST, NULL, err))
        return false;
    for (;;) {
        if (!next_frame(child, os_monotonic_ms() + FRAME_GAP_MS, &frame, &result, err))
            return false;
        if (frame.type == FRAME_OK)
            return true;
        const int64_t size = frame_get_number(&frame);
        const int64_t modified_ns = frame_get_number(&frame);
        const struct source_file file = {frame_get_text(&frame), (uint64_t)size, modified_ns};

        if (frame.type != FRAME_FILE || !frame_is_whole(&frame))
            return broken(child, err);
        visit(context, &file);
    }
}

bool child_hash(struct child *child, const char *name, uint8_t sha256[32], struct error *err)
{
    struct frame frame;

    if (!order(child, FRAME_HASH, name, err) ||
        !expect(child, FRAME_DIGEST, &frame, child->options.query_timeout_ms, err))
        return false;
    frame_get(&frame, sha256, 32);
    return frame_is_whole(&frame) || broken(child, err);
}

bool child_settle(struct child *child, const char *name, const uint8_t sha256[32],
                  struct error *err)
{
    struct frame frame;

    bytes_reset(&child->order);
    const size_t begin = frame_begin(&child->order, FRAME_SETTLE);
    frame_put(&child->order, sha256, 32);
    frame_put_text(&child->order, name);
    frame_end(&child->order, begin);
    return send_order(child, err) &&
           expect(child, FRAME_OK, &frame, child->options.query_timeout_ms, err);
}

bool child_check(struct child *child,
                 void (*tell)(void *context, enum finding finding, const char *sentence),
                 void *context, struct error *err)
{
    struct frame frame;
    enum os_pipe_result result;

    if (!order(child, FRAME_CHECK, NULL, err))
        return false;
    for (;;) {
        if (!next_frame(child, os_monotonic_ms() + child->options.query_timeout_ms, &frame, &result,
                        err))
            return false;
        if (frame.type == FRAME_OK)
            return true;
        const int64_t finding = frame_get_number(&frame);
        const char *sentence = frame_get_text(&frame);
        if (frame.type != FRAME_FINDING || !frame_is_whole(&frame) || finding < FINDING_OK ||
            finding > FINDING_FAIL)
            return broken(child, err);
        tell(context, (enum finding)finding, sentence);
    }
}
