# SPDX-License-Identifier: Apache-2.0
"""connection.py - HTTP/1.1 as the receiver speaks it: a request with a length in, an answer in one write out."""

import socket
import struct
import time
from email.utils import formatdate
from http import HTTPStatus

from contract import Refusal

MAX_HEAD = 64 * 1024
MAX_BODY = 256 * 1024 * 1024


class Request:
    """A request as it was read, and what is learnt of it on the way to its answer."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.wire = method, path, headers, body
        self.body, self.bytes = body, len(body)     # decoded
        self.identity, self.records, self.content = None, 0, {}
        self.began, self.in_flight = time.time(), 0

    @property
    def key(self):
        return self.headers.get("idempotency-key")


class Connection:
    """The bytes of one client: heads and bodies in, answers out in a single write each."""

    def __init__(self, sock):
        self._sock, self._buffer = sock, bytearray()

    def read_request(self):
        """The next request, or None when the client has gone."""
        head = self._read_head()
        if head is None:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, version = first.split(" ")
        pairs = [line.split(":", 1) for line in lines]
        headers = {name.lower(): value.strip() for name, value in pairs}
        if version != "HTTP/1.1" or len(headers) != len(pairs):
            raise Refusal(400, "not HTTP/1.1, or a header stands twice")
        return Request(method, path, headers, self._read_body(method, headers))

    def _read_head(self):
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            received = self._sock.recv(65536)
            if not received or len(self._buffer) > MAX_HEAD:
                return None
            self._buffer += received
        head = bytes(self._buffer[:end])
        del self._buffer[:end + 4]
        return head

    def _read_body(self, method, headers):
        length = headers.get("content-length", "0" if method == "GET" else "")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
            raise Refusal(411, "Content-Length is missing or no number")
        length = int(length)
        if headers.get("expect", "").lower() == "100-continue":
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self._buffer) < length:
            received = self._sock.recv(262144)
            if not received:
                raise ConnectionError("the client left in the middle of a body")
            self._buffer += received
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def answer(self, status, content_type, body, headers=()):
        lines = [f"HTTP/1.1 {status} {_phrase(status)}", f"Date: {formatdate(usegmt=True)}",
                 f"Content-Type: {content_type}",
                 f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
        self._sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def reset(self):
        """Ends it so that the client sees a reset, not an orderly end."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()


def _phrase(status):
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
