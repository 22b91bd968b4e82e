/* SPDX-License-Identifier: Apache-2.0 */
/* test_normalise_interval.c - interval rows: their grid, sums, rounding, and the autumn hour */
#include "tests/unit/normalise_bench.h"

#include "agent/base/bytes.h"
#include "agent/base/os_file.h"
#include "agent/base/zone.h"

static void test_order_is_remembered_of_rows_outside_the_slice(void **state)
{
    struct normalise_settings settings = {.time_zone = "Europe/Berlin", .interval_ms = UTC_QUARTER};
    struct slice slice = {
        .purpose = SLICE_LIVE, .from = at("2024-10-27T01:00Z"), .to = at("2024-10-27T02:00Z")};
    struct bench *bench =
        prepare(DATA_INTERVALS, "queueidentifier queuename timestamp offered answered aht channel",
                &settings);

    (void)state;
    begin(bench, &slice);
    assert_null(feed_text(bench, "1|S|2024-10-27 02:15|1|1|1|calls"));
    assert_null(feed_text(bench, "1|S|2024-10-27 02:15|1|1|1|chats")); /* its first */
    assert_int_equal(bench->heard.record_count, 0);
    assert_null(feed_text(bench, "1|S|2024-10-27 02:15|1|1|1|calls"));
    assert_int_equal(bench->heard.record_count, 1);
    assert_int_equal(last(bench)->time, at("2024-10-27T01:15Z"));
    assert_int_equal(normalise_counts(bench->normalise)->ambiguous, 1);
    close_bench(bench);
}

/* A queue's rows of the hours around one change, in order, must come back where they were. */
static void check_change(const char *name, struct zone *zone, utc_ms change, int64_t interval_ms)
{
    struct normalise_settings settings = {.time_zone = name, .interval_ms = interval_ms};
    struct bench *bench = open_file(
        DATA_INTERVALS, "queueidentifier queuename timestamp offered answered aht", &settings);
    struct cell cells[] = {TEXT("1"), TEXT("S"), NOTHING, INTEGER(1), INTEGER(1), INTEGER(60)};
    utc_ms times[64];
    size_t count = 0;

    for (utc_ms time = change - 4 * UTC_HOUR; time < change + 4 * UTC_HOUR; time += UTC_QUARTER) {
        utc_ms face = time + zone_offset_ms(zone, time);

        if (utc_floor(face, interval_ms) != face)
            continue;
        times[count++] = time;
        cells[2] = (struct cell){.kind = CELL_CIVIL, .integer = face};
        cells[0] = text_cell("1");
        assert_true(feed(bench, cells));
        cells[0] = text_cell("2");
        assert_true(feed(bench, cells));
    }
    assert_int_equal(bench->heard.record_count, 2 * count);
    for (size_t i = 0; i < count; i++) {
        if (bench->heard.records[2 * i].time != times[i] ||
            bench->heard.records[2 * i + 1].time != times[i])
            fail_msg("%s: row %d of %d around a change", name, (int)i, (int)count);
    }
    close_bench(bench);
}

/* Both changes of one year. Zones off the quarter hours (none today) have no grid to speak of. */
static int check_zone(const char *name)
{
    struct error err;
    struct zone *zone = zone_open(name, &err);
    int changes = 0;

    if (zone == NULL)
        fail_msg("%s", err.text);
    utc_ms end = at("2025-01-01T00:00Z");
    for (utc_ms time = at("2024-01-01T00:00Z"); time < end; time += UTC_HOUR / 2) {
        utc_ms next = time + UTC_HOUR / 2;

        if (zone_offset_ms(zone, time) <= zone_offset_ms(zone, next))
            continue; /* autumn only: a gap's rows are not where they were */
        changes++;
        check_change(name, zone, next, UTC_QUARTER);
        check_change(name, zone, next, 2 * UTC_QUARTER);
        check_change(name, zone, next, UTC_HOUR);
    }
    zone_close(zone);
    return changes;
}

