# SPDX-License-Identifier: Apache-2.0
"""test_commands.py - what a person types, and what is shown."""

import copy
import json
import re
import subprocess

import jsonschema
import pytest
import yaml

from agent import API_KEY, CONFIG, DONE, FAILED, REFUSED, ROOT, UNREACHABLE, USAGE, sentence_in
from contacts import CONTACTS_QUERY, QUEUES, contacts_integration, fill_postgresql, make_contacts, true_intervals
from servers import free_port
from truth import assert_exact


@pytest.fixture(scope="module")
def contacts():
    return make_contacts(800, 20)


def plain(program, *arguments, environment=None):
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=20,
                          env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **(environment or {})})


# --- without a configuration ------------------------------------------------------------------------------


def test_version_names_the_libraries(program):
    done = plain(program, "version")
    assert done.returncode == DONE and re.match(r"cloud-link \d+\.\d+\.\d+", done.stdout)
    for library in ("curl", "openssl", "sqlite", "libdeflate"):
        assert library in done.stdout.lower()


def test_help_describes_every_command(program):
    done = plain(program, "help")
    assert done.returncode == DONE
    for command in ("run", "check", "test", "preview", "status", "rejects", "queues", "secret", "config", "version"):
        assert re.search(rf"^\s+{command}\b", done.stdout, re.MULTILINE), command
        own = plain(program, "help", command)
        assert own.returncode == DONE and command in own.stdout


@pytest.mark.parametrize("arguments", [(), ("runn",), ("run", "--twice"), ("preview",), ("secret", "set"),
                                       ("help", "nothing"), ("run", "--config"), ("status", "a", "b")])
def test_wrong_usage(program, arguments):
    done = plain(program, *arguments)
    assert done.returncode == USAGE and done.stderr and not done.stdout


def test_misspelt_command_is_guessed(program):
    assert sentence_in(plain(program, "stauts").stderr, "status")


def test_missing_configuration_names_the_file(program, tmp_path):
    done = plain(program, "check", "--config", str(tmp_path / "none.yaml"))
    assert done.returncode == CONFIG and sentence_in(done.stderr, "none.yaml")


def test_example_and_schema_agree_with_the_files(program):
    example, schema = plain(program, "config", "example"), plain(program, "config", "schema")
    assert example.returncode == schema.returncode == DONE
    assert example.stdout == (ROOT / "config" / "cloud-link.yaml").read_text()
    assert schema.stdout == (ROOT / "config" / "cloud-link.schema.json").read_text()
    document = json.loads(schema.stdout)
    jsonschema.Draft202012Validator.check_schema(document)
    jsonschema.validate(yaml.safe_load(example.stdout), document)


def test_schema_takes_what_the_tests_configure_and_refuses_a_misspelt_key(program, make_agent, integration):
    document = make_agent([integration]).document
    schema = json.loads(plain(program, "config", "schema").stdout)
    jsonschema.validate(document, schema)
    document["integrations"][0]["lookbak"] = "2h"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


# --- configuration and secrets ----------------------------------------------------------------------------


def test_check_accepts_and_the_environment_names_the_file(program, make_agent, integration):
    agent = make_agent([integration])
    agent.command("check", expect=DONE)
    done = plain(program, "check", environment={"CLOUD_LINK_CONFIG": str(agent.config_file)})
    assert done.returncode == DONE


def test_check_and_run_tell_all_errors_with_their_places(make_agent, integration):
    agent = make_agent([{**integration, "lookbak": "2h"}, {**integration, "id": "x", "name": "Two"}])
    agent.document["upload"] = {"parallel": 0}
    agent.write()
    check, run = agent.command("check", expect=CONFIG), agent.run_once(expect=CONFIG)
    assert sentence_in(check.stderr, r"cloud-link\.yaml:\d+:\d+: error: ", "lookbak", "lookback")
    assert sentence_in(check.stderr, r"cloud-link\.yaml:\d+:\d+: error: ", "parallel")
    assert sentence_in(check.stderr, r"cloud-link\.yaml:\d+:\d+: error: ", r"\bid\b")
    errors = [re.findall(r"cloud-link\.yaml:\d+:\d+: error: .*", done.stderr) for done in (check, run)]
    assert errors[0] == errors[1] and len(errors[0]) >= 4


