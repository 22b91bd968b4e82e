#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""receiver.py - a strict Peopleware API on loopback, for tests and for packaging/quickstart.

It speaks HTTPS/1.1 and takes only what is documented: contact-events and agent-statuses, well-formed, with a
key. Anything else is refused and noted as a violation. What it took it can tell, under two models
(holdings.py); it misbehaves when asked to (faults.py). Inside a test:

    with Receiver(certificates="/tmp/x", key="secret=") as receiver:
        receiver.behave(faults.status(503, retry_after=1, times=2))
        ... receiver.url, receiver.ca_file, receiver.intervals(1234), receiver.violations ...

As a command it prints its URL, answers GET /-/totals and GET /-/details beside the API, and prints the
totals as JSON when it is told to stop:

    receiver.py --certificates DIRECTORY --key KEY [--port N] [--fault status=503,probability=0.1] ...
"""

import argparse
import gc
import hashlib
import json
import signal
import socket
import ssl
import sys
import threading
import time
import zlib
from typing import NamedTuple

import contract
import faults
from certificates import make_certificates
from connection import MAX_BODY, Connection
from contract import Refusal
from holdings import Holdings, intervals_as_json, statuses_as_json

TOTALS, DETAILS = "/-/totals", "/-/details"


class Exchange(NamedTuple):
    """One line of the receiver's log."""

    began: float
    ended: float
    path: str
    identity: int | None
    key: str | None
    records: int
    bytes: int
    wire_bytes: int
    encoding: str
    status: int             # 0: the connection was reset
    in_flight: int          # requests with data under way when it came, itself included


