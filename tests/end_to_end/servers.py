# SPDX-License-Identifier: Apache-2.0
"""servers.py - real servers on loopback, each with a throw-away directory of its own."""

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import psycopg2

from waiting import wait_until

DATABASE_PASSWORD = "Xk7;{r'\"}e p=ort%\\ing"     # every character a connection string trips over


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Home:
    """A directory of a server, and the user it runs as: database servers refuse to run as root."""

    def __init__(self, name, user, ends_by_int=False):
        self._ends_by_int = ends_by_int
        self.path = Path(tempfile.mkdtemp(prefix=f"cloud-link-{name}-"))
        self.path.chmod(0o755)
        self._prefix = []
        if os.geteuid() == 0:
            owner = pwd.getpwnam(user)
            self._prefix = ["setpriv", f"--reuid={user}", f"--regid={owner.pw_gid}", "--init-groups"]
            os.chown(self.path, owner.pw_uid, owner.pw_gid)

    def run(self, *command, **more):
        command = [*self._prefix, *map(str, command)]
        done = subprocess.run(command, cwd=self.path, capture_output=True, text=True, **more)
        if done.returncode:
            raise RuntimeError(f"{command} failed: {done.stdout} {done.stderr}")
        return done.stdout

    def start(self, *command):
        """Starts a server that ends when the tests do, also when they are killed."""
        prefix = [*(self._prefix or ["setpriv"]), "--pdeathsig=INT" if self._ends_by_int else "--pdeathsig=TERM"]
        with open(self.path / "server.log", "ab") as log:
            return subprocess.Popen([*prefix, *map(str, command)], cwd=self.path, stdout=log, stderr=log)

    def log(self):
        return (self.path / "server.log").read_text(errors="replace")[-3000:]

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def end_process(process, number=signal.SIGTERM):
    process.send_signal(number)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class PostgreSQL:
    """One server of the session; each test makes a database of its own in it."""

    def __init__(self):
        self.port = free_port()
        self._home = Home("postgresql", "postgres", ends_by_int=True)      # INT does not wait for its clients
        self._binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self._numbers = itertools.count(1)
        password_file = self._home.path / "password"
        password_file.write_text("superuser\n")
        self._home.run(self._binaries / "initdb", "--pgdata", self._home.path / "data", "--username=postgres",
                       "--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C",
                       "--no-sync")
        self.start()
        self.execute("postgres", "CREATE USER reporting PASSWORD %s", [DATABASE_PASSWORD])
        self.execute("postgres", "GRANT pg_read_all_data TO reporting")

    def start(self):
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "",
                    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
                    "shared_buffers": "64MB", "max_wal_size": "1GB", "timezone": "UTC"}
        options = itertools.chain.from_iterable(("-c", f"{key}={value}") for key, value in settings.items())
        self._process = self._home.start(self._binaries / "postgres", "-D", self._home.path / "data", *options)
        wait_until(self._answers, 60, lambda: f"PostgreSQL does not start: {self._home.log()}")

    def _answers(self):
        try:
            self.connect("postgres").close()
            return True
        except psycopg2.OperationalError:
            return False

    def stop(self):
        end_process(self._process, signal.SIGINT)

    def remove(self):
        self.stop()
        self._home.remove()

    def connect(self, database):
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, dbname=database, user="postgres",
                                      password="superuser", connect_timeout=5)
        connection.autocommit = True
        return connection

    def execute(self, database, sql, values=None):
        """Runs it as the superuser; returns the rows, if there are any."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def new_database(self):
        name = f"acd{next(self._numbers)}"
        self.execute("postgres", f"CREATE DATABASE {name}")
        return name

    def copy(self, database, table, rows):
        """Fills a table with rows of values that need no quoting in COPY's text format."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.copy_from(_Lines(rows), table, null="\\N")
                cursor.execute(f"ANALYZE {table}")
        finally:
            connection.close()

    def settings(self, database, **more):
        """The `database` section of an integration that reads it."""
        return {"type": "postgresql", "host": "127.0.0.1", "port": self.port, "name": database,
                "user": "reporting", "password": "${secret:database}", "tls": "off", **more}


class _Lines:
    """What COPY reads: one line a row, made as it is asked for."""

    def __init__(self, rows):
        self._lines = ("\t".join("\\N" if value is None else str(value) for value in row) + "\n" for row in rows)
        self._rest = ""

    def read(self, size):
        while len(self._rest) < size:
            more = "".join(itertools.islice(self._lines, 1000))
            if not more:
                break
            self._rest += more
        part, self._rest = self._rest[:size], self._rest[size:]
        return part


