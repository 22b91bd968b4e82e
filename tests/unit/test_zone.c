/* SPDX-License-Identifier: Apache-2.0 */
/* test_zone.c - every zone of the system against Python's zoneinfo; files by hand */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/os_file.h"
#include "agent/base/zone.h"

static struct zone *opened(const char *name)
{
    struct error err;
    struct zone *zone = zone_open(name, &err);

    if (zone == NULL)
        fail_msg("%s", err.text);
    return zone;
}

static utc_ms at(const char *text)
{
    enum utc_form form;
    utc_ms time = 0;

    if (!utc_parse(text, strlen(text), &time, &form))
        fail_msg("not a time: %s", text);
    return time;
}

/* One number in seconds, as milliseconds. */
static int64_t next_number(const char **text)
{
    int64_t number = 0;

    while (**text == ' ')
        (*text)++;
    const bool negative = **text == '-';
    if (negative)
        (*text)++;
    for (; **text >= '0' && **text <= '9'; (*text)++)
        number = number * 10 + (**text - '0');
    return (negative ? -number : number) * 1000;
}

static void compare_face(struct zone *zone, const char *name, const char *line)
{
    const utc_ms civil = next_number(&line);
    const utc_ms first = next_number(&line);
    const utc_ms second = next_number(&line);
    const struct zone_answer answer = zone_to_utc(zone, civil);
    /* Read as the second of two, a face in a gap lies before itself read as the first. */
    const struct zone_answer wanted = second < first ? (struct zone_answer){ZONE_GAP, first, first}
                                      : first == second
                                          ? (struct zone_answer){ZONE_ONCE, first, first}
                                          : (struct zone_answer){ZONE_TWICE, first, second};

    if (answer.fit != wanted.fit || answer.first != wanted.first || answer.second != wanted.second)
        fail_msg("%s: face %lld: %d %lld %lld, not %d %lld %lld", name, (long long)civil / 1000,
                 answer.fit, (long long)answer.first / 1000, (long long)answer.second / 1000,
                 wanted.fit, (long long)wanted.first / 1000, (long long)wanted.second / 1000);
}

static void test_every_zone_and_change_is_as_python_has_it(void **state)
{
    FILE *truth = popen("/usr/bin/python3 " TESTS_FOLDER "/unit/zone_truth.py", "r");
    struct zone *zone = NULL;
    char name[200] = "";
    char line[200];
    int zones = 0;
    int checks = 0;

    (void)state;
    assert_non_null(truth);
    while (fgets(line, sizeof line, truth) != NULL) {
        const char *rest = line + 2;

        if (line[0] == 'Z') {
            line[strcspn(line, "\n")] = '\0';
            snprintf(name, sizeof name, "%s", rest);
            zone_close(zone);
            zone = opened(name);
            zones++;
        } else if (line[0] == 'U') {
            const utc_ms time = next_number(&rest);
            const int64_t offset_ms = next_number(&rest);
            if (zone_offset_ms(zone, time) != offset_ms)
                fail_msg("%s at %lld: %lld, not %lld", name, (long long)time / 1000,
                         (long long)zone_offset_ms(zone, time) / 1000, (long long)offset_ms / 1000);
            checks++;
        } else {
            compare_face(zone, name, rest);
            checks++;
        }
    }
    zone_close(zone);
    assert_int_equal(pclose(truth), 0);
    assert_true(zones > 300 && checks > 200000);
}

static void test_beyond_the_last_transition_the_footer_goes_on(void **state)
{
    struct zone *zone = opened("Europe/Berlin");
    const utc_ms summer = at("2100-03-28T01:00:00Z");
    const utc_ms winter = at("2100-10-31T01:00:00Z");

    (void)state;
    assert_int_equal(zone_offset_ms(zone, summer - 1), UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, summer), 2 * UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, winter - 1), 2 * UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, winter), UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, at("9999-12-31T23:00:00Z")), UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, at("0001-01-01T00:00:00Z")),
                     3208 * 1000); /* its own sun */
    zone_close(zone);
}