class Receiver:
    """The server. Its state may be read at any time; it is changed by requests and the methods below."""

    def __init__(self, certificates, key=None, port=0, seed=1, deferred=False):
        self.keys = None if key is None else {key}      # accepted API keys; None: any
        self.ids = None                                 # accepted integration ids; None: any
        self.limits = faults.Limits()
        self.log = []                                   # of Exchange
        self.refusals = {}                              # reason -> how often it was said
        self.handshake_failures = 0
        self._script = faults.Script(seed)
        self._holdings = Holdings()
        self._deferred = [] if deferred else None       # accepted requests nobody has looked into yet
        self._lock = threading.RLock()
        self._in_flight = {}                            # Request -> None
        self._stopping = threading.Event()
        self._sockets = set()
        self._certificates = make_certificates(certificates)
        self._listen(port)

    def _listen(self, port):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self._certificates / "server.pem", self._certificates / "server.key")
        self._context.set_alpn_protocols(["http/1.1"])
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        self.ca_file = self._certificates / "ca.pem"

    # --- life ---------------------------------------------------------------------------------------------

    def start(self):
        gc.set_threshold(100_000, 50, 1000)    # what it makes it keeps: looking for garbage costs a third of its time
        threading.Thread(target=self._accept_connections, daemon=True).start()
        return self

    def stop(self):
        self._stopping.set()
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.drop_connections()

    def drop_connections(self):
        """Ends every connection there is, as a receiver that is restarted does."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for sock in sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # --- what a test tells it, and asks it ----------------------------------------------------------------

    def behave(self, *script):
        """Faults that strike from now on, after those that were given before. None given: behave well."""
        with self._lock:
            if not script:
                self._script.clear()
            for fault in script:
                self._script.add(fault)

    @property
    def violations(self):
        """What spec/02 forbids and happened all the same; empty after a right agent."""
        self._settle()
        return self._holdings.violations

    @property
    def groups_again(self):
        """[(id, queue, start)] accepted in more than one request: corrections, or what was split or sent twice."""
        self._settle()
        return self._holdings.groups_again

    def intervals(self, identity, model="overwrite"):
        self._settle()
        with self._lock:
            return self._holdings.intervals(identity, model)

    def statuses(self, identity):
        self._settle()
        with self._lock:
            return self._holdings.statuses(identity)

    def status_versions(self, identity):
        self._settle()
        with self._lock:
            return self._holdings.status_versions(identity)

    def queue_names(self, identity):
        self._settle()
        with self._lock:
            return self._holdings.queue_names(identity)

    def accepted(self):
        """The log's exchanges that brought data and were accepted, whether or not the answer arrived."""
        with self._lock:
            return [exchange for exchange in self.log if exchange.records and 200 <= exchange.status < 300]

    def totals(self, model="overwrite"):
        self._settle()
        with self._lock:
            log = self.log
            return {
                "requests": len(log),
                "requests_by_status": _count(str(exchange.status) for exchange in log),
                "records": sum(self._holdings.events.values()),
                "bytes": sum(exchange.bytes for exchange in log),
                "wire_bytes": sum(exchange.wire_bytes for exchange in log),
                "keys": len(self._holdings.keys),
                "groups_again": len(self._holdings.groups_again),
                "violations": self._holdings.violations[:100],
                "refusals": dict(self.refusals),
                "integrations": self._holdings.totals(model),
            }

    def details(self, model="overwrite"):
        """totals(), and of every integration each quarter hour and status."""
        totals = self.totals(model)
        for name, integration in totals["integrations"].items():
            if "channels" in integration:
                integration["intervals"] = intervals_as_json(self.intervals(int(name), model))
            if "statuses" in integration:
                integration["status_list"] = statuses_as_json(self.statuses(int(name)))
        return totals

    # --- connections --------------------------------------------------------------------------------------

    def _accept_connections(self):
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, plain):
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock = self._context.wrap_socket(plain, server_side=True)
        except OSError:
            self.handshake_failures += 1
            plain.close()
            return
        with self._lock:
            self._sockets.add(sock)
        try:
            connection = Connection(sock)
            while not self._stopping.is_set() and self._serve_one(connection):
                pass
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._sockets.discard(sock)
            sock.close()

    def _serve_one(self, connection):
        """Reads and answers one request; False when the connection is to end."""
        try:
            request = connection.read_request()
        except Refusal as refusal:
            self._note_violation(refusal.reason)
            connection.answer(refusal.status, "application/json", _sentence(refusal.reason))
            return False
        if request is None:
            return False
        if request.path in (TOTALS, DETAILS):
            told = self.totals() if request.path == TOTALS else self.details()
            connection.answer(200, "application/json", json.dumps(told).encode())
            return True
        return self._judge_and_answer(connection, request)

    def _judge_and_answer(self, connection, request):
        answer = None
        try:
            self._judge(request)
            fault = self._next_fault(request)
            if fault.keeps:
                self._accept(request)
            if fault.delay:
                self._stopping.wait(fault.delay)
            if not fault.reset:
                answer = (fault.status or 201, fault.content_type, fault.body.encode(),
                          fault.answer_headers().items())
        except Refusal as refusal:
            with self._lock:
                self.refusals[refusal.reason] = self.refusals.get(refusal.reason, 0) + 1
            answer = (refusal.status, "application/json", _sentence(refusal.reason))
        finally:
            self._leave(request, answer[0] if answer else 0)
        if answer is None:
            connection.reset()
            return False
        connection.answer(*answer)
        return True

    # --- judging a request --------------------------------------------------------------------------------

    def _judge(self, request):
        """Everything that speaks against it, in the order a server finds out. Raises Refusal."""
        self._judge_head(request)
        self._decode(request)
        if self._deferred is None:
            self._read(request)
            self._judge_limits(request)
        else:
            request.records = request.body.count(b'"timestamp":') + request.body.count(b'"startTime":')
        with self._lock:
            self._enter(request)

    def _judge_head(self, request):
        headers = request.headers
        if request.path not in (contract.CONTACTS, contract.STATUSES):
            raise self._violation(404, f"no such path: {request.path}")
        if request.method != "POST":
            raise self._violation(405, f"no such method: {request.method}")
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not key:
            raise self._violation(401, "Authorization is not `Bearer KEY`")
        if self.keys is not None and key not in self.keys:
            raise Refusal(401, "this key is not known")
        if headers.get("content-type", "").lower() not in ("application/json", "application/json; charset=utf-8"):
            raise self._violation(415, "Content-Type is not application/json")
        if not contract.IDEMPOTENCY_KEY.fullmatch(request.key or ""):
            raise self._violation(400, f"Idempotency-Key is missing or no key: {request.key!r}")

    def _decode(self, request):
        encoding = request.headers.get("content-encoding", "identity")
        request.body = request.wire
        if encoding == "gzip" and self.limits.gzip_status:
            raise Refusal(self.limits.gzip_status, "compressed bodies are not taken")
        if encoding == "gzip":
            request.body = self._decompress(request.wire)
        elif encoding != "identity":
            raise self._violation(415, f"Content-Encoding {encoding} is not known")
        request.bytes = len(request.body)
        if self.limits.max_bytes is not None and len(request.body) > self.limits.max_bytes:
            raise Refusal(413, "too many bytes")

    def _decompress(self, wire):
        try:
            stream = zlib.decompressobj(wbits=31)
            body = stream.decompress(wire, MAX_BODY)
        except zlib.error as error:
            raise self._violation(400, f"the body is no gzip: {error}") from None
        if not stream.eof or stream.unused_data:
            raise self._violation(400, "the body is cut, or goes on after its gzip")
        return body

    def _read(self, request):
        try:
            request.identity, request.records, request.content = contract.read_body(request.path, request.body)
        except Refusal as refusal:
            raise self._violation(refusal.status, refusal.reason) from None

    def _judge_limits(self, request):
        limits = self.limits
        if self.ids is not None and request.identity not in self.ids:
            raise Refusal(404, f"no integration configuration {request.identity}")
        if limits.max_records is not None and request.records > limits.max_records:
            raise Refusal(413, "too many records")
        if limits.poison is not None and limits.poison.encode() in request.body:
            raise Refusal(limits.poison_status, f"{limits.poison} is not processable")
        if request.records > limits.whole_above and len(request.content) > 1:
            self._note_violation(f"{request.records} records of several groups in one request")
        if limits.ended_statuses_only and request.path == contract.STATUSES:
            if any(end is None for _, end in request.content.values()):
                raise Refusal(422, "endTime is missing")

    def _violation(self, status, reason):
        self._note_violation(reason)
        return Refusal(status, reason)

    def _note_violation(self, reason):
        with self._lock:
            self._holdings.violations.append(reason)

    def _enter(self, request):
        """A group is in one request at a time, or nobody could say which version came last."""
        self._holdings.present(request.key, hashlib.sha256(request.body).digest())
        for other in self._in_flight:
            if (other.identity, other.path) == (request.identity, request.path) and other.key != request.key \
                    and not other.content.keys().isdisjoint(request.content.keys()):
                self._holdings.violations.append(
                    f"one group under way in two requests: {other.key} and {request.key}")
        self._in_flight[request] = None
        request.in_flight = len(self._in_flight)

    def _leave(self, request, status):
        with self._lock:
            self._in_flight.pop(request, None)
            self.log.append(Exchange(
                request.began, time.time(), request.path, request.identity, request.key, request.records,
                request.bytes, len(request.wire), request.headers.get("content-encoding", "identity"),
                status, request.in_flight))

    def _next_fault(self, request):
        with self._lock:
            return self._script.next(request) or faults.Fault()

    def _accept(self, request):
        with self._lock:
            if self._deferred is not None:
                request.body = b""
                self._deferred.append(request)
            elif request.records:
                self._holdings.accept(request.path, request.identity, request.key, request.records, request.content)

    def _settle(self):
        """A deferred receiver looks into what it accepted only now, when it is asked."""
        with self._lock:
            waiting = self._deferred or []
            if waiting:
                self._deferred = []
            for request in waiting:
                try:
                    self._decode(request)
                    self._read(request)
                except Refusal:
                    continue
                if request.records:
                    self._holdings.accept(request.path, request.identity, request.key, request.records,
                                          request.content)


