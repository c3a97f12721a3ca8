"""Fields passed through by new rules reach the documents that are there."""

import asyncio
from typing import Any

from services.common.database.tasks.passthrough import start_passthrough
from tests.integration.worker.bench import COLLECTION, LABEL, NAMESPACE, Bench

OWN = """UPDATE documents SET fields = fields || '{"colour": "own"}' WHERE object_id = $1"""
TOLD = "SELECT subject_id, payload FROM events WHERE event_type = 'document.updated' ORDER BY seq"


async def finished(bench: Bench, task_id: str) -> dict[str, Any]:
    """The task once it has ended."""
    query = "SELECT * FROM tasks WHERE task_id = $1 AND status NOT IN ('PENDING', 'IN_PROGRESS')"
    async with asyncio.timeout(30):
        while (row := await bench.pool.fetchrow(query, task_id)) is None:
            await asyncio.sleep(0.05)
    return dict(row)


async def test_documents_that_are_there_take_over_what_the_new_rules_name(bench: Bench) -> None:
    first, second = await bench.upload(b"one", colour="red", size=1), await bench.upload(b"two", colour="blue", size=2)
    async with bench.services(), bench.worker():
        await bench.settled(first, second)
        await bench.pool.execute(OWN, second)
        await bench.pool.execute("DELETE FROM events")
        bench.index.refreshed.clear()
        before = await bench.pool.fetchval("SELECT feature_extractor FROM collections")
        after = {**before, "field_passthrough": [{"source_path": LABEL}, {"source_path": "size"}]}
        async with bench.pool.acquire() as connection, connection.transaction():
            task_id = await start_passthrough(connection, NAMESPACE, COLLECTION, before=before, after=after)
        row = await finished(bench, task_id)
    assert (row["status"], row["outputs"]) == ("COMPLETED", {"updated_count": 2})
    [one], [two] = await bench.documents(first), await bench.documents(second)
    assert (one["fields"].get("colour"), one["fields"]["size"], one["fields"][LABEL]) == (None, 1, "cat")
    assert (two["fields"]["colour"], two["fields"]["size"]) == ("own", 2)
    told = await bench.pool.fetch(TOLD)
    assert {each["subject_id"]: sorted(each["payload"]["fields"]) for each in told} == {
        one["document_id"]: ["colour", "size"],
        two["document_id"]: ["size"],
    }
    assert set(bench.index.refreshed) == {one["document_id"], two["document_id"]}
