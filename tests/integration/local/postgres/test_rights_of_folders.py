"""PostgreSQL runs wherever the data lies, also as root's separate account, and no folder becomes more open by it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.local.postgres import embedded_postgres as module
from services.local.postgres.account import copy_open, is_open
from services.local.postgres.embedded_postgres import EmbeddedPostgres, find_installation
from services.local.postgres.socket_folder import make_socket_folder, remove_socket_folder
from tests.integration.local.conftest import Start
from tests.integration.local.postgres.test_embedded_postgres import query


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder that only its owner may enter, and one within."""
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    for folder in (inner.parent, inner):
        folder.chmod(0o700)
    yield inner
    assert (mode_of(inner.parent), mode_of(inner)) == (0o700, 0o700)


async def test_data_below_a_closed_folder(closed: Path, sockets: Path, start: Start) -> None:
    above = [mode_of(folder) for folder in closed.parents]
    child = await start(server := EmbeddedPostgres(closed, sockets))
    assert await query(server, "CREATE TABLE kept AS SELECT 41 AS n") is None
    await child.stop(60)
    await start(again := EmbeddedPostgres(closed, sockets))
    assert await query(again, "SELECT n FROM kept") == 41
    assert mode_of(again.cluster) == 0o700
    assert [mode_of(folder) for folder in closed.parents] == above


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL under another account")
async def test_programs_in_a_closed_folder_are_copied_and_stay_closed(
    closed: Path, tmp_path: Path, sockets: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = find_installation().parent
    programs = closed / wheel.name / find_installation().name
    copy_open(find_installation(), programs)
    copy_open(wheel.with_name(module.LIBRARIES), closed / module.LIBRARIES)
    monkeypatch.setattr(module, "find_installation", lambda: programs)
    await start(server := EmbeddedPostgres(tmp_path / "data", sockets))
    assert await query(server, "SELECT 1") == 1
    assert server.programs.is_relative_to(sockets)
    assert not is_open(programs)


def test_a_closed_folder_for_temporary_files_takes_no_sockets(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(closed))
    folder = make_socket_folder()
    try:
        assert not folder.is_relative_to(closed)
    finally:
        remove_socket_folder(folder)