def test_literal_key_is_refused_without_showing_it(make_agent, integration):
    agent = make_agent([integration])
    agent.document["peopleware"]["api_key"] = "literal-key-value"
    agent.write()
    done = agent.command("check", expect=CONFIG)
    assert sentence_in(done.stderr, "api_key", "secret set") and "literal-key-value" not in done.stderr + done.stdout


def test_unset_secret_is_an_error_with_its_place(make_agent, integration):
    agent = make_agent([integration])
    agent.command("secret", "remove", "database", expect=DONE)
    done = agent.command("check", expect=CONFIG)
    assert sentence_in(done.stderr, r"cloud-link\.yaml:\d+:\d+", "database", "secret set database")


def test_secrets_are_listed_without_values(make_agent, integration):
    agent = make_agent([integration])
    listed = agent.command("secret", "list", expect=DONE).stdout
    assert sorted(re.findall(r"^\w+", listed, re.MULTILINE)) == ["database", "peopleware"]
    assert API_KEY not in listed
    assert agent.command("secret", "remove", "nothing").returncode == FAILED
    agent.command("secret", "remove", "database", expect=DONE)
    assert "database" not in agent.command("secret", "list", expect=DONE).stdout


def test_config_show_tells_effective_values_with_secrets_masked(make_agent, integration):
    agent = make_agent([integration])
    shown = agent.command("config", "show", expect=DONE).stdout
    assert "max_records" in shown and "1000" in shown and "****" in shown
    assert API_KEY not in shown


# --- looking before and after -----------------------------------------------------------------------------


def test_test_finds_all_well_and_sends_no_data(make_agent, receiver, integration):
    second = {**copy.deepcopy(integration), "name": "second", "id": integration["id"] + 1}
    done = make_agent([integration, second]).command("test", expect=DONE)
    assert re.search(r"^\s*ok\b", done.stdout, re.MULTILINE) and "FAIL" not in done.stdout
    assert [exchange.records for exchange in receiver.log] == [0, 0] and receiver.violations == []


def test_test_asks_for_agent_statuses_as_the_api_documents_it(tmp_path, make_agent, receiver):
    (tmp_path / "states").mkdir()
    columns = {"agent": "Agent", "activity": "State", "start": {"column": "Begin", "format": "YYYY-MM-DD hh:mm:ss"}}
    make_agent([{"name": "agents", "id": 8, "connector": "csv", "data": "agent-status", "time_zone": "UTC",
                 "folder": str(tmp_path / "states"), "columns": columns}]).command("test")
    assert [exchange.status for exchange in receiver.log] == [201] and receiver.violations == []


def test_test_tells_a_wrong_key_and_a_database_that_is_down(make_agent, receiver, integration):
    agent = make_agent([integration])
    receiver.keys = {"other"}
    done = agent.command("test", expect=REFUSED)
    assert sentence_in(done.stdout, "FAIL", "key|401")
    receiver.keys = None
    integration["database"]["port"] = free_port()
    agent.write()
    done = agent.command("test", "support-calls")
    assert done.returncode not in (DONE, REFUSED) and sentence_in(done.stdout, "FAIL", "connect|reach")


def test_test_names_a_missing_column(make_agent, integration):
    integration["query"] = CONTACTS_QUERY.replace("AS queueidentifier", "AS queue")
    done = make_agent([integration]).command("test")
    assert done.returncode != DONE and sentence_in(done.stdout, "FAIL", "queueidentifier")


def test_preview_shows_records_rejects_and_queues_and_keeps_nothing(postgresql, make_agent, receiver, contacts):
    bad = [contact._replace(channel="fax") for contact in contacts[:2]]
    database = fill_postgresql(postgresql, contacts + bad)
    agent = make_agent([contacts_integration(postgresql, database, history="7d")])
    shown = agent.command("preview", "support-calls").stdout
    assert any(name in shown for name in QUEUES.values())
    told = json.loads(agent.command("preview", "support-calls", "--rows", "25", "--json").stdout)
    assert len(told["records"]) == 25
    assert {"records", "rejects", "queues"} <= set(told)
    assert receiver.log == []
    assert agent.status("support-calls")["edge"] is None
    agent.command("preview", "nobody", expect=USAGE)


def test_status_before_the_first_start(make_agent, integration):
    agent = make_agent([integration])
    told = agent.status()
    assert told["running"] is False and re.fullmatch(r"\d+\.\d+\.\d+", told["version"])
    status = told["integrations"][0]
    assert status["state"] == "idle" and status["edge"] is None
    assert status["history"] == {"from": None, "holes": [], "percent": 0.0, "seconds_left": None}
    assert agent.command("status", expect=DONE).stdout.count("support-calls") == 1
    agent.command("status", "nobody", expect=USAGE)


