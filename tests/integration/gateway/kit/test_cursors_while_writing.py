"""A list that is walked by cursor shows what was there when the walk began, once, whatever is added meanwhile."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.common.database.pool import Pool, open_pool
from services.common.settings import Settings
from services.gateway.documents.grouped_lists import list_groups
from services.gateway.documents.lists import LIST_DOCUMENTS
from services.gateway.kit.lists.order_sql import Sort
from services.gateway.kit.lists.page_sql import Scope, Window, list_page
from tests.support.postgres import Databases

SETTING = """
    INSERT INTO namespaces (namespace_id, namespace_name) VALUES ('ns', 'ns');
    INSERT INTO buckets (bucket_id, namespace_id, bucket_name, bucket_schema) VALUES ('bkt', 'ns', 'b', '{}');
    INSERT INTO collections (collection_id, namespace_id, collection_name, bucket_ids, source, feature_extractor,
                             extractor, model, feature_uri, dimensions)
      VALUES ('col', 'ns', 'c', '{bkt}', '{}', '{}', 'x', 'm', 'u', 4);
    INSERT INTO objects (object_id, namespace_id, bucket_id) VALUES ('obj', 'ns', 'bkt')"""
INSERT = """
    INSERT INTO documents (document_id, namespace_id, collection_id, bucket_id, object_id, part, fields)
    SELECT 'doc_' || part, 'ns', 'col', 'bkt', 'obj', part, fields
    FROM unnest($1::int[], $2::jsonb[]) AS new (part, fields)"""
SCOPE = Scope(sql="d.collection_id = $1", values=("col",))
VALUES = st.sampled_from([None, 1, 2, 2.5, "a", "b", "é", True, [1], {"x": 1}])
FIELDS = st.fixed_dictionaries({}, optional={"x": VALUES, "y": VALUES})
SORTS = st.lists(
    st.builds(Sort, field=st.sampled_from(["x", "y", "created_at", "document_id"]), descending=st.booleans()),
    max_size=3,
    unique_by=lambda sort: sort.field,
)


@dataclass
class Table:
    """One database for all examples, emptied before each."""

    runner: asyncio.Runner
    pool: Pool
    parts: int = 0

    async def empty(self) -> None:
        await self.pool.execute("DELETE FROM documents")

    async def add(self, rows: list[dict[str, object]]) -> set[str]:
        """The ids of the new rows."""
        parts = list(range(self.parts, self.parts + len(rows)))
        self.parts += len(rows)
        await self.pool.execute(INSERT, parts, rows)
        return {f"doc_{part}" for part in parts}


@pytest.fixture(scope="module")
def table(databases: Databases) -> Iterator[Table]:
    name = databases.create()
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(Settings(database_url=databases.url(name)), size=3))
        runner.run(pool.execute(SETTING))
        yield Table(runner=runner, pool=pool)
        runner.run(pool.close())
    databases.drop(name)


async def walk(table: Table, sorts: list[Sort], limit: int, added: list[list[dict[str, object]]]) -> list[str]:
    """The ids that a walk shows while rows are added before each page."""
    shown: list[str] = []
    cursor, steps = None, iter(added)
    while True:
        page, _ = await asyncio.gather(
            list_page(table.pool, LIST_DOCUMENTS, SCOPE, Window(limit=limit, cursor=cursor), sorts),
            table.add(next(steps, [])),
        )
        shown += [row["document_id"] for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            return shown


SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(
    rows=st.lists(FIELDS, max_size=12),
    sorts=SORTS,
    limit=st.integers(1, 4),
    added=st.lists(st.lists(FIELDS, max_size=4), max_size=6),
)
def test_a_walk_repeats_nothing_and_skips_nothing(
    table: Table,
    rows: list[dict[str, object]],
    sorts: list[Sort],
    limit: int,
    added: list[list[dict[str, object]]],
) -> None:
    async def run() -> None:
        await table.empty()
        there = await table.add(rows)
        shown = await walk(table, sorts, limit, added)
        assert len(shown) == len(set(shown))
        assert there <= set(shown)

    table.runner.run(run())


@SLOW
@given(rows=st.lists(FIELDS, max_size=12), limit=st.integers(1, 3), added=st.lists(FIELDS, max_size=4))
def test_a_walk_through_groups_shows_each_once(
    table: Table, rows: list[dict[str, object]], limit: int, added: list[dict[str, object]]
) -> None:
    async def run() -> None:
        await table.empty()
        there = await table.add(rows)
        keys, shown = [], set()
        cursor, late = None, iter(added)
        while True:
            page = await list_groups(table.pool, SCOPE, Window(limit=limit, cursor=cursor), "x")
            keys += [str(group.rows[0]["group_text"]) for group in page.groups]
            shown |= {row["document_id"] for group in page.groups for row in group.rows}
            cursor = page.next_cursor
            if cursor is None:
                break
            await table.add([row for row in (next(late, None),) if row is not None])
        assert len(keys) == len(set(keys))
        assert there <= shown

    table.runner.run(run())
