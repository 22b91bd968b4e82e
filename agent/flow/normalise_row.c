/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_row.c - one row read: its time first, so that a row outside the slice costs little, and
 * its texts last, so that a text is told only for a record
 */
#include "agent/flow/normalise_row.h"

#include <string.h>

#include "agent/base/json.h"
#include "agent/base/map.h"
#include "agent/flow/normalise_cell.h"

#define TEXT_MOST     1000 /* bytes of an identifier or a name */
#define QUARTERS_MOST 4    /* of an interval */

static bool stop(struct normalise *n, enum error_kind kind, const char *column, const char *clause)
{
    n->outcome = ROW_STOPPED;
    return error_set(&n->error, kind, "%s%s", column, clause);
}

bool normalise_stop(struct normalise *n)
{
    return stop(n, ERROR_FATAL, "", "");
}

static bool reject(struct normalise *n, enum slot slot, const char *clause)
{
    n->outcome = ROW_REJECTED;
    n->wrong_column = slot_names[slot];
    n->wrong = clause;
    return false;
}

/* NULL: the source has no such column. */
static const struct cell *cell_of(const struct normalise *n, enum slot slot)
{
    return n->at[slot] < 0 ? NULL : &n->cells[n->at[slot]];
}

static bool has_value(const struct normalise *n, enum slot slot)
{
    const struct cell *cell = cell_of(n, slot);

    return cell != NULL && !cell_is_empty(cell);
}

/* --- times --- */

/* What tells one repeated time from another: whose it is, and on which channel. */
static bool is_seen_again(struct normalise *n, enum slot subject, utc_ms civil)
{
    const struct cell *channel = cell_of(n, SLOT_CHANNEL);
    bool is_new = false;

    bytes_reset(&n->key);
    bytes_append(&n->key, &civil, sizeof civil);
    cell_describe(cell_of(n, subject), &n->key);
    bytes_append_byte(&n->key, 0);
    if (channel != NULL)
        cell_describe(channel, &n->key);
    map_add(n->labels, n->key.data, n->key.size, &is_new);
    return !is_new;
}

/* The moments a time cell can mean, and the clock face it shows. */
struct reading {
    utc_ms first, second;
    utc_ms face;
};

static bool read_time(struct normalise *n, enum slot slot, struct reading *reading)
{
    struct moment moment;
    const char *wrong = cell_moment(cell_of(n, slot), (enum times)n->settings.times, &moment);

    if (wrong != NULL)
        return reject(n, slot, wrong);
    *reading = (struct reading){.first = moment.time, .second = moment.time, .face = moment.time};
    n->fit = ZONE_ONCE;
    if (!moment.is_civil) {
        if (n->kind == DATA_INTERVALS && n->zone != NULL)
            reading->face += zone_offset_ms(n->zone, moment.time);
        return true;
    }
    if (n->zone == NULL)
        return stop(n, ERROR_CONFIG, slot_names[slot],
                    " has no offset from UTC: the integration needs a `time_zone`");
    struct zone_answer answer = zone_to_utc(n->zone, moment.time);
    reading->first = answer.first;
    reading->second = answer.second;
    n->fit = answer.fit;
    return true;
}

/* When a contact, an interval or a status begins. */
static bool read_begin(struct normalise *n, enum slot slot, enum slot subject, utc_ms *time,
                       utc_ms *face)
{
    struct reading reading;

    if (!read_time(n, slot, &reading))
        return false;
    bool is_second = n->fit == ZONE_TWICE &&
                     (n->ambiguous == AMBIGUOUS_SECOND ||
                      (n->ambiguous == AMBIGUOUS_ORDER && is_seen_again(n, subject, reading.face)));
    *time = is_second ? reading.second : reading.first;
    *face = reading.face;
    return true;
}

static bool is_inside(const struct normalise *n, utc_ms time)
{
    return n->slice.purpose == SLICE_FILE || (time >= n->slice.from && time < n->slice.to);
}

/* Counts a row that belongs to the slice; false for one that does not. */
static bool enter(struct normalise *n, bool belongs)
{
    if (!belongs) {
        n->outcome = ROW_OUTSIDE;
        return false;
    }
    n->counts.ambiguous += n->fit == ZONE_TWICE;
    n->counts.nonexistent += n->fit == ZONE_GAP;
    return true;
}

/* --- numbers and words --- */

