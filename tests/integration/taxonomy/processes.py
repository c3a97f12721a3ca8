"""Starts services as processes of their own, on unix sockets in a temporary folder."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

START_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Services:
    """Where the services of a test run listen."""

    database_url: str
    folder: Path

    def address(self, service: str) -> str:
        """The socket of a service, whether it runs or not."""
        return f"unix:{self.folder / service}.sock"

    def environment(self) -> dict[str, str]:
        """The settings that they share."""
        addresses = {
            f"LIKENESS_{name.upper()}_ADDRESS": self.address(name) for name in ("extractor", "index", "taxonomy")
        }
        return {
            **os.environ,
            **addresses,
            "LIKENESS_DATABASE_URL": self.database_url,
            "LIKENESS_DATA_DIR": str(self.folder / "data"),
            "LIKENESS_LOG_LEVEL": "warning",
        }


@contextmanager
def running(services: Services, names: Sequence[str]) -> Iterator[None]:
    """The named services, each SERVING; ended in the reverse order."""
    with ExitStack() as stack:
        started = [(name, stack.enter_context(_process(services, name))) for name in names]
        for name, process in started:
            _await_serving(services.address(name), process)
        yield


@contextmanager
def _process(services: Services, name: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", f"services.{name}.main"]
    process = subprocess.Popen(command, env=services.environment())
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _await_serving(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if (
                    stub.Check(health_pb2.HealthCheckRequest(), timeout=1).status
                    == health_pb2.HealthCheckResponse.SERVING
                ):
                    return
            except grpc.RpcError:
                pass
            time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not serve; it ended with {process.poll()}")
