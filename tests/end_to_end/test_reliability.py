# SPDX-License-Identifier: Apache-2.0
"""test_reliability.py - whatever stops or dies in the middle: in the end everything is there, once."""

import os
import pty
import random
import signal
import subprocess
import time

import pytest

import faults
from agent import API_KEY, DONE, INTERRUPTED, REFUSED, STORE, UNREACHABLE, sentence_in
from contacts import contacts_integration, fill_postgresql, make_contacts, true_intervals
from servers import DATABASE_PASSWORD, Gate, free_port
from truth import assert_exact


@pytest.fixture
def gate(postgresql):
    gate = Gate(postgresql.port).open()
    yield gate
    gate.shut()


def through(gate, integration):
    integration["database"] = {**integration["database"], "port": gate.port}
    return integration


# --- stops and kills --------------------------------------------------------------------------------------


def test_stop_in_the_middle_then_everything_is_exact(postgresql, make_agent, receiver):
    contacts = make_contacts(60_000, 200 * 24)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="1y")])
    receiver.behave(faults.slow(0.05))
    for _ in range(3):
        process = agent.start("--once")
        seen = len(receiver.accepted())
        agent.wait_for(lambda: len(receiver.accepted()) > seen + 3, 30, "nothing arrives")
        assert agent.stop(process) == INTERRUPTED
        assert len(receiver.accepted()) < 60, "it was stopped too late to tell anything"
    receiver.behave()
    agent.run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))


def test_kills_in_the_middle_then_everything_is_exact(postgresql, make_agent, receiver):
    contacts = make_contacts(60_000, 200 * 24)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="1y")],
                       upload={"max_records": 300})
    receiver.behave(faults.slow(0.15))
    chance = random.Random(11)
    for _ in range(12):
        process = agent.start("--once")
        time.sleep(chance.uniform(0.02, 0.8))
        agent.kill(process)
    arrived = sum(exchange.records for exchange in receiver.accepted())
    receiver.behave()
    agent.run_once()
    assert 0 < arrived < len(contacts), "the kills came too early or too late to tell anything"
    assert_exact(receiver, 1234, true_intervals(contacts))


def test_kill_while_answers_are_lost(postgresql, make_agent, receiver):
    contacts = make_contacts(5_000, 20)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="7d")],
                       upload={"max_records": 200})
    receiver.behave(faults.reset_after(probability=0.5))
    for _ in range(4):
        process, seen = agent.start("--once"), len(receiver.log)
        agent.wait_for(lambda: len(receiver.log) > seen, 30, "nothing is sent")
        agent.kill(process)
    receiver.behave()
    agent.run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))


def test_second_agent_on_the_same_state_directory_is_refused(postgresql, make_agent):
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, []), history="none")])
    process = agent.start()
    agent.wait_for(lambda: agent.status()["running"], 20, "it does not start")
    second = agent.command("run", "--once", expect=STORE)
    assert sentence_in(second.stderr, "holds")
    assert agent.status()["running"]
    assert agent.stop(process) == DONE
    assert not agent.status()["running"]


# --- databases --------------------------------------------------------------------------------------------


def test_database_that_is_down_does_not_hold_up_another(postgresql, make_agent, receiver, gate):
    contacts = make_contacts(3_000, 60)
    database = fill_postgresql(postgresql, contacts)
    gate.shut()
    agent = make_agent([through(gate, contacts_integration(postgresql, database, "down", 1, history="7d")),
                        contacts_integration(postgresql, database, "up", 2, history="7d")])
    process = agent.start()
    agent.wait_for(lambda: receiver.intervals(2) == true_intervals(contacts), 15, "the healthy one is held up")
    waiting = agent.wait_for(lambda: (status := agent.status("down"))["state"] == "waiting" and status, 15,
                             "it is not said that one waits")
    assert "127.0.0.1" in waiting["error"]
    for _ in range(100):
        status = agent.status("down")
        assert status["state"] == "waiting" and "127.0.0.1" in status["error"]
    assert receiver.intervals(1) == {}
    gate.open()
    agent.wait_for(lambda: receiver.intervals(1) == true_intervals(contacts), 60, "it does not recover")
    assert agent.stop(process) == DONE
    assert_exact(receiver, 1, true_intervals(contacts))
    assert_exact(receiver, 2, true_intervals(contacts))


def test_once_ends_with_69_when_a_database_stays_down(postgresql, make_agent, receiver):
    contacts = make_contacts(1_000, 20)
    database = fill_postgresql(postgresql, contacts)
    down = contacts_integration(postgresql, database, "down", 1, history="7d")
    down["database"]["port"] = free_port()
    agent = make_agent([down, contacts_integration(postgresql, database, "up", 2, history="7d")])
    done = agent.run_once("--patience", "3s", expect=UNREACHABLE)
    assert sentence_in(done.stderr, "down")
    assert_exact(receiver, 2, true_intervals(contacts))


def test_connection_cut_in_the_middle_of_reading(postgresql, make_agent, receiver, gate):
    contacts = make_contacts(60_000, 100 * 24)
    database = fill_postgresql(postgresql, contacts)
    agent = make_agent([through(gate, contacts_integration(postgresql, database, history="1y"))])
    receiver.behave(faults.slow(0.02))
    process = agent.start("--once")
    for _ in range(3):
        seen = len(receiver.accepted())
        agent.wait_for(lambda: len(receiver.accepted()) > seen or process.poll() is not None, 40, "nothing arrives")
        gate.cut()
    receiver.behave()
    assert process.wait(90) == DONE, agent.log()
    assert_exact(receiver, 1234, true_intervals(contacts))