static void test_order_in_every_zone(void **state)
{
    struct bytes table;
    struct error err;
    int changes = 0;

    (void)state;
    bytes_init(&table, 1 << 20);
    if (!os_file_read("/usr/share/zoneinfo/zone1970.tab", &table, &err))
        fail_msg("%s", err.text);
    for (char *line = (char *)bytes_text(&table); line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        char name[64];

        *end = '\0';
        const char *field = strchr(line, '\t');
        if (*line != '#' && field != NULL) {
            field = strchr(field + 1, '\t') + 1;
            snprintf(name, sizeof name, "%.*s", (int)strcspn(field, "\t"), field);
            changes += check_zone(name);
        }
        line = end + 1;
    }
    assert_true(changes > 50);
    bytes_free(&table);
}

static const char interval_columns[] =
    "queueidentifier queuename timestamp offered answered handlingtime";

static void test_an_interval(void **state)
{
    struct normalise_settings settings = {.time_zone = "Asia/Kathmandu",
                                          .interval_ms = 2 * UTC_QUARTER};
    struct bench *bench = open_file(DATA_INTERVALS, interval_columns, &settings);

    (void)state;
    assert_null(feed_text(bench, "1|S|2024-01-05 09:30|7|5|615.25"));
    assert_int_equal(last(bench)->time, at("2024-01-05T03:45Z"));
    assert_int_equal(last(bench)->volume.offered, 7);
    assert_int_equal(last(bench)->volume.answered, 5);
    assert_int_equal(last(bench)->volume.duration_ms, 615250);
    assert_null(feed_text(bench, "1|S|2024-01-05T03:45Z|0|0|")); /* 09:30 there */
    assert_int_equal(bench->heard.record_count, 2);
    assert_string_equal(feed_text(bench, "1|S|2024-01-05 09:15|7|5|615"),
                        "timestamp is not the start of an interval");
    assert_string_equal(feed_text(bench, "1|S|2024-01-05T03:30Z|7|5|615"),
                        "timestamp is not the start of an interval");
    assert_string_equal(feed_text(bench, "1|S|2024-01-05 09:30:01|7|5|615"),
                        "timestamp is not the start of an interval");
    assert_string_equal(feed_text(bench, "1|S|2024-01-05 09:30|-1|5|615"), "offered is negative");
    assert_string_equal(feed_text(bench, "1|S|2024-01-05 09:30|1|-0.2|615"),
                        "answered is negative");
    assert_string_equal(feed_text(bench, "1|S|2024-01-05 09:30|1|1|-5"),
                        "handlingtime is negative");
    assert_string_equal(feed_text(bench, "1|S|2024-01-05 09:30|1|1|"), "handlingtime is empty");
    assert_string_equal(feed_text(bench, "1|S|2024-01-05 09:30||1|3"), "offered is empty");
    assert_string_equal(feed_text(bench, "1|S|2024-01-05 09:30|4294967296|1|3"),
                        "offered is too large");
    close_bench(bench);
}

static void test_counts_are_rounded_half_to_even(void **state)
{
    static const struct {
        const char *text;
        uint32_t whole;
        bool is_rounded;
    } cases[] = {
        {"0.5", 0, true},     {"1.5", 2, true},       {"2.5", 2, true},
        {"2.50001", 3, true}, {"2.4999999", 2, true}, {"3.000", 3, false},
        {"3.4", 3, true},     {"3.6", 4, true},       {"0.0001", 0, true},
    };
    struct normalise_settings settings = {.time_zone = "UTC", .interval_ms = UTC_QUARTER};
    struct bench *bench = open_file(DATA_INTERVALS, interval_columns, &settings);
    char fields[64];
    uint64_t rounded = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(fields, sizeof fields, "1|S|2024-01-05|%s|0|0", cases[i].text);
        assert_null(feed_text(bench, fields));
        assert_int_equal(last(bench)->volume.offered, cases[i].whole);
        rounded += cases[i].is_rounded;
        assert_int_equal(normalise_counts(bench->normalise)->rounded, rounded);
    }
    close_bench(bench);
}

