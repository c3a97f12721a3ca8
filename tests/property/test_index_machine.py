"""Any order of inserts, labels, deletions, late commits, snapshots, restarts and crashes leaves index = database."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import asyncpg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from services.common.database.pool import Pool, open_pool, prepare_connection
from services.common.settings import Settings
from services.index.change_follower import ChangeFollower
from services.index.domain import CollectionId, DocumentId, FeatureUri, Hit, NamespaceId, ObjectId, unit
from services.index.search import InView, Question, Scope, Search, search
from services.index.shards.engine import Engine
from services.index.snapshots.save_and_restore import Snapshots
from services.index.startup import restore
from tests.property.invariants import best_first, index_equals_database, nothing_doubled, views_equal_filters
from tests.support.index.corpus import Corpus, unit_vectors
from tests.support.postgres import Databases
from tests.support.tutorial.option_a import SLOT

Result = TypeVar("Result")
EXACT_LIMIT = 6
VECTORS = unit_vectors(40, 8)
LABELS = st.sampled_from(["cat", "dog", None])
ADMITS: Mapping[str, Callable[[str | None], bool]] = {
    '{"field":"label","operator":"is_null","value":false}': lambda label: label is not None,
    '{"field":"label","operator":"eq","value":"cat"}': lambda label: label == "cat",
    '{"NOT":[{"field":"label","operator":"eq","value":"cat"}]}': lambda label: label != "cat",
}
FILTERS = st.sampled_from(sorted(ADMITS))
ROWS = st.integers(0, len(VECTORS) - 1)


class LiveIndex:
    """The index as `main` wires it, without its background tasks: each step is taken when the test says so."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self.engine = Engine(pool, EXACT_LIMIT)
        self.follower = ChangeFollower(self.engine)
        self.snapshots = Snapshots(self.engine, self.follower, folder)

    async def start(self) -> "LiveIndex":
        await restore(self.engine, self.follower, self.snapshots)
        return self


class IndexMachine(RuleBasedStateMachine):
    """`url` is a migrated database of this machine alone."""

    url: ClassVar[str]
    documents: Bundle[str] = Bundle("documents")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.numbers = iter(range(10_000))
        self.late: asyncpg.Connection[asyncpg.Record] | None = None
        self.pool = self.run(open_pool(Settings(database_url=self.url), size=3))
        self.run(self.pool.execute("TRUNCATE namespaces, document_changes CASCADE"))
        self.corpus = self.run(Corpus(self.pool, dimensions=8).create())
        self.index = self.run(LiveIndex(self.pool, Path(self.folder.name)).start())

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    def teardown(self) -> None:
        if self.late is not None:
            self.run(self.late.close())
        self.run(self.pool.close())
        self.runner.close()
        self.folder.cleanup()

    @rule(target=documents, rows=st.lists(ROWS, min_size=1, max_size=4), label=LABELS, told=st.booleans())
    def insert(self, rows: list[int], label: str | None, told: bool) -> Any:
        ids = [f"doc_{next(self.numbers):04}" for _ in rows]
        self.run(self.corpus.add(ids, VECTORS[rows], [label] * len(ids)))
        if told:
            self.run(self.refresh(*ids))
            for document_id, row in zip(ids, rows, strict=True):
                assert document_id in self.found(self.ask(row, None))
        return multiple(*ids)

    @rule(document_ids=st.lists(documents, min_size=1, max_size=4), label=LABELS, wanted=FILTERS)
    def relabel(self, document_ids: list[str], label: str | None, wanted: str) -> None:
        for document_id in document_ids:
            self.run(self.corpus.label(document_id, label))
        self.run(self.refresh(*document_ids))
        found = self.found(self.ask(0, InView(wanted)))
        assert {document_id in found for document_id in document_ids} == {ADMITS[wanted](label)}

    @rule(document_id=documents, row=ROWS, told=st.booleans())
    def replace(self, document_id: str, row: int, told: bool) -> None:
        self.run(self.corpus.replace(document_id, VECTORS[row]))
        if told:
            self.run(self.refresh(document_id))
            [hit] = [hit for hit in self.ask(row, None) if hit.document_id == document_id]
            assert hit.score > 0.999

    @rule(document_id=consumes(documents), told=st.booleans())
    def delete(self, document_id: str, told: bool) -> None:
        self.run(self.corpus.delete(document_id))
        if told:
            self.run(self.refresh(document_id))
            assert document_id not in self.found(self.ask(0, None))

    @rule(row=ROWS)
    def begin_late_insert(self, row: int) -> None:
        if self.late is None:
            self.late = self.run(asyncpg.connect(self.url))
            self.run(prepare_connection(self.late))
            self.run(self.late.execute("BEGIN"))
            ids = [f"late_{next(self.numbers):04}"]
            self.run(self.corpus.add(ids, VECTORS[[row]], ["cat"], db=self.late))

    @rule()
    def commit_late(self) -> None:
        if self.late is not None:
            self.run(self.late.execute("COMMIT"))
            self.run(self.late.close())
            self.late = None

    @rule(row=ROWS, wanted=FILTERS)
    def search_view(self, row: int, wanted: str) -> None:
        hits = self.ask(row, InView(wanted))
        nothing_doubled(hits)
        best_first(hits)

    @rule()
    def snapshot(self) -> None:
        self.run(self.index.snapshots.write_changed())

    @rule()
    def maintain(self) -> None:
        for space in self.index.engine.spaces():
            self.run(space.maintain())

    @rule(clean=st.booleans())
    def restart(self, clean: bool) -> None:
        if clean:
            self.run(self.index.snapshots.write_changed())
        self.index = self.run(LiveIndex(self.pool, Path(self.folder.name)).start())

    @invariant()
    def index_is_the_database(self) -> None:
        self.run(self.index.follower.poll())
        self.run(index_equals_database(self.index.engine, self.pool))
        self.run(views_equal_filters(self.index.engine, self.pool))

    async def refresh(self, *document_ids: str) -> None:
        await self.index.engine.refresh(map(DocumentId, document_ids))

    def ask(self, row: int, scope: Scope) -> list[Hit]:
        """Everything in the scope, nearest to a vector first."""
        question = Question(unit(VECTORS[row]), ObjectId(""), "queries.0")
        asked = Search(
            NamespaceId("ns_a"), (CollectionId("col_a"),), FeatureUri(SLOT), (question,), top_k=1000, scope=scope
        )
        [hits] = self.run(search(self.index.engine, asked))
        return hits

    @staticmethod
    def found(hits: list[Hit]) -> set[str]:
        return {hit.document_id for hit in hits}


def test_the_index_equals_the_database_whatever_happens(databases: Databases) -> None:
    name = databases.create()

    class Machine(IndexMachine):
        url = databases.url(name)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    databases.drop(name)
