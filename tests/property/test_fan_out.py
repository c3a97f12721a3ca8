"""Deliveries = committed events x the channels that ask for them: none lost, none doubled, subjects in order."""

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from services.common.database.events.deliveries import FOLLOWER
from services.common.database.pool import open_pool, prepare_connection
from services.common.settings import Settings
from services.worker.kit.event_follower import next_window
from services.worker.webhooks import fan_out
from services.worker.webhooks.fan_out import FanOut
from tests.support.postgres import Databases
from tests.support.webhook_rows import Asked, add_webhook, tell

Result = TypeVar("Result")
WRITERS, SUBJECTS = range(3), ("a", "b")
TYPES, NAMESPACES = ("object.created", "collection.created"), ("ns_1", "ns_2")
Told = tuple[str, str, str]
"""Type, subject and namespace of an event."""
ASKED = st.builds(
    Asked,
    event_types=st.lists(st.sampled_from(TYPES), min_size=1, unique=True).map(tuple),
    namespace_ids=st.none() | st.lists(st.sampled_from(NAMESPACES), min_size=1, unique=True).map(tuple),
    resource_types=st.sampled_from([None, ("object",), ("collection",)]),
    channels=st.integers(1, 2),
    is_paused=st.booleans(),
)
MADE = """
    SELECT e.event_type, e.subject_id, e.namespace_id, d.channel, d.seq FROM deliveries d JOIN events e USING (event_id)
    WHERE d.webhook_id = $1 ORDER BY d.row_key"""


@dataclass
class Writer:
    """A transaction that may be open, and what it has told of; nobody else changes its subjects until it ends."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    transaction: Any = None
    told: list[Told] = field(default_factory=list)


def asks(asked: Asked, event: Told) -> bool:
    """Whether the event is one that the webhook asks for."""
    kind, _, namespace = event
    return (
        kind in asked.event_types
        and (asked.namespace_ids is None or namespace in asked.namespace_ids)
        and (asked.resource_types is None or kind.split(".", maxsplit=1)[0] in asked.resource_types)
    )


class FanOutMachine(RuleBasedStateMachine):
    """`url` is a migrated database of this machine alone."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.pool = self.run(open_pool(Settings(database_url=self.url), size=2))
        self.run(self.pool.execute("TRUNCATE events, webhooks, event_followers CASCADE"))
        self.writers = [Writer(self.run(self.connect())) for _ in WRITERS]
        self.expected: dict[str, tuple[Asked, list[Told]]] = {}

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(self.url)
        await prepare_connection(connection)
        return connection

    @precondition(lambda self: len(self.expected) < 4)
    @rule(asked=ASKED)
    def make_a_webhook(self, asked: Asked) -> None:
        self.expected[self.run(add_webhook(self.pool, asked))] = (asked, [])

    @rule(
        number=st.sampled_from(WRITERS),
        kind=st.sampled_from(TYPES),
        subject=st.sampled_from(SUBJECTS),
        namespace=st.sampled_from(NAMESPACES),
    )
    def tell(self, number: int, kind: str, subject: str, namespace: str) -> None:
        writer = self.writers[number]
        if any(subject == told[1] for other in self.writers if other is not writer for told in other.told):
            return
        if writer.transaction is None:
            writer.transaction = writer.connection.transaction()
            self.run(writer.transaction.start())
        self.run(tell(writer.connection, subject, kind, namespace))
        writer.told.append((kind, subject, namespace))

    @rule(number=st.sampled_from(WRITERS))
    def take_an_id(self, number: int) -> None:
        """Transactions write before they tell, and so their ids are not in the order of what they tell."""
        writer = self.writers[number]
        if writer.transaction is None:
            writer.transaction = writer.connection.transaction()
            self.run(writer.transaction.start())
            self.run(writer.connection.execute("SELECT pg_current_xact_id()"))

    @rule(number=st.sampled_from(WRITERS), commits=st.sampled_from([True, True, True, False]))
    def end(self, number: int, commits: bool) -> None:
        writer = self.writers[number]
        if writer.transaction is None:
            return
        self.run(writer.transaction.commit() if commits else writer.transaction.rollback())
        for asked, told in self.expected.values():
            told += [each for each in writer.told if commits and asks(asked, each)]
        writer.transaction, writer.told = None, []

    @rule()
    def fan_out(self) -> None:
        self.run(FanOut(self.pool).step())

    @rule()
    def die_in_between(self) -> None:
        """What a worker has done is undone with it."""

        async def half_a_step() -> None:
            async with self.pool.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                window = await next_window(connection, FOLLOWER, 2)
                await connection.execute(fan_out.FAN_OUT, window.start, window.end)
                await transaction.rollback()

        self.run(half_a_step())

    async def spread(self) -> None:
        while await FanOut(self.pool).step():
            pass

    def teardown(self) -> None:
        """All that was committed is delivered, and nothing else, once nobody writes any more."""
        try:
            for number in WRITERS:
                self.end(number, commits=True)
            self.run(self.spread())
            for webhook_id, (asked, told) in self.expected.items():
                rows = self.run(self.pool.fetch(MADE, webhook_id))
                for channel in range(asked.channels):
                    made = [row for row in rows if row["channel"] == channel]
                    assert sorted(tuple(row)[:3] for row in made) == sorted(told)
                    for subject in SUBJECTS:
                        order = [row["seq"] for row in made if row["subject_id"] == subject]
                        assert order == sorted(order)
        finally:
            for writer in self.writers:
                self.run(writer.connection.close())
            self.run(self.pool.close())
            self.runner.close()


@pytest.fixture
def machine(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FanOutMachine]]:
    """On a database of its own, with windows so small that there are many."""
    name = databases.create()
    FanOutMachine.url = databases.url(name)
    monkeypatch.setattr(FanOut, "most_events", 2)
    yield FanOutMachine
    databases.drop(name)


def test_deliveries_are_the_committed_events_times_the_channels_that_ask(machine: type[FanOutMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=50,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
