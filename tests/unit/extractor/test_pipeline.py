"""The assembly line keeps order, bounds its queues, and spends nothing on work that nobody waits for."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

import numpy as np
import pytest
from numpy.typing import NDArray

from services.common.errors import DeadlineError, InternalError, InvalidArgumentError, ResourceExhaustedError
from services.common.grpc import deadlines
from services.extractor.input_in_flight import Extracted, Job
from services.extractor.manifest import ImageManifest
from services.extractor.model_port import Part, Prepared, Source
from services.extractor.pipeline import Pipeline, Ready, alike
from services.extractor.serving_plan import Plan
from tests.support.extractor.tiny_siglip import PIXELS

BAD, BREAKS = b"bad", b"breaks"
CAPACITY = 8


class GatedModel:
    """Embeds a content as its length. `gate` holds back inference until it is opened."""

    providers = ("CPUExecutionProvider",)
    manifest = ImageManifest(
        model="gated",
        extractor="image_extractor@v1",
        feature_uri="mixpeek://image_extractor@v1/gated",
        input=PIXELS,
        dimensions=1,
        licence="none",
        source="none",
    )

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.prepared: list[bytes] = []
        self.batches: list[int] = []

    def warm(self) -> None:
        """Nothing to warm."""

    def pre(self, source: Source) -> Iterable[Prepared]:
        content = source.content
        self.prepared.append(content)
        if content == BAD:
            raise InvalidArgumentError("bad input", reason="NOT_AN_IMAGE")
        row = np.array([[np.nan if content == BREAKS else len(content)]], np.float32)
        return [Prepared(row, ({"size": 1},))]

    def core(self, rows: NDArray[np.generic]) -> NDArray[np.float32]:
        self.entered.set()
        assert self.gate.wait(timeout=60)
        self.batches.append(len(rows))
        values = rows.astype(np.float32)
        if np.isnan(values).any():
            raise RuntimeError("out of memory")
        return values

    def post(self, embeddings: NDArray[np.float32], prepared: Prepared) -> tuple[Part, ...]:
        return tuple(Part(row, fields) for row, fields in zip(embeddings, prepared.fields, strict=True))

    def select(self, source: Source, parts: Sequence[Part]) -> Sequence[Part]:
        return parts


@asynccontextmanager
async def running(model: GatedModel, lanes: int = 1, batch: int = 1) -> AsyncIterator[Pipeline]:
    """A pipeline over `model`; its gate is opened at the end, so that nothing stays behind."""
    pipeline = Pipeline(model, Plan(lanes, batch), decoders=2, capacity=CAPACITY)
    try:
        yield pipeline
    finally:
        model.gate.set()
        await asyncio.to_thread(pipeline.close)


async def sizes(pipeline: Pipeline, contents: Sequence[bytes]) -> list[int | str]:
    """What each content became: its embedding, or the reason of its error."""
    return [
        int(outcome.parts[0].embedding[0]) if isinstance(outcome, Extracted) else outcome.reason
        for outcome in await pipeline.extract([Source(content=content) for content in contents])
    ]


async def entered(model: GatedModel) -> None:
    """Waits until a lane is inside the network."""
    assert await asyncio.to_thread(model.entered.wait, 60)


@pytest.mark.parametrize(("lanes", "batch"), [(1, 1), (1, 4), (2, 1), (2, 3)])
async def test_outcomes_keep_the_order_of_the_inputs(lanes: int, batch: int) -> None:
    model = GatedModel()
    model.gate.set()
    async with running(model, lanes, batch) as pipeline:
        assert await sizes(pipeline, [b"a" * n for n in range(1, CAPACITY + 1)]) == list(range(1, CAPACITY + 1))


async def test_a_bad_input_leaves_its_neighbours_alone() -> None:
    model = GatedModel()
    model.gate.set()
    async with running(model, batch=4) as pipeline:
        assert await sizes(pipeline, [b"a", BAD, b"ccc"]) == [1, "NOT_AN_IMAGE", 3]


async def test_fields_of_the_model_and_the_time_spent_are_reported() -> None:
    model = GatedModel()
    model.gate.set()
    async with running(model) as pipeline:
        (outcome,) = await pipeline.extract([Source(content=b"a")])
    assert isinstance(outcome, Extracted)
    assert outcome.parts[0].fields == {"size": 1}
    assert outcome.milliseconds > 0


async def test_inputs_that_are_ready_together_share_a_batch() -> None:
    model = GatedModel()
    async with running(model, batch=4) as pipeline:
        first = asyncio.create_task(sizes(pipeline, [b"a"]))
        await entered(model)
        rest = asyncio.create_task(sizes(pipeline, [b"b", b"c", b"d", b"e"]))
        while len(model.prepared) < 5:
            await asyncio.sleep(0.001)
        await asyncio.to_thread(settle, pipeline, 4)
        model.gate.set()
        await asyncio.gather(first, rest)
    assert model.batches == [1, 4]


def settle(pipeline: Pipeline, ready: int) -> None:
    """Waits until that many prepared inputs wait for the lane."""
    while pipeline.waiting < ready:
        threading.Event().wait(0.001)


async def test_a_full_queue_refuses_and_takes_again_when_it_has_room() -> None:
    model = GatedModel()
    async with running(model) as pipeline:
        full = asyncio.create_task(sizes(pipeline, [b"a"] * CAPACITY))
        await entered(model)
        with pytest.raises(ResourceExhaustedError, match="full"):
            await pipeline.extract([Source(content=b"b")])
        model.gate.set()
        assert await full == [1] * CAPACITY
        assert await sizes(pipeline, [b"bb"]) == [2]


async def test_a_request_that_can_never_fit_is_an_invalid_argument() -> None:
    async with running(GatedModel()) as pipeline:
        with pytest.raises(InvalidArgumentError, match="at most 8"):
            await pipeline.extract([Source(content=b"a")] * (CAPACITY + 1))


async def test_cancelled_work_is_dropped_and_makes_room() -> None:
    model = GatedModel()
    async with running(model) as pipeline:
        held = asyncio.create_task(sizes(pipeline, [b"a"]))
        await entered(model)
        gone = asyncio.create_task(sizes(pipeline, [b"gone"] * (CAPACITY - 1)))
        await asyncio.sleep(0)
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
        waiting = asyncio.create_task(sizes(pipeline, [b"b"] * (CAPACITY - 1)))
        await asyncio.sleep(0)
        model.gate.set()
        assert await waiting == [1] * (CAPACITY - 1)
        assert await held == [1]
    assert len(model.batches) == CAPACITY


async def test_expired_work_is_neither_decoded_nor_inferred() -> None:
    model = GatedModel()
    async with running(model) as pipeline:
        deadlines.set_remaining(0.0)
        with pytest.raises(DeadlineError):
            await pipeline.extract([Source(content=b"late")])
    assert model.prepared == []
    assert model.batches == []


async def test_time_that_runs_out_in_the_queue_ends_the_request() -> None:
    model = GatedModel()
    async with running(model) as pipeline:
        held = asyncio.create_task(sizes(pipeline, [b"a"]))
        await entered(model)
        deadlines.set_remaining(0.05)
        late = asyncio.create_task(sizes(pipeline, [b"late"]))
        await asyncio.sleep(0.1)
        model.gate.set()
        with pytest.raises(DeadlineError):
            await late
        assert await held == [1]
    assert model.batches == [1]


async def test_a_failing_network_fails_its_batch_and_serves_on() -> None:
    model = GatedModel()
    model.gate.set()
    async with running(model) as pipeline:
        with pytest.raises(InternalError, match="RuntimeError"):
            await pipeline.extract([Source(content=BREAKS)])
        assert await sizes(pipeline, [b"a"]) == [1]


async def test_closing_finishes_what_was_admitted() -> None:
    model = GatedModel()
    async with running(model) as pipeline:
        admitted = asyncio.create_task(sizes(pipeline, [b"a", b"bb", b"ccc"]))
        await entered(model)
        closing = asyncio.create_task(asyncio.to_thread(pipeline.close))
        model.gate.set()
        assert await admitted == [1, 2, 3]
        await closing


def test_parts_keep_the_order_of_the_input_when_a_later_piece_is_done_first() -> None:
    job = Job(GatedModel(), Source(), time.monotonic() + 60)
    first, second, third = (Part(np.array([number], np.float32)) for number in range(3))
    job.add(job.expect(0.0), [first], 0.0)
    numbers = [job.expect(0.0), job.expect(0.0)]
    job.add(numbers[1], [third], 0.0)
    job.add(numbers[0], [second], 0.0)
    job.complete()
    job.finish()
    assert [int(part.embedding[0]) for part in job.future.result().parts] == [0, 1, 2]


def test_rows_of_different_forms_are_inferred_apart() -> None:
    job = Job(GatedModel(), Source(), time.monotonic() + 60)
    shapes = [(1, 3), (1, 4), (2, 3), (1, 3, 8, 8)]
    batch = [Ready(job, number, Prepared(np.zeros(shape), ({},))) for number, shape in enumerate(shapes)]
    assert [[ready.number for ready in group] for group in alike(batch)] == [[0, 2], [1], [3]]
