# SPDX-License-Identifier: Apache-2.0
"""peer.py - the documented way today: a script that reads rows and posts them, 1000 a request

    peer.py psycopg2|pyodbc|csv SOURCE QUERY ROWS URL CA_FILE

SOURCE is a connection string, or a file. Prints {"rows", "seconds", "bytes"}: bytes of JSON, before compression.
"""

import csv
import itertools
import json
import sys
import time
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import requests

ZONE = ZoneInfo("Europe/Berlin")


def rows_of_psycopg2(source, query):
    import psycopg2
    with psycopg2.connect(source) as connection, connection.cursor("rows") as cursor:
        cursor.itersize = 10_000
        cursor.execute(query)
        yield from cursor


def rows_of_pyodbc(source, query):
    import pyodbc
    cursor = pyodbc.connect(source).cursor()
    cursor.execute(query)
    while rows := cursor.fetchmany(10_000):
        yield from rows


def rows_of_csv(source, _):
    with open(source, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            started = datetime.fromisoformat(row["started"])
            yield row["queue"], row["queue"], started, row["answered"] == "1", int(row["seconds"] or 0), "calls"


def event(row):
    queue, name, started, answered, seconds, channel = row
    moment = started.replace(tzinfo=ZONE).astimezone(timezone.utc)
    return {"properties": {"offered": True, "handled": bool(answered), "duration": seconds or 0},
            "queueName": name, "queueIdentifier": str(queue),
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "channel": channel}


def main():
    kind, source, query, limit, url, ca_file = sys.argv[1:]
    read = {"psycopg2": rows_of_psycopg2, "pyodbc": rows_of_pyodbc, "csv": rows_of_csv}[kind]
    session = requests.Session()
    session.verify = ca_file
    session.headers["Authorization"] = "Bearer key"
    start, count, size = time.monotonic(), 0, 0
    rows = itertools.islice(read(source, query), int(limit))
    while part := list(itertools.islice(rows, 1000)):
        body = json.dumps({"data": list(map(event, part)), "meta": {"integrationConfigurationId": 1}},
                          separators=(",", ":"), ensure_ascii=False).encode()
        answer = session.post(f"{url}/external-systems/contact-events", data=body,
                              headers={"Content-Type": "application/json"})
        answer.raise_for_status()
        count, size = count + len(part), size + len(body)
    print(json.dumps({"rows": count, "seconds": time.monotonic() - start, "bytes": size}))


main()
