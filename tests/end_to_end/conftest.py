# SPDX-License-Identifier: Apache-2.0
"""conftest.py - the receiver and servers every end-to-end test stands on."""

import itertools
import os
from pathlib import Path

import pytest

pytest.register_assert_rewrite("truth")

from agent import API_KEY, Agent      # noqa: E402
from contacts import contacts_integration, fill_postgresql     # noqa: E402
from receiver import Receiver     # noqa: E402
from servers import MariaDB, PostgreSQL     # noqa: E402


@pytest.fixture(scope="session")
def program(request):
    path = Path(request.config.getoption("--program")).resolve()
    if not os.access(path, os.X_OK):
        pytest.exit(f"there is no executable {path}: build it, or name it with --program", returncode=2)
    return path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="session")
def postgresql():
    server = PostgreSQL()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def mariadb():
    server = MariaDB()
    yield server
    server.remove()


@pytest.fixture
def receiver(certificates):
    with Receiver(certificates, key=API_KEY) as running:
        yield running


@pytest.fixture
def make_agent(program, tmp_path, receiver):
    """make_agent([integration, ...], ...) -> Agent, ended with the test."""
    agents, numbers = [], itertools.count(1)

    def make(integrations, **more):
        folder = tmp_path / f"agent{next(numbers)}"
        folder.mkdir()
        agents.append(Agent(program, folder, more.pop("receiver", receiver), integrations, **more))
        return agents[-1]

    yield make
    for agent in agents:
        agent.kill_everything()


@pytest.fixture(scope="module")
def database(postgresql, contacts):
    """A database with the module's own `contacts`."""
    return fill_postgresql(postgresql, contacts)


@pytest.fixture
def integration(postgresql, database):
    return contacts_integration(postgresql, database, history="7d")
