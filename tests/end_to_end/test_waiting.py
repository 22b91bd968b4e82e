# SPDX-License-Identifier: Apache-2.0
"""test_waiting.py - what waits for something else holds up nothing, ends in time, and says so once."""

import os
import signal
import time

import faults
from agent import DONE, FAILED, REFUSED, STORE, UNREACHABLE, sentence_in, session_members
from contacts import contacts_integration, fill_postgresql, make_contacts, true_intervals
from test_csv import HEADER, csv_text, drop, folder, integration, make_rows, true_sums  # noqa: F401
from test_databases import StatusDatabase
from truth import assert_exact, whole_hours_ago


# --- a run that cannot deliver everything -----------------------------------------------------------------


def test_file_to_be_deleted_is_not_waited_for_when_the_key_is_refused(folder, make_agent, receiver):
    rows = make_rows(days=1)
    drop(folder, "a.csv", csv_text(rows))
    agent = make_agent([integration(folder, after="delete")])
    receiver.keys = {"bmV3IGtleQ=="}
    agent.run_once(expect=REFUSED, timeout=20)
    assert (folder / "a.csv").exists()
    agent.set_secret("peopleware", "bmV3IGtleQ==")
    agent.run_once()
    assert_exact(receiver, 1236, true_sums(rows))
    assert not (folder / "a.csv").exists()


def test_file_to_be_deleted_is_waited_for_as_long_as_patience_lasts(folder, make_agent, receiver):
    drop(folder, "a.csv", csv_text(make_rows(days=1)))
    receiver.behave(faults.status(503))
    make_agent([integration(folder, after="delete")]).run_once("--patience", "3s", expect=UNREACHABLE, timeout=20)
    assert (folder / "a.csv").exists()


def test_batches_of_an_integration_that_is_gone_wait_until_it_is_back(postgresql, make_agent, receiver):
    contacts = make_contacts(300, 20)
    database = fill_postgresql(postgresql, contacts)
    agent = make_agent([contacts_integration(postgresql, database, "old", 1, history="7d")])
    receiver.behave(faults.status(503))
    agent.run_once("--patience", "1s", expect=UNREACHABLE)
    receiver.behave()
    agent.document["integrations"] = [contacts_integration(postgresql, database, "new", 2, history="7d")]
    agent.write()
    done = agent.run_once(timeout=20)
    assert sum("configuration does not have" in line for line in done.stderr.splitlines()) == 1
    assert_exact(receiver, 2, true_intervals(contacts))
    assert receiver.intervals(1) == {}
    assert agent.status()["upload"]["spooled_batches"] == 0
    agent.document["integrations"] = [contacts_integration(postgresql, database, "old", 1, history="7d")]
    agent.write()
    agent.run_once()
    assert_exact(receiver, 1, true_intervals(contacts))


def test_state_that_cannot_be_locked_is_no_fault_of_the_configuration(folder, make_agent):
    agent = make_agent([integration(folder)])
    (agent.state_dir / "lock").mkdir()
    done = agent.run_once(expect=STORE)
    assert sentence_in(done.stderr, "lock", "directory")


# --- a person acts while it runs --------------------------------------------------------------------------


def test_queues_admitted_while_it_runs_are_imported_at_once(postgresql, make_agent, receiver):
    contacts = make_contacts(300, 20)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="7d",
                                             lookback="24h", max_new_queues=1)])
    process = agent.start()
    agent.wait_for(lambda: (agent.state_dir / "status.json").exists()
                   and agent.status("support-calls")["state"] == "needs attention", 20, "the guard does not speak")
    assert receiver.intervals(1234) == {}
    agent.command("queues", "support-calls", "--accept", expect=DONE)
    agent.wait_for(lambda: receiver.intervals(1234) == true_intervals(contacts), 10, "what was admitted does not come")
    assert agent.stop(process) == DONE


# --- a drop folder ----------------------------------------------------------------------------------------


CONTACT_HEADER = ";".join((*HEADER[:2], "Timestamp", "Answered"))
CONTACT_COLUMNS = {"queue": "Queue", "timestamp": {"column": "Timestamp", "format": "unix"}, "answered": "Answered"}


def contact_lines(*seconds):
    return "\n".join([CONTACT_HEADER, *(f"q;;{second};1" for second in seconds)]) + "\n"


