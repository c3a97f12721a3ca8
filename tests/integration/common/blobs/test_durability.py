"""A writer that is killed at any moment leaves whole blobs or none, and every key it gave out is there."""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.common.blobs.durable_folder import DurableFolder

WRITER = """
import asyncio, os, sys
from pathlib import Path
from services.common.blobs import open_blob_store
from services.common.settings import Settings

async def write() -> None:
    store = open_blob_store(Settings(data_dir=Path(sys.argv[1])))
    while True:
        print(await store.put("ns_1", os.urandom(1_000_000)), flush=True)

asyncio.run(write())
"""


@pytest.mark.parametrize("moment", [0.0, 0.013, 0.05])
def test_a_killed_writer_leaves_no_partial_blob(tmp_path: Path, moment: float) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        given = [writer.stdout.readline() for _ in range(5)]
        time.sleep(moment)
        writer.kill()
        given += writer.stdout.readlines()
    root = tmp_path / "blobs"
    found = [path for path in root.rglob("*") if path.is_file() and not path.name.startswith(".writing-")]
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in found)
    assert {key.strip() for key in given if key.endswith("\n")} <= {str(path.relative_to(root)) for path in found}


def test_the_content_is_on_disk_before_the_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    rename = Path.replace

    def record_sync(descriptor: int) -> None:
        events.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)

    def record_rename(path: Path, target: Path) -> Path:
        events.append("rename")
        return rename(path, target)

    monkeypatch.setattr("os.fsync", record_sync)
    monkeypatch.setattr(Path, "replace", record_rename)
    folder = DurableFolder(tmp_path)
    folder.write("ns/aa/blob", b"x")
    assert events[0].startswith(".writing-")
    assert events[1:] == ["rename", "aa", "ns", tmp_path.name]
    events.clear()
    folder.write("ns/aa/other", b"x")
    assert events[1:] == ["rename", "aa"]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        DurableFolder(tmp_path).write("blob", b"x")
    assert list(tmp_path.iterdir()) == []
