# SPDX-License-Identifier: Apache-2.0
"""stage.py - what a measurement stands on: rows in PostgreSQL and in a file, an API that says 202 to all"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "end_to_end"), str(HERE.parent / "receiver")]

from certificates import make_certificates                                        # noqa: E402
from servers import DATABASE_PASSWORD, PostgreSQL, can_connect, end_process, free_port  # noqa: E402
from waiting import wait_until                                                    # noqa: E402

ZONE = "Europe/Berlin"

# In the order of their time, as a phone system writes them: working hours of three years, queues of all sizes.
CALLS = """
CREATE TABLE {table} (queue_id integer NOT NULL, started timestamp NOT NULL, answered boolean NOT NULL,
                      handle_seconds integer);
SELECT setseed(0.5);
INSERT INTO {table}
SELECT 1 + floor(40 * random() ^ 2)::int, started, answered,
       CASE WHEN answered THEN (30 + 600 * random() ^ 2)::int END
FROM (SELECT date_trunc('second', day + interval '7 hours' + (random() + random()) * interval '7 hours') AS started,
             random() < 0.9 AS answered
      FROM (SELECT current_date - 1 - (number::bigint * 1090 / {rows})::int * interval '1 day' AS day
            FROM generate_series(0, {rows} - 1) AS number) AS days
      ORDER BY 1) AS calls;
CREATE INDEX ON {table} (started);
"""
QUEUES = """
CREATE TABLE queues (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO queues SELECT number, 'Queue ' || number FROM generate_series(1, 40) AS number;
"""
STATUSES = """
CREATE TABLE agent_states AS
SELECT 'agent' || number % 1000 || '@contact-centre.example' AS agent, 'state ' || number % 7 AS state,
       begins, begins + interval '14 minutes' AS ends
FROM (SELECT number, date_trunc('second', now() AT TIME ZONE 'Europe/Berlin' - interval '1 hour')
                     - number / 1000 * interval '800 seconds' AS begins
      FROM generate_series(0, {rows} - 1) AS number) AS states
ORDER BY begins;
CREATE INDEX ON agent_states (begins);
CREATE INDEX ON agent_states (ends);
"""
CALLS_QUERY = """
SELECT q.id AS queueidentifier, q.name AS queuename, c.started AS timestamp, c.answered,
       c.handle_seconds AS duration, 'calls' AS channel
FROM {table} c JOIN queues q ON q.id = c.queue_id
"""
STATUSES_QUERY = "SELECT agent AS agentidentifier, begins AS starttime, ends AS endtime, state AS activity FROM agent_states"


class Stage:
    """Servers, rows and a scratch folder; everything goes with close()."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="cloud-link-bench-"))
        self.api = Api(self.path / "api")
        self.server = PostgreSQL()
        self.database = self.server.new_database()

    def fill(self, rows, fewer, statuses):
        for sql in (QUEUES, CALLS.format(table="calls", rows=rows), CALLS.format(table="fewer_calls", rows=fewer),
                    STATUSES.format(rows=statuses)):
            self.server.execute(self.database, sql)
        self.server.execute(self.database, "VACUUM ANALYZE")

    def close(self):
        self.server.remove()
        self.api.close()
        shutil.rmtree(self.path, ignore_errors=True)

    def write_csv(self, table):
        """The same rows as a file in a folder of its own; returns its path."""
        folder = self.path / f"csv-{table}"
        folder.mkdir()
        path = folder / "calls.csv"
        with open(path, "wb") as file:
            self.psql(f"COPY (SELECT 'Queue ' || queue_id AS queue, started, answered::int AS answered, "
                      f"handle_seconds AS seconds FROM {table} ORDER BY started) TO STDOUT (FORMAT csv, HEADER)", file)
        os.utime(path, (1, 1))     # settled long ago
        return path

    def psql(self, sql, output=subprocess.DEVNULL):
        subprocess.run(["psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(self.server.port), "-U", "postgres",
                        "-d", self.database, "-c", sql], stdout=output, check=True,
                       env={**os.environ, "PGPASSWORD": "superuser"})

    def psycopg2_source(self):
        return f"host=127.0.0.1 port={self.server.port} dbname={self.database} user=postgres password=superuser"

    def odbc_source(self):
        return (f"Driver=PostgreSQL Unicode;Server=127.0.0.1;Port={self.server.port};Database={self.database};"
                "UID=postgres;PWD=superuser;UseDeclareFetch=1;Fetch=10000")


class Api:
    """nginx: TLS, HTTP/2, reads every body whole and answers 202; its log knows bytes and times."""

    def __init__(self, path):
        path.mkdir()
        path.chmod(0o755)
        self.ca_file = make_certificates(path) / "ca.pem"
        self.port, self.log = free_port(), path / "access.log"
        self.url = f"https://127.0.0.1:{self.port}"
        (path / "nginx.conf").write_text(f"""
{'user root;' if os.geteuid() == 0 else ''}
daemon off;
worker_processes 1;
pid {path}/nginx.pid;
events {{ worker_connections 256; }}
http {{
  client_body_temp_path {path}/body; proxy_temp_path {path}/proxy; fastcgi_temp_path {path}/fastcgi;
  uwsgi_temp_path {path}/uwsgi; scgi_temp_path {path}/scgi;
  client_max_body_size 64m; client_body_buffer_size 8m;
  log_format facts '$msec $status $request_length $server_protocol';
  server {{
    listen 127.0.0.1:{self.port} ssl http2;
    ssl_certificate {path}/server.pem; ssl_certificate_key {path}/server.key;
    keepalive_requests 1000000; http2_max_concurrent_streams 128;
    access_log {self.log} facts;
    location / {{    # a plain `return` would answer before the body has come
      proxy_pass http://unix:{path}/answer.sock; proxy_pass_request_body off; proxy_set_header Content-Length 0;
    }}
  }}
  server {{ listen unix:{path}/answer.sock; access_log off; location / {{ return 202; }} }}
}}
""")
        self.process = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(path), "-e",
                                         str(path / "error.log"), "-c", str(path / "nginx.conf")])
        wait_until(lambda: can_connect(self.port), 20, "nginx does not start")

    def forget(self):
        os.truncate(self.log, 0)

    def requests(self):
        """[(Unix seconds of the answer, status, bytes of the request, protocol)] since forget()."""
        lines = (line.split() for line in self.log.read_text().splitlines())
        return [(float(moment), int(status), int(size), protocol) for moment, status, size, protocol in lines]

    def close(self):
        end_process(self.process)