static void test_a_gap_is_passed_and_an_hour_comes_twice(void **state)
{
    struct zone *zone = opened("Europe/Berlin");
    struct zone_answer answer = zone_to_utc(zone, at("2024-03-31T02:30:00"));

    (void)state;
    assert_int_equal(answer.fit, ZONE_GAP);
    assert_true(answer.first == at("2024-03-31T01:30:00Z")); /* shows 03:30 */
    assert_true(answer.second == answer.first);
    answer = zone_to_utc(zone, at("2024-10-27T02:30:00"));
    assert_int_equal(answer.fit, ZONE_TWICE);
    assert_true(answer.first == at("2024-10-27T00:30:00Z"));
    assert_true(answer.second == at("2024-10-27T01:30:00Z"));
    answer = zone_to_utc(zone, at("2024-07-01T12:00:00"));
    assert_int_equal(answer.fit, ZONE_ONCE);
    assert_true(answer.first == at("2024-07-01T10:00:00Z"));
    assert_true(answer.second == answer.first);
    zone_close(zone);

    zone = opened("Pacific/Apia"); /* 30 December 2011 was left out */
    answer = zone_to_utc(zone, at("2011-12-30T12:00:00"));
    assert_int_equal(answer.fit, ZONE_GAP);
    assert_true(answer.first == at("2011-12-30T22:00:00Z"));
    zone_close(zone);
}

static void test_offsets_between_cover_every_change(void **state)
{
    struct zone *zone = opened("Europe/Berlin");
    const utc_ms change = at("2024-03-31T01:00:00Z");
    int64_t least = 0;
    int64_t most = 0;

    (void)state;
    zone_offsets_between(zone, change - 2, change - 1, &least, &most);
    assert_true(least == UTC_HOUR && most == UTC_HOUR);
    zone_offsets_between(zone, change - 1, change, &least, &most);
    assert_true(least == UTC_HOUR && most == 2 * UTC_HOUR);
    zone_offsets_between(zone, change, change, &least, &most);
    assert_true(least == 2 * UTC_HOUR && most == 2 * UTC_HOUR);
    zone_offsets_between(zone, at("2060-07-01"), at("2061-07-01"), &least, &most);
    assert_true(least == UTC_HOUR && most == 2 * UTC_HOUR);
    zone_close(zone);
}

static void test_windows_names_are_zones_too(void **state)
{
    struct error err;
    int count = 0;

    (void)state;
    for (; zone_windows_names[count].windows != NULL; count++) {
        struct zone *zone = zone_open(zone_windows_names[count].windows, &err);
        struct zone *same = zone_open(zone_windows_names[count].iana, &err);
        if (zone == NULL || same == NULL)
            fail_msg("%s", err.text);
        for (utc_ms time = 0; time < 60 * 365 * UTC_DAY; time += 30 * UTC_DAY)
            assert_int_equal(zone_offset_ms(zone, time), zone_offset_ms(same, time));
        zone_close(zone);
        zone_close(same);
    }
    assert_true(count > 130);
    struct zone *zone = opened("W. Europe Standard Time");
    assert_int_equal(zone_offset_ms(zone, at("2024-07-01")), 2 * UTC_HOUR);
    zone_close(zone);
}

static void test_unknown_names_are_told_with_the_one_that_was_meant(void **state)
{
    static const struct {
        const char *name, *said;
    } cases[] = {
        {"europe/berlin", "did you mean \"Europe/Berlin\"?"},
        {"Berlin", "did you mean \"Europe/Berlin\"?"},
        {"w. europe standard time", "did you mean \"W. Europe Standard Time\"?"},
        {"Europe/Brelin", "did you mean \"Europe/Berlin\"?"},
        {"Amerika/New_York", "did you mean \"America/New_York\"?"},
        {"E. Europa Standard Time", "did you mean \"E. Europe Standard Time\"?"},
        {"", "unknown time zone \"\""},
        {"/etc/passwd", "unknown time zone"},
        {"../zoneinfo/Europe/Berlin", "unknown time zone"},
        {"Europe/", "unknown time zone"},
        {"tzdata.zi", "unknown time zone"},
        {"Nowhere at all", "use a name such as"},
        {"Europe", "/usr/share/zoneinfo/Europe"},
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_null(zone_open(cases[i].name, &err));
        assert_int_equal(err.kind, ERROR_CONFIG);
        if (strstr(err.text, cases[i].said) == NULL)
            fail_msg("\"%s\": %s", cases[i].name, err.text);
    }
}

