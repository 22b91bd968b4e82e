# SPDX-License-Identifier: Apache-2.0
"""test_csv.py - a drop folder: every form a file may have, and what becomes of bad ones."""

import os
import random
import time

import pytest

from agent import DONE, REJECTS, sentence_in
from truth import Intervals, assert_exact, local_time, utc_seconds, whole_hours_ago

ZONE = "Europe/Berlin"
QUEUES = ("Verkauf", "Größe XL", 'Say "yes"', "a;b,c|d")
NOTE = 'two\r\nlines;\ta "word", and more|'


def make_rows(days=3, seed=21, queues=QUEUES, start_hours_ago=None):
    """(start in UTC seconds, queue, offered, answered, AHT in seconds) of half hours without any that occurs twice."""
    chance = random.Random(seed)
    begin = whole_hours_ago(start_hours_ago or days * 24 + 24)
    rows = []
    for start in range(begin, begin + days * 86400, 1800):
        if utc_seconds(local_time(start, ZONE), ZONE) == start:
            for queue in queues:
                answered = chance.randrange(9)
                rows.append((start, queue, answered + chance.randrange(4), answered, chance.randrange(1, 900)))
    return rows


def true_sums(rows, channel="emails"):
    intervals = Intervals()
    for start, queue, offered, answered, aht in rows:
        if offered:
            intervals.add(queue, start, offered, answered, answered * aht * 1000, channel)
    return intervals.as_held()


def quoted(value, delimiter):
    value = str(value)
    if any(mark in value for mark in (delimiter, '"', "\n", "\r")):
        return '"' + value.replace('"', '""') + '"'
    return value


HEADER = ("Queue", "Note", "Date", "Time", "IncomingCalls", "AnsweredCalls", "AHT")


def csv_text(rows, delimiter=";", newline="\r\n", header=HEADER, date="%d/%m/%Y", clock="%H:%M"):
    lines = [delimiter.join(header)] if header else []
    for start, queue, offered, answered, aht in rows:
        local = local_time(start, ZONE)
        fields = (queue, NOTE, local.strftime(date), local.strftime(clock), offered, answered, aht)
        lines.append(delimiter.join(quoted(field, delimiter) for field in fields))
    return newline.join(lines) + newline


def drop(folder, name, content, age=10.0):
    """Puts a complete file into the folder, by renaming it in; it is as old as told, so that it has settled."""
    if isinstance(content, str):
        content = content.encode()
    hidden = folder / f".{name}.part"
    hidden.write_bytes(content)
    moment = time.time() - age
    os.utime(hidden, (moment, moment))
    hidden.rename(folder / name)


def utc_seconds_of_last_october():
    """The latest autumn change of Berlin that is past."""
    moment = whole_hours_ago(24)
    while utc_seconds(local_time(moment, ZONE), ZONE) == moment:
        moment -= 1800
    return moment + 1800 - 3600


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "exports"
    path.mkdir()
    return path


def integration(folder, data="intervals", **more):
    columns = {"queue": "Queue", "date": {"column": "Date", "format": "DD/MM/YYYY"},
               "time": {"column": "Time", "format": "hh:mm"}, "offered": "IncomingCalls",
               "answered": "AnsweredCalls", "aht": "AHT", "channel": "emails"}
    return {"name": "back-office", "id": 1236, "connector": "csv", "data": data, "time_zone": ZONE,
            **({"interval": "30m"} if data == "intervals" else {}),
            "folder": str(folder), "columns": columns, **more}


# --- forms ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_delimiter_is_found_out(folder, make_agent, receiver, delimiter):
    rows = make_rows()
    drop(folder, "a.csv", csv_text(rows, delimiter))
    make_agent([integration(folder)]).run_once()
    assert_exact(receiver, 1236, true_sums(rows))
    assert receiver.groups_again == []


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends(folder, make_agent, receiver, newline):
    rows = make_rows(queues=("one", "two"))
    drop(folder, "a.csv", csv_text(rows, newline=newline))
    make_agent([integration(folder)]).run_once()
    assert_exact(receiver, 1236, true_sums(rows))


