# SPDX-License-Identifier: Apache-2.0
"""What Python's zoneinfo knows of every time zone of this system, around every change 1970-2037.

Printed for test_zone.c:   Z name            the next lines are about this zone
                           U utc offset      seconds
                           C civil fold0 fold1   what a clock face is in UTC, read as first and as second
"""
import datetime
import io
import os
import sys
import zoneinfo

FOLDER = "/usr/share/zoneinfo"
UTC = datetime.timezone.utc
DAY = 86400
BEGIN = int(datetime.datetime(1970, 1, 1, tzinfo=UTC).timestamp())
END = int(datetime.datetime(2038, 1, 1, tzinfo=UTC).timestamp())
EPOCH = datetime.datetime(1970, 1, 1)


def zone_names():
    for root, folders, files in os.walk(FOLDER):
        folders[:] = sorted(f for f in folders if f not in ("right", "posix"))
        for name in sorted(files):
            path = os.path.join(root, name)
            with open(path, "rb") as file:
                content = file.read()
            if content[:4] == b"TZif":
                yield os.path.relpath(path, FOLDER), content


def offset_at(zone, time):
    return int(datetime.datetime.fromtimestamp(time, zone).utcoffset().total_seconds())


def changes(zone):
    """Moments at which the offset changes; two within a day would be missed, and there are none."""
    before = offset_at(zone, BEGIN)
    for day in range(BEGIN + DAY, END + 1, DAY):
        after = offset_at(zone, day)
        if after == before:
            continue
        low, high = day - DAY, day
        while high - low > 1:
            middle = (low + high) // 2
            if offset_at(zone, middle) == before:
                low = middle
            else:
                high = middle
        yield high, before, after
        before = after


def to_utc(zone, civil, fold):
    face = (EPOCH + datetime.timedelta(seconds=civil)).replace(tzinfo=zone, fold=fold)
    return civil - int(face.utcoffset().total_seconds())


def truth(content):
    zone = zoneinfo.ZoneInfo.from_file(io.BytesIO(content))
    lines = []
    previous = BEGIN
    for at, before, after in list(changes(zone)) + [(END, 0, 0)]:
        times = {at + step for step in (-3600, -1, 0, 1, 3600)} | {(previous + at) // 2}
        lines += ["U %d %d" % (time, offset_at(zone, time)) for time in sorted(times)]
        edges = (at + before, at + after, at + (before + after) // 2)
        faces = {edge + step for edge in edges for step in (-3600, -1, 0, 1, 3600)}
        lines += ["C %d %d %d" % (face, to_utc(zone, face, 0), to_utc(zone, face, 1))
                  for face in sorted(faces)]
        previous = at
    return "\n".join(lines)


def main():
    known = {}
    for name, content in zone_names():
        if content not in known:
            known[content] = truth(content)
        sys.stdout.write("Z %s\n%s\n" % (name, known[content]))


main()