/* Seconds as milliseconds; a missing value is 0. */
static bool read_seconds(struct normalise *n, enum slot slot, int64_t *milliseconds)
{
    struct number number = {.value = 0};

    if (has_value(n, slot)) {
        const char *wrong = cell_number(cell_of(n, slot), n->settings.decimal, 3, &number);

        if (wrong != NULL)
            return reject(n, slot, wrong);
        if (number.value < 0)
            return reject(n, slot, "is negative");
        if (number.is_cut)
            return reject(n, slot, "has more than three decimals");
    }
    *milliseconds = number.value;
    return true;
}

/* How many: decimals are rounded. */
static bool read_count(struct normalise *n, enum slot slot, uint32_t *count)
{
    struct number number;
    bool is_rounded;
    const char *wrong = cell_number(cell_of(n, slot), n->settings.decimal, 3, &number);

    if (wrong != NULL)
        return reject(n, slot, wrong);
    if (number.value < 0)
        return reject(n, slot, "is negative");
    int64_t whole = cell_round(&number, &is_rounded);
    if (whole > UINT32_MAX)
        return reject(n, slot, "is too large");
    n->counts.rounded += is_rounded;
    *count = (uint32_t)whole;
    return true;
}

/* 0 or 1; `missing` where the source has no such column or no value in it. */
static bool read_boolean(struct normalise *n, enum slot slot, uint32_t missing, uint32_t *value)
{
    bool is_true;

    *value = missing;
    if (!has_value(n, slot))
        return true;
    const char *wrong = cell_boolean(cell_of(n, slot), &is_true);
    if (wrong != NULL)
        return reject(n, slot, wrong);
    *value = is_true;
    return true;
}

static bool find_channel(const struct normalise *n, const char *text, size_t size,
                         enum channel *channel)
{
    static const struct {
        const char *word;
        enum channel channel;
    } others[] = {{"tickets", CHANNEL_CASES}, {"voicemail", CHANNEL_CALLS}};
    const struct channel_map *own = &n->settings.channels;

    for (size_t i = 0; i < own->count; i++) {
        *channel = own->channels[i];
        if (cell_text_is(text, size, own->words[i]))
            return true;
    }
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        *channel = (enum channel)i;
        if (cell_text_is(text, size, channel_words[i]))
            return true;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        *channel = others[i].channel;
        if (cell_text_is(text, size, others[i].word))
            return true;
    }
    return false;
}

static bool read_channel(struct normalise *n, enum channel *channel)
{
    const struct cell *cell = cell_of(n, SLOT_CHANNEL);

    *channel = (enum channel)n->settings.channel;
    if (cell == NULL || cell_is_empty(cell))
        return true;
    if (cell->kind == CELL_TEXT && cell->size == n->channel_size &&
        memcmp(cell->text, n->channel_text, cell->size) == 0) {
        *channel = n->channel;
        return true;
    }
    bytes_reset(&n->key);
    const char *wrong = cell_append_text(cell, &n->key);
    if (wrong == NULL && !find_channel(n, (const char *)n->key.data, n->key.size, channel))
        wrong = "is not a channel we know (`channels` maps others)";
    if (wrong != NULL)
        return reject(n, SLOT_CHANNEL, wrong);
    if (cell->kind == CELL_TEXT && cell->size <= sizeof n->channel_text) {
        memcpy(n->channel_text, cell->text, cell->size);
        n->channel_size = cell->size;
        n->channel = *channel;
    }
    return true;
}

/* --- texts --- */

static const char *const is_too_long = "is longer than 1,000 bytes";

static bool append_identifier(struct normalise *n, enum slot slot)
{
    const char *wrong = cell_append_text(cell_of(n, slot), &n->key);

    bytes_append_byte(&n->key, 0);
    if (wrong == NULL && n->key.overflow)
        wrong = is_too_long;
    return wrong == NULL || reject(n, slot, wrong);
}

static bool check_text(struct normalise *n, enum slot slot, const char *text, size_t size)
{
    if (size > TEXT_MOST)
        return reject(n, slot, is_too_long);
    if (!json_text_is_valid(text, size))
        return reject(n, slot, "has control characters or is not UTF-8");
    return true;
}