@pytest.mark.parametrize("name, codec, queue", [
    (None, "utf-8", "Größe 後台 😀"), (None, "utf-8-sig", "Größe"), ("iso-8859-1", "iso-8859-1", "Größe ÿ"),
    ("iso-8859-9", "iso-8859-9", "Şişli ığ"), ("windows-1252", "windows-1252", "Größe € „x“"),
    (None, "utf-16", "Größe 後台 😀"), ("windows-1252", "utf-16", "Größe 後台"),
    ("windows-1252", "utf-8-sig", "Größe 後台")])
def test_encodings(folder, make_agent, receiver, name, codec, queue):
    rows = make_rows(queues=(queue,))
    drop(folder, "a.csv", csv_text(rows).encode(codec))
    make_agent([integration(folder, **({"format": {"encoding": name}} if name else {}))]).run_once()
    assert_exact(receiver, 1236, true_sums(rows))


def test_own_delimiter_quote_and_no_header(folder, make_agent, receiver):
    rows = make_rows(queues=("it's", "b"))
    text = csv_text(rows, delimiter="^", header=None).replace(quoted(NOTE, "^"), "").replace("it's", "'it''s'")
    drop(folder, "a.txt", text)
    drop(folder, "ignored.csv", "nothing of ours\n")
    entry = integration(folder, files="*.txt", format={"delimiter": "^", "quote": "'", "header": False})
    entry["columns"] = {"queue": "A", "date": {"column": "C", "format": "DD/MM/YYYY"},
                        "time": {"column": "D", "format": "hh:mm"}, "offered": "E", "answered": "F", "aht": "G",
                        "channel": "emails"}
    make_agent([entry]).run_once()
    assert_exact(receiver, 1236, true_sums(rows))


@pytest.mark.parametrize("date, date_format, clock, clock_format", [
    ("%d.%m.%Y", "D.M.YYYY", "%H:%M:%S", "hh:mm:ss"), ("%m/%d/%y", "MM/DD/YY", "%I:%M %p", "h:mm a"),
    ("%d%m%y", "DDMMYY", "%H%M", "hhmm"), ("%Y-%m-%d", "YYYY-MM-DD", "%Hh%M", "hh'h'mm")])
def test_date_and_time_formats(folder, make_agent, receiver, date, date_format, clock, clock_format):
    rows = make_rows(queues=("one",))
    drop(folder, "a.csv", csv_text(rows, date=date, clock=clock))
    entry = integration(folder)
    entry["columns"]["date"]["format"], entry["columns"]["time"]["format"] = date_format, clock_format
    make_agent([entry]).run_once()
    assert_exact(receiver, 1236, true_sums(rows))