def test_file_with_one_time_for_everything_fails_alone(folder, make_agent, receiver):
    start = whole_hours_ago(30)
    drop(folder, "a.csv", contact_lines(*[start] * 100_001, *range(start + 900, start + 6000)), age=20)
    drop(folder, "b.csv", contact_lines(start, start + 1))
    done = make_agent([integration(folder, data="contacts", columns=CONTACT_COLUMNS)]).run_once(
        "--patience", "5s", expect=FAILED, timeout=40)
    assert sentence_in(done.stderr, "a.csv", "time column")
    assert sum(offered for offered, _, _ in receiver.intervals(1236).values()) == 2


def test_file_that_is_cut_short_replaces_with_a_warning(folder, make_agent, receiver):
    start = whole_hours_ago(30)
    drop(folder, "a.csv", contact_lines(*range(start, start + 5)))
    agent = make_agent([integration(folder, data="contacts", columns=CONTACT_COLUMNS)])
    assert "cut inside" not in agent.run_once().stderr
    drop(folder, "b.csv", contact_lines(*range(start, start + 3)))
    assert sentence_in(agent.run_once().stderr, "b.csv", "1 quarter hour", "cut inside")
    assert receiver.violations == []


# --- near real time ---------------------------------------------------------------------------------------


def test_passes_that_find_nothing_new_write_and_say_nothing(tmp_path, make_agent, receiver):
    database = StatusDatabase(tmp_path)
    now = int(time.time())
    database.insert({("ann", now - 60): ("Ready", None), ("bob", now - 50): ("Ready", now - 70)})
    agent = make_agent([database.integration(every="1s", history="none", recheck="0s")])
    process = agent.start()
    agent.wait_for(lambda: len(receiver.statuses(1235)) == 1, 20, "the status does not arrive")
    agent.wait_for(lambda: agent.status()["upload"]["spooled_batches"] == 0, 10, "it is not acknowledged")
    time.sleep(1.5)
    store, log = agent.state_dir / "store.db", agent.folder / "run.log"
    lines, written = len(log.read_text().splitlines()), store.stat().st_mtime_ns
    passes = {agent.status("agents")["last_import"]}
    quarter = time.time() // 900
    for _ in range(30):
        passes.add(agent.status("agents")["last_import"])
        time.sleep(0.2)
    assert len(passes) > 3
    if time.time() // 900 == quarter:
        assert store.stat().st_mtime_ns == written
        assert len(log.read_text().splitlines()) == lines
    assert agent.status("agents")["records"]["rejected"] == 1
    assert agent.stop(process) == DONE


# --- TERM -------------------------------------------------------------------------------------------------


def sources_of(process):
    return [member for member in session_members(process.pid) if member != process.pid]


def test_stop_while_a_source_process_hangs(postgresql, make_agent, receiver):
    contacts = make_contacts(20_000, 200 * 24)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="1y")],
                       upload={"max_records": 100})
    receiver.behave(faults.slow(0.1))
    process = agent.start()
    agent.wait_for(lambda: sources_of(process), 20, "no source process")
    for source in sources_of(process):
        os.kill(source, signal.SIGSTOP)
    time.sleep(0.5)
    assert agent.stop(process, timeout=10) == DONE
    assert session_members(process.pid) == []


def test_stop_while_the_api_does_not_answer(postgresql, make_agent, receiver):
    contacts = make_contacts(300, 20)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="7d")])
    receiver.behave(faults.slow(30, times=1))
    process = agent.start()
    agent.wait_for(lambda: (agent.state_dir / "status.json").exists() and agent.status()["upload"]["spooled_batches"],
                   20, "nothing is to be sent")
    time.sleep(1)
    assert agent.stop(process, timeout=10) == DONE
    receiver.behave()
    agent.run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))


def test_source_processes_killed_again_and_again(postgresql, make_agent, receiver):
    contacts = make_contacts(60_000, 200 * 24)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="1y")])
    process = agent.start("--once")
    for _ in range(5):
        agent.wait_for(lambda: sources_of(process) or process.poll() is not None, 20, "no source process")
        time.sleep(0.05)
        for source in sources_of(process):
            os.kill(source, signal.SIGKILL)
    assert process.wait(90) == DONE, agent.log()
    assert_exact(receiver, 1234, true_intervals(contacts))