/* The number of a text; a new text is checked and told. name_slot: SLOT_COUNT for none. */
static bool read_text(struct normalise *n, enum name_role role, enum slot slot, enum slot name_slot,
                      uint32_t *number)
{
    bytes_reset(&n->key);
    if (!append_identifier(n, slot))
        return false;
    size_t name_at = n->key.size;
    if (name_slot != SLOT_COUNT && !append_identifier(n, name_slot))
        return false;
    *number = map_find(n->texts[role], n->key.data, n->key.size);
    if (*number != MAP_NONE)
        return true;

    const char *text = bytes_text(&n->key);
    const char *name = name_slot != SLOT_COUNT ? text + name_at : NULL;
    if (!check_text(n, slot, text, name_at - 1) ||
        (name != NULL && !check_text(n, name_slot, name, n->key.size - name_at - 1)))
        return false;
    *number = map_add(n->texts[role], n->key.data, n->key.size, NULL);
    if (*number == MAP_NONE)
        return stop(n, ERROR_CONFIG, slot_names[slot],
                    " has more than 1,000,000 values in one slice: it looks like a wrong column");
    return n->sink.name(n->sink.context, role, *number, text, name) || normalise_stop(n);
}

static bool read_queue(struct normalise *n, uint32_t *number)
{
    return read_text(n, NAME_QUEUE, SLOT_QUEUE_IDENTIFIER, SLOT_QUEUE_NAME, number);
}

/* --- rows --- */

static bool tell(struct normalise *n, const struct record *record)
{
    if (n->counts.newest == UTC_NEVER || record->time > n->counts.newest)
        n->counts.newest = record->time;
    return n->sink.record(n->sink.context, record) || normalise_stop(n);
}

static bool take_contact(struct normalise *n)
{
    struct record record = {.order = n->order};
    utc_ms face;

    return read_begin(n, SLOT_TIMESTAMP, SLOT_QUEUE_IDENTIFIER, &record.time, &face) &&
           enter(n, is_inside(n, record.time)) &&
           (has_value(n, SLOT_ANSWERED) || reject(n, SLOT_ANSWERED, "is empty")) &&
           read_boolean(n, SLOT_ANSWERED, 0, &record.volume.answered) &&
           read_boolean(n, SLOT_OFFERED, 1, &record.volume.offered) &&
           read_seconds(n, SLOT_DURATION, &record.volume.duration_ms) &&
           read_channel(n, &record.volume.channel) && read_queue(n, &record.subject) &&
           tell(n, &record);
}

/* In total: as given, or the average times the number answered, which may have lost decimals: what
 * was given is what comes out. */
static bool read_handling(struct normalise *n, uint32_t answered, int64_t *total_ms)
{
    const bool is_total = n->at[SLOT_HANDLING_TIME] >= 0;
    const enum slot slot = is_total ? SLOT_HANDLING_TIME : SLOT_AHT;
    struct number average;
    bool is_rounded;

    if (answered > 0 && !has_value(n, slot))
        return reject(n, slot, "is empty");
    if (is_total)
        return read_seconds(n, slot, total_ms);
    *total_ms = 0;
    if (!has_value(n, slot))
        return true;
    const char *wrong = cell_number(cell_of(n, slot), n->settings.decimal, 6, &average);
    if (wrong != NULL)
        return reject(n, slot, wrong);
    if (average.value < 0)
        return reject(n, slot, "is negative");
    if (answered > 0 && average.value > INT64_MAX / answered)
        return reject(n, slot, "is too large");
    average.value *= answered;
    *total_ms = cell_round(&average, &is_rounded);
    return true;
}

/* The k-th of n shares as equal as whole numbers can be, the larger ones first. */
static uint32_t share(uint32_t whole, uint32_t n, uint32_t k)
{
    return whole / n + (k < whole % n);
}

/* An interval's record as one for each of its quarter hours. Handling time goes with the contacts
 * it was spent on (evenly, when there are none), what is left over to the earliest. */
static uint32_t spread_evenly(const struct record *whole, uint32_t quarters,
                              struct record parts[QUARTERS_MOST])
{
    const uint64_t contacts = whole->volume.answered > 0 ? whole->volume.answered : quarters;
    const uint64_t total = (uint64_t)whole->volume.duration_ms;
    uint64_t left = total;

