"""What runs in the stack: its services, in the order in which they start, and the environment that each gets."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

POSTGRES = "postgres"
GATEWAY = "gateway"
WORKER = "worker"
GRPC_SERVICES = ("extractor", "index", "taxonomy")
WITHOUT_DATABASE = ("extractor",)
START_ORDER = ("extractor", "index", "taxonomy", WORKER, GATEWAY)
STOP_ORDER = (*reversed(START_ORDER), POSTGRES)
# One service, one core's worth of algebra: two threads on a busy machine wait for each other.
THREAD_LIMITS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# glibc keeps an arena per core and thread otherwise, which costs an idle stack tens of megabytes per process.
MEMORY_LIMITS = {"MALLOC_ARENA_MAX": "2"}


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where the stack can be reached."""

    url: str
    host: str
    port: int
    database_url: str
    sockets: Path
    data_dir: Path
    secrets_key: str

    def address(self, service: str) -> str:
        """The gRPC address of a service."""
        return f"unix:{self.sockets / service}.sock"

    def summary(self) -> dict[str, str]:
        """What run/endpoints.json says."""
        addresses = {service: self.address(service) for service in GRPC_SERVICES}
        return {"url": self.url, "database_url": self.database_url, "sockets": str(self.sockets), **addresses}


def command(service: str) -> list[str]:
    """How a service is started; `-P` keeps a folder named `services` in the working directory out of the way."""
    return [sys.executable, "-P", "-m", f"services.{service}.main"]


def environment(endpoints: Endpoints, inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables of every service; what the operator has set wins where it does not break the stack."""
    addresses = {f"LIKENESS_{name.upper()}_ADDRESS": endpoints.address(name) for name in GRPC_SERVICES}
    return {
        **THREAD_LIMITS,
        **MEMORY_LIMITS,
        "LIKENESS_SECRETS_KEY": endpoints.secrets_key,
        **inherited,
        **addresses,
        "LIKENESS_DATABASE_URL": endpoints.database_url,
        "LIKENESS_DATA_DIR": str(endpoints.data_dir),
        "LIKENESS_HOST": endpoints.host,
        "LIKENESS_PORT": str(endpoints.port),
        "PYTHONUNBUFFERED": "1",
    }


def restart_delay(failures: int) -> float:
    """Seconds to wait before the start that follows `failures` deaths in a row: at once, then up to ten seconds."""
    return 0.0 if failures <= 1 else min(10.0, 0.1 * 2.0 ** min(failures - 2, 10))
