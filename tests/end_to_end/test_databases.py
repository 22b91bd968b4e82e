# SPDX-License-Identifier: Apache-2.0
"""test_databases.py - every row of a real database arrives, exactly, at a strict receiver."""

import random
import sqlite3
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

import faults
from agent import DONE, REJECTS
from contacts import (CONTACTS_QUERY, QUEUES, SLICED_QUERY, ZONE, Contact, contacts_integration, fill_postgresql,
                      make_contacts, true_intervals)
from servers import DATABASE_PASSWORD
from truth import Intervals, assert_exact, difference, local_time, now_utc, utc_seconds, whole_hours_ago

THREE_YEARS_IN_HOURS = 3 * 365 * 24 - 48


def spring_gaps(zone, since_days):
    """Local times that never were: the middle of every gap of the last so many days."""
    today = now_utc().date()
    for day in (today - timedelta(days=count) for count in range(2, since_days)):
        noon, midnight = datetime(day.year, day.month, day.day, 12), datetime(day.year, day.month, day.day)
        change = noon.replace(tzinfo=ZoneInfo(zone)).utcoffset() - midnight.replace(tzinfo=ZoneInfo(zone)).utcoffset()
        if change > timedelta(0):
            yield datetime(day.year, day.month, day.day, 2, 30)


def ambiguous(contact, zone=ZONE):
    first, second = (contact.started.replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp() for fold in (0, 1))
    return second > first


# --- contacts ---------------------------------------------------------------------------------------------


def test_200000_contacts_of_three_years_arrive_exactly(postgresql, make_agent, receiver):
    contacts = make_contacts(200_000, THREE_YEARS_IN_HOURS)
    never = [Contact(11, gap, True, 1000, "calls") for gap in spring_gaps(ZONE, 3 * 365 - 2)]
    contacts += never
    too_old = [contact._replace(started=contact.started - timedelta(days=4 * 365)) for contact in contacts[:100]]
    not_due = [Contact(11, local_time(whole_hours_ago(-3) + number, ZONE), True, 1000, None) for number in range(50)]
    database = fill_postgresql(postgresql, contacts + too_old + not_due)
    agent = make_agent([contacts_integration(postgresql, database)])

    agent.run_once()

    assert len(never) == 3
    assert_exact(receiver, 1234, true_intervals(contacts))
    assert receiver.groups_again == []
    assert receiver.queue_names(1234) == {str(number): {name} for number, name in QUEUES.items()}
    status = agent.status("support-calls")
    assert status["state"] == "idle" and status["error"] is None
    assert status["history"]["holes"] == [] and status["history"]["percent"] == 100.0
    assert status["records"]["uploaded"] == len(contacts) == receiver.totals()["records"]
    assert status["records"]["rejected"] == status["records"]["quarantined"] == 0
    assert status["times"] == {"ambiguous": sum(map(ambiguous, contacts)), "nonexistent": len(never)}


def test_second_run_sends_nothing(postgresql, make_agent, receiver):
    contacts = make_contacts(3_000, 7 * 24 - 12)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="7d")])
    agent.run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))
    before = len(receiver.log)
    agent.run_once()
    assert [exchange for exchange in receiver.log[before:] if exchange.records] == []
    assert agent.status("support-calls")["records"]["uploaded"] == len(contacts)


