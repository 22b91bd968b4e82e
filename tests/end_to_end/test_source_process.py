# SPDX-License-Identifier: Apache-2.0
"""test_source_process.py - a source process that hangs or dies is replaced, and nobody else notices"""

import os
import signal
from pathlib import Path

import pytest

from agent import DONE, session_members
from contacts import contacts_integration, fill_postgresql, make_contacts, true_intervals
from test_databases import StatusDatabase, make_statuses, now_utc
from truth import assert_exact


def source_processes(process):
    return [member for member in session_members(process.pid) if member != process.pid]


def has_loaded(process, library):
    try:
        return library in Path(f"/proc/{process}/maps").read_text()
    except OSError:
        return False


def status_source(tmp_path, **more):
    """A source read every second, so that its process always lives and soon has work."""
    database, statuses = StatusDatabase(tmp_path), make_statuses(days=3)
    database.insert(statuses)
    integration = database.integration(every="1s", history="7d", **more)
    integration["database"]["query_timeout"] = "2s"
    return database, statuses, integration


@pytest.mark.parametrize("ended_by", [signal.SIGSTOP, signal.SIGKILL, signal.SIGSEGV])
def test_source_process_is_replaced(tmp_path, make_agent, receiver, ended_by):
    database, statuses, integration = status_source(tmp_path)
    agent = make_agent([integration])
    process = agent.start()
    agent.wait_for(lambda: receiver.statuses(1235) == statuses, 30, "the statuses do not arrive")

    (before,) = source_processes(process)
    os.kill(before, ended_by)
    news = {("zoe", int(now_utc().timestamp()) - 5): ("Ready", None)}
    database.insert(news)
    agent.wait_for(lambda: receiver.statuses(1235) == {**statuses, **news}, 30, "what came after does not arrive")
    agent.wait_for(lambda: before not in source_processes(process), 10, "the old process is still there")
    assert agent.stop(process) == DONE
    assert all(len(versions) == 1 for versions in receiver.status_versions(1235).values())
    assert receiver.violations == []


def test_source_process_that_hangs_holds_up_nobody_and_no_stop(tmp_path, postgresql, make_agent, receiver):
    contacts = make_contacts(3_000, 60)
    _, statuses, integration = status_source(tmp_path)
    integration["database"]["query_timeout"] = "15m"
    agent = make_agent([integration])
    process = agent.start()
    agent.wait_for(lambda: receiver.statuses(1235) == statuses, 30, "the statuses do not arrive")
    assert agent.stop(process) == DONE

    agent.document["integrations"].append(
        contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="7d"))
    agent.write()
    process = agent.start()
    agent.wait_for(lambda: any(has_loaded(member, "sqlite3odbc") for member in source_processes(process)), 10,
                   "no source process is started")
    for member in source_processes(process):
        if has_loaded(member, "sqlite3odbc"):
            os.kill(member, signal.SIGSTOP)
    agent.wait_for(lambda: receiver.intervals(1234) == true_intervals(contacts), 30, "the other source is held up")
    assert agent.stop(process, timeout=10) == DONE
    assert_exact(receiver, 1234, true_intervals(contacts))
