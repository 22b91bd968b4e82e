# SPDX-License-Identifier: Apache-2.0
"""contacts.py - contacts made up by seed, put into a real database, and the truth about them."""

import random
from datetime import timedelta
from typing import NamedTuple

from truth import Intervals, local_time, utc_seconds, whole_hours_ago

ZONE = "Europe/Berlin"
QUEUES = {11: "Level 1 support", 12: "Verkäufe & Söhne", 13: 'Say "when"', 14: "後台", 15: "back\\office", 16: "emails"}
CHANNELS = ("calls", "calls", "calls", "chats", "emails", None)

CONTACTS_SCHEMA = """
CREATE TABLE queues (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE contacts (queue_id integer NOT NULL, started timestamp NOT NULL, answered boolean NOT NULL,
                       handle_seconds numeric(9,3), channel text);
"""
CONTACTS_QUERY = """
SELECT q.id AS queueidentifier, q.name AS queuename, c.started AS timestamp,
       c.answered, c.handle_seconds AS duration, c.channel AS "Channel"
FROM contacts c JOIN queues q ON q.id = c.queue_id;
"""
SLICED_QUERY = """
SELECT q.id AS queueidentifier, q.name AS queuename, c.started AS timestamp, c.answered,
       c.handle_seconds AS duration, c.channel  -- :from is not a parameter here, nor ':to' here
FROM contacts c JOIN queues q ON q.id = c.queue_id
WHERE c.started >= :from AND c.started < :to AND ':from' <> ':to'
"""


class Contact(NamedTuple):
    queue: int
    started: object         # local time, without zone
    answered: bool
    handle_ms: int | None
    channel: str | None

    def row(self):
        seconds = None if self.handle_ms is None else f"{self.handle_ms // 1000}.{self.handle_ms % 1000:03}"
        return self.queue, self.started.isoformat(" "), "t" if self.answered else "f", seconds, self.channel


def make_contacts(count, hours, until_hours_ago=1, seed=1, zone=ZONE):
    """So many contacts spread over the hours before `until_hours_ago`, in no order."""
    chance = random.Random(seed)
    end = whole_hours_ago(until_hours_ago)
    contacts = []
    for _ in range(count):
        seconds = end - chance.randrange(1, hours * 3600)
        handled = chance.random() < 0.85
        duration = chance.choice((0, 1, chance.randrange(1000), chance.randrange(3600_000))) if handled else None
        started = local_time(seconds, zone) + timedelta(microseconds=chance.choice((0, 0, 700_000, 999_999)))
        contacts.append(Contact(chance.choice(tuple(QUEUES)), started, handled, duration, chance.choice(CHANNELS)))
    return contacts


def true_intervals(contacts, zone=ZONE):
    intervals = Intervals()
    for contact in contacts:
        intervals.add(str(contact.queue), utc_seconds(contact.started, zone), 1, int(contact.answered),
                      contact.handle_ms or 0, contact.channel or "calls")
    return intervals.as_held()


def fill_postgresql(server, contacts, queues=None):
    """A new database with these contacts; returns its name."""
    database = server.new_database()
    server.execute(database, CONTACTS_SCHEMA)
    for number, name in (queues or QUEUES).items():
        server.execute(database, "INSERT INTO queues VALUES (%s, %s)", [number, name])
    add_contacts(server, database, contacts)
    server.execute(database, "CREATE INDEX ON contacts (started)")
    return database


def add_contacts(server, database, contacts):
    server.copy(database, "contacts", (contact.row() for contact in contacts))


def contacts_integration(server, database, name="support-calls", identity=1234, query=CONTACTS_QUERY, **more):
    """An integration that reads such a database."""
    return {"name": name, "id": identity, "connector": "database", "data": "contacts", "time_zone": ZONE,
            "every": "15m", "database": server.settings(database), "query": query, **more}
