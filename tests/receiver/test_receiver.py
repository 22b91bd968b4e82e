# SPDX-License-Identifier: Apache-2.0
"""test_receiver.py - each refusal, each misbehaviour and each model of the receiver itself."""

import copy
import email.utils
import gzip
import http.client
import json
import signal
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import faults
from contract import CONTACTS, STATUSES
from receiver import Receiver

KEY = "c2VjcmV0="
QUARTER = 1638786600     # 2021-12-06T10:30:00Z


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture
def receiver(certificates):
    with Receiver(certificates, key=KEY) as running:
        yield running


class Client:
    def __init__(self, receiver):
        context = ssl.create_default_context(cafile=receiver.ca_file)
        self._connection = http.client.HTTPSConnection("127.0.0.1", receiver.port, context=context, timeout=10)
        self._number = 0

    def post(self, document, path=CONTACTS, method="POST", compress=False, **headers):
        """Posts it and returns (status, body). A header given as None is left out."""
        self._number += 1
        body = document if isinstance(document, bytes) else json.dumps(document, separators=(",", ":")).encode()
        wanted = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json",
                  "Idempotency-Key": f"{self._number:032x}"}
        if compress:
            body = gzip.compress(body)
            wanted["Content-Encoding"] = "gzip"
        for name, value in headers.items():
            wanted[name.replace("_", "-")] = value
        wanted = {name: value for name, value in wanted.items() if value is not None}
        self._connection.request(method, path, body, wanted)
        self.response = self._connection.getresponse()
        return self.response.status, self.response.read()


@pytest.fixture
def client(receiver):
    return Client(receiver)


def contact(queue="1337_99", name="Level 1 support", timestamp="2021-12-06T10:34:22Z", channel="calls",
            offered=True, handled=False, duration=124.6):
    return {"properties": {"offered": offered, "handled": handled, "duration": duration},
            "queueName": name, "queueIdentifier": queue, "timestamp": timestamp, "channel": channel}


def contacts(*records, identity=1234):
    return {"data": list(records), "meta": {"integrationConfigurationId": identity}}


def status(agent="bob@mycompany.com", activity="Test", start="2022-12-06T08:00:00Z", end="2022-12-06T13:00:00Z"):
    record = {"agentIdentifier": agent, "activityIdentifier": activity, "startTime": start, "endTime": end}
    return {key: value for key, value in record.items() if value is not None}


def statuses(*records):
    return {"data": list(records), "meta": {"integrationConfigurationId": 1234, "externalSystem": "My ACD"}}


# --- what is taken ----------------------------------------------------------------------------------------


def test_documented_contact_is_taken(receiver, client):
    assert client.post(contacts(contact()))[0] == 201
    assert client.post(contacts(contact(handled=True, duration=7)), compress=True)[0] == 201
    assert receiver.violations == []
    assert receiver.intervals(1234) == {("1337_99", QUARTER, "calls"): (1, 1, 7000)}
    assert receiver.intervals(1234, "append") == {("1337_99", QUARTER, "calls"): (2, 1, 131600)}
    assert receiver.groups_again == [(1234, "1337_99", QUARTER)]


def test_documented_status_is_taken(receiver, client):
    assert client.post(statuses(status(end=None)), STATUSES)[0] == 201
    assert client.post(statuses(status()), STATUSES)[0] == 201
    assert receiver.violations == []
    start = 1670313600
    assert receiver.statuses(1234) == {("bob@mycompany.com", start): ("Test", start + 5 * 3600)}
    assert receiver.status_versions(1234) == {
        ("bob@mycompany.com", start): [("Test", None), ("Test", start + 5 * 3600)]}


def test_empty_data_is_taken(receiver, client):
    assert client.post(contacts())[0] == 201
    assert client.post(statuses(), STATUSES)[0] == 201
    assert receiver.violations == [] and receiver.totals()["records"] == 0


def test_every_channel_is_kept_apart(receiver, client):
    channels = ["calls", "chats", "emails", "social_media", "documents", "cases"]
    client.post(contacts(*[contact(channel=channel, duration=1.001) for channel in channels]))
    assert receiver.intervals(1234) == {("1337_99", QUARTER, channel): (1, 0, 1001) for channel in channels}


def test_sums_are_exact_to_the_millisecond(receiver, client):
    durations = [0.001, 0.002, 1.005, 2.675, 8.115, 1023.999, 0, 3]
    client.post(contacts(*[contact(duration=duration) for duration in durations]))
    assert receiver.intervals(1234) == {("1337_99", QUARTER, "calls"): (8, 0, 1 + 2 + 1005 + 2675 + 8115 + 1023999 + 3000)}