def _sentence(reason):
    return json.dumps({"error": reason}).encode()


def _count(items):
    counts = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return counts


# --- the command ------------------------------------------------------------------------------------------


def _parse_arguments():
    parser = argparse.ArgumentParser(description="A strict Peopleware API on loopback.")
    parser.add_argument("--port", type=int, default=0, help="default: any that is free")
    parser.add_argument("--certificates", required=True, metavar="DIRECTORY",
                        help="holds ca.pem and the server's certificate; both are made when missing")
    parser.add_argument("--key", help="the API key that is accepted; default: any")
    parser.add_argument("--fault", action="append", default=[], type=faults.parse_fault, metavar="WHAT",
                        help="e.g. status=503,retry_after=1,probability=0.1 | reset_after,times=2 | slow=3 | html")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-records", type=int, help="413 above it")
    parser.add_argument("--max-bytes", type=int, help="413 above it")
    parser.add_argument("--refuse-gzip", type=int, metavar="STATUS", help="400 or 415")
    parser.add_argument("--poison", metavar="TEXT", help="422 for a body with this text in it")
    parser.add_argument("--model", choices=("overwrite", "append"), default="overwrite")
    parser.add_argument("--deferred", action="store_true", help="look into the bodies at the end: for benchmarks")
    parser.add_argument("--details", metavar="FILE", help="at the end, every quarter hour and status as JSON")
    return parser.parse_args()


def main():
    arguments = _parse_arguments()
    receiver = Receiver(arguments.certificates, arguments.key, arguments.port, arguments.seed, arguments.deferred)
    receiver.limits = faults.Limits(max_records=arguments.max_records, max_bytes=arguments.max_bytes,
                                    gzip_status=arguments.refuse_gzip, poison=arguments.poison)
    receiver.behave(*arguments.fault)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    receiver.start()
    print(receiver.url, flush=True)
    stopped.wait()
    receiver.stop()
    if arguments.details:
        with open(arguments.details, "w", encoding="utf-8") as file:
            json.dump(receiver.details(arguments.model), file)
    print(json.dumps(receiver.totals(arguments.model), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
