"""The export of 100,000 documents as Parquet without media, by the worker's own exporter, on a PostgreSQL of its own.

Usage: `python -m tests.performance.bench_exports [DOCUMENTS]`.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from services.common.blobs import open_blob_store
from services.common.database.migrate import migrate
from services.common.database.pool import Pool, open_pool
from services.common.settings import Settings
from services.worker.exports.exporter import Exporter
from services.worker.kit.task import Task
from tests.performance.bench_lists import COLLECTION, NAMESPACE, fill
from tests.performance.report import Figure, emit
from tests.support.postgres import Databases
from tests.support.postgres_server import running_postgres

ROUNDS = 3
NOTE = "INSERT INTO tasks (task_id, namespace_id, kind, task_type) VALUES ($1, $2, 'bench', 'bench')"
INPUTS = {
    "collection_id": COLLECTION, "collection_name": "bench", "format": "parquet", "include_vectors": False,
    "include_lineage": False, "include_media": False, "select_fields": None, "filters": None, "sample_size": None,
    "samples_per_shard": 1000, "destination": None,
}  # fmt: skip


async def export(pool: Pool, exporter: Exporter, number: int) -> float:
    """Seconds of one export."""
    await pool.execute(NOTE, f"task_{number}", NAMESPACE)
    task = Task(pool=pool, task_id=f"task_{number}", namespace_id=NAMESPACE, inputs=INPUTS, additional_data={})
    started = time.perf_counter()
    await exporter.run(task)
    return time.perf_counter() - started


async def measure(settings: Settings, documents: int) -> None:
    """The best of some rounds: other work on the machine only makes one slower."""
    await migrate(settings.database_url)
    async with await open_pool(settings) as pool:
        await fill(pool, documents)
        exporter = Exporter(settings, open_blob_store(settings))
        seconds = min([await export(pool, exporter, number) for number in range(ROUNDS)])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    name = f"export of {documents} documents as Parquet"
    emit(Figure(name=name, value=documents / seconds, unit="rows/s", limit=10_000, better="higher"))
    emit(Figure(name=f"{name}: memory of the process", value=memory, unit="MB", limit=300))


def main() -> None:
    """Measures on a server that is gone afterwards."""
    documents = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="lkbench") as folder, running_postgres() as postgres:
        databases = Databases(postgres)
        settings = Settings(database_url=databases.url(databases.create()), data_dir=Path(folder))
        uvloop.run(measure(settings, documents))


if __name__ == "__main__":
    main()
