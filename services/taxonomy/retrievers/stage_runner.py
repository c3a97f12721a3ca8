"""Running a retriever: its stages in order, what each of them left, and the page that was asked for."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.taxonomy.domain import Candidate, Json, Ranked, State, Unfetched
from services.taxonomy.stages.base.stage import Execution, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was left after a stage, what it found out beside that, and how long it took."""

    name: str
    state: State
    notes: Mapping[str, Json]
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReport:
    """What a stage was given, what it left, what it found out, and how long it took."""

    name: str
    input_count: int
    output_count: int
    duration_ms: float
    notes: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The part that is wanted: `limit` documents (0 for all) after a document, or from `offset` on."""

    limit: int
    offset: int
    after: str = ""


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
        duration_ms = 1000 * (time.perf_counter() - started)
        steps.append(Step(name=stage.name, state=state, notes=state.notes, duration_ms=duration_ms))
        if state.notes:
            state = replace(state, notes={})
    return steps


async def retrieve(stages: Sequence[Stage], state: Unfetched, execution: Execution, window: Window) -> Page:
    """The documents in the window; filters alone list every document that passes."""
    steps = await run_stages(stages, state, execution)
    started = time.perf_counter()
    documents = await _documents(steps[-1].state, execution, window)
    counts = await _counts([state, *(step.state for step in steps)], execution)
    fetching_ms = 1000 * (time.perf_counter() - started)
    reports = [
        StageReport(
            name=step.name, input_count=given, output_count=left, duration_ms=step.duration_ms, notes=step.notes
        )
        for step, given, left in zip(steps, counts, counts[1:], strict=False)
    ]
    if isinstance(steps[-1].state, Unfetched):
        reports[-1] = replace(reports[-1], duration_ms=reports[-1].duration_ms + fetching_ms)
    return Page(documents=documents, total=counts[-1], reports=reports)


async def _documents(state: State, execution: Execution, window: Window) -> Sequence[Candidate]:
    if isinstance(state, Ranked):
        found = state.lists[0]
        ids = [candidate.document_id for candidate in found]
        start = len(ids) - ids[::-1].index(window.after) if window.after in ids else window.offset
        return found[start : start + window.limit if window.limit else None]
    collections, key = execution.collection_ids, None
    if window.after and state.order is None:
        key = await execution.documents.row_key(collections, window.after)
    if key is None:
        return await execution.documents.page(collections, state, window.limit, window.offset)
    return await execution.documents.page(collections, state, window.limit, 0, key)


async def _counts(states: Sequence[State], execution: Execution) -> list[int]:
    """How many documents each state holds; the unfetched ones are counted in one reading."""
    filters = [state.everything for state in states if isinstance(state, Unfetched)]
    counted = iter(await execution.documents.counts(execution.collection_ids, filters))
    return [len(state.lists[0]) if isinstance(state, Ranked) else next(counted) for state in states]
