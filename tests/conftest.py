# SPDX-License-Identifier: Apache-2.0
"""conftest.py - options of the tests that run the executable."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser):
    parser.addoption("--program", default=str(ROOT / "build" / "cloud-link"),
                     help="the executable under test (default: build/cloud-link)")
