# SPDX-License-Identifier: Apache-2.0
"""test_upload.py - however the API or the network between answers: all of it arrives, or is set aside with a reason."""

import resource
from datetime import timedelta

import pytest

import faults
from agent import DONE, REFUSED, REJECTS, UNREACHABLE, sentence_in
from contacts import QUEUES, ZONE, Contact, contacts_integration, fill_postgresql, make_contacts, true_intervals
from servers import ConnectProxy, Nginx
from test_databases import StatusDatabase
from truth import assert_exact, local_time, whole_hours_ago

COUNT = 3_000


@pytest.fixture(scope="module")
def contacts():
    return make_contacts(COUNT, 20)


def with_data(receiver):
    return [exchange for exchange in receiver.log if exchange.records]


# --- size and form ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [{"max_records": 100}, {"max_bytes": 20_000}])
def test_413_halves_between_groups(make_agent, receiver, integration, contacts, limit):
    receiver.limits = faults.Limits(**limit)
    agent = make_agent([integration])
    agent.run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))
    assert receiver.groups_again == []
    refused = sum(exchange.status == 413 for exchange in receiver.log)
    assert 0 < refused < 8, "the smaller size is to be remembered"


def test_single_group_answered_413_is_quarantined_whole(postgresql, make_agent, receiver, contacts):
    start = local_time(whole_hours_ago(40), ZONE)
    large = [Contact(11, start + timedelta(seconds=number), True, number, None) for number in range(150)]
    database = fill_postgresql(postgresql, contacts + large)
    receiver.limits.max_records = 100
    agent = make_agent([contacts_integration(postgresql, database, history="7d")])
    agent.run_once(expect=REJECTS)
    assert_exact(receiver, 1234, true_intervals(contacts))
    assert agent.status("support-calls")["records"]["quarantined"] == 150


@pytest.mark.parametrize("answer", [422, 400])
def test_poisoned_groups_are_quarantined_and_the_rest_arrives(postgresql, make_agent, receiver, contacts, answer):
    queues = {**QUEUES, 13: "POISON ivy"}
    receiver.limits.poison, receiver.limits.poison_status = "POISON", answer
    mostly_fine = [contact for number, contact in enumerate(contacts) if contact.queue != 13 or number % 20 == 0]
    agent = make_agent([contacts_integration(postgresql, fill_postgresql(postgresql, mostly_fine, queues),
                                             history="7d")])
    agent.run_once(expect=REJECTS)
    fine = [contact for contact in mostly_fine if contact.queue != 13]
    assert_exact(receiver, 1234, true_intervals(fine))
    assert agent.status("support-calls")["records"]["quarantined"] == len(mostly_fine) - len(fine) > 0
    assert receiver.groups_again == []


@pytest.mark.parametrize("answer", [400, 415])
def test_refused_gzip_falls_back_to_plain(make_agent, receiver, integration, contacts, answer):
    receiver.limits.gzip_status = answer
    make_agent([integration], upload={"max_records": 500}).run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))
    encodings = [exchange.encoding for exchange in with_data(receiver)]
    assert set(encodings) == {"identity"} and len(encodings) > 3
    assert sum(exchange.status == answer for exchange in receiver.log) == 1


@pytest.mark.parametrize("compress, encoding", [("auto", "gzip"), ("gzip", "gzip"), ("off", "identity")])
def test_compression_is_as_configured(make_agent, receiver, integration, contacts, compress, encoding):
    make_agent([integration], upload={"compress": compress}).run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))
    assert {exchange.encoding for exchange in with_data(receiver)} == {encoding}


# --- transient faults -------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_respected(make_agent, receiver, integration, contacts, as_date):
    receiver.behave(faults.status(429, retry_after=3, retry_after_as_date=as_date, times=1))
    make_agent([integration]).run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))
    first, second = receiver.log[:2]
    assert first.status == 429 and second.began - first.ended >= (2.0 if as_date else 3.0)


def test_lost_answer_repeats_the_same_bytes_under_the_same_key(make_agent, receiver, integration, contacts):
    receiver.behave(faults.reset_after(times=2, skip=1))
    make_agent([integration], upload={"max_records": 500, "parallel": 1}).run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))
    lost = [exchange.key for exchange in receiver.log if exchange.status == 0]
    accepted = [exchange.key for exchange in receiver.accepted()]
    assert len(lost) == 2 and set(lost) <= set(accepted) and len(accepted) == len(set(accepted))


def test_slow_answer_is_a_timeout_and_repeated(make_agent, receiver, integration, contacts):
    receiver.behave(faults.slow(4, times=1))
    make_agent([integration], peopleware={"timeout": "1s"}).run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))


def test_a_third_of_all_answers_wrong(make_agent, receiver, integration, contacts):
    receiver.behave(faults.status(503, retry_after=1, probability=0.05), faults.status(500, probability=0.05),
                    faults.status(502, processed=True, probability=0.05), faults.status(429, probability=0.05),
                    faults.reset_before(probability=0.05), faults.reset_after(probability=0.05))
    make_agent([integration], upload={"max_records": 150}).run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))
    assert len(receiver.log) > len(receiver.accepted())


