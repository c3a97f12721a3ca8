"""One supervisor per data folder; the next one takes over what a killed one left."""

import subprocess
import sys
from pathlib import Path

import pytest

from services.common.errors import AlreadyExistsError
from services.local.stack import data_folder as folder_module
from services.local.stack.data_folder import DataFolder, hold

HOLD = """
import os, sys, time
from pathlib import Path
from services.local.stack.data_folder import DataFolder, hold
with hold(DataFolder(Path(sys.argv[1]))) as members:
    if sys.argv[2] == "leave-child":
        import subprocess
        child = subprocess.Popen(["sleep", sys.argv[3]], pass_fds=(members,), stdout=subprocess.DEVNULL)
        print(child.pid, flush=True)
    else:
        print("held", flush=True)
        time.sleep(600)
    os._exit(0)
"""


def test_a_second_supervisor_is_refused_by_name(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path), "stay"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(AlreadyExistsError, match="already runs on"), hold(DataFolder(tmp_path)):
            pass
        first.kill()


def test_a_new_supervisor_waits_for_the_services_of_a_dead_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOLD, str(tmp_path), "leave-child", "1"], capture_output=True, text=True, check=True
    )
    pid = int(done.stdout)
    with hold(DataFolder(tmp_path)):
        assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()


def test_a_service_of_a_dead_supervisor_that_will_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "LEFTOVER_SECONDS", 0.2)
    data = DataFolder(tmp_path)
    data.create()
    with hold(data) as members:
        stuck = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)", "services.worker.main"], pass_fds=(members,)
        )
        data.write_processes({"worker": stuck.pid})
    with hold(data):
        assert stuck.wait(10) < 0


def test_what_is_written_down_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    data.create()
    data.write_processes({"worker": 17})
    assert data.processes() == {"worker": 17}
    assert data.processes_file.stat().st_mode & 0o777 == 0o600


def test_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    data.create()
    data.processes_file.write_text('{"worker": 1')
    assert data.processes() == {}
