"""Bulk changes of documents: each once, going on where a killed run ended, and stopping when asked to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from services.common.database.pool import Pool
from services.common.errors import NotFoundError
from services.worker.kit.task import Done, Task, TaskCanceledError
from services.worker.tasks import bulk_documents
from services.worker.tasks.bulk_documents import BulkDocuments
from tests.integration.gateway.kit.test_cursors_while_writing import INSERT, SETTING

INPUTS = {"collection_id": "col", "filters": '{"field": "number", "operator": "gte", "value": 3}'}
LABELS = "SELECT document_id, labels #>> '{x,source}' AS source FROM documents WHERE fields ->> 'x' = 'new'"


class Refreshed:
    """Remembers what the index was told."""

    def __init__(self) -> None:
        self.documents: list[str] = []

    async def __call__(self, document_ids: Sequence[str]) -> None:
        self.documents += document_ids


async def nothing(_: Task) -> Done:
    """Decides again about nothing."""
    return Done(outputs={"processed": 0})


@pytest.fixture
def refreshed() -> Refreshed:
    return Refreshed()


@pytest.fixture
async def task(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Task:
    """A task over ten documents, three a step."""
    monkeypatch.setattr(bulk_documents, "STEP", 3)
    await pool.execute(SETTING)
    await pool.execute(INSERT, list(range(10)), [{"number": number, "x": "old"} for number in range(10)])
    inputs = INPUTS | {"changes": {"x": "new"}}
    query = "INSERT INTO tasks (task_id, namespace_id, kind, task_type, inputs) VALUES ('task_1', 'ns', 'k', 't', $1)"
    await pool.execute(query, inputs)
    return Task(pool=pool, task_id="task_1", namespace_id="ns", inputs=inputs, additional_data={})


async def stored(task: Task) -> dict[str, Any]:
    found: dict[str, Any] = await task.pool.fetchval("SELECT additional_data FROM tasks")
    return found


async def test_it_changes_what_passes_the_filter(task: Task, refreshed: Refreshed) -> None:
    done = await BulkDocuments(refresh=refreshed, again=nothing).update(task)
    assert done.outputs == {"updated_count": 7, "decided_again": 0}
    changed = [row["document_id"] for row in await task.pool.fetch(LABELS)]
    assert sorted(changed) == sorted(refreshed.documents) == [f"doc_{number}" for number in range(3, 10)]
    assert await task.pool.fetchval("SELECT count(*) FROM events WHERE event_type = 'document.updated'") == 7


async def test_it_goes_on_where_a_killed_run_ended(task: Task, refreshed: Refreshed) -> None:
    async def dies(document_ids: Sequence[str]) -> None:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        await BulkDocuments(refresh=dies, again=nothing).update(task)
    again = replace(task, additional_data=await stored(task))
    done = await BulkDocuments(refresh=refreshed, again=nothing).update(again)
    assert done.outputs == {"updated_count": 7, "decided_again": 0}
    assert await task.pool.fetchval("SELECT count(*) FROM events WHERE event_type = 'document.updated'") == 7


async def test_it_deletes_and_leaves_what_is_added_meanwhile(task: Task) -> None:
    late = iter([20])

    async def adds(document_ids: Sequence[str]) -> None:
        for number in late:
            await task.pool.execute(INSERT, [number], [{"number": number}])

    done = await BulkDocuments(refresh=adds, again=nothing).delete(task)
    assert done.outputs == {"deleted_count": 7, "decided_again": 0}
    rows = await task.pool.fetch("SELECT document_id FROM documents ORDER BY row_key")
    assert [row["document_id"] for row in rows] == ["doc_0", "doc_1", "doc_2", "doc_20"]


async def test_it_stops_when_asked_to(task: Task) -> None:
    async def cancels(document_ids: Sequence[str]) -> None:
        await task.pool.execute("UPDATE tasks SET cancel_requested = true")

    with pytest.raises(TaskCanceledError):
        await BulkDocuments(refresh=cancels, again=nothing).update(task)
    assert len(await task.pool.fetch(LABELS)) == 3


async def test_a_collection_that_is_gone_ends_it(task: Task, refreshed: Refreshed) -> None:
    await task.pool.execute("DELETE FROM collections")
    with pytest.raises(NotFoundError):
        await BulkDocuments(refresh=refreshed, again=nothing).delete(task)
