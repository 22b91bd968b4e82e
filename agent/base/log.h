/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - one line per event, to standard error: time, level, integration, sentence
 *
 * Called from storey 3 upwards only. Thread-safe. Every registered secret is replaced by ****
 * wherever it occurs; control characters are escaped, so that one event is one line. Under
 * systemd (JOURNAL_STREAM was set: said by the caller) lines carry priority prefixes and no time.
 */
#ifndef AGENT_BASE_LOG_H
#define AGENT_BASE_LOG_H

#include "agent/base/error.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON, LOG_FORMAT_JOURNAL };

void log_setup(enum log_level level, enum log_format format);
/* integration: NULL for the agent itself. */
void log_line(enum log_level level, const char *integration, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Lines that stay below the log on a terminal, drawn again after each of its lines; they replace
 * those given before. Each fits the terminal's width and has its line end. */
void log_below(const char *lines);

/* From now on this value is scrubbed from every line. Values shorter than 4 bytes are ignored. */
void log_scrub_add(const char *secret);
/* Scrubs a text in place (status, messages): every registered secret becomes ****. */
void log_scrub(char *text);

#endif
