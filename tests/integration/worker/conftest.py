"""The fixtures of the worker's tests: a bench, and a folder for its sockets."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.common.database.pool import Pool
from services.common.settings import Settings
from tests.integration.worker.bench import Bench, furnish


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder with a path short enough for unix sockets."""
    with tempfile.TemporaryDirectory(prefix="lkw") as folder:
        yield Path(folder)


@pytest.fixture
async def bench(pool: Pool, settings: Settings, sockets: Path) -> Bench:
    """A bench with one collection that has a taxonomy."""
    names = ("extractor", "taxonomy", "index")
    addresses = {f"{name}_address": f"unix:{sockets / name}" for name in names}
    settings = settings.model_copy(update={**addresses, "retry_base_seconds": 0.05, "drain_seconds": 5.0})
    return await furnish(pool, settings)