class MariaDB:
    """One server of the session; each test makes a database of its own in it."""

    def __init__(self):
        self.port = free_port()
        self._home = Home("mariadb", "mysql")
        self._socket = self._home.path / "mariadb.sock"
        self._numbers = itertools.count(1)
        data = self._home.path / "data"
        self._home.run("mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
                       "--auth-root-authentication-method=normal")
        binary = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
        self._process = self._home.start(
            binary, "--no-defaults", f"--datadir={data}", f"--socket={self._socket}", f"--port={self.port}",
            "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M",
            "--innodb-flush-method=nosync", "--character-set-server=utf8mb4")
        wait_until(self._answers, 60, lambda: f"MariaDB does not start: {self._home.log()}")
        password = DATABASE_PASSWORD.replace("\\", "\\\\").replace("'", "''")
        self.execute("mysql", f"CREATE USER reporting@'127.0.0.1' IDENTIFIED BY '{password}';"
                              f"CREATE USER reporting@localhost IDENTIFIED BY '{password}'")

    def _answers(self):
        try:
            self.execute("mysql", "SELECT 1")
            return True
        except RuntimeError:
            return False

    def remove(self):
        end_process(self._process)
        self._home.remove()

    def execute(self, database, sql):
        return self._home.run("mariadb", "--no-defaults", f"--socket={self._socket}", "--user=root",
                              "--default-character-set=utf8mb4", "--batch", database, input=sql)

    def new_database(self):
        name = f"acd{next(self._numbers)}"
        self.execute("mysql", f"CREATE DATABASE {name}; GRANT SELECT ON {name}.* TO reporting@'127.0.0.1';"
                              f"GRANT SELECT ON {name}.* TO reporting@localhost")
        return name

    def insert(self, database, table, rows):
        rows = iter(rows)
        statements = []
        while part := list(itertools.islice(rows, 2000)):
            values = ",".join("(" + ",".join(_sql_literal(value) for value in row) + ")" for row in part)
            statements.append(f"INSERT INTO {table} VALUES {values};")
        self.execute(database, "\n".join(statements))

    def settings(self, database, **more):
        return {"type": "mysql", "host": "127.0.0.1", "port": self.port, "name": database,
                "user": "reporting", "password": "${secret:database}", "tls": "off", **more}


def _sql_literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, (int, float)):
        return str(value)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


class Nginx:
    """HTTP/2 in front of the receiver; `protocols()` tells what was spoken."""

    def __init__(self, receiver, certificates):
        self.port = free_port()
        self.path = Path(tempfile.mkdtemp(prefix="cloud-link-nginx-"))
        self.url = f"https://127.0.0.1:{self.port}"
        configuration = self.path / "nginx.conf"
        configuration.write_text(self._configuration(receiver, certificates))
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig=TERM", shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(self.path), "-e", str(self.path / "error.log"),
             "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: can_connect(self.port), 20, lambda: (self.path / "error.log").read_text())

    def _configuration(self, receiver, certificates):
        user = "user root;" if os.geteuid() == 0 else ""
        temporary = "\n".join(f"  {kind}_temp_path {self.path}/{kind};"
                              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""
{user}
daemon off;
worker_processes 1;
pid {self.path}/nginx.pid;
events {{ worker_connections 256; }}
http {{
{temporary}
  log_format protocol '$server_protocol $status';
  access_log {self.path}/access.log protocol;
  client_max_body_size 256m;
  client_body_buffer_size 16m;
  upstream receiver {{ server 127.0.0.1:{receiver.port}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{self.port} ssl http2;
    ssl_certificate {certificates}/server.pem;
    ssl_certificate_key {certificates}/server.key;
    location / {{
      proxy_pass https://receiver;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"""

    def protocols(self):
        return (self.path / "access.log").read_text().split("\n")[:-1]

    def remove(self):
        end_process(self._process)
        shutil.rmtree(self.path, ignore_errors=True)


class Gate:
    """A TCP forwarder in front of a server, that can be shut, frozen and cut."""

    def __init__(self, target_port):
        self.port = free_port()
        self._target_port = target_port
        self._listener = None
        self._pairs = []
        self._frozen = threading.Event()

    def open(self):
        self._frozen.clear()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=16)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def shut(self):
        """Nobody listens any more, and every connection ends."""
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.cut()

    def cut(self):
        pairs, self._pairs = self._pairs, []
        for sock in itertools.chain.from_iterable(pairs):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def freeze(self):
        """Not a byte passes until open() is called."""
        self._frozen.set()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target_port))
            except OSError:
                return
            self._pairs.append((client, server))
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._forward, args=(one, other), daemon=True).start()

    def _forward(self, one, other):
        try:
            while data := one.recv(65536):
                while self._frozen.is_set():
                    time.sleep(0.05)
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class ConnectProxy(Gate):
    """An HTTP proxy that knows CONNECT, and remembers the targets it was asked for."""

    def __init__(self):
        super().__init__(0)
        self.targets = []

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            received = client.recv(4096)
            if not received:
                return
            head += received
        target = head.split(b" ")[1].decode()
        self.targets.append(target)
        host, _, port = target.rpartition(":")
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._pairs.append((client, server))
        threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
        self._forward(server, client)
