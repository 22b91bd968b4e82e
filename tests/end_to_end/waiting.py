# SPDX-License-Identifier: Apache-2.0
"""waiting.py - waiting for something to become true, never longer than a deadline."""

import time


def wait_until(condition, seconds, what="it did not happen"):
    """Returns the first true value of condition(); fails after so many seconds, saying what was awaited."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.05)
    return value