def test_later_request_overwrites_all_channels_of_a_group(receiver, client):
    client.post(contacts(contact(channel="calls"), contact(channel="chats")))
    client.post(contacts(contact(channel="chats", duration=1)))
    assert receiver.intervals(1234) == {("1337_99", QUARTER, "chats"): (1, 0, 1000)}
    assert receiver.intervals(1234, "append") == {
        ("1337_99", QUARTER, "calls"): (1, 0, 124600), ("1337_99", QUARTER, "chats"): (2, 0, 125600)}


def test_append_drops_a_repeated_key_and_overwrite_does_not_ask(receiver, client):
    same = {"Idempotency_Key": "a" * 32}
    client.post(contacts(contact(duration=1)), **same)
    client.post(contacts(contact(duration=2)))
    client.post(contacts(contact(duration=1)), **same)
    assert receiver.intervals(1234) == {("1337_99", QUARTER, "calls"): (1, 0, 1000)}
    assert receiver.intervals(1234, "append") == {("1337_99", QUARTER, "calls"): (2, 0, 3000)}


def test_integrations_are_kept_apart(receiver, client):
    client.post(contacts(contact(), identity=1))
    client.post(contacts(contact(), contact(), identity=2))
    assert receiver.intervals(1)["1337_99", QUARTER, "calls"][0] == 1
    assert receiver.intervals(2)["1337_99", QUARTER, "calls"][0] == 2


# --- what is refused --------------------------------------------------------------------------------------


def changed(change):
    document = contacts(contact())
    change(document, document["data"][0])
    return document


BROKEN_CONTACTS = {
    "no data": (lambda d, r: d.pop("data"), "the body has no data"),
    "no meta": (lambda d, r: d.pop("meta"), "the body has no meta"),
    "unknown key on top": (lambda d, r: d.update(more=1), "unknown key more"),
    "unknown key in meta": (lambda d, r: d["meta"].update(externalSystem="x"), "unknown key externalSystem"),
    "id as text": (lambda d, r: d["meta"].update(integrationConfigurationId="1234"), "no whole number|not a whole"),
    "id as boolean": (lambda d, r: d["meta"].update(integrationConfigurationId=True), "not a whole number"),
    "data no array": (lambda d, r: d.update(data={}), "data is not an array"),
    "record no object": (lambda d, r: d.update(data=[1]), "a contact is not an object"),
    "unknown key in record": (lambda d, r: r.update(more=1), "unknown key more"),
    "no queueName": (lambda d, r: r.pop("queueName"), "no queueName"),
    "no queueIdentifier": (lambda d, r: r.pop("queueIdentifier"), "no queueIdentifier"),
    "no channel": (lambda d, r: r.pop("channel"), "no channel"),
    "no properties": (lambda d, r: r.pop("properties"), "no properties"),
    "no offered": (lambda d, r: r["properties"].pop("offered"), "no offered"),
    "unknown property": (lambda d, r: r["properties"].update(more=1), "unknown key more"),
    "queue as number": (lambda d, r: r.update(queueIdentifier=7), "queueIdentifier 7"),
    "queue empty": (lambda d, r: r.update(queueIdentifier=""), "queueIdentifier ''"),
    "control character": (lambda d, r: r.update(queueName="a\x01"), "queueName"),
    "half a pair": (lambda d, r: r.update(queueName="\ud83d"), "queueName"),
    "unknown channel": (lambda d, r: r.update(channel="fax"), "channel 'fax'"),
    "channel as list": (lambda d, r: r.update(channel=[]), "channel"),
    "offered as number": (lambda d, r: r["properties"].update(offered=1), "offered is not a boolean"),
    "handled as text": (lambda d, r: r["properties"].update(handled="true"), "handled is not a boolean"),
    "duration as text": (lambda d, r: r["properties"].update(duration="1"), "duration '1' is not a number"),
    "duration as boolean": (lambda d, r: r["properties"].update(duration=True), "duration True is not a number"),
    "duration negative": (lambda d, r: r["properties"].update(duration=-0.1), "negative"),
    "duration with 4 decimals": (lambda d, r: r["properties"].update(duration=1.0005), "more than 3 decimals"),
    "time with offset": (lambda d, r: r.update(timestamp="2021-12-06T10:34:22+01:00"), "not of the form"),
    "time with fraction": (lambda d, r: r.update(timestamp="2021-12-06T10:34:22.5Z"), "not of the form"),
    "time with blank": (lambda d, r: r.update(timestamp="2021-12-06 10:34:22Z"), "not of the form"),
    "hour 24": (lambda d, r: r.update(timestamp="2021-12-06T24:00:00Z"), "not of the form"),
    "second 60": (lambda d, r: r.update(timestamp="2021-12-06T10:34:60Z"), "not of the form"),
    "30 February": (lambda d, r: r.update(timestamp="2021-02-30T10:34:22Z"), "not of the form"),
    "time as number": (lambda d, r: r.update(timestamp=1638786862), "not of the form"),
}