def test_waiting_for_a_slow_probe_costs_no_time_of_the_processor(make_agent, receiver, integration, contacts):
    receiver.behave(faults.status(503, times=1), faults.slow(6, times=1))
    agent = make_agent([integration])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    agent.run_once()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert_exact(receiver, 1234, true_intervals(contacts))
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 3


def test_failures_at_one_moment_are_one_failure(make_agent, receiver, integration, contacts):
    receiver.behave(faults.status(503, skip=1, times=8, delay=0.5))
    agent = make_agent([integration], upload={"max_records": 100, "parallel": 8})
    process = agent.start()
    agent.wait_for(lambda: sum(exchange.status == 503 for exchange in receiver.log) == 8, 20, "they do not fail")
    failed = max(exchange.ended for exchange in receiver.log if exchange.status == 503)
    agent.wait_for(lambda: receiver.log[-1].began > failed, 3, "the host is left alone for longer than 2 s")
    assert agent.stop(process) == DONE


def test_patience_ends_and_nothing_is_lost(make_agent, receiver, integration, contacts):
    receiver.behave(faults.status(503))
    agent = make_agent([integration])
    agent.run_once("--patience", "3s", expect=UNREACHABLE)
    upload = agent.status()["upload"]
    assert upload["spooled_records"] == COUNT and upload["last_accepted"] is None and "503" in upload["last_error"]
    receiver.behave()
    agent.run_once()
    assert agent.status()["upload"]["spooled_records"] == 0
    assert_exact(receiver, 1234, true_intervals(contacts))


def test_page_of_a_proxy_is_no_acceptance(make_agent, receiver, integration, contacts):
    receiver.behave(faults.html_page())
    agent = make_agent([integration])
    agent.run_once(expect=REFUSED)
    assert "Please log in" in agent.status("support-calls")["error"]
    receiver.behave()
    agent.run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))


def test_one_request_first_then_several(make_agent, receiver, integration, contacts):
    receiver.behave(faults.slow(0.3))
    make_agent([integration], upload={"max_records": 100, "parallel": 4}).run_once()
    assert_exact(receiver, 1234, true_intervals(contacts))
    first = min(exchange.ended for exchange in receiver.log)
    assert sum(exchange.began < first for exchange in receiver.log) == 1
    assert max(exchange.in_flight for exchange in receiver.log) == 4


def test_status_without_end_is_held_where_the_api_wants_ends(tmp_path, make_agent, receiver):
    database = StatusDatabase(tmp_path)
    begin = whole_hours_ago(5)
    statuses = {("ann", begin): ("Ready", begin + 60), ("bob", begin): ("Ready", None), ("cat", begin): ("Ready", begin + 90)}
    database.insert(statuses)
    receiver.limits.ended_statuses_only = True
    agent = make_agent([database.integration(history="7d")])
    agent.run_once()
    ended = {key: status for key, status in statuses.items() if status[1]}
    assert receiver.statuses(1235) == ended
    assert agent.status("agents")["records"]["quarantined"] == 0
    requests = len(receiver.log)
    agent.run_once()
    assert len(receiver.log) == requests, "what the API does not take is not sent again as it is"
    database.end("bob", begin, begin + 100)
    agent.run_once()
    assert receiver.statuses(1235) == {**ended, ("bob", begin): ("Ready", begin + 100)}
    assert receiver.violations == []


# --- the way there ----------------------------------------------------------------------------------------


def test_http2_where_it_is_offered(make_agent, receiver, integration, contacts, certificates):
    nginx = Nginx(receiver, certificates)
    try:
        make_agent([integration], peopleware={"url": nginx.url}, upload={"max_records": 100}).run_once()
        assert_exact(receiver, 1234, true_intervals(contacts))
        assert set(nginx.protocols()) == {"HTTP/2.0 201"}
    finally:
        nginx.remove()


@pytest.mark.parametrize("where", ["configuration", "environment"])
def test_proxy(make_agent, receiver, integration, contacts, where):
    proxy = ConnectProxy().open()
    url = f"http://127.0.0.1:{proxy.port}"
    agent = make_agent([integration], peopleware={"proxy": url} if where == "configuration" else None)
    if where == "environment":
        agent.environment["https_proxy"] = url
    agent.run_once()
    proxy.shut()
    assert_exact(receiver, 1234, true_intervals(contacts))
    assert set(proxy.targets) == {f"127.0.0.1:{receiver.port}"}


def test_untrusted_certificate_sends_nothing_and_says_so(make_agent, receiver, integration):
    agent = make_agent([integration])
    del agent.document["peopleware"]["ca_file"]
    agent.write()
    done = agent.run_once("--patience", "2s", expect=UNREACHABLE)
    assert sentence_in(done.stderr, "certificate")
    assert receiver.log == [] and receiver.handshake_failures > 0


def test_connections_are_dropped_while_running(make_agent, receiver, integration, contacts):
    receiver.behave(faults.slow(0.05))
    agent = make_agent([integration], upload={"max_records": 50})
    process = agent.start("--once")
    for count in (3, 10, 20):
        agent.wait_for(lambda: len(receiver.accepted()) > count or process.poll() is not None, 60, "nothing arrives")
        receiver.drop_connections()
    assert process.wait(90) == DONE
    assert_exact(receiver, 1234, true_intervals(contacts))
