"""Options and fixtures that every test may ask for."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio
import structlog
from acting.room import Room
from acting.stage import NOW, Stage, people_of_the_cases
from servers.certificates import Authority
from servers.chromium import Browser, browser
from servers.dovecot import Dovecot, dovecot, free_port
from servers.postgres import Cluster, cluster
from sqlalchemy import Engine

from gateway.store.engine import open_engine
from gateway.store.upgrade import upgrade
from gateway.work.reader import Reader

hypothesis.settings.register_profile("dev", max_examples=25, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=200, deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")

REQUIRED = "TESTS_REQUIRE_SERVERS"
"""Set in CI: a server that is not installed is a failure, not a reason to skip."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--scenarios", type=Path, help="acceptance cases to play")
    parser.addoption("--grammar", type=Path, help="grammar cases to read")
    parser.addoption("--long", action="store_true", help="thousands of mails, cuts and steps")
    parser.addoption(
        "--database", choices=("sqlite", "postgres"), default="sqlite", help="the store to use"
    )
    parser.addoption(
        "--accept", action="store_true", help="rewrite the golden letters as they are now"
    )
    parser.addoption("--stories", type=int, default=15, help="random stories of a desk to play")


@pytest.fixture
def is_long(request: pytest.FixtureRequest) -> bool:
    """Whether tests that come in two lengths are to take the long one."""
    return bool(request.config.getoption("--long"))


@pytest.fixture
def stories(request: pytest.FixtureRequest) -> int:
    """How many random stories to play."""
    return int(request.config.getoption("--stories"))


def missing(reason: str) -> None:
    """Skip a test for want of a server; in CI that is a failure."""
    if os.environ.get(REQUIRED):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def accept(request: pytest.FixtureRequest) -> bool:
    """Whether goldens are to be rewritten."""
    return bool(request.config.getoption("--accept"))


@pytest.fixture(autouse=True)
def _own_diary() -> Iterator[None]:
    """A command that starts the diary in this process writes into nobody else's test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A private PostgreSQL cluster."""
    try:
        with cluster() as running:
            yield running
    except FileNotFoundError as error:
        missing(str(error))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Signs certificates for servers of the tests."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def token_server_port() -> int:
    """Where the private IMAP server asks whether a token is good."""
    return free_port()


@pytest.fixture(scope="session")
def imap_server(authority: Authority, token_server_port: int) -> Iterator[Dovecot]:
    """A private Dovecot."""
    identity = authority.identity()
    asked = f"http://127.0.0.1:{token_server_port}/introspect"
    try:
        with dovecot(identity.certificate, identity.key, asked) as running:
            yield running
    except FileNotFoundError as error:
        missing(str(error))


@pytest.fixture
def postgres_url(postgres: Cluster) -> Iterator[str]:
    """A fresh PostgreSQL database."""
    url = postgres.fresh_database()
    yield url
    postgres.drop(url)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and nothing in them."""
    path = tmp_path_factory.mktemp("migrated") / "gateway.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """A fresh SQLite database."""
    path = tmp_path / "state" / "gateway.db"
    path.parent.mkdir()
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database of the kind that was asked for."""
    return str(request.getfixturevalue(f"{request.config.getoption('--database')}_url"))


@pytest.fixture(params=["sqlite", "postgres"])
def either_url(request: pytest.FixtureRequest) -> str:
    """A fresh database of each kind in turn: promises that both must keep."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def engine(either_url: str) -> Iterator[Engine]:
    """An engine on a fresh database of each kind in turn."""
    made = open_engine(either_url)
    yield made
    made.dispose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[Reader]:
    """One reading process serves all tests of a file, as it serves all mails of a daemon."""
    made = Reader()
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(tmp_path: Path, either_url: str, reader: Reader) -> AsyncIterator[Stage]:
    """A whole desk on a fresh database of each kind in turn, its clock standing still."""
    made = Stage(tmp_path, either_url, people_of_the_cases(), {}, NOW, reader)
    await made.open()
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="module")
async def room(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str, reader: Reader
) -> AsyncIterator[Room]:
    """A desk on which people write to each other; its options are the fixture's parameter."""
    options = getattr(request, "param", {})
    made = Stage(tmp_path, sqlite_url, people_of_the_cases(), options, NOW, reader)
    await made.open()
    yield Room(made)
    await made.close()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for the tests of a file."""
    try:
        with browser(tmp_path_factory.mktemp("chromium")) as running:
            yield running
    except FileNotFoundError as error:
        missing(str(error))
