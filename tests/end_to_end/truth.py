# SPDX-License-Identifier: Apache-2.0
"""truth.py - what the receiver must hold, worked out from the same rows by other means than the agent's."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

QUARTER = 900


def utc_seconds(local, zone, second_time=False):
    """Unix seconds of a local time without zone. Twice there: the first, unless told otherwise; never there: moved
    forward by the gap (which is what fold=0 means in Python, too)."""
    return int(local.replace(tzinfo=ZoneInfo(zone), fold=int(second_time)).timestamp() // 1)


def local_time(seconds, zone):
    """The local time without zone of Unix seconds."""
    return datetime.fromtimestamp(seconds, ZoneInfo(zone)).replace(tzinfo=None)


def quarter_of(seconds):
    return seconds - seconds % QUARTER


def milliseconds(seconds_text):
    return int(Decimal(str(seconds_text)) * 1000)


class Intervals:
    """Sums per queue, quarter hour and channel, in the shape of Receiver.intervals()."""

    def __init__(self):
        self.sums = {}

    def add(self, queue, seconds, offered, handled, duration_ms, channel="calls"):
        cell = self.sums.setdefault((queue, quarter_of(seconds), channel), [0, 0, 0])
        cell[0] += offered
        cell[1] += handled
        cell[2] += duration_ms

    def as_held(self):
        return {key: tuple(cell) for key, cell in self.sums.items()}


def difference(truth, held):
    """Says how two of these shapes differ, briefly; empty when they are equal."""
    if truth == held:
        return ""
    missing, surplus = truth.keys() - held.keys(), held.keys() - truth.keys()
    wrong = [key for key in truth.keys() & held.keys() if truth[key] != held[key]]
    shown = {"missing": sorted(missing)[:5], "surplus": sorted(surplus)[:5],
             "wrong": [(key, "truth", truth[key], "held", held[key]) for key in sorted(wrong)[:5]]}
    return (f"{len(missing)} missing, {len(surplus)} surplus, {len(wrong)} wrong of {len(truth)}: "
            f"{ {name: keys for name, keys in shown.items() if keys} }")


def assert_exact(receiver, identity, truth, models=("overwrite", "append")):
    """The receiver holds the truth and nothing else, under every model, and nothing forbidden happened."""
    assert receiver.violations == []
    for model in models:
        assert difference(truth, receiver.intervals(identity, model)) == "", model


def now_utc():
    return datetime.now(timezone.utc).replace(microsecond=0)


def whole_hours_ago(hours):
    """Unix seconds of a full hour so many hours ago."""
    moment = now_utc().replace(minute=0, second=0) - timedelta(hours=hours)
    return int(moment.timestamp())
