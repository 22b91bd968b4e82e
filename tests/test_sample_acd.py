# SPDX-License-Identifier: Apache-2.0
"""test_sample_acd.py - the sample is the same for one seed, and its comparison sees a single second."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("sample_acd.py")
UNTIL = 1767225600     # 2026-01-01T00:00:00Z


def run(*arguments):
    return subprocess.run([sys.executable, str(PROGRAM), *map(str, arguments)], capture_output=True, text=True)


def make(directory, seed=1):
    done = run("make", directory, "--contacts", 3000, "--files", 3, "--until", UNTIL, "--seed", seed)
    assert done.returncode == 0, done.stderr
    return json.loads((directory / "truth.json").read_text())


def test_one_seed_makes_one_sample(tmp_path):
    first, second, other = make(tmp_path / "a"), make(tmp_path / "b"), make(tmp_path / "c", seed=2)
    assert first == second and first != other
    files = [sorted(path.name for path in (tmp_path / name / "exports").iterdir()) for name in "ab"]
    assert files[0] == files[1] == [f"back-office-2025-12-{day}.csv" for day in (29, 30, 31)]
    database = sqlite3.connect(tmp_path / "a" / "acd.db")
    (count, seconds), = database.execute("SELECT count(*), round(sum(handle_seconds), 1) FROM contacts")
    database.close()
    sums = first["integrations"]["1001"]["channels"].values()
    assert count == sum(one["offered"] for one in sums) == 3000
    assert round(seconds * 1000) == sum(one["duration_ms"] for one in sums)


def test_comparison_sees_a_single_millisecond(tmp_path):
    arrived = {**make(tmp_path), "violations": []}
    path = tmp_path / "arrived.json"
    path.write_text(json.dumps(arrived))
    assert run("compare", tmp_path / "truth.json", path).returncode == 0
    cells = arrived["integrations"]["1001"]["intervals"]["100"]
    next(iter(next(iter(cells.values())).values()))[2] += 1
    path.write_text(json.dumps(arrived))
    done = run("compare", tmp_path / "truth.json", path)
    assert done.returncode == 1 and "1 values differ" in done.stdout and "1001 / intervals / 100" in done.stdout
