"""Running a retriever: its stages in order, what each of them left, and the page that was asked for."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.taxonomy.domain import Candidate, Ranked, State, Unfetched
from services.taxonomy.stages.stage import Execution, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was left after a stage, and how long it took."""

    name: str
    state: State
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReport:
    """What a stage was given, what it left, and how long it took."""

    name: str
    input_count: int
    output_count: int
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of what a retriever found, best first."""

    documents: Sequence[Candidate]
    total: int
    reports: Sequence[StageReport]


async def run_stages(stages: Sequence[Stage], state: State, execution: Execution) -> list[Step]:
    """Runs the stages one after the other, from `state` on."""
    steps = []
    for stage in stages:
        started = time.perf_counter()
        state = await stage.run(state, execution)
        steps.append(Step(name=stage.name, state=state, duration_ms=1000 * (time.perf_counter() - started)))
    return steps


async def retrieve(stages: Sequence[Stage], state: Unfetched, execution: Execution, limit: int, offset: int) -> Page:
    """The documents from `offset` on, at most `limit` (0 for all); filters alone list every document that passes."""
    steps = await run_stages(stages, state, execution)
    started = time.perf_counter()
    documents = await _documents(steps[-1].state, execution, limit, offset)
    counts = await _counts([state, *(step.state for step in steps)], execution)
    fetching_ms = 1000 * (time.perf_counter() - started)
    reports = [
        StageReport(name=step.name, input_count=given, output_count=left, duration_ms=step.duration_ms)
        for step, given, left in zip(steps, counts, counts[1:], strict=False)
    ]
    if isinstance(steps[-1].state, Unfetched):
        reports[-1] = replace(reports[-1], duration_ms=reports[-1].duration_ms + fetching_ms)
    return Page(documents=documents, total=counts[-1], reports=reports)


async def _documents(state: State, execution: Execution, limit: int, offset: int) -> Sequence[Candidate]:
    if isinstance(state, Ranked):
        return state.lists[0][offset : offset + limit if limit else None]
    return await execution.documents.page(execution.collection_ids, state.everything, limit, offset)


async def _counts(states: Sequence[State], execution: Execution) -> list[int]:
    """How many documents each state holds; the unfetched ones are counted in one reading."""
    filters = [state.everything for state in states if isinstance(state, Unfetched)]
    counted = iter(await execution.documents.counts(execution.collection_ids, filters))
    return [len(state.lists[0]) if isinstance(state, Ranked) else next(counted) for state in states]
