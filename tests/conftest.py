"""What every kind of test may ask for: a real PostgreSQL, one server for the whole run."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.support.postgres import database_url, databases, pool, settings

__all__ = ["database_url", "databases", "pool", "settings"]

# Tests start processes while gRPC runs in this one; its fork handlers have been seen to crash.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
PREFIX = "likeness-tests-"


def pytest_configure(config: pytest.Config) -> None:
    """Gives each run a folder of its own: pytest closes the one that its runs share to the account of PostgreSQL."""
    if config.option.basetemp is None:
        config.option.basetemp = Path(tempfile.mkdtemp(prefix=PREFIX))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keeps the folder, with the logs in it, when a test has failed."""
    folder = Path(session.config.option.basetemp)
    if exitstatus == pytest.ExitCode.OK and folder.name.startswith(PREFIX):
        shutil.rmtree(folder, ignore_errors=True)
