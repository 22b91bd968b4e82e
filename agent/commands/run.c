/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - `cloud-link run`: the agent in the foreground; with --once, a run to the end */
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/base/bytes.h"
#include "agent/base/os.h"
#include "agent/commands/context.h"

#define PATIENCE      "10m"
#define REPORT_MS     (30 * UTC_SECOND) /* not on a terminal: a line per integration so often */
#define DRAW_MS       250
#define IDLE_MS       UTC_SECOND /* the status file is at most so old */
#define LINE_SIZE     200
#define DISPLAY_LIMIT ((size_t)64 * 1024)

static enum exit_status run(struct command_line *line);

const struct command run_command = {
    .name = "run",
    .arguments = "[--once] [--patience DURATION] [--take-over]",
    .summary = "run the agent in the foreground; what the service runs",
    .help = "--once       import everything that is due, history included, deliver it, end\n"
            "--patience   with --once: give up after so long without progress (10m)\n"
            "--take-over  the state directory was copied from another machine: make it\n"
            "             this machine's\n",
    .run = run,
};

/* --- progress --- */

struct display {
    const struct config *config;
    bool is_terminal;
    struct bytes lines; /* on a terminal: one per integration */
    int64_t *told;      /* elsewhere: how far each integration was when its line was last written */
    int64_t drawn_ms, began_ms;
};

static const char *time_left(int64_t seconds, char text[32])
{
    if (seconds < 0)
        snprintf(text, 32, "-");
    else if (seconds >= 3600)
        snprintf(text, 32, "%lldh%02lldm", (long long)(seconds / 3600),
                 (long long)(seconds / 60 % 60));
    else
        snprintf(text, 32, "%lldm%02llds", (long long)(seconds / 60), (long long)(seconds % 60));
    return text;
}

/* What matters most comes first: a narrow terminal cuts the rest. */
static void describe(const struct display *d, size_t index, const struct status_line *line,
                     char text[LINE_SIZE])
{
    const struct integration_config *integration = &d->config->integrations[index];
    const int64_t elapsed_ms = os_monotonic_ms() - d->began_ms + 1;
    char left[32], history[64] = "";

    if (integration->connector->files == NULL)
        snprintf(history, sizeof history, "  history %d.%d %%  left %s", line->history_tenths / 10,
                 line->history_tenths % 10, time_left(line->seconds_left, left));
    if (line->error[0] != '\0')
        snprintf(text, LINE_SIZE, "%-20s %s: %s", integration->name, state_words[line->state],
                 line->error);
    else
        snprintf(text, LINE_SIZE, "%-20s %-9s%s  read %lld (%lld/s)  sent %lld  waiting %lld",
                 integration->name, state_words[line->state], history, (long long)line->rows,
                 (long long)(line->rows * 1000 / elapsed_ms), (long long)line->sent,
                 (long long)line->spooled);
}

/* Not on a terminal an integration's line is written only when it got further. */
static bool got_further(struct display *d, size_t index, const struct status_line *line)
{
    const int64_t reached = line->sent + line->history_tenths;
    const bool further = d->told[index] != reached;

    d->told[index] = reached;
    return further;
}

/* On a terminal the lines stay below the log. */
static void draw(void *context, struct status *status)
{
    struct display *d = context;
    const int64_t now_ms = os_monotonic_ms();
    const size_t width = (size_t)os_terminal_width() - 1;
    struct status_line line;
    char text[LINE_SIZE];

    if (!d->is_terminal && now_ms - d->drawn_ms < REPORT_MS)
        return;
    d->drawn_ms = now_ms;
    bytes_reset(&d->lines);
    for (size_t i = 0; i < d->config->integration_count; i++) {
        status_line(status, i, &line);
        describe(d, i, &line, text);
        if (d->is_terminal) {
            bytes_append(&d->lines, text, strnlen(text, width));
            bytes_append_byte(&d->lines, '\n');
        } else if (got_further(d, i, &line)) {
            log_line(LOG_LEVEL_INFO, NULL, "%s", text);
        }
    }
    if (d->is_terminal)
        log_below(bytes_text(&d->lines));
}

/* --- the end --- */

/* The first that applies, in the order of the contract. */
static enum exit_status exit_for(const struct agent_outcome *outcome)
{
    if (outcome->store_failed)
        return EXIT_STORE;
    if (outcome->is_config)
        return EXIT_CONFIG;
    if (outcome->is_refused)
        return EXIT_REFUSED;
    if (outcome->source_unreachable || outcome->api_unreachable)
        return EXIT_UNREACHABLE;
    if (outcome->has_failed)
        return EXIT_FAILED;
    return outcome->rejected > 0 || outcome->quarantined > 0 ? EXIT_REJECTS : EXIT_DONE;
}

static bool read_options(struct command_line *line, struct agent_options *options)
{
    const char *patience;

    options->once = command_flag(line, "--once");
    options->take_over = command_flag(line, "--take-over");
    patience = command_value(line, "--patience");
    if (!utc_parse_duration(patience != NULL ? patience : PATIENCE, &options->patience_ms)) {
        command_usage(&run_command, "--patience takes a duration, for example 10m");
        return false;
    }
    return command_line_is_done(line, &run_command);
}

static enum exit_status run(struct command_line *line)
{
    struct agent_options options = {0};
    struct agent_outcome outcome;
    struct context context;
    struct error err;

    if (!read_options(line, &options))
        return EXIT_USAGE;
    options.stop = os_event_new();
    os_signals_to(options.stop);
    enum exit_status status = context_open(line, &context);
    if (status == EXIT_DONE) {
        struct display display = {
            .config = context.config,
            .is_terminal = os_is_terminal(2) && context.config->agent.log.format == LOG_FORMAT_TEXT,
            .began_ms = os_monotonic_ms(),
            .drawn_ms = os_monotonic_ms(),
        };

        bytes_init(&display.lines, DISPLAY_LIMIT);
        display.told = os_alloc((context.config->integration_count + 1) * sizeof *display.told);
        options.config = context.config;
        options.secrets = context.secrets;
        options.tick = draw;
        options.tick_ms = display.is_terminal || options.once ? DRAW_MS : IDLE_MS;
        options.tick_context = &display;
        if (agent_run(&options, &outcome, &err)) {
            status = exit_for(&outcome);
            if (os_event_is_set(options.stop)) /* a service that is stopped has done its work */
                status = options.once ? EXIT_INTERRUPTED : EXIT_DONE;
        } else {
            log_line(LOG_LEVEL_ERROR, NULL, "%s", err.text);
            status = context_exit(&err);
        }
        bytes_free(&display.lines);
        os_free(display.told);
        context_close(&context);
    }
    os_event_free(options.stop);
    return status;
}