def test_changed_group_is_sent_whole_and_unchanged_ones_stay(postgresql, make_agent, receiver):
    contacts = make_contacts(2_000, 20)
    database = fill_postgresql(postgresql, contacts)
    agent = make_agent([contacts_integration(postgresql, database, lookback="24h", history="7d")])
    agent.run_once()
    late = [contact._replace(handle_ms=4711) for contact in contacts[:7]]
    postgresql.copy(database, "contacts", [contact.row() for contact in late])
    postgresql.execute(database, "UPDATE contacts SET answered = NOT answered WHERE ctid IN "
                                 "(SELECT ctid FROM contacts ORDER BY started LIMIT 5)")
    five = sorted(contacts + late, key=lambda contact: contact.started)[:5]
    changed = [contact._replace(answered=not contact.answered) if contact in five else contact
               for contact in contacts + late]
    agent.run_once()
    assert receiver.violations == []
    assert difference(true_intervals(changed), receiver.intervals(1234)) == ""
    touched = {(str(contact.queue), utc_seconds(contact.started, ZONE) // 900) for contact in late + five}
    assert {(queue, start // 900) for _, queue, start in receiver.groups_again} == touched


def test_unordered_rows_of_a_sliced_query_never_split_a_group(postgresql, make_agent, receiver):
    contacts = make_contacts(20_000, 10 * 24)
    random.Random(5).shuffle(contacts)
    database = fill_postgresql(postgresql, contacts)
    agent = make_agent([contacts_integration(postgresql, database, query=SLICED_QUERY, history="30d")],
                       upload={"max_records": 100})
    agent.run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))
    assert receiver.groups_again == []
    assert max(exchange.records for exchange in receiver.accepted()) <= 100


def test_group_larger_than_a_batch_travels_whole(postgresql, make_agent, receiver):
    start = local_time(whole_hours_ago(5), ZONE)
    contacts = [Contact(11, start + timedelta(seconds=number % 900), True, number, None) for number in range(2_500)]
    contacts += make_contacts(500, 20)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="7d")])
    agent.run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))
    assert max(exchange.records for exchange in receiver.accepted()) >= 2_500


