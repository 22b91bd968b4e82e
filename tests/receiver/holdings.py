# SPDX-License-Identifier: Apache-2.0
"""holdings.py - what the receiver holds after all it accepted, under two models of the one API.

overwrite  a later request replaces all that a queue held in a quarter hour; keys mean nothing
append     everything adds up; a request whose Idempotency-Key was accepted before is dropped

Both are kept from the same requests. A right agent leaves both equal as long as nothing was corrected.
"""

import time
from contract import CONTACTS

MODELS = ("overwrite", "append")


def utc_text(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Holdings:
    """All that one receiver was given. The caller sees to it that one thread at a time is inside."""

    def __init__(self):
        self.keys = {}            # Idempotency-Key -> digest of the body it first came with
        self.accepted_keys = set()
        self.violations = []
        self.events = {}          # (id, path) -> records accepted, repeats included
        self.groups_again = []    # (id, queue, quarter hour) accepted under a second key
        self._overwrite = {}      # id -> {(queue, name, quarter hour): channels}
        self._append = {}
        self._group_keys = {}     # id -> {(queue, name, quarter hour): the key it was last accepted under}
        self._names = {}          # id -> {queue: {names}}
        self._statuses = {}       # id -> {(agent, start): (activity, end)}
        self._appended_statuses = {}   # id -> {(agent, start): [(activity, end), ...]}

    def present(self, key, digest):
        """Every request is presented before its fate is decided: one key stands for one body."""
        if self.keys.setdefault(key, digest) != digest:
            self.violations.append(f"Idempotency-Key {key} came again with another body")

    def accept(self, path, identity, key, records, content):
        repeated = key in self.accepted_keys
        self.accepted_keys.add(key)
        self.events[identity, path] = self.events.get((identity, path), 0) + records
        if path == CONTACTS:
            self._accept_groups(identity, key, repeated, content)
        else:
            self._accept_statuses(identity, repeated, content)

    def _accept_groups(self, identity, key, repeated, groups):
        overwrite = self._overwrite.setdefault(identity, {})
        append = self._append.setdefault(identity, {})
        group_keys = self._group_keys.setdefault(identity, {})
        again = group_keys.keys() & groups.keys()
        self.groups_again += [(identity, queue, start) for queue, name, start in again
                              if group_keys[queue, name, start] != key]
        if not repeated:
            for group in again & append.keys():
                _add(append, group, groups[group])
            append.update((group, groups[group]) for group in groups.keys() - again)
        overwrite.update(groups)
        group_keys.update(dict.fromkeys(groups, key))
        self._note_names(identity, groups)

    def _note_names(self, identity, groups):
        names = self._names.setdefault(identity, {})
        for queue, name in {group[:2] for group in groups}:
            names.setdefault(queue, set()).add(name)
        for queue, name, start in groups:
            if len(names[queue]) > 1:
                self._judge_names(identity, queue, name, start)

    def _judge_names(self, identity, queue, name, start):
        for other in self._names[identity][queue] - {name}:
            if (queue, other, start) in self._group_keys[identity]:
                self.violations.append(f"queue {queue} at {utc_text(start)} came as {name!r} and as {other!r}")

    def _accept_statuses(self, identity, repeated, statuses):
        self._statuses.setdefault(identity, {}).update(statuses)
        if not repeated:
            appended = self._appended_statuses.setdefault(identity, {})
            for key, status in statuses.items():
                appended.setdefault(key, []).append(status)

    def intervals(self, identity, model="overwrite"):
        """{(queue, start, channel): (offered, handled, duration in ms)} of one integration."""
        held = (self._overwrite if model == "overwrite" else self._append).get(identity, {})
        sums = {}
        for (queue, _, start), channels in held.items():
            for channel, (offered, handled, milliseconds, _) in channels.items():
                cell = sums.setdefault((queue, start, channel), [0, 0, 0])
                cell[0] += offered
                cell[1] += handled
                cell[2] += milliseconds
        return {key: tuple(cell) for key, cell in sums.items()}

    def statuses(self, identity):
        """{(agent, start): (activity, end or None)} of one integration: the last that came."""
        return dict(self._statuses.get(identity, {}))

    def status_versions(self, identity):
        """{(agent, start): [every version accepted]}, repeated keys dropped."""
        return {key: list(versions) for key, versions in self._appended_statuses.get(identity, {}).items()}

    def queue_names(self, identity):
        """{queue identifier: {names it was sent under}}."""
        return {queue: set(names) for queue, names in self._names.get(identity, {}).items()}

    def totals(self, model="overwrite"):
        """Per integration: records accepted, then sums by channel, queues and statuses held."""
        found = {}
        for (identity, _), records in sorted(self.events.items()):
            integration = found.setdefault(str(identity), {"records": 0})
            integration["records"] += records
        for identity in sorted(self._overwrite):
            integration = found[str(identity)]
            integration["channels"] = sum_by_channel(self.intervals(identity, model))
            integration["queues"] = {queue: sorted(names)
                                     for queue, names in sorted(self.queue_names(identity).items())}
        for identity, statuses in sorted(self._statuses.items()):
            found[str(identity)]["statuses"] = len(statuses)
            found[str(identity)]["agents"] = len({agent for agent, _ in statuses})
        return found


def _add(held, group, channels):
    """Adds to what a group holds, without touching what another model may share with it."""
    merged = {channel: list(cell) for channel, cell in held[group].items()}
    for channel, cell in channels.items():
        known = merged.get(channel, (0, 0, 0, 0))
        merged[channel] = [a + b for a, b in zip(known, cell)]
    held[group] = merged


def sum_by_channel(intervals):
    """The cells of intervals() by channel, in the shape the receiver prints."""
    channels = {}
    for (_, _, channel), (offered, handled, milliseconds) in intervals.items():
        sums = channels.setdefault(channel, {"offered": 0, "handled": 0, "duration_ms": 0})
        sums["offered"] += offered
        sums["handled"] += handled
        sums["duration_ms"] += milliseconds
    return dict(sorted(channels.items()))


def intervals_as_json(intervals):
    """{(queue, start, channel): sums} -> {queue: {start: {channel: sums}}}, sorted, times as text."""
    found = {}
    for (queue, start, channel), sums in sorted(intervals.items()):
        found.setdefault(queue, {}).setdefault(utc_text(start), {})[channel] = list(sums)
    return found


def statuses_as_json(statuses):
    """{(agent, start): (activity, end)} -> {agent: {start: [activity, end]}}, sorted, times as text."""
    found = {}
    for (agent, start), (activity, end) in sorted(statuses.items()):
        found.setdefault(agent, {})[utc_text(start)] = [activity, end and utc_text(end)]
    return found