@pytest.mark.parametrize("name", BROKEN_CONTACTS)
def test_broken_contacts_are_refused(receiver, client, name):
    change, sentence = BROKEN_CONTACTS[name]
    answer, body = client.post(changed(change))
    assert answer == 400
    assert any(part in json.loads(body)["error"] for part in sentence.split("|"))
    assert len(receiver.violations) == 1 and receiver.intervals(1234) == {}


BROKEN_STATUSES = {
    "no agent": (lambda d, r: r.pop("agentIdentifier"), "no agentIdentifier"),
    "no activity": (lambda d, r: r.pop("activityIdentifier"), "no activityIdentifier"),
    "no start": (lambda d, r: r.pop("startTime"), "no startTime"),
    "end is null": (lambda d, r: r.update(endTime=None), "endTime None"),
    "end is start": (lambda d, r: r.update(endTime=r["startTime"]), "not after startTime"),
    "unknown key": (lambda d, r: r.update(more=1), "unknown key more"),
    "activity empty": (lambda d, r: r.update(activityIdentifier=" "), "activityIdentifier ' '"),
    "start with fraction": (lambda d, r: r.update(startTime="2022-12-06T08:00:00.1Z"), "not of the form"),
    "no externalSystem": (lambda d, r: d["meta"].pop("externalSystem"), "no externalSystem"),
    "twice": (lambda d, r: d["data"].append(copy.deepcopy(r)), "twice in one request"),
}


@pytest.mark.parametrize("name", BROKEN_STATUSES)
def test_broken_statuses_are_refused(receiver, client, name):
    change, sentence = BROKEN_STATUSES[name]
    document = statuses(status())
    change(document, document["data"][0])
    answer, body = client.post(document, STATUSES)
    assert answer == 400 and sentence in json.loads(body)["error"]
    assert len(receiver.violations) == 1 and receiver.statuses(1234) == {}


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"\xff", b'{"data":[],"data":[],"meta":{"integrationConfigurationId":1}}',
    b'{"data":[],"meta":{"integrationConfigurationId":1}} x',
    b'{"data":[],"meta":{"integrationConfigurationId":NaN}}',
    b'{"data":[{"properties":{"offered":true,"handled":true,"duration":1e999},"queueName":"a","queueIdentifier":"a",'
    b'"timestamp":"2021-12-06T10:34:22Z","channel":"calls"}],"meta":{"integrationConfigurationId":1}}',
])
def test_no_json_is_refused(receiver, client, body):
    assert client.post(body)[0] == 400
    assert len(receiver.violations) == 1


def test_doubled_key_in_a_record_is_refused(receiver, client):
    body = json.dumps(contacts(contact())).replace('"channel":', '"channel":"chats","channel":').encode()
    assert client.post(body)[0] == 400


@pytest.mark.parametrize("expected, arguments", [
    (404, {"path": "/external-systems/contact-events/"}),
    (404, {"path": "/"}),
    (405, {"method": "PUT"}),
    (401, {"Authorization": None}),
    (401, {"Authorization": f"Basic {KEY}"}),
    (415, {"Content_Type": None}),
    (415, {"Content_Type": "text/json"}),
    (415, {"Content_Encoding": "deflate"}),
    (400, {"Content_Encoding": "gzip"}),
    (400, {"Idempotency_Key": None}),
    (400, {"Idempotency_Key": "short"}),
])
def test_wrong_head_is_refused(receiver, client, expected, arguments):
    assert client.post(contacts(contact()), **arguments)[0] == expected
    assert len(receiver.violations) == 1


def test_body_without_length_is_refused(receiver, client):
    connection = client._connection
    connection.putrequest("POST", CONTACTS)
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    assert connection.getresponse().status == 411


def test_cut_gzip_is_refused(receiver, client):
    body = gzip.compress(json.dumps(contacts(contact())).encode())
    assert client.post(body[:-1], Content_Encoding="gzip")[0] == 400
    assert client.post(body + b"x", Content_Encoding="gzip")[0] == 400