def test_repeated_hour_is_told_apart_by_order(folder, make_agent, receiver):
    change = utc_seconds_of_last_october()
    rows = [(change + offset, queue, 3, 2, 100 + offset // 1800)
            for offset in range(-4 * 3600, 4 * 3600, 1800) for queue in ("one", "two")]
    drop(folder, "a.csv", csv_text(rows))
    agent = make_agent([integration(folder)])
    agent.run_once()
    assert_exact(receiver, 1236, true_sums(rows))
    assert agent.status("back-office")["times"]["ambiguous"] == 8


def test_contacts_with_timestamp_words_and_channels(folder, make_agent, receiver):
    chance, begin = random.Random(2), whole_hours_ago(60)
    lines, truth = ["id;queue;begin;outcome;seconds;media"], Intervals()
    for number in range(2_000):
        seconds, handled = begin + chance.randrange(40 * 3600), chance.random() < 0.8
        if utc_seconds(local_time(seconds, ZONE), ZONE) != seconds:
            continue
        duration, media = chance.randrange(100_000), chance.choice(("phone", "chats", "tickets", ""))
        stamp = local_time(seconds, ZONE).strftime("%Y-%m-%d %H:%M:%S")
        lines.append(f"{number % 3};Q {number % 3};{stamp};{'AGENT' if handled else 'LOST'};"
                     f"{duration // 100},{duration % 100:02};{media}")
        channel = {"phone": "calls", "chats": "chats", "tickets": "cases", "": "documents"}[media]
        truth.add(str(number % 3), seconds, 1, int(handled), duration * 10, channel)
    drop(folder, "a.csv", "\n".join(lines))
    entry = integration(folder, "contacts", channel="documents", channels={"phone": "calls"}, decimal=",")
    entry["columns"] = {"queue": "queue", "queue_identifier": "id",
                        "timestamp": {"column": "begin", "format": "YYYY-MM-DD hh:mm:ss"},
                        "answered": {"column": "outcome", "true": ["AGENT"]}, "duration": "seconds",
                        "channel": {"column": "media"}}
    make_agent([entry]).run_once()
    assert_exact(receiver, 1236, truth.as_held())
    assert receiver.queue_names(1236) == {str(number): {f"Q {number}"} for number in range(3)}


def test_agent_statuses(folder, make_agent, receiver):
    begin = whole_hours_ago(30)
    def line(agent, state, offset, end):
        start = local_time(begin + offset, ZONE)
        finish = local_time(begin + end, ZONE).strftime("%d.%m.%Y %H:%M:%S") if end else ""
        return f"{agent},{state},{start:%d.%m.%Y},{start:%H:%M:%S},{finish}"
    drop(folder, "a.csv", "\n".join(["agent,state,day,clock,end", line("ann", "Ready", 0, 600),
                                     line("ann", "Break", 600, 700), line("bob", "Ready", 5, None)]))
    entry = integration(folder, "agent-status", external_system="Our ACD")
    entry["columns"] = {"agent": "agent", "activity": "state", "start_date": {"column": "day", "format": "DD.MM.YYYY"},
                        "start_time": {"column": "clock", "format": "hh:mm:ss"},
                        "end": {"column": "end", "format": "DD.MM.YYYY hh:mm:ss"}}
    make_agent([entry]).run_once()
    assert receiver.violations == []
    assert receiver.statuses(1236) == {("ann", begin): ("Ready", begin + 600), ("bob", begin + 5): ("Ready", None),
                                       ("ann", begin + 600): ("Break", begin + 700)}


# --- taking files -----------------------------------------------------------------------------------------


def test_file_renamed_in_while_running_arrives_at_once(folder, make_agent, receiver):
    agent = make_agent([integration(folder)])
    process = agent.start()
    agent.wait_for(lambda: agent.status()["running"], 20, "it does not start")
    time.sleep(0.5)
    rows = make_rows(days=1)
    began = time.monotonic()
    drop(folder, "a.csv", csv_text(rows), age=0)
    agent.wait_for(lambda: receiver.intervals(1236) == true_sums(rows), 10, "the file does not arrive")
    assert time.monotonic() - began < 3.0
    assert agent.stop(process) == DONE
    assert_exact(receiver, 1236, true_sums(rows))


def test_file_still_being_written_is_waited_for(folder, make_agent, receiver):
    rows = make_rows(days=1)
    text = csv_text(rows).encode()
    agent = make_agent([integration(folder)])
    process = agent.start()
    agent.wait_for(lambda: agent.status()["running"], 20, "it does not start")
    with open(folder / "a.csv", "wb", buffering=0) as file:
        for part in range(6):
            file.write(text[part * len(text) // 6:(part + 1) * len(text) // 6])
            time.sleep(0.7)
            assert receiver.intervals(1236) == {}
    agent.wait_for(lambda: receiver.intervals(1236) == true_sums(rows), 10, "the file does not arrive")
    assert agent.stop(process) == DONE
    assert receiver.groups_again == []


def test_once_waits_until_a_fresh_file_has_settled(folder, make_agent, receiver):
    rows = make_rows(days=1)
    drop(folder, "a.csv", csv_text(rows), age=0)
    make_agent([integration(folder)]).run_once()
    assert_exact(receiver, 1236, true_sums(rows))


def test_known_content_is_not_imported_again_and_new_content_is(folder, make_agent, receiver):
    rows = make_rows(days=1)
    drop(folder, "a.csv", csv_text(rows), age=100)
    agent = make_agent([integration(folder)])
    agent.run_once()
    sent = len(receiver.accepted())
    drop(folder, "copy.csv", csv_text(rows), age=50)
    agent.run_once()
    assert len(receiver.accepted()) == sent
    changed = [(start, queue, offered + 1, answered, aht) for start, queue, offered, answered, aht in rows if offered][:20]
    drop(folder, "a.csv", csv_text(changed), age=20)
    agent.run_once()
    assert receiver.intervals(1236) == {**true_sums(rows), **true_sums(changed)}
    assert len(receiver.groups_again) == len(true_sums(changed))
    assert receiver.violations == []


def test_later_file_wins_by_time_then_name(folder, make_agent, receiver):
    rows = make_rows(days=1)
    versions = [[(start, queue, offered + more, answered, aht) for start, queue, offered, answered, aht in rows]
                for more in range(1, 4)]
    moment = time.time() - 100
    for name, age, version in (("z.csv", 3, 0), ("a.csv", 2, 1), ("b.csv", 2, 2)):
        drop(folder, name, csv_text(versions[version]))
        os.utime(folder / name, (moment - age, moment - age))
    make_agent([integration(folder)]).run_once()
    assert receiver.violations == []
    assert receiver.intervals(1236) == true_sums(versions[2])


def test_what_is_no_regular_file_is_passed_over(folder, tmp_path, make_agent, receiver):
    rows = make_rows(days=1)
    (tmp_path / "outside.csv").write_text(csv_text(make_rows(seed=4)))
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "folder.csv").mkdir()
    (folder / "inner").mkdir()
    drop(folder / "inner", "x.csv", csv_text(make_rows(seed=5)))
    os.mkfifo(folder / "pipe.csv")
    drop(folder, "good.csv", csv_text(rows))
    make_agent([integration(folder)]).run_once()
    assert_exact(receiver, 1236, true_sums(rows))


@pytest.mark.parametrize("after", ["keep", "archive", "delete"])
def test_after(folder, make_agent, receiver, after):
    rows, bad = make_rows(days=1), "Queue;Date\nx;y\n"
    drop(folder, "a.csv", csv_text(rows))
    drop(folder, "bad.csv", bad)
    make_agent([integration(folder, after=after)]).run_once(expect=None)
    assert_exact(receiver, 1236, true_sums(rows))
    assert (folder / "bad.csv").exists()
    assert (folder / "a.csv").exists() == (after == "keep")
    assert (folder / "imported").exists() == (after == "archive")
    if after == "archive":
        assert [path.read_bytes() for path in (folder / "imported").iterdir()] == [csv_text(rows).encode()]


def test_big_file_survives_kills(folder, make_agent, receiver):
    rows = make_rows(days=300, queues=("one", "two", "three"))
    drop(folder, "a.csv", csv_text(rows))
    agent = make_agent([integration(folder)], upload={"max_records": 300})
    chance = random.Random(6)
    for _ in range(6):
        process = agent.start("--once")
        time.sleep(chance.uniform(0.05, 0.6))
        agent.kill(process)
    agent.run_once()
    assert_exact(receiver, 1236, true_sums(rows))


def test_correction_of_years_sends_only_what_changed(folder, make_agent, receiver):
    rows = make_rows(days=300, queues=("one", "two", "three"))     # more digests than are held at once
    drop(folder, "a.csv", csv_text(rows))
    agent = make_agent([integration(folder)])
    agent.run_once()
    sent = agent.status("back-office")["records"]["uploaded"]
    for changed in (7, -7):
        start, queue, offered, answered, aht = rows[changed]
        rows[changed] = (start, queue, offered + 1, answered, aht)
    drop(folder, "b.csv", csv_text(rows))
    agent.run_once()
    assert_exact(receiver, 1236, true_sums(rows), models=("overwrite",))
    assert len(receiver.groups_again) <= 2
    assert agent.status("back-office")["records"]["uploaded"] - sent == rows[7][2] + rows[-7][2]


# --- bad content ------------------------------------------------------------------------------------------


BAD_LINES = {
    "too few fields": "q;;01/02/2024;10:00;3;2",
    "too many fields": "q;;01/02/2024;10:00;3;2;60;x",
    "no such date": "q;;31/02/2024;10:00;3;2;60",
    "no date": "q;;yesterday;10:00;3;2;60",
    "no such time": "q;;01/02/2024;25:00;3;2;60",
    "off the grid": "q;;01/02/2024;10:10;3;2;60",
    "no number": "q;;01/02/2024;10:00;three;2;60",
    "negative": "q;;01/02/2024;10:00;-3;2;60",
    "no queue": ";;01/02/2024;10:00;3;2;60",
    "control character": "q\x01;;01/02/2024;10:00;3;2;60",
}


def test_bad_rows_are_rejected_with_line_and_reason(folder, make_agent, receiver):
    rows = make_rows(queues=("one",))
    text = csv_text(rows, newline="\n")
    drop(folder, "a.csv", text + "\n".join(BAD_LINES.values()) + "\n")
    agent = make_agent([integration(folder)])
    agent.run_once(expect=REJECTS)
    assert_exact(receiver, 1236, true_sums(rows))
    assert agent.status("back-office")["records"]["rejected"] == len(BAD_LINES)
    told = agent.command("rejects", "back-office", expect=DONE).stdout
    first = text.count("\n") + 1
    for line in range(first, first + len(BAD_LINES)):
        assert str(line) in told
    assert "a.csv" in told


def test_surplus_empty_fields_and_empty_lines_are_no_fault(folder, make_agent, receiver):
    rows = make_rows(queues=("one",))
    drop(folder, "a.csv", csv_text(rows, newline=";;\n").replace("AHT;;", "AHT") + "\n\n")
    make_agent([integration(folder)]).run_once()
    assert_exact(receiver, 1236, true_sums(rows))


@pytest.mark.parametrize("content, sentence", [
    (csv_text(make_rows(), header=[word.replace("Calls", "") for word in HEADER]),
     "IncomingCalls"),
    (csv_text(make_rows(), date="%Y.%m.%d"), "reject|more than half|Date|wrong"),
    (csv_text(make_rows(queues=("Größe",))).encode("iso-8859-1"), "UTF-8|encoding|more than half"),
], ids=["a missing column", "mostly rejects", "wrong encoding"])
def test_wrong_mapping_fails_the_file_as_a_whole(folder, make_agent, receiver, content, sentence):
    drop(folder, "bad.csv", content, age=60)
    good = make_rows(days=1, queues=("one",), start_hours_ago=200)
    drop(folder, "good.csv", csv_text(good), age=20)
    agent = make_agent([integration(folder)])
    done = agent.run_once(expect=None)
    assert done.returncode not in (DONE, REJECTS)
    assert sentence_in(done.stderr, "bad.csv", sentence), done.stderr
    assert_exact(receiver, 1236, true_sums(good))


@pytest.mark.parametrize("content", [b"", b"\n", ";".join(HEADER).encode(), b"\x00" * 4096, b"x" * 3_000_000],
                         ids=["empty", "one line end", "header only", "zeros", "one long line"])
def test_odd_files_do_no_harm(folder, make_agent, receiver, content):
    drop(folder, "odd.csv", content, age=60)
    rows = make_rows(days=1)
    drop(folder, "good.csv", csv_text(rows), age=20)
    make_agent([integration(folder)]).run_once(expect=None)
    assert_exact(receiver, 1236, true_sums(rows))