    for (uint32_t k = 0; k < quarters; k++) {
        struct record *part = &parts[k];

        *part = *whole;
        part->time += k * UTC_QUARTER;
        part->volume.offered = share(whole->volume.offered, quarters, k);
        part->volume.answered = share(whole->volume.answered, quarters, k);
        uint64_t its = whole->volume.answered > 0 ? part->volume.answered : 1;
        uint64_t milliseconds = total / contacts * its + total % contacts * its / contacts;
        part->volume.duration_ms = (int64_t)milliseconds;
        left -= milliseconds;
    }
    for (uint32_t k = 0; left > 0; k++, left--)
        parts[k].volume.duration_ms++;
    return quarters;
}

static bool take_interval(struct normalise *n)
{
    struct record record = {.order = n->order};
    struct record parts[QUARTERS_MOST];
    const int64_t interval_ms = n->settings.interval_ms;
    utc_ms face;
    uint32_t count = 1;

    if (!read_begin(n, SLOT_TIMESTAMP, SLOT_QUEUE_IDENTIFIER, &record.time, &face) ||
        !enter(n, is_inside(n, record.time)))
        return false;
    if (utc_floor(face, interval_ms) != face)
        return reject(n, SLOT_TIMESTAMP, "is not the start of an interval");
    record.time = utc_floor(record.time, UTC_QUARTER);
    bool is_good = read_count(n, SLOT_OFFERED, &record.volume.offered) &&
                   read_count(n, SLOT_ANSWERED, &record.volume.answered) &&
                   read_handling(n, record.volume.answered, &record.volume.duration_ms) &&
                   read_channel(n, &record.volume.channel) && read_queue(n, &record.subject);
    if (!is_good)
        return false;
    parts[0] = record;
    if (n->settings.spread == SPREAD_EVEN)
        count = spread_evenly(&record, (uint32_t)(interval_ms / UTC_QUARTER), parts);
    for (uint32_t k = 0; k < count; k++) {
        if (!tell(n, &parts[k]))
            return false;
    }
    return true;
}

/* UTC_NEVER: ongoing, or known only by the agent's next start. */
static bool read_end(struct normalise *n, utc_ms begin, utc_ms *end)
{
    const enum zone_fit fit_of_begin = n->fit;
    const enum slot slot = n->at[SLOT_END_TIME] >= 0 ? SLOT_END_TIME : SLOT_DURATION;
    struct reading reading;
    int64_t duration_ms;

    *end = UTC_NEVER;
    if (normalise_is_next_start(n) || !has_value(n, slot))
        return true;
    if (slot == SLOT_DURATION) {
        if (!read_seconds(n, slot, &duration_ms))
            return false;
        if (duration_ms > UTC_LATEST - begin)
            return reject(n, slot, "is too large");
        *end = begin + duration_ms;
        return true;
    }
    if (!read_time(n, slot, &reading))
        return false;
    n->fit = fit_of_begin;
    /* A repeated end is the first one that is not before the beginning. */
    bool is_second = n->ambiguous == AMBIGUOUS_SECOND || reading.first < begin;
    *end = is_second ? reading.second : reading.first;
    return *end >= begin || reject(n, slot, "is before starttime");
}

static bool take_status(struct normalise *n)
{
    const bool is_pass = n->slice.purpose == SLICE_PASS;
    struct record record = {.order = n->order};
    utc_ms *end = &record.status.end;
    utc_ms face;

    if (!read_begin(n, SLOT_START_TIME, SLOT_AGENT_IDENTIFIER, &record.time, &face) ||
        (!is_pass && !enter(n, is_inside(n, record.time))) || !read_end(n, record.time, end) ||
        (is_pass &&
         !enter(n, is_inside(n, record.time) || (*end != UTC_NEVER && is_inside(n, *end)))))
        return false;
    if (*end == record.time)
        return true; /* no time at all: nothing to tell */
    return read_text(n, NAME_AGENT, SLOT_AGENT_IDENTIFIER, SLOT_COUNT, &record.subject) &&
           read_text(n, NAME_ACTIVITY, SLOT_ACTIVITY, SLOT_COUNT, &record.status.activity) &&
           tell(n, &record);
}

void normalise_take(struct normalise *n)
{
    static bool (*const take[])(struct normalise *) = {
        [DATA_CONTACTS] = take_contact,
        [DATA_INTERVALS] = take_interval,
        [DATA_AGENT_STATUS] = take_status,
    };

    n->outcome = ROW_GOOD;
    take[n->kind](n);
}
