# SPDX-License-Identifier: Apache-2.0
"""test_bad_input.py - what is wrong is said in one sentence, with the status to drive by, and nothing is lost."""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from agent import API_KEY, CONFIG, DONE, REFUSED, STORE, UNREACHABLE, sentence_in
from contacts import ZONE, contacts_integration, fill_postgresql, make_contacts, true_intervals
from servers import DATABASE_PASSWORD, free_port
from test_csv import csv_text, drop, make_rows, true_sums
from test_csv import integration as csv_integration
from truth import assert_exact

NOBODY = 65534
NO_RIGHT = "permission|not readable|may not|rights"


@pytest.fixture(scope="module")
def contacts():
    return make_contacts(500, 20)


def then_all_is_well(agent, receiver, contacts):
    agent.write()
    agent.run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))


def test_wrong_password(make_agent, receiver, integration, contacts):
    agent = make_agent([integration])
    agent.set_secret("database", "wrong")
    done = agent.run_once("--patience", "2s", expect=REFUSED)
    assert sentence_in(done.stderr, "support-calls", "password authentication failed")
    agent.set_secret("database", DATABASE_PASSWORD)
    then_all_is_well(agent, receiver, contacts)


def test_unreachable_host(make_agent, receiver, integration, contacts):
    right = integration["database"]["port"]
    agent = make_agent([integration])
    integration["database"]["port"] = free_port()
    agent.write()
    done = agent.run_once("--patience", "2s", expect=UNREACHABLE)
    assert sentence_in(done.stderr, "support-calls", str(integration["database"]["port"]))
    integration["database"]["port"] = right
    then_all_is_well(agent, receiver, contacts)


@pytest.mark.parametrize("change, sentence", [
    (("started AS timestamp", "begun AS timestamp"), 'column c.begun does not exist'),
    (("FROM contacts", "FROM kontakte"), 'relation "kontakte" does not exist'),
    (("c.answered,", ""), "answered"),
    (("c.started AS timestamp", "c.queue_id AS timestamp"), "timestamp"),
    (("SELECT", "SELEKT"), "SELECT"),
    (("SELECT", "DELETE FROM contacts; SELECT"), "SELECT"),
])
def test_wrong_query(make_agent, receiver, postgresql, database, integration, contacts, change, sentence):
    right = integration["query"]
    integration["query"] = right.replace(*change)
    agent = make_agent([integration])
    done = agent.run_once("--patience", "2s", expect=None)
    assert done.returncode in (1, CONFIG)
    assert sentence_in(done.stderr, "support-calls|cloud-link.yaml", sentence), done.stderr
    assert postgresql.execute(database, "SELECT count(*) FROM contacts") == [(len(contacts),)]
    integration["query"] = right
    then_all_is_well(agent, receiver, contacts)


@pytest.mark.parametrize("database", [
    {"type": "odbc", "connection_string": "Driver=No Such Driver;Server=127.0.0.1"},
    {"type": "mysql", "driver": "No Such Driver", "host": "127.0.0.1", "name": "acd", "user": "x",
     "password": "${secret:database}"},
])
def test_missing_driver(make_agent, receiver, database):
    agent = make_agent([{"name": "odbc", "id": 1, "connector": "database", "data": "contacts", "time_zone": ZONE,
                         "database": database, "query": "SELECT 1"}])
    done = agent.run_once("--patience", "2s", expect=None)
    assert done.returncode in (1, CONFIG)
    assert sentence_in(done.stderr, "No Such Driver"), done.stderr


def test_missing_folder_then_there(tmp_path, make_agent, receiver):
    folder = tmp_path / "not-yet"
    agent = make_agent([csv_integration(folder)])
    done = agent.run_once("--patience", "2s", expect=None)
    assert done.returncode not in (DONE, 130) and sentence_in(done.stderr, "not-yet"), done.stderr
    folder.mkdir()
    rows = make_rows(days=1)
    drop(folder, "a.csv", csv_text(rows))
    agent.run_once()
    assert_exact(receiver, 1236, true_sums(rows))


@pytest.fixture
def nobodys_agent(tmp_path, make_agent, receiver):
    """An agent that is run by somebody who may read little, and its drop folder."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    agent = make_agent([csv_integration(folder)])
    agent.program = shutil.copy(agent.program, agent.folder)
    for path in [agent.folder, *agent.folder.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    for path in [*agent.folder.parents, *receiver.ca_file.parents]:
        if path.is_relative_to("/tmp/") and path != Path("/tmp"):
            path.chmod(0o755)
    agent._prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return agent, folder


def test_unreadable_folder_then_an_unreadable_file(nobodys_agent, receiver):
    agent, folder = nobodys_agent
    done = agent.run_once("--patience", "2s", expect=None)
    assert done.returncode != DONE and sentence_in(done.stderr, "closed", NO_RIGHT), done.stderr
    folder.chmod(0o755)
    rows = make_rows(days=1)
    drop(folder, "a.csv", csv_text(rows))
    drop(folder, "b.csv", csv_text(make_rows(seed=99)))
    (folder / "b.csv").chmod(0o600)
    done = agent.run_once(expect=None)
    assert done.returncode != DONE and sentence_in(done.stderr, "b.csv", NO_RIGHT), done.stderr
    assert_exact(receiver, 1236, true_sums(rows))


def test_store_of_a_newer_version(make_agent, receiver, integration):
    agent = make_agent([integration])
    agent.run_once()
    with sqlite3.connect(agent.state_dir / "store.db") as store:
        store.execute("PRAGMA user_version = 99")
    store.close()
    done = agent.run_once(expect=STORE)
    assert sentence_in(done.stderr, "newer")


def test_corrupt_store_is_set_aside(make_agent, receiver, integration, contacts):
    agent = make_agent([integration])
    agent.run_once()
    store = agent.state_dir / "store.db"
    store.write_bytes(b"this is no database, however long it is " * 1000)
    done = agent.run_once(expect=None)
    assert done.returncode == DONE, done.stderr
    assert list(agent.state_dir.glob("store.db.corrupt-*")) and sentence_in(done.stderr, "corrupt|damaged")
    assert receiver.intervals(1234) == true_intervals(contacts)


def test_state_directory_that_cannot_be(make_agent, receiver, integration):
    agent = make_agent([integration])
    agent.document["agent"]["state_dir"] = "/proc/nowhere"
    agent.document["peopleware"]["api_key"] = integration["database"]["password"] = "${env:SECRET}"
    agent.environment["SECRET"] = API_KEY
    agent.write()
    done = agent.run_once(expect=None)
    assert done.returncode in (STORE, CONFIG) and sentence_in(done.stderr, "/proc/nowhere")


def test_full_disk_is_said_and_mended(tmp_path, make_agent, receiver, postgresql, contacts):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k,mode=700", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        many = make_contacts(100_000, 300 * 24)
        agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, many), history="1y")],
                           agent={"state_dir": str(disk / "state")})
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * 400_000)
        receiver.keys = set()
        process = agent.start()
        agent.wait_for(lambda: sentence_in(agent.log(), "disk|space|full"), 60, "a full disk is not said")
        assert process.poll() is None, "a full disk must not end the agent"
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        ballast.unlink()
        receiver.keys = None
        agent.set_secret("peopleware", "YW5vdGhlciBrZXk=")
        agent.wait_for(lambda: receiver.intervals(1234) == true_intervals(many), 90, "it does not recover")
        assert agent.stop(process) == DONE
        assert_exact(receiver, 1234, true_intervals(many))
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
