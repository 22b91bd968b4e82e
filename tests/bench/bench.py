# SPDX-License-Identifier: Apache-2.0
"""bench.py - the measurements, and the table they make; started by tests/bench/run"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import yaml

from stage import CALLS_QUERY, DATABASE_PASSWORD, HERE, STATUSES_QUERY, ZONE, Stage
from watch import children_of, cpu_of, watch

STATUSES = 100_000


class Figures:
    """Every measured value by its name; the table shows the median, the least and the most."""

    def __init__(self):
        self.values = {}

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def median(self, name):
        return statistics.median(self.values[name])

    def has(self, *names):
        return all(name in self.values for name in names)


class Bench:
    def __init__(self, arguments, stage):
        self.stage, self.folder = stage, stage.path / "agent"
        self.rows, self.runs = arguments.rows, arguments.runs
        self.fewer, self.script_rows = min(arguments.rows, 1_000_000), min(arguments.rows, 300_000)
        self.program = Path(arguments.program).resolve()
        self.figures = Figures()

    def run(self, names):
        tell("making rows")
        self.stage.fill(self.rows, self.fewer, STATUSES)
        for name in names:
            getattr(self, name)()

    # --- the agent ----------------------------------------------------------------------------------------

    def prepare_agent(self, integration):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        (self.folder / "cloud-link.yaml").write_text(yaml.safe_dump({
            "peopleware": {"url": self.stage.api.url, "api_key": "${secret:peopleware}",
                           "ca_file": str(self.stage.api.ca_file)},
            "agent": {"state_dir": str(self.folder / "state")},
            "integrations": [{"name": "bench", "id": 1, "time_zone": ZONE, **integration}]}))
        for name, value in (("peopleware", "key"), ("database", DATABASE_PASSWORD),
                            ("odbc", self.stage.odbc_source())):
            subprocess.run(self.command("secret", "set", name), input=value, text=True, check=True)

    def command(self, *arguments):
        return [str(self.program), *arguments, "--config", str(self.folder / "cloud-link.yaml")]

    def run_agent(self, name, rows=None):
        """One `run --once`; with `rows`, it must have delivered so many."""
        api, server = self.stage.api, self.stage.server._process.pid
        api.forget()
        nginx, = children_of(api.process.pid)
        os.sync()       # what others wrote must not be waited for by the agent's own commits
        before = cpu_of(nginx), cpu_of(server, True)
        watched = watch(self.command("run", "--once"), self.folder / "messages")
        counters = json.loads((self.folder / "state" / "status.json").read_text())["integrations"][0]["records"]
        if watched.status or (rows is not None and counters["uploaded"] != rows):
            raise SystemExit(f"{name}: status {watched.status}, {counters}\n"
                             f"{(self.folder / 'messages').read_text()[-2000:]}")
        accepted = [request for request in api.requests() if request[1] == 202]
        add = self.figures.add
        add(name, watched.seconds)
        add(f"{name} memory", watched.peak_kib / 1024)
        add(f"{name} cpu agent", watched.cpu - watched.child_cpu)
        add(f"{name} cpu source", watched.child_cpu)
        add(f"{name} cpu nginx", cpu_of(nginx) - before[0])
        add(f"{name} cpu database", cpu_of(server, True) - before[1])
        add(f"{name} bytes", sum(size for _, _, size, _ in accepted))
        add(f"{name} requests", len(accepted))
        add(f"{name} unchanged", counters["unchanged"])
        if accepted:
            add(f"{name} first", min(accepted)[0] - watched.began)
        tell(f"{name}: {watched.seconds:.2f} s, {watched.peak_kib / 1024:.1f} MiB")

    def database(self, table, connection):
        return {"connector": "database", "data": "contacts", "database": connection,
                "query": CALLS_QUERY.format(table=table)}

    def run_peer(self, name, kind, source, query=""):
        api = self.stage.api
        done = subprocess.run([sys.executable, str(HERE / "peer.py"), kind, source, query, str(self.script_rows),
                               api.url, str(api.ca_file)], capture_output=True, text=True, check=True)
        told = json.loads(done.stdout)
        self.figures.add(name, told["seconds"])
        self.figures.add("json bytes a row", told["bytes"] / told["rows"])
        tell(f"{name}: {told['rows'] / told['seconds']:,.0f} rows/s")

    def time_of(self, name, run, *arguments):
        start = time.monotonic()
        run(*arguments)
        self.figures.add(name, time.monotonic() - start)
        tell(f"{name}: {self.figures.values[name][-1]:.2f} s")

    # --- the measurements ---------------------------------------------------------------------------------

    def postgresql(self):
        query = CALLS_QUERY.format(table="calls")
        copy = f"COPY ({query}) TO STDOUT (FORMAT binary)"
        self.stage.psql(copy)       # warm
        for _ in range(self.runs):
            self.time_of("copy", self.stage.psql, copy)
            self.prepare_agent(self.database("calls", self.stage.server.settings(self.stage.database)))
            self.run_agent("postgresql", self.rows)
            self.run_peer("psycopg2", "psycopg2", self.stage.psycopg2_source(), query)

    def odbc(self):
        for _ in range(self.runs):
            self.prepare_agent(self.database("fewer_calls", {"type": "odbc", "connection_string": "${secret:odbc}"}))
            self.run_agent("odbc", self.fewer)
            self.run_peer("pyodbc", "pyodbc", self.stage.odbc_source(), CALLS_QUERY.format(table="calls"))

    def csv(self):
        path = self.stage.write_csv("calls")
        self.figures.add("csv size", path.stat().st_size)
        integration = {
            "connector": "csv", "data": "contacts", "folder": str(path.parent), "settle": "0s", "columns": {
                "queue": "queue", "timestamp": {"column": "started", "format": "YYYY-MM-DD hh:mm:ss"},
                "answered": "answered", "duration": "seconds", "channel": "calls"}}
        for _ in range(self.runs):
            with open(os.devnull, "wb") as null:
                self.time_of("miller", lambda: subprocess.run(["mlr", "--icsv", "--ojsonl", "cat", str(path)],
                                                              stdout=null, check=True))
            self.prepare_agent(integration)
            self.run_agent("csv", self.rows)
            self.run_peer("csv script", "csv", str(path))

    def again(self):
        integration = {"connector": "database", "data": "agent-status", "history": "2d", "lookback": "24h",
                       "database": self.stage.server.settings(self.stage.database), "query": STATUSES_QUERY}
        self.prepare_agent(integration)
        self.run_agent("statuses", STATUSES)
        for _ in range(self.runs):
            self.run_agent("again", STATUSES)

    def program_itself(self):
        stripped = self.stage.path / "stripped"
        subprocess.run(["strip", "-o", str(stripped), str(self.program)], check=True)
        self.figures.add("size", stripped.stat().st_size / 1024)
        for _ in range(20):
            start = time.monotonic()
            subprocess.run([str(self.program), "version"], stdout=subprocess.DEVNULL, check=True)
            self.figures.add("start", 1000 * (time.monotonic() - start))


def tell(sentence):
    print(f"  {sentence}", file=sys.stderr, flush=True)


# --- the table --------------------------------------------------------------------------------------------


def spread(values, digits=2):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def speed_row(figures, title, name, rows, remark=""):
    speed = f"{rows / figures.median(name):,.0f}"
    return f"{title:48} {rows:>10,} {spread(figures.values[name]):>22} {speed:>10}  {remark}"


def speed_rows(bench):
    figures, rows, few, script = bench.figures, bench.rows, bench.fewer, bench.script_rows
    each = {"copy": rows, "postgresql": rows, "psycopg2": script, "odbc": few, "pyodbc": script,
            "miller": rows, "csv": rows, "csv script": script}

    def times(peer, agent):    # how many times as fast the agent is, row by row
        return (figures.median(peer) / each[peer]) / (figures.median(agent) / each[agent])

    if figures.has("copy", "postgresql", "psycopg2"):
        yield speed_row(figures, "PostgreSQL: COPY binary to /dev/null, the limit", "copy", rows)
        yield speed_row(figures, "PostgreSQL: agent, end to end", "postgresql", rows,
                        f"{1 / times('copy', 'postgresql'):.2f} x the limit's time")
        yield speed_row(figures, "PostgreSQL: Python, psycopg2 + requests *", "psycopg2", script,
                        f"agent {times('psycopg2', 'postgresql'):.1f} x as fast")
    if figures.has("odbc", "pyodbc"):
        yield speed_row(figures, "psqlODBC: agent, end to end", "odbc", few)
        yield speed_row(figures, "psqlODBC: Python, pyodbc + requests *", "pyodbc", script,
                        f"agent {times('pyodbc', 'odbc'):.1f} x as fast")
    if figures.has("csv", "miller", "csv script"):
        yield speed_row(figures, "CSV: agent, end to end", "csv", rows)
        yield speed_row(figures, "CSV: Miller, CSV to JSON, nothing sent", "miller", rows,
                        f"agent {times('miller', 'csv'):.1f} x as fast")
        yield speed_row(figures, "CSV: Python, csv + requests *", "csv script", script,
                        f"agent {times('csv script', 'csv'):.1f} x as fast")


def other_rows(bench):
    figures, values = bench.figures, bench.figures.values
    for name, title in (("postgresql", "PostgreSQL"), ("odbc", "psqlODBC"), ("csv", "CSV")):
        if figures.has(name):
            yield f"{title}: peak memory, all processes (PSS)", f"{spread(values[f'{name} memory'], 1)} MiB"
            yield f"{title}: CPU seconds", ", ".join(
                f"{part} {figures.median(f'{name} cpu {part}'):.2f}"
                for part in ("agent", "source", "database", "nginx") if name != "csv" or part != "database")
            yield f"{title}: start to first accepted batch", f"{spread(values[f'{name} first'])} s"
            wire = figures.median(f"{name} bytes")
            plain = figures.median("json bytes a row") * (bench.fewer if name == "odbc" else bench.rows)
            yield f"{title}: bytes on the wire", (f"{wire / 1e6:,.1f} MB in {figures.median(f'{name} requests'):,.0f} "
                                                  f"requests, 1/{plain / wire:.1f} of the JSON")
    if figures.has("again"):
        cpu = figures.median("again cpu agent") + figures.median("again cpu source")
        yield f"{STATUSES:,} statuses of 24 h read again, unchanged", (
            f"{spread(values['again'])} s, {cpu:.2f} s of CPU, {figures.median('again bytes'):,.0f} bytes sent")
    if figures.has("size"):
        yield "executable, stripped", f"{figures.median('size'):,.0f} KiB"
        yield "start-up (cloud-link version)", f"{spread(values['start'], 1)} ms"


def table(bench):
    yield f"{'':48} {'rows':>10} {'seconds (min-max)':>22} {'rows/s':>10}"
    yield from speed_rows(bench)
    yield ""
    for title, value in other_rows(bench):
        yield f"{title:48} {value}"
    yield ""
    yield (f"Median of {bench.runs}; {os.cpu_count()} cores shared by database, agent and API (nginx, TLS, HTTP/2, 202). "
           f"\"x as fast\" is per row.")
    yield f"* measured on {bench.script_rows:,} rows, 1000 a request."


def main():
    parser = argparse.ArgumentParser(description="The agent beside its peers, one table.")
    parser.add_argument("--program", required=True)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", metavar="NAME,...", default="postgresql,odbc,csv,again,program_itself")
    parser.add_argument("--json", metavar="FILE", help="every measured value")
    arguments = parser.parse_args()
    stage = Stage()
    try:
        bench = Bench(arguments, stage)
        bench.run(arguments.only.split(","))
    finally:
        stage.close()
    print("\n".join(table(bench)))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"rows": arguments.rows, "runs": arguments.runs,
                                                    "values": bench.figures.values}, indent=1))


main()
