"""What an operator does beside `likeness up`, on the running stack."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.api import Api
from tests.support.running_stack import Stack
from tests.support.waiting import wait_for

PROCESSES = ("postgres", "extractor", "index", "taxonomy", "worker", "gateway")


def likeness(*arguments: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.local.cli", *arguments, "--data-dir", str(data_dir)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def status_of(stack: Stack, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{stack.url}/v1/buckets", headers=headers, trust_env=False).status_code


def test_status_shows_every_process_ready_with_its_memory(stack: Stack) -> None:
    shown = likeness("status", data_dir=stack.data_dir)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    lines = {line.split()[0]: line for line in shown.stdout.splitlines() if line.strip()}
    for name, pid in stack.processes().items():
        assert str(pid) in lines[name]
        assert "ready" in lines[name]
        assert "MB" in lines[name]
    assert set(stack.processes()) == set(PROCESSES)


def test_status_of_a_folder_without_a_stack_says_so(tmp_path: Path) -> None:
    shown = likeness("status", data_dir=tmp_path)
    assert shown.returncode == 1
    assert "No stack runs on" in shown.stdout


def test_a_key_works_from_its_creation_to_its_revocation(stack: Stack) -> None:
    key = likeness("keys", "create", "laptop", data_dir=stack.data_dir).stdout.strip()
    assert status_of(stack, key) == 200
    (line,) = [
        line for line in likeness("keys", "list", data_dir=stack.data_dir).stdout.splitlines() if "laptop" in line
    ]
    assert key not in line
    assert likeness("keys", "revoke", line.split()[0], data_dir=stack.data_dir).returncode == 0
    assert wait_for(lambda: {"status": status_of(stack, key)}, lambda answer: answer["status"] == 401)
    assert status_of(stack, stack.key) == 200


def test_revoking_an_unknown_key_is_an_error_in_words(stack: Stack) -> None:
    refused = likeness("keys", "revoke", "key_none", data_dir=stack.data_dir)
    assert refused.returncode == 1
    assert "key_none" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_database_of_a_running_stack_is_up_to_date(stack: Stack) -> None:
    assert likeness("migrate", data_dir=stack.data_dir).stdout.strip() == "up to date"


def test_a_second_stack_on_the_same_data_is_refused(stack: Stack) -> None:
    refused = likeness("up", "--port", "0", data_dir=stack.data_dir)
    assert refused.returncode == 1
    assert f"already runs on {stack.data_dir}" in refused.stderr
    assert status_of(stack, stack.key) == 200


def test_a_port_that_is_taken_is_refused(stack: Stack, tmp_path: Path) -> None:
    port = str(urlsplit(stack.url).port)
    refused = likeness("up", "--port", port, data_dir=tmp_path)
    assert refused.returncode == 1
    assert f"127.0.0.1:{port}" in refused.stderr


def test_the_key_file_is_for_its_owner_only(stack: Stack) -> None:
    assert (stack.data_dir / "api-key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_the_documentation_is_served_without_a_key(stack: Stack, path: str) -> None:
    assert httpx.get(f"{stack.url}{path}", trust_env=False).status_code == 200


def test_a_killed_gateway_is_back(stack: Stack, api: Api) -> None:
    before = stack.processes()["gateway"]
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while True:
        try:
            assert api.get("/buckets")["results"] is not None
            break
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert stack.processes()["gateway"] != before
