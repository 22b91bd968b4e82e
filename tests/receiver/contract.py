# SPDX-License-Identifier: Apache-2.0
"""contract.py - what the Peopleware API documents, and nothing more: a request body is read or refused.

A body of contacts becomes its groups, one of statuses its statuses:

    contacts  {(queue identifier, queue name, quarter hour): {channel: [offered, handled, duration in ms, events]}}
    statuses  {(agent, start): (activity, end or None)}

Quarter hours, starts and ends are Unix seconds.
"""

import calendar
import json
import re
from operator import itemgetter

CONTACTS = "/external-systems/contact-events"
STATUSES = "/external-systems/agent-statuses"
CHANNELS = frozenset(["calls", "chats", "emails", "social_media", "documents", "cases"])
QUARTER_HOUR = 900

IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
TIME = re.compile(r"T(\d{2}):(\d{2}):(\d{2})Z", re.ASCII)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Refusal(Exception):
    """The request is answered with this status, and this sentence."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status, self.reason = status, reason


class _Days(dict):
    """'2024-03-31' -> Unix seconds of that midnight; every date is worked out once."""

    def __missing__(self, text):
        match = DATE.fullmatch(text)
        if not match:
            raise KeyError(text)
        year, month, day = map(int, match.groups())
        if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
            raise KeyError(text)
        seconds = self[text] = calendar.timegm((year, month, day, 0, 0, 0))
        return seconds


class _Times(dict):
    """'T10:34:22Z' -> seconds since midnight."""

    def __missing__(self, text):
        match = TIME.fullmatch(text)
        if not match:
            raise KeyError(text)
        hour, minute, second = map(int, match.groups())
        if hour > 23 or minute > 59 or second > 59:
            raise KeyError(text)
        seconds = self[text] = hour * 3600 + minute * 60 + second
        return seconds


class _Names(dict):
    """Texts that have passed: no blanks only, no control characters, no half of a surrogate pair."""

    def __missing__(self, text):
        if not isinstance(text, str) or not text.strip() or CONTROL.search(text):
            raise KeyError(text)
        self[text] = text
        return text


_days, _times, _names = _Days(), _Times(), _Names()


def seconds_of(text):
    """Unix seconds of `YYYY-MM-DDThh:mm:ssZ`; KeyError for any other form."""
    return _days[text[:10]] + _times[text[10:]]


def _refuse_constant(text):
    raise ValueError(f"{text} is no JSON")


def _refuse_doubled(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"a key occurs twice in one object: {sorted(key for key, _ in pairs)}")
    return found


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode
_decode_pairs = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_refuse_doubled).decode


def read_body(path, body):
    """Returns (integration id, records, groups or statuses) of a decoded body, or raises Refusal."""
    document = _parse(path, body)
    try:
        data, meta = _top(path, document)
        read = _read_contacts if path == CONTACTS else _read_statuses
        return meta["integrationConfigurationId"], len(data), read(data)
    except ValueError as error:
        raise Refusal(400, str(error)) from None


def _parse(path, body):
    try:
        text = body.decode("utf-8")
        document = _decode(text)
        if text.count('":') != _keys_expected(path, document):
            document = _decode_pairs(text)
        return document
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is no JSON: {error}") from None


def _keys_expected(path, document):
    """How often `":` occurs when no key is doubled, written without blanks and with every optional key."""
    try:
        data = document["data"]
        return 3 + 8 * len(data) if path == CONTACTS else 4 + 4 * len(data)
    except (TypeError, KeyError):
        return -1


def _require_keys(what, found, required, optional=()):
    if not isinstance(found, dict):
        raise ValueError(f"{what} is not an object")
    for key in required:
        if key not in found:
            raise ValueError(f"{what} has no {key}")
    for key in found:
        if key not in required and key not in optional:
            raise ValueError(f"{what} has the unknown key {key}")


def _top(path, document):
    _require_keys("the body", document, ("data", "meta"))
    data, meta = document["data"], document["meta"]
    wanted = ("integrationConfigurationId",)
    if path == STATUSES:
        wanted += ("externalSystem",)
        _require_keys("meta", meta, wanted)
        _require_name("meta.externalSystem", meta["externalSystem"])
    _require_keys("meta", meta, wanted)
    if type(meta["integrationConfigurationId"]) is not int:
        raise ValueError("meta.integrationConfigurationId is not a whole number")
    if not isinstance(data, list):
        raise ValueError("data is not an array")
    return data, meta


_contact = itemgetter("queueIdentifier", "queueName", "timestamp", "channel", "properties")
_properties = itemgetter("offered", "handled", "duration")


def _read_contacts(data):
    """One tight loop: whatever it does not like is said by _explain_contact."""
    groups = {}
    for record in data:
        try:
            queue, name, timestamp, channel, properties = _contact(record)
            offered, handled, duration = _properties(properties)
            seconds = _days[timestamp[:10]] + _times[timestamp[10:]]
            group_key = (_names[queue], _names[name], seconds - seconds % 900)
            milliseconds = round(duration * 1000)
            if (len(record) != 5 or len(properties) != 3 or channel not in CHANNELS
                    or (offered is not True and offered is not False)
                    or (handled is not True and handled is not False)
                    or milliseconds / 1000 != duration or duration < 0
                    or duration is True or duration is False):
                raise KeyError
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError):
            raise ValueError(_explain_contact(record)) from None
        channels = groups.get(group_key)
        if channels is None:
            groups[group_key] = {channel: [offered + 0, handled + 0, milliseconds, 1]}
            continue
        cell = channels.get(channel)
        if cell is None:
            channels[channel] = [offered + 0, handled + 0, milliseconds, 1]
            continue
        cell[0] += offered
        cell[1] += handled
        cell[2] += milliseconds
        cell[3] += 1
    return groups


def _explain_contact(record):
    try:
        _require_keys("a contact", record,
                      ("queueIdentifier", "queueName", "timestamp", "channel", "properties"))
        _require_keys("properties", record["properties"], ("offered", "handled", "duration"))
        _require_name("queueIdentifier", record["queueIdentifier"])
        _require_name("queueName", record["queueName"])
        _require_time("timestamp", record["timestamp"])
        if not isinstance(record["channel"], str) or record["channel"] not in CHANNELS:
            raise ValueError(f"channel {record['channel']!r} is not documented")
        for key in ("offered", "handled"):
            if not isinstance(record["properties"][key], bool):
                raise ValueError(f"{key} is not a boolean")
        return _explain_duration(record["properties"]["duration"])
    except ValueError as error:
        return f"{error} in {record!r}"[:500]


def _explain_duration(duration):
    if type(duration) not in (int, float):
        return f"duration {duration!r} is not a number"
    if duration < 0:
        return f"duration {duration!r} is negative"
    return f"duration {duration!r} has more than 3 decimals"


_status = itemgetter("agentIdentifier", "activityIdentifier", "startTime")


def _read_statuses(data):
    statuses = {}
    for record in data:
        try:
            agent, activity, start_text = _status(record)
            key = (_names[agent], seconds_of(start_text))
            end = None
            if "endTime" in record:
                end = seconds_of(record["endTime"])
            if len(record) != 3 + (end is not None) or (end is not None and end <= key[1]):
                raise KeyError
            _names[activity]
        except (KeyError, TypeError, AttributeError):
            raise ValueError(_explain_status(record)) from None
        if key in statuses:
            raise ValueError(f"the status of {agent!r} at {start_text} stands twice in one request")
        statuses[key] = (activity, end)
    return statuses


def _explain_status(record):
    try:
        _require_keys("a status", record, ("agentIdentifier", "activityIdentifier", "startTime"), ("endTime",))
        _require_name("agentIdentifier", record["agentIdentifier"])
        _require_name("activityIdentifier", record["activityIdentifier"])
        for key in ("startTime", "endTime"):
            if key in record:
                _require_time(key, record[key])
        return f"endTime is not after startTime in {record!r}"
    except ValueError as error:
        return f"{error} in {record!r}"[:500]


def _require_name(what, text):
    try:
        _names[text]
    except (KeyError, TypeError):
        raise ValueError(f"{what} {text!r} is not a text without control characters") from None


def _require_time(what, text):
    try:
        seconds_of(text)
    except (KeyError, TypeError):
        raise ValueError(f"{what} {text!r} is not of the form YYYY-MM-DDThh:mm:ssZ") from None