static void test_an_average_becomes_a_total(void **state)
{
    static const struct {
        const char *fields;
        int64_t total_ms;
    } cases[] = {
        {"1|S|2024-01-05|9|7|100", 700000},     {"1|S|2024-01-05|9|3|123,333333333", 370000},
        {"1|S|2024-01-05|9|7|0,001", 7},        {"1|S|2024-01-05|9|0|", 0},
        {"1|S|2024-01-05|9|0|55", 0},           {"1|S|2024-01-05|9|3,4|100", 300000},
        {"1|S|2024-01-05|9|1000|0,0000005", 0}, {"1|S|2024-01-05|9|1000|0,000001", 1},
    };
    struct normalise_settings settings = {
        .time_zone = "UTC", .interval_ms = UTC_QUARTER, .decimal = ','};
    struct bench *bench = open_file(
        DATA_INTERVALS, "queueidentifier queuename timestamp offered answered aht", &settings);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(feed_text(bench, cases[i].fields));
        assert_int_equal(last(bench)->volume.duration_ms, cases[i].total_ms);
    }
    assert_string_equal(feed_text(bench, "1|S|2024-01-05|9|3|"), "aht is empty");
    assert_string_equal(feed_text(bench, "1|S|2024-01-05|9|3|-1"), "aht is negative");
    assert_string_equal(feed_text(bench, "1|S|2024-01-05|9|4000000000|99999999999"),
                        "aht is too large");
    close_bench(bench);
}

/* xorshift: the same rows on every run. */
static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void check_spread(struct bench *bench, const struct cell *cells, uint32_t quarters)
{
    const struct record *parts = bench->heard.records;
    int64_t offered = 0, answered = 0, total = 0;

    assert_int_equal(bench->heard.record_count, quarters);
    for (uint32_t k = 0; k < quarters; k++) {
        assert_int_equal(parts[k].time, cells[2].integer + k * UTC_QUARTER);
        assert_int_equal(parts[k].order, parts[0].order);
        offered += parts[k].volume.offered;
        answered += parts[k].volume.answered;
        total += parts[k].volume.duration_ms;
        if (k == 0)
            continue;
        assert_true(parts[k].volume.offered <= parts[k - 1].volume.offered);
        assert_true(parts[k].volume.answered <= parts[k - 1].volume.answered);
        assert_true(parts[k].volume.duration_ms <= parts[k - 1].volume.duration_ms);
        assert_true(parts[0].volume.offered - parts[k].volume.offered <= 1);
        /* Time is spent where there are contacts to spend it on. */
        if (cells[4].integer > 0 && parts[k].volume.answered == 0)
            assert_int_equal(parts[k].volume.duration_ms, 0);
    }
    assert_int_equal(offered, cells[3].integer);
    assert_int_equal(answered, cells[4].integer);
    assert_int_equal(total, cells[5].integer);
}

static void test_spread_keeps_the_sums(void **state)
{
    struct normalise_settings settings = {.time_zone = "UTC", .spread = SPREAD_EVEN};
    struct cell cells[] = {TEXT("1"), TEXT("S"), NOTHING, INTEGER(0), INTEGER(0), THOUSANDTHS(0)};
    uint32_t seed = 20240105;

    (void)state;
    cells[2] = (struct cell){.kind = CELL_UTC, .integer = at("2024-01-05T08:00Z")};
    for (uint32_t quarters = 1; quarters <= 4; quarters *= 2) {
        settings.interval_ms = quarters * UTC_QUARTER;
        struct bench *bench = open_file(DATA_INTERVALS, interval_columns, &settings);

        for (int i = 0; i < 2000; i++) {
            bench->heard.record_count = 0;
            cells[3].integer = next_random(&seed) % (i % 2 == 0 ? 7 : 4000000000);
            cells[4].integer = next_random(&seed) % (i % 3 == 0 ? 7 : 4000000000);
            cells[5].integer = next_random(&seed) % 100000 * (int64_t)(next_random(&seed) % 100000);
            assert_true(feed(bench, cells));
            check_spread(bench, cells, quarters);
        }
        close_bench(bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_remembered_of_rows_outside_the_slice),
        cmocka_unit_test(test_order_in_every_zone),
        cmocka_unit_test(test_an_interval),
        cmocka_unit_test(test_counts_are_rounded_half_to_even),
        cmocka_unit_test(test_an_average_becomes_a_total),
        cmocka_unit_test(test_spread_keeps_the_sums),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
