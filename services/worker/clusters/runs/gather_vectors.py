"""The vectors of a run: read from one snapshot, some hundreds at a time, into files that are mapped, not loaded."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from services.common.database.bounded_reads import SETTINGS, user_faults
from services.common.database.pool import Connection
from services.common.errors import InvalidArgumentError
from services.common.filters import compile_sql
from services.worker.clusters.runs.run import Run
from services.worker.kit.task import Task

CHUNK = 1000
IDS_AT_ONCE = 5000
COUNT = "SELECT count(*) FROM documents d WHERE d.namespace_id = $1 AND d.collection_id = ANY($2) AND {where}"
OTHERS = """
    AND NOT EXISTS (SELECT FROM cluster_members m WHERE m.run_id = $4 AND m.document_id = d.document_id)"""
IDS = """
    SELECT d.document_id FROM documents d
    WHERE d.namespace_id = $1 AND d.collection_id = ANY($2) AND {where}
      AND (SELECT count(*) FROM embeddings e WHERE e.document_id = d.document_id AND e.feature_uri = ANY($3))
          = cardinality($3::text[]) {others}
    ORDER BY {order} LIMIT {limit}"""
# In the order of the ids that are asked for.
VECTORS = """
    SELECT e.vector, e.model, e.dimensions
    FROM unnest($1::text[]) WITH ORDINALITY AS wanted (document_id, place)
    JOIN embeddings e ON e.document_id = wanted.document_id AND e.feature_uri = $2 ORDER BY wanted.place"""


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The documents of a run, row by row of its files; `models` says per feature which model made the vectors."""

    source_documents: int
    document_ids: Sequence[str]
    models: dict[str, str]


async def gather(task: Task, run: Run, folder: Path) -> Gathered:
    """Writes `vectors_<i>.npy`, one per feature: float16, one row per document that has them all.

    InvalidArgumentError when vectors of different models would meet.
    """
    async with task.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(SETTINGS)
        with user_faults("filters"):
            source_documents = await count(connection, run)
            document_ids = await _ids(connection, run)
        models = {
            uri: await _gather_feature(task, connection, document_ids, uri, folder / f"vectors_{number}.npy")
            for number, uri in enumerate(run.feature_uris)
            if document_ids
        }
    return Gathered(source_documents=source_documents, document_ids=document_ids, models=models)


async def count(connection: Connection, run: Run) -> int:
    """How many documents there are that pass the filters, with vectors or without."""
    where, values = compile_sql(run.wanted, start=3)
    sql = COUNT.format(where=where)
    return int(await connection.fetchval(sql, run.namespace_id, list(run.collection_ids), *values))


async def _ids(connection: Connection, run: Run) -> list[str]:
    """The documents in the order in which they were made; of too many, those that a hash of their ids picks."""
    others = [run.base_run_id] if run.is_assign else []
    where, values = compile_sql(run.wanted, start=4 + len(others))
    sql = IDS.format(
        where=where,
        others=OTHERS if others else "",
        order="md5(d.document_id), d.document_id" if run.sample_size else "d.row_key",
        limit=run.sample_size or "ALL",
    )
    found: list[str] = []
    values = [run.namespace_id, list(run.collection_ids), list(run.feature_uris), *others, *values]
    async for row in connection.cursor(sql, *values, prefetch=IDS_AT_ONCE):
        found.append(row["document_id"])
    return found


async def _gather_feature(task: Task, connection: Connection, ids: Sequence[str], uri: str, path: Path) -> str:
    """Writes the vectors of one feature; the model that made them."""
    made_by: dict[tuple[str, int], None] = {}
    target = None
    for start in range(0, len(ids), CHUNK):
        rows = await connection.fetch(VECTORS, ids[start : start + CHUNK], uri)
        made_by |= dict.fromkeys((row["model"], row["dimensions"]) for row in rows)
        if len(made_by) > 1:
            raise _mixed(uri, [model for model, _ in made_by])
        if target is None:
            target = open_memmap(path, mode="w+", dtype="<f2", shape=(len(ids), rows[0]["dimensions"]))
        await asyncio.to_thread(_fill, target, start, b"".join(row["vector"] for row in rows))
        await task.progress(stage="gathering", progress={"processed": start + len(rows), "total": len(ids)})
    assert target is not None
    target.flush()
    return next(iter(made_by))[0]


def _fill(target: np.memmap, start: int, content: bytes) -> None:
    vectors = np.frombuffer(content, dtype="<f2").reshape(-1, target.shape[1])
    target[start : start + len(vectors)] = vectors


def _mixed(uri: str, models: Sequence[str]) -> InvalidArgumentError:
    message = (
        f"The vectors of '{uri}' were made by different models ({', '.join(sorted(set(models)))}) and cannot be "
        "compared; cluster the collections of each model by themselves."
    )
    return InvalidArgumentError(message, reason="MIXED_MODELS", path="vector_config.feature_uris")