def test_unknown_key_is_answered_401_until_it_is_known(receiver, client):
    other = {"Authorization": "Bearer bmV3="}
    assert client.post(contacts(contact()), **other)[0] == 401
    receiver.keys = {"bmV3="}
    assert client.post(contacts(contact()), **other)[0] == 201
    assert client.post(contacts(contact()))[0] == 401
    assert receiver.violations == []


def test_unknown_integration_is_answered_404(receiver, client):
    receiver.ids = {1}
    assert client.post(contacts(contact()))[0] == 404
    assert client.post(contacts(contact(), identity=1))[0] == 201
    assert receiver.violations == []


# --- what is noted ----------------------------------------------------------------------------------------


def test_key_with_another_body_is_noted(receiver, client):
    client.post(contacts(contact()), Idempotency_Key="a" * 32)
    client.post(contacts(contact()), Idempotency_Key="a" * 32, compress=True)
    assert receiver.violations == []
    client.post(contacts(contact(duration=1)), Idempotency_Key="a" * 32)
    assert "another body" in receiver.violations[0]


def test_group_under_two_names_is_noted(receiver, client):
    client.post(contacts(contact(name="A"), contact(name="B", timestamp="2021-12-06T10:45:00Z")))
    assert receiver.violations == []
    client.post(contacts(contact(name="B")))
    assert "'A'" in receiver.violations[0] and "'B'" in receiver.violations[0]


def test_large_request_of_several_groups_is_noted(receiver, client):
    client.post(contacts(*[contact()] * 1500))
    assert receiver.violations == []
    client.post(contacts(*[contact()] * 1500, contact(queue="b")))
    assert "several groups" in receiver.violations[0]


@pytest.mark.parametrize("second, noted", [
    (contact(), True), (contact(timestamp="2021-12-06T10:45:00Z"), False), (contact(queue="b"), False)])
def test_group_under_way_twice_is_noted(receiver, second, noted):
    receiver.behave(faults.slow(0.5, times=1))
    first = threading.Thread(target=Client(receiver).post, args=(contacts(contact()),),
                             kwargs={"Idempotency_Key": "a" * 32})
    first.start()
    while not receiver._in_flight:
        time.sleep(0.01)
    Client(receiver).post(contacts(second), Idempotency_Key="b" * 32)
    first.join()
    assert [("under way" in sentence) for sentence in receiver.violations] == [True] * noted


# --- how it misbehaves ------------------------------------------------------------------------------------


def test_status_strikes_as_often_as_told(receiver, client):
    receiver.behave(faults.status(503, retry_after=7, times=2), faults.status(500, times=1))
    answers = []
    for _ in range(4):
        answers.append((client.post(contacts(contact()))[0], client.response.getheader("Retry-After")))
    assert answers == [(503, "7"), (503, "7"), (500, None), (201, None)]
    assert receiver.intervals(1234, "append")["1337_99", QUARTER, "calls"][0] == 1
    assert receiver.totals()["requests_by_status"] == {"503": 2, "500": 1, "201": 1}


def test_retry_after_may_be_a_date(receiver, client):
    receiver.behave(faults.status(429, retry_after=60, retry_after_as_date=True))
    assert client.post(contacts(contact()))[0] == 429
    date = email.utils.parsedate_to_datetime(client.response.getheader("Retry-After"))
    assert 55 < date.timestamp() - time.time() <= 60


def test_probability_is_repeatable(certificates):
    runs = []
    for _ in range(2):
        with Receiver(certificates, key=KEY, seed=7) as receiver:
            client = Client(receiver)
            receiver.behave(faults.status(500, probability=0.5))
            runs.append([client.post(contacts(contact()))[0] for _ in range(40)])
    assert runs[0] == runs[1] and set(runs[0]) == {201, 500}


def test_fault_may_choose_its_requests(receiver, client):
    receiver.behave(faults.status(500, when=lambda request: request.identity == 5, skip=1))
    assert client.post(contacts(contact(), identity=4))[0] == 201
    assert client.post(contacts(contact(), identity=5))[0] == 201
    assert client.post(contacts(contact(), identity=5))[0] == 500
    receiver.behave()
    assert client.post(contacts(contact(), identity=5))[0] == 201


