/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h - the frames on the pipe between the agent and a source process
 *
 *     type (1 byte) | length of the payload (4 bytes) | payload (at most 1 MiB)
 *
 * Orders, agent to source:              Answers, source to agent:
 *   O open    reject key, settings        K ok
 *   R read    slice                       C columns   do statuses last until the next?
 *                                         N name      role, number, identifier, name
 *   L list                                D records   array of struct record
 *   H hash    file name                   J reject    hash, line, reason, cells
 *   S settle  SHA-256, name                 F file      size, time, name
 *   T check                               X digest    32 bytes
 *                                         G finding   level, sentence
 *                                         . alive     (rows are coming, none to show yet)
 *                                         E end       counts
 *                                         ! error     kind, sentence
 *
 * An order is answered by any number of C N D J F G . and then by one of K X E !. The process ends
 * when its pipe closes. Numbers are in the machine's own order: both ends are the same program.
 * A source process may have loaded anything, so what it says is checked: a payload is valid if and
 * only if every field lies inside it, texts end with NUL, and nothing is left over.
 */
#ifndef AGENT_FLOW_FRAME_H
#define AGENT_FLOW_FRAME_H

#include "agent/flow/normalise.h"

struct bytes;

#define FRAME_HEAD         5
#define FRAME_LIMIT        (1 << 20)
#define FRAME_RECORDS_MOST 4096

enum frame_type {
    FRAME_OPEN = 'O',
    FRAME_READ = 'R',
    FRAME_LIST = 'L',
    FRAME_HASH = 'H',
    FRAME_SETTLE = 'S',
    FRAME_CHECK = 'T',
    FRAME_OK = 'K',
    FRAME_COLUMNS = 'C',
    FRAME_NAME = 'N',
    FRAME_RECORDS = 'D',
    FRAME_REJECT = 'J',
    FRAME_FILE = 'F',
    FRAME_DIGEST = 'X',
    FRAME_FINDING = 'G',
    FRAME_ALIVE = '.',
    FRAME_END = 'E',
    FRAME_ERROR = '!',
};

/* Writing: frame_begin, fields, frame_end with what frame_begin returned. */
size_t frame_begin(struct bytes *out, enum frame_type type);
void frame_put(struct bytes *out, const void *field, size_t size);
void frame_put_number(struct bytes *out, int64_t number);
void frame_put_text(struct bytes *out, const char *text); /* NULL becomes "" */
void frame_put_slice(struct bytes *out, const struct slice *slice);
void frame_end(struct bytes *out, size_t begin);

/* A head of five bytes; false when it cannot be one. */
bool frame_head(const uint8_t head[FRAME_HEAD], enum frame_type *type, size_t *size);

/* Reading: fields in order; the first that does not fit makes the frame broken for good, and what
 * is read then is 0 or "". Texts are lent as long as the payload. */
struct frame {
    enum frame_type type;
    const uint8_t *data;
    size_t size;
    size_t position;
    bool broken;
};
void frame_get(struct frame *frame, void *field, size_t size);
int64_t frame_get_number(struct frame *frame);
const char *frame_get_text(struct frame *frame);
void frame_get_slice(struct frame *frame, struct slice *slice);
bool frame_is_whole(const struct frame *frame); /* read to its end, and never broken */

#endif