/* --- files by hand --- */

static void put_number(struct bytes *file, int64_t number, int width)
{
    for (int i = width - 1; i >= 0; i--)
        bytes_append_byte(file, (uint8_t)((uint64_t)number >> (8 * i)));
}

struct shape {
    int version; /* 1..3 */
    int count;
    int64_t times[4];
    uint8_t types[4];
    int32_t offsets[2];
    int leap_seconds;
    const char *footer;
};

static void put_block(struct bytes *file, const struct shape *shape, int width)
{
    bytes_append_text(file, "TZif");
    bytes_append_byte(file, shape->version == 1 ? 0 : (uint8_t)('0' + shape->version));
    for (int i = 0; i < 15; i++)
        bytes_append_byte(file, 0);
    put_number(file, 0, 4);
    put_number(file, 0, 4);
    put_number(file, shape->leap_seconds, 4);
    put_number(file, shape->count, 4);
    put_number(file, 2, 4);
    put_number(file, 4, 4);
    for (int i = 0; i < shape->count; i++)
        put_number(file, shape->times[i], width);
    for (int i = 0; i < shape->count; i++)
        bytes_append_byte(file, shape->types[i]);
    for (int i = 0; i < 2; i++) {
        put_number(file, shape->offsets[i], 4);
        put_number(file, 0, 2);
    }
    bytes_append(file, "ABC", 4);
    for (int i = 0; i < shape->leap_seconds * (width + 4); i++)
        bytes_append_byte(file, 0);
}

static struct zone *made(const struct shape *shape, struct error *err)
{
    struct bytes file;

    bytes_init(&file, 4096);
    put_block(&file, shape, 4);
    if (shape->version > 1) {
        put_block(&file, shape, 8);
        bytes_append_text(&file, shape->footer);
    }
    struct zone *zone = zone_read(file.data, file.size, err);
    bytes_free(&file);
    return zone;
}

static void test_a_file_of_version_1_ends_with_its_last_offset(void **state)
{
    const struct shape shape = {1, 2, {-1000, 1000}, {1, 0}, {-3600, 7200}, 0, NULL};
    struct error err;
    struct zone *zone = made(&shape, &err);

    (void)state;
    assert_non_null(zone);
    assert_int_equal(zone_offset_ms(zone, -1000001), -UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, -1000000), 2 * UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, 999999), 2 * UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, 1000000), -UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, at("2500-01-01")), -UTC_HOUR);
    zone_close(zone);
}

static void test_a_slim_file_is_its_footer(void **state)
{
    const struct shape shape = {
        3, 1, {0}, {1}, {3600, 7200}, 0, "\n<-03>3<-02>,M3.5.0/-2,M10.5.0/-1\n"}; /* Greenland */
    const struct shape bare = {2, 0, {0}, {0}, {3600, 0}, 0, "\n<+0545>-5:45\n"};
    const struct shape silent = {2, 0, {0}, {0}, {3600, 0}, 0, "\n\n"};
    struct error err;
    struct zone *zone = made(&shape, &err);

    (void)state;
    assert_non_null(zone);
    assert_int_equal(zone_offset_ms(zone, -1), UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, 0), -3 * UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, at("2024-03-31T00:59:59Z")), -3 * UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, at("2024-03-31T01:00:00Z")), -2 * UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, at("2024-10-27T00:59:59Z")), -2 * UTC_HOUR);
    assert_int_equal(zone_offset_ms(zone, at("2024-10-27T01:00:00Z")), -3 * UTC_HOUR);
    zone_close(zone);

    zone = made(&bare, &err);
    assert_non_null(zone);
    assert_int_equal(zone_offset_ms(zone, at("1900-01-01")), 5 * UTC_HOUR + 45 * UTC_MINUTE);
    zone_close(zone);
    zone = made(&silent, &err);
    assert_non_null(zone);
    assert_int_equal(zone_offset_ms(zone, at("2100-01-01")), UTC_HOUR);
    zone_close(zone);
}

