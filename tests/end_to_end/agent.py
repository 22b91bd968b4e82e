# SPDX-License-Identifier: Apache-2.0
"""agent.py - the executable under test: its configuration, its secrets, its runs."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import yaml

from servers import DATABASE_PASSWORD
from waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
API_KEY = "c2VjcmV0IGtleSBvZiB0aGUgQVBJ="
DONE, FAILED, REJECTS, USAGE, UNREACHABLE, STORE, REFUSED, CONFIG, INTERRUPTED = 0, 1, 3, 64, 69, 73, 77, 78, 130


class _Dumper(yaml.SafeDumper):
    """Writes what stands in a document twice, twice: the configuration knows no aliases."""

    def ignore_aliases(self, data):
        return True


class Agent:
    """One configuration with a state directory of its own. Runs with an environment of its own."""

    def __init__(self, program, folder, receiver, integrations, upload=None, peopleware=None, agent=None, prefix=()):
        self.program, self.folder = str(program), Path(folder)
        self.state_dir = self.folder / "state"
        self.config_file = self.folder / "cloud-link.yaml"
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LANG": "C.UTF-8",
                            **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}}
        self._prefix = list(prefix)
        self._processes = []
        self.document = {
            "peopleware": {"url": receiver.url, "api_key": "${secret:peopleware}",
                           "ca_file": str(receiver.ca_file), **(peopleware or {})},
            "agent": {"state_dir": str(self.state_dir), **(agent or {})},
            "integrations": integrations,
        }
        if upload:
            self.document["upload"] = upload
        self.write()
        self.set_secret("peopleware", API_KEY)
        self.set_secret("database", DATABASE_PASSWORD)

    def write(self):
        """Writes the document as it is now; the tests change it in place."""
        self.config_file.write_text(yaml.dump(self.document, Dumper=_Dumper, sort_keys=False, allow_unicode=True))

    def _command(self, arguments):
        return [*self._prefix, self.program, *map(str, arguments), "--config", str(self.config_file)]

    def command(self, *arguments, input=None, timeout=120, expect=None):
        """Runs `cloud-link ARGUMENTS --config FILE` to its end."""
        done = subprocess.run(self._command(arguments), input=input, capture_output=True, text=True,
                              env=self.environment, timeout=timeout, cwd=self.folder)
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"{arguments} ended with {done.returncode}, not {expect}\n"
                                 f"output: {done.stdout[-2000:]}\nmessages: {done.stderr[-6000:]}")
        return done

    def set_secret(self, name, value):
        self.command("secret", "set", name, input=value, expect=DONE)

    def run_once(self, *arguments, expect=DONE, timeout=120):
        return self.command("run", "--once", *arguments, expect=expect, timeout=timeout)

    def start(self, *arguments):
        """Starts `run` in the background, as the leader of a session of its own."""
        log = open(self.folder / "run.log", "ab")
        process = subprocess.Popen(self._command(["run", *arguments]), stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log, env=self.environment, cwd=self.folder, start_new_session=True)
        log.close()
        self._processes.append(process)
        return process

    def log(self):
        path = self.folder / "run.log"
        return path.read_text(errors="replace")[-6000:] if path.exists() else ""

    def stop(self, process, timeout=20):
        """TERM, and the exit status it ends with."""
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout)

    def kill(self, process):
        """kill -9 of the agent process; its source processes must find out by themselves."""
        process.kill()
        process.wait()
        wait_until(lambda: not session_members(process.pid), 10, "a source process outlives its agent")

    def kill_everything(self):
        for process in self._processes:
            for member in session_members(process.pid):
                try:
                    os.kill(member, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            process.wait()

    def status(self, name=None):
        """The integration's part of `status --json`, or all of it."""
        told = json.loads(self.command("status", "--json").stdout)
        if name is None:
            return told
        return next(integration for integration in told["integrations"] if integration["name"] == name)

    def wait_for(self, condition, seconds, what):
        """wait_until, that shows the agent's own messages when it fails."""
        return wait_until(condition, seconds, lambda: f"{what}\n{self.log()}")


def session_members(session):
    """Processes of a session that are alive, the leader included."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def sentence_in(text, *patterns):
    """Whether each pattern (a regular expression, whatever the case) occurs in one and the same line."""
    return any(all(re.search(pattern, line, re.IGNORECASE) for pattern in patterns) for line in text.splitlines())