def test_status_has_every_promised_name(make_agent, receiver, integration, contacts):
    agent = make_agent([integration])
    agent.run_once()
    told = agent.status()
    assert {"version", "running", "since", "upload", "integrations"} <= set(told)
    assert {"spooled_batches", "spooled_records", "spooled_bytes", "oldest", "last_accepted",
            "last_error"} <= set(told["upload"])
    status = told["integrations"][0]
    assert {"name", "id", "connector", "data", "state", "error", "last_import", "next_import", "edge", "history",
            "records", "times"} <= set(status)
    assert {"from", "holes", "percent", "seconds_left"} <= set(status["history"])
    assert {"read", "rejected", "unchanged", "uploaded", "quarantined", "rounded"} <= set(status["records"])
    assert set(status["times"]) >= {"ambiguous", "nonexistent"}
    assert (status["name"], status["id"], status["connector"], status["data"]) == (
        "support-calls", 1234, "database", "contacts")
    assert told["upload"]["spooled_records"] == 0 and told["upload"]["last_accepted"] is not None


def test_queue_guard_holds_back_until_accepted(postgresql, make_agent, receiver, contacts):
    database = fill_postgresql(postgresql, contacts)
    agent = make_agent([contacts_integration(postgresql, database, history="7d", lookback="24h", max_new_queues=3)])
    done = agent.run_once(expect=None)
    assert done.returncode != DONE and receiver.intervals(1234) == {}
    status = agent.status("support-calls")
    assert status["state"] == "needs attention" and "queues" in status["error"]
    listed = agent.command("queues", "support-calls", expect=DONE).stdout
    assert all(str(number) in listed for number in QUEUES)
    agent.command("queues", "support-calls", "--accept", expect=DONE)
    agent.run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))
    assert agent.status("support-calls")["state"] == "idle"


def test_name_of_a_queue_is_pinned(postgresql, make_agent, receiver, contacts):
    database = fill_postgresql(postgresql, contacts)
    agent = make_agent([contacts_integration(postgresql, database, history="7d", lookback="24h")])
    agent.run_once()
    postgresql.execute(database, "UPDATE queues SET name = name || ' (new)'")
    postgresql.execute(database, "UPDATE contacts SET handle_seconds = 1")
    agent.run_once()
    assert receiver.violations == []
    assert receiver.queue_names(1234) == {str(number): {name} for number, name in QUEUES.items()}
    changed = [contact._replace(handle_ms=1000) for contact in contacts]
    assert receiver.intervals(1234) == true_intervals(changed)


def test_denied_queues_are_left_out(postgresql, make_agent, receiver, contacts, integration):
    agent = make_agent([{**integration, "queues": {"allow": ["1*"], "deny": ["13", "14"]}}])
    agent.run_once()
    assert_exact(receiver, 1234, true_intervals([one for one in contacts if one.queue not in (13, 14)]))


def test_status_without_an_agent_knows_what_was_and_what_is_configured(make_agent, integration):
    agent = make_agent([integration])
    agent.run_once()
    before = agent.status()
    assert before["since"] is None and before["upload"]["last_accepted"] and not before["running"]
    imported = agent.status("support-calls")["last_import"]
    assert imported and agent.status("support-calls")["next_import"] is None
    agent.document["integrations"].append({**integration, "name": "new", "id": 77})
    agent.write()
    assert agent.status("support-calls")["last_import"] == imported
    told = json.loads(agent.command("status", "new", "--json", expect=DONE).stdout)
    assert [one["name"] for one in told["integrations"]] == ["new"]
    assert told["integrations"][0]["last_import"] is None


def test_last_acceptance_and_import_are_known_after_a_restart(make_agent, integration):
    agent = make_agent([copy.deepcopy(integration)])
    agent.run_once()
    accepted, imported = agent.status()["upload"]["last_accepted"], agent.status("support-calls")["last_import"]
    agent.document["integrations"][0]["database"]["port"] = 1
    agent.write()
    agent.run_once("--patience", "1s", expect=UNREACHABLE)
    assert agent.status()["upload"]["last_accepted"] == accepted
    assert agent.status("support-calls")["last_import"] == imported
