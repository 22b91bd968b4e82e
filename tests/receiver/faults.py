# SPDX-License-Identifier: Apache-2.0
"""faults.py - how the receiver misbehaves when it is told to: limits that last, and faults that strike."""

import random
import time
from dataclasses import dataclass, field, replace
from email.utils import formatdate


@dataclass
class Limits:
    """What the receiver will not take, until it is told otherwise."""

    max_records: int | None = None       # 413 above it
    max_bytes: int | None = None         # 413 above it, judged by the body before compression
    gzip_status: int | None = None       # a compressed body is answered so (400 or 415)
    poison: str | None = None            # a body with this text in it is answered poison_status
    poison_status: int = 422
    ended_statuses_only: bool = False    # 422 for a status without endTime
    whole_above: int = 1000              # more records than upload.max_records: only as one group


@dataclass
class Fault:
    """One way to answer wrongly. `processed` says whether what came is kept before the wrong answer."""

    status: int | None = None            # None: the right answer, if any
    reset: bool = False                  # the connection is reset instead of an answer
    processed: bool = False
    delay: float = 0.0                   # seconds before the answer
    content_type: str = "application/json"
    body: str = "{}"
    retry_after: float | None = None     # seconds
    retry_after_as_date: bool = False
    times: int | None = None             # strikes so often, then never again; None: for ever
    skip: int = 0                        # lets so many requests pass first
    probability: float = 1.0
    when: object = None                  # a function of the request that says whether it is meant
    headers: dict = field(default_factory=dict)

    @property
    def keeps(self):
        return self.processed or (self.status is None and not self.reset)

    def answer_headers(self):
        headers = dict(self.headers)
        if self.retry_after is not None:
            headers["Retry-After"] = str(int(self.retry_after))
            if self.retry_after_as_date:
                headers["Retry-After"] = formatdate(time.time() + self.retry_after, usegmt=True)
        return headers


def status(number, **more):
    return Fault(status=number, **more)


def reset_before(**more):
    """Nothing was kept, and nobody says so."""
    return Fault(reset=True, **more)


def reset_after(**more):
    """All was kept, but the answer is lost."""
    return Fault(reset=True, processed=True, **more)


def slow(seconds, **more):
    return Fault(processed=True, delay=seconds, **more)


def html_page(**more):
    """What a captive proxy answers in the receiver's place."""
    return Fault(status=200, content_type="text/html",
                 body="<html><head><title>Please log in</title></head><body></body></html>", **more)


class Script:
    """The faults that lie ahead, in order: the first that is meant and not used up strikes."""

    def __init__(self, seed=1):
        self._faults = []
        self._random = random.Random(seed)

    def add(self, fault):
        self._faults.append(replace(fault))

    def clear(self):
        self._faults = []

    def next(self, request):
        """The fault that strikes this request, or None."""
        for fault in self._faults:
            if fault.times == 0 or (fault.when and not fault.when(request)):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if self._random.random() >= fault.probability:
                continue
            if fault.times is not None:
                fault.times -= 1
            return fault
        return None


def parse_fault(text):
    """'status=503,retry_after=1,probability=0.3' or 'reset_after,times=2' from a command line."""
    kind, _, rest = text.partition(",")
    name, _, value = kind.partition("=")
    more = {}
    for pair in filter(None, rest.split(",")):
        key, _, number = pair.partition("=")
        more[key] = int(number) if key in ("times", "skip") else float(number)
    makers = {"status": lambda: status(int(value), **more), "slow": lambda: slow(float(value), **more),
              "reset_before": lambda: reset_before(**more), "reset_after": lambda: reset_after(**more),
              "html": lambda: html_page(**more)}
    if name not in makers:
        raise ValueError(f"no such fault: {name} (known: {', '.join(sorted(makers))})")
    return makers[name]()