static void test_damaged_files_fail_with_a_sentence(void **state)
{
    static const struct {
        struct shape shape;
        const char *said;
    } cases[] = {
        {{2, 2, {5, 5}, {0, 1}, {0, 0}, 0, "\n\n"}, "out of order"},
        {{2, 1, {5}, {2}, {0, 0}, 0, "\n\n"}, "unknown type"},
        {{2, 1, {5}, {1}, {0, 26 * 3600 + 1}, 0, "\n\n"}, "26 hours"},
        {{2, 1, {5}, {1}, {INT32_MIN, 0}, 0, "\n\n"}, "26 hours"},
        {{2, 1, {5}, {1}, {0, 0}, 1, "\n\n"}, "leap seconds"},
        {{2, 1, {5}, {1}, {0, 0}, 0, ""}, "last line is missing"},
        {{2, 1, {5}, {1}, {0, 0}, 0, "\nUTC0"}, "last line is missing"},
        {{2, 1, {5}, {1}, {0, 0}, 0, "\nNo!\n"}, "not a rule"},
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_null(made(&cases[i].shape, &err));
        if (strstr(err.text, cases[i].said) == NULL)
            fail_msg("case %d: %s", (int)i, err.text);
    }
    assert_null(zone_read("TZif", 4, &err));
    assert_null(zone_read(NULL, 0, &err));
}

static void ask_everything(struct zone *zone)
{
    static const utc_ms times[] = {
        -INT64_C(62135596800000), -1, 0, INT64_C(1711846800000), INT64_C(4102444800000),
        INT64_C(253402300799999)};
    int64_t least = 0;
    int64_t most = 0;

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        zone_offset_ms(zone, times[i]);
        const struct zone_answer answer = zone_to_utc(zone, times[i]);
        assert_true(answer.first <= answer.second);
        zone_offsets_between(zone, times[i], times[i] + UTC_DAY, &least, &most);
        assert_true(least <= most);
    }
}

static void test_any_bytes_are_safe(void **state)
{
    struct bytes file;
    struct error err;
    uint32_t random = 12345;

    (void)state;
    bytes_init(&file, 1 << 20);
    assert_true(os_file_read("/usr/share/zoneinfo/Europe/Dublin", &file, &err));
    for (size_t size = 0; size < file.size; size++) {
        uint8_t *cut = malloc(size + 1); /* of its own, so that a sanitizer sees the end */
        memcpy(cut, file.data, size);
        uint8_t *exact = realloc(cut, size == 0 ? 1 : size);
        zone_close(zone_read(exact, size, &err));
        free(exact);
    }
    for (int round = 0; round < 20000; round++) {
        uint8_t *copy = malloc(file.size);
        memcpy(copy, file.data, file.size);
        for (int i = 0; i < 3; i++) {
            random = random * 1664525 + 1013904223;
            const size_t reach = round % 2 == 0 ? file.size : 100;
            const size_t place = (random >> 8) % reach;
            copy[round % 5 == 0 ? file.size - 1 - place % 40 : place] = (uint8_t)(random >> 24);
        }
        struct zone *zone = zone_read(copy, file.size, &err);
        if (zone != NULL)
            ask_everything(zone);
        zone_close(zone);
        free(copy);
    }
    bytes_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_zone_and_change_is_as_python_has_it),
        cmocka_unit_test(test_beyond_the_last_transition_the_footer_goes_on),
        cmocka_unit_test(test_a_gap_is_passed_and_an_hour_comes_twice),
        cmocka_unit_test(test_offsets_between_cover_every_change),
        cmocka_unit_test(test_windows_names_are_zones_too),
        cmocka_unit_test(test_unknown_names_are_told_with_the_one_that_was_meant),
        cmocka_unit_test(test_a_file_of_version_1_ends_with_its_last_offset),
        cmocka_unit_test(test_a_slim_file_is_its_footer),
        cmocka_unit_test(test_damaged_files_fail_with_a_sentence),
        cmocka_unit_test(test_any_bytes_are_safe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
