/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h - the frames on the pipe between the agent and a source process
 *
 *     type (1 byte) | length of the payload (4 bytes, little endian) | payload (at most 1 MiB)
 *
 * Orders, agent to source:                      Answers, source to agent:
 *   O open     settings as JSON                   K ok        (open, close, settle, check's end)
 *   R read     struct slice + file name           C columns   (read has begun: first rows are
 * coming) L list                                        N names     role, number, texts H hash file
 * name                          D records   array of struct record S settle   file name J reject T
 * check                                       F file      name, size, time Q close X hash SHA-256
 *                                                 G finding   level, sentence (check)
 *                                                 E end       counts (of a read, a list)
 *                                                 ! error     kind, sentence
 *
 * Both ends are the same program on the same machine, so numbers are in its own byte order; what
 * comes from a source process is checked nevertheless: it may have loaded anything.
 */
#ifndef AGENT_FLOW_FRAME_H
#define AGENT_FLOW_FRAME_H

#include "agent/flow/normalise.h"

struct bytes;

#define FRAME_HEAD  5
#define FRAME_LIMIT (1 << 20)

enum frame_type {
    FRAME_OPEN = 'O',
    FRAME_READ = 'R',
    FRAME_LIST = 'L',
    FRAME_HASH = 'H',
    FRAME_SETTLE = 'S',
    FRAME_CHECK = 'T',
    FRAME_CLOSE = 'Q',
    FRAME_OK = 'K',
    FRAME_COLUMNS = 'C',
    FRAME_NAME = 'N',
    FRAME_RECORDS = 'D',
    FRAME_REJECT = 'J',
    FRAME_FILE = 'F',
    FRAME_DIGEST = 'X',
    FRAME_FINDING = 'G',
    FRAME_END = 'E',
    FRAME_ERROR = '!',
};

#endif