@pytest.mark.parametrize("fault, kept", [(faults.reset_before(times=1), 0), (faults.reset_after(times=1), 1)])
def test_reset_loses_the_answer_and_keeps_the_data_only_when_told(receiver, client, fault, kept):
    receiver.behave(fault)
    with pytest.raises(ConnectionResetError):
        client.post(contacts(contact()))
    assert len(receiver.intervals(1234)) == kept
    assert receiver.totals()["requests_by_status"] == {"0": 1}
    assert Client(receiver).post(contacts(contact()))[0] == 201


def test_slow_answer_is_slow(receiver, client):
    receiver.behave(faults.slow(0.3, times=1))
    began = time.monotonic()
    assert client.post(contacts(contact()))[0] == 201
    assert time.monotonic() - began >= 0.3


def test_html_page_keeps_nothing(receiver, client):
    receiver.behave(faults.html_page(times=1))
    answer, body = client.post(contacts(contact()))
    assert answer == 200 and b"<title>Please log in</title>" in body
    assert client.response.getheader("Content-Type") == "text/html"
    assert receiver.intervals(1234) == {}


def test_limits_answer_413(receiver, client):
    receiver.limits.max_records = 2
    assert client.post(contacts(*[contact()] * 3))[0] == 413
    assert client.post(contacts(*[contact()] * 2))[0] == 201
    receiver.limits.max_bytes = 100
    assert client.post(contacts(contact()))[0] == 413
    assert client.post(contacts(contact()), compress=True)[0] == 413
    assert receiver.violations == []


@pytest.mark.parametrize("answer", [400, 415])
def test_gzip_may_be_refused(receiver, client, answer):
    receiver.limits.gzip_status = answer
    assert client.post(contacts(contact()), compress=True)[0] == answer
    assert client.post(contacts(contact()))[0] == 201
    assert receiver.violations == []


def test_poison_is_refused(receiver, client):
    receiver.limits.poison = "POISON"
    assert client.post(contacts(contact(), contact(queue="POISON-1")))[0] == 422
    assert client.post(contacts(contact()))[0] == 201
    receiver.limits.poison_status = 400
    assert client.post(contacts(contact(name="POISON")))[0] == 400
    assert receiver.violations == []


def test_ongoing_statuses_may_be_refused(receiver, client):
    receiver.limits.ended_statuses_only = True
    assert client.post(statuses(status(), status(agent="x", end=None)), STATUSES)[0] == 422
    assert client.post(statuses(status()), STATUSES)[0] == 201


def test_untrusting_client_is_counted(receiver):
    with pytest.raises(ssl.SSLError):
        http.client.HTTPSConnection("127.0.0.1", receiver.port, context=ssl.create_default_context()).request("GET", "/")
    deadline = time.monotonic() + 5
    while not receiver.handshake_failures and time.monotonic() < deadline:
        time.sleep(0.01)
    assert receiver.handshake_failures == 1


# --- its other shapes -------------------------------------------------------------------------------------


def test_deferred_receiver_tells_the_same(certificates):
    with Receiver(certificates, key=KEY, deferred=True) as receiver:
        client = Client(receiver)
        client.post(contacts(contact(), contact(queue="b")), compress=True)
        client.post(statuses(status()), STATUSES)
        assert client.post(b"{")[0] == 201
        assert receiver.totals()["records"] == 3
        assert set(receiver.intervals(1234)) == {("1337_99", QUARTER, "calls"), ("b", QUARTER, "calls")}
        assert len(receiver.statuses(1234)) == 1 and len(receiver.violations) == 1


def test_command_prints_url_and_totals(certificates, tmp_path):
    command = [sys.executable, str(Path(__file__).with_name("receiver.py")), "--certificates", str(certificates),
               "--key", KEY, "--fault", "status=503,times=1", "--details", str(tmp_path / "details.json")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().strip()
        context = ssl.create_default_context(cafile=certificates / "ca.pem")
        host = url.removeprefix("https://")
        client = Client.__new__(Client)
        client._connection, client._number = http.client.HTTPSConnection(host, context=context), 0
        assert client.post(contacts(contact()))[0] == 503
        assert client.post(contacts(contact()))[0] == 201
        client._connection.request("GET", "/-/totals")
        told = json.loads(client._connection.getresponse().read())
        assert told["integrations"]["1234"]["channels"]["calls"] == {
            "offered": 1, "handled": 0, "duration_ms": 124600}
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=10)
    assert json.loads(output)["integrations"] == told["integrations"]
    details = json.loads((tmp_path / "details.json").read_text())
    assert details["integrations"]["1234"]["intervals"] == {
        "1337_99": {"2021-12-06T10:30:00Z": {"calls": [1, 0, 124600]}}}
