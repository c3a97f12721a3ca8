"""An input may give no piece, one or many: in order, in bounded memory, and given up between two of them."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress

import numpy as np
import pytest
from numpy.typing import NDArray

from services.common.errors import DeadlineError, InvalidArgumentError
from services.common.grpc import deadlines
from services.extractor import input_in_flight
from services.extractor.input_in_flight import Extracted
from services.extractor.manifest import ImageManifest
from services.extractor.model_port import Part, Prepared, Source
from services.extractor.pipeline import Pipeline
from services.extractor.serving_plan import Plan
from tests.support.extractor.tiny_siglip import PIXELS

NOTHING = Prepared(np.empty((0, 1), np.float32), ())
ENDLESS = 1_000_000
TWO_LANES = Plan(2, 1)


class CountingModel:
    """Gives as many pieces as the content says, of two rows each, numbered. `gate` holds back inference."""

    providers = ("CPUExecutionProvider",)
    manifest = ImageManifest(
        model="counting",
        extractor="image_extractor@v1",
        feature_uri="mixpeek://image_extractor@v1/counting",
        input=PIXELS,
        dimensions=1,
        licence="none",
        source="none",
    )

    def __init__(self, *, open_gate: bool = True) -> None:
        self.gate = threading.Event()
        self.prepared = 0
        self.ended = threading.Event()
        if open_gate:
            self.gate.set()

    def warm(self) -> None:
        """Nothing to warm."""

    def pre(self, source: Source) -> Iterator[Prepared]:
        count, _, fault = source.content.decode().partition(" ")
        try:
            for number in range(int(count)):
                self.prepared += 1
                yield NOTHING
                yield Prepared(np.array([[2 * number], [2 * number + 1]], np.float32), ({"n": number}, {"n": number}))
            if fault:
                raise InvalidArgumentError("it ends in the middle", reason=fault)
        finally:
            self.ended.set()

    def core(self, rows: NDArray[np.generic]) -> NDArray[np.float32]:
        assert self.gate.wait(timeout=60)
        return rows.astype(np.float32) + 1

    def post(self, embeddings: NDArray[np.float32], prepared: Prepared) -> tuple[Part, ...]:
        return tuple(Part(row, fields) for row, fields in zip(embeddings, prepared.fields, strict=True))

    def select(self, source: Source, parts: Sequence[Part]) -> Sequence[Part]:
        if source.is_query and not parts:
            raise InvalidArgumentError("nothing found", reason="NOTHING")
        return parts[-3:] if source.is_query else parts


@asynccontextmanager
async def running(model: CountingModel, plan: Plan = TWO_LANES) -> AsyncIterator[Pipeline]:
    pipeline = Pipeline(model, plan, decoders=2, capacity=8)
    try:
        yield pipeline
    finally:
        model.gate.set()
        await asyncio.to_thread(pipeline.close)


async def numbers(pipeline: Pipeline, *contents: str, is_query: bool = False) -> list[list[int] | str]:
    """The numbers of the rows of each content, or the reason of its error."""
    sources = [Source(content=content.encode(), is_query=is_query) for content in contents]
    return [
        [int(part.embedding[0]) - 1 for part in outcome.parts] if isinstance(outcome, Extracted) else outcome.reason
        for outcome in await pipeline.extract(sources)
    ]


@pytest.mark.parametrize("plan", [Plan(1, 1), Plan(2, 1), Plan(1, 4), Plan(3, 2)])
async def test_none_one_or_many_pieces_come_in_order(plan: Plan) -> None:
    async with running(CountingModel(), plan) as pipeline:
        found = await numbers(pipeline, "0", "1", "40", "0", "3")
    assert found == [[], [0, 1], list(range(80)), [], list(range(6))]


async def test_a_fault_in_the_middle_is_the_answer_for_that_input_alone() -> None:
    async with running(CountingModel()) as pipeline:
        assert await numbers(pipeline, "2", "5 TRUNCATED", "1") == [[0, 1, 2, 3], "TRUNCATED", [0, 1]]


async def test_a_query_keeps_what_the_model_chooses_and_may_find_nothing() -> None:
    async with running(CountingModel()) as pipeline:
        assert await numbers(pipeline, "4", "0", is_query=True) == [[5, 6, 7], "NOTHING"]


async def test_memory_is_bounded_while_no_lane_is_free() -> None:
    model, plan = CountingModel(open_gate=False), Plan(1, 1)
    async with running(model, plan) as pipeline:
        task = asyncio.create_task(numbers(pipeline, "500"))
        while pipeline.waiting < plan.ready:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        assert model.prepared <= plan.ready + 2
        model.gate.set()
        assert await task == [list(range(1000))]


async def test_what_may_be_dropped_is_dropped_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_in_flight, "MOST_PARTS", 10)
    model = CountingModel()
    longest = 0
    choose = model.select

    def watched(source: Source, parts: Sequence[Part]) -> Sequence[Part]:
        nonlocal longest
        longest = max(longest, len(parts))
        return choose(source, parts)

    monkeypatch.setattr(model, "select", watched)
    async with running(model, Plan(1, 1)) as pipeline:
        assert await numbers(pipeline, "200", is_query=True) == [[397, 398, 399]]
    assert longest <= 12


async def test_a_caller_that_has_gone_ends_the_work_between_two_pieces() -> None:
    model = CountingModel()
    async with running(model) as pipeline:
        task = asyncio.create_task(numbers(pipeline, str(ENDLESS)))
        while model.prepared < 10:
            await asyncio.sleep(0.001)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(model.ended.wait, 60)
        assert await numbers(pipeline, "1") == [[0, 1]]
    assert model.prepared < ENDLESS


async def test_a_deadline_ends_the_work_between_two_pieces() -> None:
    model = CountingModel()
    async with running(model) as pipeline:
        deadlines.set_remaining(0.2)
        with pytest.raises(DeadlineError):
            await numbers(pipeline, str(ENDLESS))
        deadlines.set_remaining(None)
        assert await asyncio.to_thread(model.ended.wait, 60)
        assert await numbers(pipeline, "1") == [[0, 1]]
    assert model.prepared < ENDLESS
