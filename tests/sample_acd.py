#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sample_acd.py - a contact centre made up by seed: three years of it, to import and to count.

    sample_acd.py make DIRECTORY            acd.db (SQLite: contacts of three years, agent states of six months),
                                            exports/*.csv (30 days of back-office e-mails), truth.json
    sample_acd.py compare TRUTH ARRIVED     what was there against what the receiver printed with --details;
                                            status 1 where they differ

truth.json has the shape of the receiver's details. Integration ids: 1001 contacts, 1002 agent states, 1003 files.
"""

import argparse
import json
import math
import os
import random
import sqlite3
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "receiver"), str(HERE / "end_to_end")]

from holdings import intervals_as_json, statuses_as_json, sum_by_channel  # noqa: E402
from truth import Intervals, local_time, utc_seconds                      # noqa: E402

ZONE = "Europe/Berlin"
CONTACTS, STATES, FILES = "1001", "1002", "1003"
NAMES = {CONTACTS: "contacts", STATES: "agents", FILES: "back-office"}
WORDS = {"offered": "offered", "handled": "answered", "duration_ms": "handling time in ms"}
QUARTER = 900

# number, name, channel, share of all contacts, opening hours, share answered, typical handle time in seconds
QUEUES = (
    (100, "Hotline", "calls", 38, (7, 21), 0.92, 240),
    (110, "Technik", "calls", 22, (8, 20), 0.88, 420),
    (120, "Störungsannahme", "calls", 10, (0, 24), 0.95, 180),
    (200, "Chat", "chats", 16, (8, 22), 0.97, 360),
    (300, "E-Mail Kunden", "emails", 9, (6, 18), 1.00, 300),
    (310, "E-Mail Händler", "emails", 5, (8, 17), 1.00, 480),
)
BACK_OFFICE = ("Verträge", "Kündigungen", "Rückfragen")
DAYS_OF_WEEK = (1.30, 1.10, 1.00, 1.00, 0.95, 0.40, 0.20)
MONTHS = (1.10, 1.00, 1.05, 0.95, 0.95, 0.90, 0.80, 0.80, 1.00, 1.05, 1.15, 1.25)
HOLIDAYS = {(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)}

SCHEMA = """
CREATE TABLE queues (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE contacts (id INTEGER PRIMARY KEY, queue_id INTEGER NOT NULL, started TIMESTAMP NOT NULL,
                       answered INTEGER NOT NULL, handle_seconds REAL, channel TEXT NOT NULL);
CREATE TABLE agent_states (agent TEXT NOT NULL, state TEXT NOT NULL, begins TIMESTAMP NOT NULL, ends TIMESTAMP);
"""
INDEXES = """
CREATE INDEX contacts_started ON contacts (started);
CREATE INDEX agent_states_begins ON agent_states (begins);
CREATE INDEX agent_states_ends ON agent_states (ends);
"""


def demand(local):
    """How busy a local quarter hour is, whatever the queue: two humps a day, Mondays, December, growth."""
    hour = local.hour + local.minute / 60
    humps = math.exp(-((hour - 10.5) / 2.2) ** 2) + 0.8 * math.exp(-((hour - 15.5) / 2.5) ** 2) + 0.03
    holiday = 0.1 if (local.month, local.day) in HOLIDAYS else 1.0
    growth = 1.08 ** (local.year - 2020)
    return humps * holiday * growth * DAYS_OF_WEEK[local.weekday()] * MONTHS[local.month - 1]


# --- contacts ---------------------------------------------------------------------------------------------


def make_contacts(chance, count, begin, end):
    """Yields (rows of one queue, truth of one queue): the rows as they stand in the table, without id."""
    quarters = [(local := local_time(start, ZONE), demand(local)) for start in range(begin, end, QUARTER)]
    total = sum(queue[3] for queue in QUEUES)
    for number, name, channel, share, (opens, closes), answered, handle in QUEUES:
        open_quarters = [(local, weight) for local, weight in quarters if opens <= local.hour < closes]
        chosen = chance.choices([local for local, _ in open_quarters], [weight for _, weight in open_quarters],
                                k=count * share // total)
        yield from _contacts_of_queue(chance, number, channel, answered, handle, chosen)


def _contacts_of_queue(chance, number, channel, answered, handle, chosen):
    texts, starts = {}, {}
    for local in chosen:
        if local not in texts:
            texts[local], starts[local] = local.isoformat(" ", "minutes")[:14], utc_seconds(local, ZONE)
        minute, second = divmod(chance.randrange(QUARTER), 60)
        handled = chance.random() < answered
        tenths = int(10 * handle * chance.lognormvariate(0, 0.6)) if handled else 0
        started = f"{texts[local]}{local.minute + minute:02}:{second:02}"
        yield (number, started, int(handled), tenths / 10, channel), (starts[local], tenths * 100)


def fill_contacts(database, chance, count, begin, end):
    """Fills queues and contacts, in the order of their time as an ACD would; returns the truth about them."""
    intervals, rows = Intervals(), []
    for row, (start, duration_ms) in make_contacts(chance, count, begin, end):
        rows.append(row)
        intervals.add(str(row[0]), start, 1, row[2], duration_ms, row[4])
    rows.sort(key=lambda row: row[1])
    database.executemany("INSERT INTO queues VALUES (?, ?)", [queue[:2] for queue in QUEUES])
    database.executemany("INSERT INTO contacts (queue_id, started, answered, handle_seconds, channel) "
                         "VALUES (?, ?, ?, ?, ?)", rows)
    names = {str(number): [name] for number, name, *_ in QUEUES}
    return true_volumes(intervals.as_held(), names)


def true_volumes(intervals, names):
    return {"channels": sum_by_channel(intervals), "queues": names,
            "intervals": intervals_as_json(intervals)}


# --- agent states -----------------------------------------------------------------------------------------


def fill_states(database, chance, begin, end):
    """Working days of 25 agents, and somebody on standby for days; whoever is at work at the end has no end."""
    statuses = {("standby@contact-centre.example", end - 3 * 86400): ("On call", None)}
    for number in range(1, 26):
        agent, day = f"agent{number:02}@contact-centre.example", local_time(begin, ZONE).date()
        shift = chance.choice((7, 9, 12))
        while day <= local_time(end, ZONE).date():
            if day.weekday() < 5 or chance.random() < 0.2:
                add_working_day(chance, statuses, agent, day, shift, end)
            day += timedelta(days=1)
    rows = [(agent, activity, local_text(start), finish and local_text(finish))
            for (agent, start), (activity, finish) in statuses.items()]
    database.executemany("INSERT INTO agent_states VALUES (?, ?, ?, ?)", sorted(rows, key=lambda row: row[2]))
    return {"statuses": len(statuses), "agents": len({agent for agent, _ in statuses}),
            "status_list": statuses_as_json(statuses)}


def local_text(seconds):
    return local_time(seconds, ZONE).isoformat(" ")


def add_working_day(chance, statuses, agent, day, shift, end):
    moment = utc_seconds(datetime(day.year, day.month, day.day, shift), ZONE) + chance.randrange(-600, 600)
    leaves = moment + 8 * 3600
    while moment < min(leaves, end):
        activity = chance.choices(("Available", "After-call work", "Break", "Back office"), (60, 20, 12, 8))[0]
        finish = moment + chance.randrange(300, 5400)
        statuses[agent, moment] = (activity, finish if finish <= end else None)
        moment = finish


# --- files ------------------------------------------------------------------------------------------------


def make_files(folder, chance, days, end):
    """One file a day up to yesterday: half hours of three queues, semicolons, windows-1252."""
    intervals = Intervals()
    today = local_time(end, ZONE).date()
    for day in (today - timedelta(days=back) for back in range(days, 0, -1)):
        lines = ["Queue;Date;Time;IncomingCalls;AnsweredCalls;AHT"]
        for queue, local, offered, answered, average in make_half_hours(chance, day):
            lines.append(f"{queue};{local:%d/%m/%Y};{local:%H:%M};{offered};{answered};{average}")
            if offered:
                intervals.add(queue, utc_seconds(local, ZONE), offered, answered, answered * average * 1000, "emails")
        path = folder / f"back-office-{day}.csv"
        path.write_bytes("\r\n".join([*lines, ""]).encode("windows-1252"))
        settled = utc_seconds(datetime(day.year, day.month, day.day, 23, 30), ZONE)
        os.utime(path, (settled, settled))
    return true_volumes(intervals.as_held(), {queue: [queue] for queue in BACK_OFFICE})


def make_half_hours(chance, day):
    for half_hours in range(2 * 7, 2 * 19):
        local = datetime(day.year, day.month, day.day, half_hours // 2, 30 * (half_hours % 2))
        for queue in BACK_OFFICE:
            offered = int(chance.expovariate(1 / (1 + 6 * demand(local))))
            answered = offered - min(offered, chance.randrange(3))
            yield queue, local, offered, answered, chance.randrange(60, 600) if answered else 0


# --- the commands -----------------------------------------------------------------------------------------


def make(arguments):
    directory = Path(arguments.directory)
    exports = directory / "exports"
    exports.mkdir(parents=True, exist_ok=True)
    (directory / "acd.db").unlink(missing_ok=True)
    end = (arguments.until or int(time.time()) - 3600) // QUARTER * QUARTER
    last = local_time(end, ZONE)
    history = utc_seconds(datetime(last.year - 3, last.month, min(last.day, 28)), ZONE) + 4 * 86400
    chance = random.Random(arguments.seed)
    database = sqlite3.connect(directory / "acd.db")
    with database:
        database.executescript(f"PRAGMA synchronous = OFF; {SCHEMA}")
        truth = {CONTACTS: fill_contacts(database, chance, arguments.contacts, history, end),
                 STATES: fill_states(database, chance, end - 180 * 86400, end),
                 FILES: make_files(exports, chance, arguments.files, end)}
        database.executescript(INDEXES)
    database.close()
    (directory / "truth.json").write_text(json.dumps({"integrations": truth}), encoding="utf-8")
    for line in describe(truth):
        print(line)
    return 0


def describe(integrations):
    for name, integration in integrations.items():
        if "statuses" in integration:
            yield f"{NAMES[name]}: {integration['statuses']:,} states of {integration['agents']} agents"
        for channel, sums in integration.get("channels", {}).items():
            yield (f"{NAMES[name]}: {sums['offered']:,} {channel} offered, {sums['handled']:,} handled, "
                   f"{sums['duration_ms'] / 3600_000:,.1f} hours")


def differences(there, arrived, path=()):
    """Paths of the leaves that differ."""
    if isinstance(there, dict) and isinstance(arrived, dict):
        for key in sorted(there.keys() | arrived.keys()):
            yield from differences(there.get(key), arrived.get(key), (*path, key))
    elif there != arrived:
        yield path, there, arrived


def compare(arguments):
    truth, receiver = (json.loads(Path(name).read_text(encoding="utf-8"))
                       for name in (arguments.truth, arguments.arrived))
    print(f"{'integration':12} {'what':28} {'was there':>16} {'arrived':>16}")
    for name, there in truth["integrations"].items():
        arrived = receiver["integrations"].get(name, {})
        for what, one, other in table_rows(there, arrived):
            print(f"{NAMES[name]:12} {what:28} {one:16,} {other:16,}  {'equal' if one == other else 'DIFFERENT'}")
    wrong = list(differences(truth["integrations"], {
        name: {key: arrived[key] for key in arrived.keys() & truth["integrations"].get(name, arrived).keys()}
        for name, arrived in receiver["integrations"].items()}))
    for path, one, other in wrong[:10]:
        print(f"differs: {' / '.join(path)}: there {one}, arrived {other}")
    broken = receiver["violations"]
    print(f"{'All of it arrived, exactly.' if not wrong else f'{len(wrong)} values differ.'}"
          f"{f' The receiver complains: {broken[0]}' if broken else ''}")
    return 1 if wrong or broken else 0


def table_rows(there, arrived):
    for channel, sums in there.get("channels", {}).items():
        others = arrived.get("channels", {}).get(channel, {})
        for what, value in sums.items():
            yield f"{channel} {WORDS[what]}", value, others.get(what, 0)
    if "intervals" in there:
        count = [sum(map(len, one.get("intervals", {}).values())) for one in (there, arrived)]
        yield "quarter hours of a queue", *count
    if "statuses" in there:
        yield "agent states", there["statuses"], arrived.get("statuses", 0)


def main():
    parser = argparse.ArgumentParser(description="A contact centre made up by seed.")
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("directory")
    making.add_argument("--seed", type=int, default=1)
    making.add_argument("--contacts", type=int, default=300_000)
    making.add_argument("--files", type=int, default=30, help="days of CSV files")
    making.add_argument("--until", type=int, help="Unix seconds where the data ends; default: an hour ago")
    making.set_defaults(run=make)
    comparing = commands.add_parser("compare")
    comparing.add_argument("truth")
    comparing.add_argument("arrived")
    comparing.set_defaults(run=compare)
    arguments = parser.parse_args()
    return arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
