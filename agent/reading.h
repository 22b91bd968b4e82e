/* SPDX-License-Identifier: Apache-2.0 */
/* reading.h - what the two ways of reading share: windows of time (reader.c), files (folder.c)
 *
 * Private to the reader's thread, but for what the mutex guards.
 */
#ifndef AGENT_READING_H
#define AGENT_READING_H

#include "agent/child.h"
#include "agent/flow/intake.h"
#include "agent/reader.h"
#include "agent/status.h"

struct reader {
    struct reader_options options;
    const struct integration_config *config;
    int64_t store_row;
    struct schedule schedule;
    struct schedule stored; /* as the store has it */
    bool must_refresh;      /* the store may know more than we do */
    struct intake *intake;
    struct child *child;
    struct zone *zone; /* NULL: the machine's own */
    struct os_thread *thread;
    struct os_event *wake;

    struct status_reading reading;
    int failures;             /* in a row */
    int64_t history_began_ms; /* monotonic, of the first hole's slice of this run; 0: none */
    int64_t history_left_then_ms;
    int64_t slice_began_ms, slice_rows; /* for history_rows_per_second */
    int64_t give_up_ms;
    bool is_throttled;
    int64_t vanished_told;

    struct os_mutex *mutex; /* guards the outcome */
    struct reader_outcome outcome;
};

/* Opens the source process if it is not, reads the slice and commits it. schedule, file: see
 * intake_commit. give_up_ms: when a due live pass interrupts it. */
struct reading_result {
    bool is_interrupted;
    struct normalise_counts counts;
    struct intake_result intake;
    int64_t took_ms;
};
/* Fills the stored part of the schedule. */
bool reading_load_schedule(struct reader *reader, struct error *err) MUST_USE;
/* Takes up what the store may have come to know: queues that were admitted, or a slice whose commit
 * failed after it was done. Before each look at what is due. */
bool reading_refresh(struct reader *reader, struct error *err) MUST_USE;
bool reading_open(struct reader *reader, struct error *err) MUST_USE;
bool reading_slice(struct reader *reader, const struct slice *slice, int64_t give_up_ms,
                   struct reading_result *result, struct error *err) MUST_USE;
bool reading_commit(struct reader *reader, const struct schedule *schedule,
                    const struct store_file *file, struct reading_result *result,
                    struct error *err) MUST_USE;
void reading_abandon(struct reader *reader);

/* Reports to the board. */
void reading_report(struct reader *reader, enum state state, const char *error);
void reading_succeeded(struct reader *reader, const struct reading_result *result);
/* Logs and reports a failure and waits until it is time for the next attempt. False: there is none
 * (stop; with once, a person must act). */
bool reading_try_again(struct reader *reader, const struct error *err) MUST_USE;
/* Waits until stop is set, wake, or another event (may be NULL) is. False: stop. */
bool reading_wait_also(struct reader *reader, struct os_event *other, int64_t timeout_ms);
bool reading_wait(struct reader *reader, int64_t timeout_ms);
/* Nothing can be done before something is delivered: said to whoever waits for the end. */
void reading_waits_for_upload(struct reader *reader, bool waits);
/* Room in the spool? Reports and waits until there is. False: stop. */
bool reading_wait_for_room(struct reader *reader);
/* once: this reader has nothing more to do. */
void reading_done(struct reader *reader);

/* The loop of a drop folder (folder.c). */
void folder_run(struct reader *reader);

#endif