# --- the API key ------------------------------------------------------------------------------------------


def test_refused_key_then_a_new_one(postgresql, make_agent, receiver):
    contacts = make_contacts(3_000, 20)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="7d")])
    receiver.keys = {"bmV3IGtleQ=="}
    done = agent.run_once(expect=REFUSED)
    assert sentence_in(done.stderr, "401|key")
    status = agent.status("support-calls")
    assert status["state"] == "refused" and "secret set" in status["error"]
    assert agent.status()["upload"]["spooled_records"] == len(contacts)
    assert receiver.intervals(1234) == {}
    agent.set_secret("peopleware", "bmV3IGtleQ==")
    agent.run_once()
    assert agent.status("support-calls")["state"] == "idle"
    assert_exact(receiver, 1234, true_intervals(contacts))


def test_key_replaced_while_running_is_taken_at_once(postgresql, make_agent, receiver):
    contacts = make_contacts(3_000, 20)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="7d")])
    receiver.keys = {"bmV3IGtleQ=="}
    process = agent.start()
    agent.wait_for(lambda: agent.status("support-calls")["state"] == "refused", 20, "it is not said")
    agent.set_secret("peopleware", "bmV3IGtleQ==")
    agent.wait_for(lambda: receiver.intervals(1234) == true_intervals(contacts), 10, "the new key is not taken")
    assert agent.stop(process) == DONE
    assert_exact(receiver, 1234, true_intervals(contacts))


def test_refusal_of_a_key_that_was_replaced_meanwhile_is_no_news(postgresql, make_agent, receiver):
    contacts = make_contacts(300, 20)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="7d")])
    receiver.behave(faults.status(401, delay=5, times=1))
    process = agent.start()
    agent.wait_for(lambda: (agent.state_dir / "status.json").exists() and agent.status()["upload"]["spooled_batches"],
                   20, "nothing is to be sent")
    receiver.keys = {"bmV3IGtleQ=="}
    agent.set_secret("peopleware", "bmV3IGtleQ==")
    agent.wait_for(lambda: receiver.intervals(1234) == true_intervals(contacts), 15, "the new key is not taken")
    assert agent.stop(process) == DONE


@pytest.mark.parametrize("answer", [403, 404, 302])
def test_other_refusals_stop_only_their_integration(postgresql, make_agent, receiver, answer):
    contacts = make_contacts(500, 20)
    database = fill_postgresql(postgresql, contacts)
    agent = make_agent([contacts_integration(postgresql, database, "refused", 1, history="7d"),
                        contacts_integration(postgresql, database, "fine", 2, history="7d")])
    receiver.behave(faults.status(answer, headers={"Location": "https://127.0.0.1:1/"} if answer == 302 else {},
                                  when=lambda request: request.identity == 1))
    agent.run_once(expect=REFUSED)
    assert agent.status("refused")["state"] == "refused" and str(answer) in agent.status("refused")["error"]
    assert agent.status("fine")["state"] == "idle"
    assert_exact(receiver, 2, true_intervals(contacts))
    receiver.behave()
    agent.run_once()
    assert_exact(receiver, 1, true_intervals(contacts))


def test_secrets_and_personal_data_are_in_no_file_and_no_message(postgresql, make_agent, receiver):
    contacts = make_contacts(300, 20)
    database = fill_postgresql(postgresql, contacts)
    agent = make_agent([contacts_integration(postgresql, database, history="7d")])
    receiver.behave(faults.status(401))
    done = agent.run_once(expect=REFUSED)
    shown = (done.stdout + done.stderr + agent.command("status", "--json").stdout
             + agent.command("config", "show").stdout).encode()
    files = [path.read_bytes() for path in agent.state_dir.rglob("*") if path.is_file()]
    for secret in (API_KEY, DATABASE_PASSWORD):
        assert all(secret.encode() not in text for text in [shown, *files])
    assert all(b'"queueIdentifier"' not in text and b"queueName" not in text for text in files)
    assert agent.state_dir.stat().st_mode & 0o777 == 0o700


def test_terminal_shows_progress_and_interrupt_ends_it(postgresql, make_agent, receiver):
    contacts = make_contacts(20_000, 200 * 24)
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, contacts), history="1y")])
    receiver.behave(faults.slow(0.2))
    leader, follower = pty.openpty()
    process = subprocess.Popen(agent._command(["run", "--once"]), stdin=follower, stdout=follower, stderr=follower,
                               env={**agent.environment, "TERM": "xterm"}, start_new_session=True)
    os.close(follower)
    agent._processes.append(process)
    shown = b""
    deadline = time.monotonic() + 20
    while not (b"support-calls" in shown and b"%" in shown) and time.monotonic() < deadline:
        shown += read_terminal(leader)
    process.send_signal(signal.SIGINT)
    while read_terminal(leader):
        pass
    assert process.wait(10) == INTERRUPTED
    assert b"support-calls" in shown and b"%" in shown


def read_terminal(leader):
    """What a program shows next; nothing once it has ended."""
    try:
        return os.read(leader, 65536)
    except OSError:
        return b""