def test_newest_history_comes_first(postgresql, make_agent, receiver):
    contacts = make_contacts(20_000, 300 * 24)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="1y")],
                       upload={"parallel": 1, "max_records": 500})
    order = []
    receiver.behave(faults.Fault(when=lambda request: order.append(max(start for _, _, start in request.content))))
    agent.run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))
    newest_third = sorted(order)[-len(order) // 3:]
    assert set(order[:len(order) // 4]) <= set(newest_third)


def test_contacts_through_odbc(postgresql, make_agent, receiver):
    contacts = make_contacts(4_000, 30 * 24)
    database = fill_postgresql(postgresql, contacts)
    braced = "{" + DATABASE_PASSWORD.replace("}", "}}") + "}"
    agent = make_agent([{
        "name": "odbc", "id": 7, "connector": "database", "data": "contacts", "time_zone": ZONE, "history": "60d",
        "database": {"type": "odbc", "connection_string":
                     "Driver=PostgreSQL Unicode;"
                     f"Server=127.0.0.1;Port={postgresql.port};Database={database};"
                     "UID=reporting;PWD=${secret:odbc}"},
        "query": CONTACTS_QUERY}])
    agent.set_secret("odbc", braced)
    agent.run_once()
    assert_exact(receiver, 7, true_intervals(contacts))


# --- intervals --------------------------------------------------------------------------------------------


def make_interval_rows(days, seed=3):
    """Rows of 30 minutes: (start in UTC seconds, queue, offered, answered, handling time), the odd ones included."""
    chance = random.Random(seed)
    end = whole_hours_ago(2)
    for start in range(end - days * 86400, end, 1800):
        for queue in ("north", "south"):
            offered, answered = chance.randrange(12), chance.randrange(12)
            handling = 0 if answered == 0 and chance.random() < 0.5 else chance.randrange(7200)
            yield start, queue, offered, answered, handling


def true_interval_sums(rows):
    intervals = Intervals()
    for start, queue, offered, answered, handling in rows:
        if offered or answered or handling:
            intervals.add(queue, start, offered, answered, handling * 1000, "chats")
    return intervals.as_held()


def test_intervals_of_mariadb_arrive_to_the_millisecond(mariadb, make_agent, receiver):
    """A year of rows in local time: those of the repeated hour are told apart by their order."""
    rows = list(make_interval_rows(days=370))
    database = mariadb.new_database()
    mariadb.execute(database, "CREATE TABLE report (id INT PRIMARY KEY, begins DATETIME, queue VARCHAR(20), "
                              "offered INT, answered INT, seconds DECIMAL(9,1), channel VARCHAR(20), KEY (begins))")
    mariadb.insert(database, "report", [
        (number, local_time(start, ZONE), queue, offered, answered, handling, "chats")
        for number, (start, queue, offered, answered, handling) in enumerate(rows)])
    agent = make_agent([{
        "name": "report", "id": 55, "connector": "database", "data": "intervals", "interval": "30m",
        "time_zone": ZONE, "database": mariadb.settings(database),
        "query": "SELECT queue AS queueidentifier, CONCAT('Queue ', queue) AS queuename, begins AS timestamp, "
                 "offered, answered, seconds AS handlingtime, channel FROM report "
                 "WHERE begins >= :from AND begins < :to ORDER BY id"}])
    agent.run_once()
    assert_exact(receiver, 55, true_interval_sums(rows))
    assert receiver.groups_again == []
    assert receiver.queue_names(55) == {"north": {"Queue north"}, "south": {"Queue south"}}


def test_wrapped_query_of_mariadb(mariadb, make_agent, receiver):
    rows = [row for row in make_interval_rows(days=20) if row[0] % 3600 == 0]
    database = mariadb.new_database()
    mariadb.execute(database, "CREATE TABLE report (begins TIMESTAMP(3) NULL, queue CHAR(20), offered SMALLINT, "
                              "answered BIGINT, seconds DOUBLE)")
    utc = [(local_time(start, "UTC"), *rest) for start, *rest in rows]
    mariadb.execute(database, "SET GLOBAL time_zone = '+00:00'")
    mariadb.insert(database, "report", utc)
    agent = make_agent([{
        "name": "report", "id": 56, "connector": "database", "data": "intervals", "interval": "60m",
        "time_zone": "UTC", "history": "30d", "channel": "chats", "database": mariadb.settings(database),
        "query": "SELECT queue AS QueueIdentifier, queue AS QueueName, begins AS `Timestamp`, offered AS Offered, "
                 "answered AS Answered, seconds AS HandlingTime FROM report"}])
    agent.run_once()
    assert_exact(receiver, 56, true_interval_sums(rows))


# --- agent statuses ---------------------------------------------------------------------------------------


class StatusDatabase:
    """An ACD's table of agent states in SQLite, read through its ODBC driver."""

    def __init__(self, folder, column_type="TIMESTAMP"):
        self.path = folder / "acd.db"
        self.execute(f"CREATE TABLE agent_states (agent TEXT, begins {column_type}, finishes {column_type}, state TEXT)")

    def execute(self, sql, *rows):
        connection = sqlite3.connect(self.path, timeout=20)
        with connection:
            connection.executemany(sql, rows) if rows else connection.execute(sql)
        connection.close()

    def insert(self, statuses):
        self.execute("INSERT INTO agent_states VALUES (?, ?, ?, ?)", *[
            (agent, self.text(start), self.text(end), activity)
            for (agent, start), (activity, end) in statuses.items()])

    def end(self, agent, start, end):
        self.execute("UPDATE agent_states SET finishes = ? WHERE agent = ? AND begins = ?",
                     (self.text(end), agent, self.text(start)))

    @staticmethod
    def text(seconds):
        return None if seconds is None else local_time(seconds, ZONE).isoformat(" ")

    def integration(self, **more):
        return {"name": "agents", "id": 1235, "connector": "database", "data": "agent-status", "time_zone": ZONE,
                "database": {"type": "odbc", "connection_string": f"Driver=SQLite3;Database={self.path};Timeout=20000"},
                "query": "SELECT agent AS agentidentifier, begins AS starttime, finishes AS endtime, "
                         "state AS activity FROM agent_states", **more}


def make_statuses(days, seed=9):
    """{(agent, start): (activity, end)}: shifts of some agents, one status after the other."""
    chance = random.Random(seed)
    statuses = {}
    for number in range(12):
        moment = whole_hours_ago(days * 24) + chance.randrange(3600)
        while moment < whole_hours_ago(6):
            end = moment + chance.randrange(1, 4 * 3600)
            if not ambiguous_seconds(moment, end):
                statuses[f"agent {number}", moment] = (chance.choice(("Ready", "Pause", "Nacharbeit", "off")), end)
            moment = end + chance.choice((0, 0, 600))
    return statuses


def ambiguous_seconds(*moments):
    return any(utc_seconds(local_time(moment, ZONE), ZONE) != moment for moment in moments)


@pytest.mark.parametrize("column_type", ["TIMESTAMP", "TEXT"])
def test_statuses_of_months_arrive_exactly(tmp_path, make_agent, receiver, column_type):
    database, statuses = StatusDatabase(tmp_path, column_type), make_statuses(days=180)
    database.insert(statuses)
    agent = make_agent([database.integration()])
    agent.run_once()
    assert receiver.violations == []
    assert difference(statuses, receiver.statuses(1235)) == ""
    assert {len(versions) for versions in receiver.status_versions(1235).values()} == {1}


def test_ongoing_status_of_three_days_gets_its_end_and_corrections_go_there_and_back(tmp_path, make_agent, receiver):
    database, statuses = StatusDatabase(tmp_path), make_statuses(days=5)
    long, corrected = ("bob", whole_hours_ago(72)), ("eve", whole_hours_ago(3))
    statuses[long] = ("On duty", None)
    statuses[corrected] = ("Break", corrected[1] + 600)
    database.insert(statuses)
    agent = make_agent([database.integration(every="1s", history="30d")])
    process = agent.start()
    agent.wait_for(lambda: receiver.statuses(1235) == statuses, 30, "the statuses do not arrive")

    ends = [int(now_utc().timestamp()) - 1, corrected[1] + 1200, corrected[1] + 600]
    for (name, start), end in zip((long, corrected, corrected), ends):
        database.end(name, start, end)
        statuses[name, start] = (statuses[name, start][0], end)
        agent.wait_for(lambda: receiver.statuses(1235) == statuses, 30, f"the end {end} of {name} does not arrive")

    assert agent.stop(process) == DONE
    versions = receiver.status_versions(1235)
    assert versions[long] == [("On duty", None), ("On duty", ends[0])]
    assert versions[corrected] == [("Break", corrected[1] + added) for added in (600, 1200, 600)]
    assert all(len(seen) == 1 for key, seen in versions.items() if key not in (long, corrected))
    assert receiver.violations == []


def test_statuses_with_a_start_only_last_until_the_next(tmp_path, make_agent, receiver):
    database = StatusDatabase(tmp_path)
    begin = whole_hours_ago(30)
    rows = [("Ready", 0), ("Break", 1000), ("Ready", 1900), ("Logged out", 5000), ("Ready", 40_000)]
    database.insert({("ann", begin + offset): (activity, None) for activity, offset in rows})
    integration = database.integration(log_off=["Logged out"], longest="8h", history="7d")
    integration["query"] = "SELECT agent AS agentidentifier, begins AS starttime, state AS activity FROM agent_states"
    make_agent([integration]).run_once()
    assert receiver.violations == []
    assert receiver.statuses(1235) == {
        ("ann", begin): ("Ready", begin + 1000), ("ann", begin + 1000): ("Break", begin + 1900),
        ("ann", begin + 1900): ("Ready", begin + 5000),
        ("ann", begin + 40_000): ("Ready", begin + 40_000 + 8 * 3600)}


def test_bad_rows_are_set_aside_and_the_others_go_on(postgresql, make_agent, receiver):
    good = make_contacts(1_000, 20)
    bad = [contact._replace(channel="fax") for contact in good[:3]]
    database = fill_postgresql(postgresql, good + bad)
    agent = make_agent([contacts_integration(postgresql, database, history="7d")])
    agent.run_once(expect=REJECTS)
    assert_exact(receiver, 1234, true_intervals(good))
    told = agent.command("rejects", "support-calls", expect=DONE).stdout
    assert told.count("channel is not a channel") == 3
    assert agent.status("support-calls")["records"]["rejected"] == 3
    agent.run_once(expect=None)
    assert agent.status("support-calls")["records"]["rejected"] == 3
