/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - the source process: runs one connector, normalises its rows, answers orders
 *
 * The same executable, started by the agent with SOURCE_ARGUMENT and nothing but a pipe pair. It
 * holds no API key and no store. It ends when the pipe closes.
 */
#ifndef AGENT_SOURCE_H
#define AGENT_SOURCE_H

#define SOURCE_ARGUMENT "--source-process"

/* Serves orders until the pipe closes; the process's exit status. */
int source_main(void);

#endif
