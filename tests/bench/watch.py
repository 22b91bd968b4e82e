# SPDX-License-Identifier: Apache-2.0
"""watch.py - runs a command to its end, and watches the memory and the CPU time of all its processes."""

import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

SAMPLE_SECONDS = 0.05
TICKS = os.sysconf("SC_CLK_TCK")


class Watched(NamedTuple):
    seconds: float
    peak_kib: int            # PSS, all processes together
    cpu: float               # seconds, all processes together
    child_cpu: float         # of those, the children's
    began: float             # Unix seconds
    status: int


def cpu_of(pid, with_children=False):
    """CPU seconds of a process that lives; with those of the children it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15] if with_children else fields[11:13])) / TICKS


def children_of(pid):
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, path.read_text().split())
    return found


def pss_kib(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def watch(command, messages):
    """`messages` is the file its output goes to."""
    children, peak = {}, 0
    began, start = time.time(), time.monotonic()
    with open(messages, "ab") as output:
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    while True:
        done, status, usage = os.wait4(process.pid, os.WNOHANG)
        if done:
            break
        peak = max(peak, _sample(process.pid, children))
        time.sleep(SAMPLE_SECONDS)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    return Watched(seconds, peak, usage.ru_utime + usage.ru_stime, sum(children.values()), began, process.returncode)


def _sample(pid, children):
    """PSS in KiB of the process and its children; a process may end while it is looked at."""
    total = 0
    try:
        total = pss_kib(pid)
        for child in children_of(pid):
            children[child] = cpu_of(child)
            total += pss_kib(child)
    except OSError:
        pass
    return total
