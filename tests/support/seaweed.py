"""Fixture: a real S3 server, SeaweedFS, for the test run alone."""

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.common.settings import Settings

ACCESS_KEY = "likeness-test"
SECRET_KEY = "likeness-test-secret"
BUCKET = "photos"
START_SECONDS = 60.0


@dataclass(frozen=True)
class Seaweed:
    """Where the server listens, and the keys and the one bucket that it has."""

    endpoint: str
    bucket: str = BUCKET
    access_key_id: str = ACCESS_KEY
    secret_access_key: str = SECRET_KEY

    def settings(self, **more: Any) -> Settings:
        """Settings that reach this server."""
        keys = {"s3_access_key_id": self.access_key_id, "s3_secret_access_key": self.secret_access_key}
        return Settings(**{"s3_endpoint": self.endpoint, **keys, **more})


@pytest.fixture(scope="session")
def seaweed() -> Iterator[Seaweed]:
    """SeaweedFS with its S3 gateway, on free ports of the loopback, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="lkweed", ignore_cleanup_errors=True) as folder:
        names = [f"{part}.port{grpc}" for part in ("master", "volume", "filer", "s3") for grpc in ("", ".grpc")]
        ports = dict(zip(names, _free_ports(len(names)), strict=True))
        log = Path(folder) / "log"
        with log.open("w") as output:
            server = subprocess.Popen(_command(Path(folder), ports), stdout=output, stderr=output)
        try:
            _until_answered(server, log, f"http://127.0.0.1:{ports['filer.port']}/buckets/{BUCKET}/", "POST")
            _until_answered(server, log, f"http://127.0.0.1:{ports['s3.port']}/", "GET")
            yield Seaweed(endpoint=f"http://127.0.0.1:{ports['s3.port']}")
        finally:
            # Its graceful stop takes half a minute, and nothing that it holds is wanted.
            server.kill()
            server.wait(timeout=30)


def _command(folder: Path, ports: dict[str, int]) -> list[str]:
    config = folder / "s3.json"
    keys = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    config.write_text(json.dumps({"identities": [{"name": "test", "credentials": keys, "actions": actions}]}))
    options = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-volume.max=8", "-s3.iam=false"]
    no_fixed_ports = ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    return [
        str(Path(sys.executable).parent / "weed"),
        "server",
        f"-dir={folder}",
        *options,
        *no_fixed_ports,
        "-s3",
        f"-s3.config={config}",
        *(f"-{name}={port}" for name, port in ports.items()),
    ]


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for held in sockets:
            held.bind(("127.0.0.1", 0))
        return [held.getsockname()[1] for held in sockets]


def _until_answered(server: "subprocess.Popen[bytes]", log: Path, url: str, method: str) -> None:
    """Repeats the request until the server answers it with less than 500; fails with its log if it ends."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=5):
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"SeaweedFS does not answer at {url}:\n{log.read_text()[-3000:]}")
