# SPDX-License-Identifier: Apache-2.0
"""https_server.py - servers on loopback for test_http: good, expired, misnamed, without TLS, a proxy.

Makes its certificates in the folder given, listens, then prints one line: the five ports. What it
answers is chosen by the path. Ends when its standard input does.
"""

import http.server
import json
import os
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "receiver"))
import certificates  # noqa: E402

together = threading.Barrier(4)
ended = threading.Event()


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        getattr(self, "answer_" + self.path.split("/")[1])(body)

    def answer(self, status, content, **headers):
        content = content if isinstance(content, bytes) else content.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def answer_echo(self, body):
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = {"method": self.command, "headers": headers, "body": body.decode(),
                "connection": self.client_address[1]}
        self.answer(200, json.dumps(told), Content_Type="application/json")

    def answer_together(self, body):
        together.wait(30)  # answers none before four are asked
        self.answer(200, str(self.client_address[1]))

    def answer_status(self, body):
        self.answer(int(self.path.split("/")[2]), "{}")

    def answer_redirect(self, body):
        self.answer(307, "", Location="/echo")

    def answer_page(self, body):
        self.answer(200, "{}", Content_Type="Text/HTML; charset=utf-8")

    def answer_pagelike(self, body):
        self.answer(200, b"\xef\xbb\xbf\r\n <!DOCTYPE html>", Content_Type="application/json")

    def answer_seconds(self, body):
        self.answer(429, "{}", Retry_After="120")

    def date_time_string(self, timestamp=None):
        return "Sun, 06 Nov 1994 08:48:37 GMT"

    def answer_date(self, body):
        self.answer(503, "{}", Retry_After="Sun, 06 Nov 1994 08:49:37 GMT")

    def answer_long(self, body):
        self.answer(413, b"x" * 200000)

    def answer_endless(self, body):
        self.send_response(200)
        self.end_headers()
        try:
            while not ended.is_set():
                self.wfile.write(b"x" * 65536)
        except OSError:
            pass
        self.close_connection = True

    def answer_never(self, body):
        ended.wait()

    def answer_nothing(self, body):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, certificate, key):
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self.tls:
            self.tls.load_cert_chain(certificate, key)
        super().__init__(("127.0.0.1", 0), Answers)

    def finish_request(self, request, client_address):
        """In the thread of the connection: a slow handshake holds up nobody else."""
        if self.tls:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # clients that hang up are what is tested


class Proxy(socketserver.StreamRequestHandler):
    """Tunnels for user `someone`, password `secret`; for others 407; to port 1 nowhere."""

    def handle(self):
        while (line := self.rfile.readline()) != b"":
            self.answer(line.split()[1].decode(), self.read_login())

    def read_login(self):
        login = ""
        while (line := self.rfile.readline().strip()) != b"":
            if line.lower().startswith(b"proxy-authorization:"):
                login = line.split(b":", 1)[1].strip().decode()
        return login

    def answer(self, target, login):
        host, port = target.rsplit(":", 1)
        if login != "Basic c29tZW9uZTpzZWNyZXQ=":
            self.wfile.write(b"HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
                             b"Content-Length: 0\r\n\r\n")
        elif port == "1":
            self.wfile.write(b"HTTP/1.1 403 Not there\r\nContent-Length: 0\r\n\r\n")
        else:
            self.wfile.write(b"HTTP/1.1 200 Go on\r\n\r\n")
            self.tunnel(socket.create_connection((host, int(port))))

    def tunnel(self, far):
        back = threading.Thread(target=self.copy, args=(far, self.connection), daemon=True)
        back.start()
        self.copy(self.connection, far)
        back.join()

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def sign(folder, name, extension, *options):
    (folder / f"{name}.ext").write_text(extension)
    subprocess.run(["openssl", "x509", "-req", "-in", folder / "server.csr", "-CA", folder / "ca.pem",
                    "-CAkey", folder / "ca.key", "-CAcreateserial", "-out", folder / f"{name}.pem",
                    "-extfile", folder / f"{name}.ext", *options], check=True, capture_output=True)
    return folder / f"{name}.pem"


def main(folder):
    certificates.make_certificates(folder)
    key = folder / "server.key"
    expired = sign(folder, "expired", "subjectAltName=IP:127.0.0.1\n", "-days", "-1")
    misnamed = sign(folder, "misnamed", "subjectAltName=DNS:elsewhere.example\n", "-days", "30")
    servers = [Server(folder / "server.pem", key), Server(expired, key), Server(misnamed, key),
               Server(None, None), socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy)]
    servers[-1].daemon_threads = True
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(*(server.server_address[1] for server in servers), flush=True)
    sys.stdin.read()
    ended.set()
    os._exit(0)  # connections that hang are not waited for


main(Path(sys.argv[1]))
