/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_frame.c - a source process may say what it likes: the body of a request is JSON all the same
 *
 * Input: which order, which kind of data (1 byte), then all that the process answers. The process
 * is played by this file: what the agent does with the answers of one slice is real, but for the
 * store.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/base/os_process.h"
#include "agent/child.h"
#include "agent/flow/batch.h"
#include "agent/flow/frame.h"
#include "tests/fuzz/fuzz.h"

/* --- the process --- */

struct os_child {
    struct input answers;
};
static struct input next_answers;

struct os_child *os_child_start(const char *const *arguments, struct error *err)
{
    struct os_child *child = os_alloc(sizeof *child);

    (void)arguments;
    (void)err;
    child->answers = next_answers;
    return child;
}

void os_child_end(struct os_child *child, char how[64])
{
    if (how != NULL)
        how[0] = '\0';
    os_free(child);
}

enum os_pipe_result os_child_read(struct os_child *child, void *data, size_t size,
                                  int64_t deadline_ms, struct os_event *stop)
{
    (void)deadline_ms;
    (void)stop;
    if (child->answers.size < size)
        return OS_PIPE_CLOSED;
    if (size > 0)
        memcpy(data, child->answers.data, size);
    child->answers.data += size;
    child->answers.size -= size;
    return OS_PIPE_OK;
}

enum os_pipe_result os_child_write(struct os_child *child, const void *data, size_t size,
                                   int64_t deadline_ms, struct os_event *stop)
{
    size_t length;
    enum frame_type type;

    (void)child;
    (void)deadline_ms;
    (void)stop;
    PROMISE(size >= FRAME_HEAD && frame_head(data, &type, &length));
    PROMISE(length == size - FRAME_HEAD);
    return OS_PIPE_OK;
}

/* --- a slice --- */

struct reading {
    enum data_kind kind;
    struct names *names;
    struct grouper *grouper;
};

static bool take_columns(void *context, bool next_start, struct error *err)
{
    (void)context;
    (void)next_start;
    (void)err;
    return true;
}

static bool take_name(void *context, const struct names_told *told, struct error *err)
{
    struct reading *reading = context;

    return names_put(reading->names, told, err);
}

static bool take_records(void *context, struct record *records, size_t count, struct error *err)
{
    struct reading *reading = context;
    const bool is_status = reading->kind == DATA_AGENT_STATUS;

    PROMISE(count <= FRAME_RECORDS_MOST);
    for (size_t i = 0; i < count; i++) {
        struct record *record = &records[i];

        if (!record_is_possible(record, reading->kind))
            return error_set(err, ERROR_RETRY, "an impossible record");
        record->subject =
            names_own(reading->names, is_status ? NAME_AGENT : NAME_QUEUE, record->subject);
        if (is_status)
            record->status.activity =
                names_own(reading->names, NAME_ACTIVITY, record->status.activity);
        if (record->subject == UINT32_MAX || (is_status && record->status.activity == UINT32_MAX))
            return error_set(err, ERROR_RETRY, "a record of nothing");
    }
    return grouper_add(reading->grouper, records, count, err);
}

static bool take_reject(void *context, const struct reject *reject, struct error *err)
{
    (void)context;
    (void)err;
    PROMISE(strlen(reject->reason) + strlen(reject->cells) < FRAME_LIMIT);
    return true;
}

/* Everything that came in becomes the body of one request. */
static void check_body(struct reading *reading)
{
    const struct batch_rules rules = {.kind = reading->kind,
                                      .id = 1,
                                      .external_system = "acd",
                                      .max_records = 1000,
                                      .max_bytes = 1 << 20};
    struct batch *batch = batch_new(&rules);
    struct batch_body body;
    struct group group;
    struct error err;
    bool failed = false;

    batch_begin(batch, reading->names);
    PROMISE(grouper_end(reading->grouper, &err));
    while (grouper_next(reading->grouper, &group, &failed, &err)) {
        const struct batch_item item = {.group = &group,
                                        .queue_name =
                                            reading->kind == DATA_AGENT_STATUS
                                                ? NULL
                                                : names_queue_name(reading->names, group.subject)};

        if (!batch_is_full_for(batch, &item) && !batch_add(batch, &item, &err))
            PROMISE(err.kind == ERROR_DATA);
    }
    if (!batch_is_empty(batch)) {
        batch_body(batch, &body);
        json_t *read = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, NULL);

        PROMISE(read != NULL);
        PROMISE((int64_t)json_array_size(json_object_get(read, "data")) == body.records);
        json_decref(read);
    }
    batch_free(batch);
}

static void check_slice(struct child *child, enum data_kind kind)
{
    struct reading reading = {
        .kind = kind, .names = names_new(), .grouper = grouper_new(kind, 64, "/tmp")};
    const struct child_sink sink = {&reading, take_columns, take_name, take_records, take_reject};
    const struct slice slice = {.purpose = SLICE_FILE, .file = "x.csv"};
    struct child_reading order = {.slice = &slice, .sink = &sink, .give_up_ms = INT64_MAX};
    struct error err;

    grouper_begin(reading.grouper, true);
    if (child_read(child, &order, &err))
        check_body(&reading);
    else
        PROMISE(!order.is_interrupted && err.text[0] != '\0');
    grouper_free(reading.grouper);
    names_free(reading.names);
}

/* --- other orders --- */

static void visit_file(void *context, const struct source_file *file)
{
    *(size_t *)context += strlen(file->name);
}

static void visit_finding(void *context, enum finding finding, const char *sentence)
{
    PROMISE(finding >= FINDING_OK && finding <= FINDING_FAIL);
    *(size_t *)context += strlen(sentence);
}

static void check_slice_order(const uint8_t *data, size_t size)
{
    struct frame frame = {.type = FRAME_READ, .data = data, .size = size};
    struct slice slice;
    struct bytes again;

    frame_get_slice(&frame, &slice);
    PROMISE(frame.position <= size);
    if (!frame_is_whole(&frame))
        return;
    bytes_init(&again, FRAME_LIMIT);
    frame_put_slice(&again, &slice);
    PROMISE(again.size == size && memcmp(again.data, data, size) == 0);
    bytes_free(&again);
}

static bool check_order(struct child *child, uint8_t what, struct error *err)
{
    uint8_t sha256[32];
    size_t letters = 0;

    switch (what % 8) {
    case 3:
        return child_list(child, visit_file, &letters, err);
    case 4:
        return child_hash(child, "x.csv", sha256, err);
    case 5:
        memset(sha256, 7, sizeof sha256);
        return child_settle(child, "x.csv", sha256, err);
    case 6:
        return child_check(child, visit_finding, &letters, err);
    default:
        check_slice(child, (enum data_kind)(what % 8 % 3));
        return true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t reject_key[32] = {0};
    const struct child_options options = {.integration = "acd"};
    struct child *child = child_new(&options);
    struct bytes answers;
    struct input input = {data, size};
    const uint8_t what = input_byte(&input);
    struct error err = {.text = ""};

    bytes_init(&answers, size + FRAME_HEAD);
    frame_end(&answers, frame_begin(&answers, FRAME_OK)); /* of open */
    bytes_append(&answers, input.data, input.size);
    next_answers = (struct input){answers.data, answers.size};
    PROMISE(child_open(child, "{}", 2, reject_key, &err));
    if (!check_order(child, what, &err))
        PROMISE(err.text[0] != '\0' || !child_is_open(child));
    check_slice_order(input.data, input.size);
    child_free(child);
    bytes_free(&answers);
    return 0;
}
