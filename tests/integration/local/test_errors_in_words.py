"""What an operator can get wrong is told in one sentence, with what to do, and never with a traceback or a password."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from services.common.database.connection_errors import connection_faults
from services.common.database.migrate import migrate
from services.common.errors import InternalError, LikenessError, UnavailableError
from tests.support.postgres import Databases

SECRET = "hunter2"


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LIKENESS_")}
    return subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment | variables,
    )


def is_a_sentence(done: subprocess.CompletedProcess[str], *said: str) -> bool:
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 1, done.stderr
    assert len(lines) == 1, done.stderr
    assert SECRET not in done.stderr
    return all(part in lines[0] for part in said)


def test_keys_without_a_stack(tmp_path: Path) -> None:
    shown = run("services.local.cli", "keys", "list", "--data-dir", str(tmp_path))
    assert is_a_sentence(shown, "likeness: No stack runs on", "likeness up", "LIKENESS_DATABASE_URL")


def test_keys_after_a_stack_that_was_stopped_or_killed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "endpoints.json").write_text('{"database_url": "postgresql://postgres@/postgres?host=/none"}')
    (tmp_path / "run" / "processes.json").write_text("{}")
    assert is_a_sentence(run("services.local.cli", "keys", "list", "--data-dir", str(tmp_path)), "No stack runs on")
    (tmp_path / "run" / "processes.json").write_text('{"postgres": 1}')
    killed = run("services.local.cli", "keys", "list", "--data-dir", str(tmp_path))
    assert is_a_sentence(killed, "No database answers at /none")


@pytest.mark.parametrize("command", [("keys", "list"), ("migrate",), ("up", "--port", "0")])
def test_a_database_that_does_not_answer(tmp_path: Path, unused_tcp_port: int, command: tuple[str, ...]) -> None:
    url = f"postgresql://me:{SECRET}@127.0.0.1:{unused_tcp_port}/mine"
    shown = run("services.local.cli", *command, "--data-dir", str(tmp_path / "d"), LIKENESS_DATABASE_URL=url)
    assert is_a_sentence(shown, f"127.0.0.1:{unused_tcp_port}/mine", "LIKENESS_DATABASE_URL")


@pytest.mark.parametrize(
    "url", [f"mysql://me:{SECRET}@localhost/x", "localhost/x", f"postgresql://a:{SECRET}@h:port/x"]
)
def test_an_address_that_is_none_of_postgresql(tmp_path: Path, url: str) -> None:
    shown = run("services.local.cli", "migrate", "--data-dir", str(tmp_path), LIKENESS_DATABASE_URL=url)
    assert is_a_sentence(shown, "likeness: LIKENESS_DATABASE_URL")


def test_a_database_that_does_not_exist_or_has_no_tables(tmp_path: Path, databases: Databases) -> None:
    url = databases.url("there_is_none")
    for command in (("keys", "list"), ("migrate",)):
        shown = run("services.local.cli", *command, "--data-dir", str(tmp_path), LIKENESS_DATABASE_URL=url)
        assert is_a_sentence(shown, "There is no such database", "there_is_none")


@pytest.mark.parametrize(
    "service", ["services.gateway.main", "services.worker.main", "services.index.main", "services.taxonomy.main"]
)
def test_a_service_without_its_database_or_with_a_wrong_setting(unused_tcp_port: int, service: str) -> None:
    url = f"postgresql://me:{SECRET}@127.0.0.1:{unused_tcp_port}/mine"
    assert is_a_sentence(run(service, LIKENESS_DATABASE_URL=url), "No database answers")
    shown = run(service, LIKENESS_DATABASE_URL=url, LIKENESS_MAX_ATTEMPTS="none", LIKENESS_SECRETS_KEY=SECRET)
    assert is_a_sentence(shown, "LIKENESS_MAX_ATTEMPTS: ", "LIKENESS_SECRETS_KEY: ")


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for place in (file, file / "below"):
        shown = run("services.local.cli", "up", "--port", "0", "--data-dir", str(place))
        assert is_a_sentence(shown, f"The data folder {place} cannot be made", "--data-dir")
    assert run("services.local.cli", "status", "--data-dir", str(file)).returncode == 1


def test_a_wrong_setting_of_up(tmp_path: Path) -> None:
    shown = run("services.local.cli", "up", "--data-dir", str(tmp_path), LIKENESS_MAX_ATTEMPTS="0")
    assert is_a_sentence(shown, "LIKENESS_MAX_ATTEMPTS", "greater than or equal to 1")
    listed = run("services.local.cli", "up", "--data-dir", str(tmp_path), LIKENESS_WEBHOOK_RETRY_SECONDS="soon")
    assert is_a_sentence(listed, "webhook_retry_seconds")


async def test_a_database_of_a_newer_version_is_left_alone(databases: Databases) -> None:
    name = databases.create()
    connection = await asyncpg.connect(databases.url(name))
    try:
        await connection.execute("INSERT INTO migrations (name) VALUES ('9999_from_tomorrow.sql')")
        with pytest.raises(InternalError, match=r"newer version .*9999_from_tomorrow"):
            await migrate(databases.url(name))
    finally:
        await connection.close()
        databases.drop(name)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (asyncpg.InvalidPasswordError("password authentication failed"), InternalError, "user or the password"),
        (asyncpg.InvalidAuthorizationSpecificationError("no entry"), InternalError, "user or the password"),
        (asyncpg.CannotConnectNowError("starting up"), UnavailableError, "takes no connections now"),
        (asyncpg.InsufficientPrivilegeError("denied"), InternalError, "may not make tables"),
        (TimeoutError(), UnavailableError, "No database answers"),
    ],
)
def test_each_refusal_has_its_words(error: Exception, kind: type[LikenessError], said: str) -> None:
    with pytest.raises(kind, match=said) as caught, connection_faults(f"postgresql://me:{SECRET}@db:5432/mine"):
        raise error
    assert "db:5432/mine" in caught.value.message or "LIKENESS_DATABASE_URL" in caught.value.message
    assert SECRET not in caught.value.message
