"""One search: which collections share a vector, who may be found, and the question put to the index.

Without a query: documents at random, where it is told to.
"""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from likeness.common.v1.vector_pb2 import Vector
from services.common.errors import InvalidArgumentError
from services.common.filters import EVERYTHING, Filter, canonical_json, has_dynamic
from services.taxonomy.concurrency import gather_all
from services.taxonomy.domain import Candidate, Ranked, Shuffled, State, Target, Unfetched, both
from services.taxonomy.queries.feature_uris import fills
from services.taxonomy.queries.index_client import Ids, Question, Scope, View
from services.taxonomy.queries.query_spellings import Mode
from services.taxonomy.stages.base.stage import Execution, Subject
from services.taxonomy.stages.search.search_parameters import OnEmpty, Search

MOST_CANDIDATES = 10_000

Lists = list[list[Candidate]]


@dataclass(frozen=True, slots=True)
class Group:
    """Collections whose vectors are comparable: the same slot, served by the same model."""

    targets: tuple[Target, ...]

    @property
    def sample(self) -> Target:
        """Any of them; slot, model and dimensions are common to all."""
        return self.targets[0]


async def run_search(search: Search, state: State, execution: Execution) -> Lists | None:
    """The candidates of each subject, best first, none under `min_score`; None when the query is empty and may be."""
    if search.collections:
        where = f"{search.path}.collection_identifiers"
        targets = await execution.collections.named(
            execution.namespace_id, search.collections, where, execution.bindings
        )
        execution = replace(execution, targets=targets)
    groups = await _groups(search, execution)
    vectors = await gather_all(_vectors(search, group, execution) for group in groups)
    asked = [(group, rows) for group, rows in zip(groups, vectors, strict=True) if rows is not None]
    if not asked:
        return await random_documents(search, state, execution) if search.on_empty is OnEmpty.RANDOM else None
    scopes = await _scopes(search, state, execution)
    found = await gather_all(_ask(search, group, rows, scopes, execution) for group, rows in asked)
    return [_merge([lists[number] for lists in found], search) for number in range(len(execution.subjects))]


async def _groups(search: Search, execution: Execution) -> list[Group]:
    """The collections to ask; words are put to those whose models read text, where the search names no feature."""
    groups = group_targets(search, execution.targets)
    if search.feature_uri is not None or len(groups) == 1 or not _is_text(search, execution):
        return groups
    readers = [group for group in groups if await execution.queries.models.reads(group.sample, "text")]
    return readers or groups[:1]


def _is_text(search: Search, execution: Execution) -> bool:
    if search.query.mode is not Mode.ANY:
        return search.query.mode is Mode.TEXT
    value = search.query.render(execution.templates)
    return value is not None and search.query.mode_of(value) is Mode.TEXT


def group_targets(search: Search, targets: Sequence[Target]) -> list[Group]:
    """The collections that have the feature, grouped by model; InvalidArgumentError when none has it."""
    groups: dict[tuple[str, str], list[Target]] = {}
    for target in targets:
        if target.feature_uri and (search.feature_uri is None or fills(target, search.feature_uri)):
            groups.setdefault((target.feature_uri, target.model), []).append(target)
    if not groups:
        known = ", ".join(sorted({target.feature_uri for target in targets} - {""})) or "none"
        raise InvalidArgumentError(
            f"{search.path}.feature_uri: no collection of this retriever has the feature "
            f"'{search.feature_uri or 'of any extractor'}'; there is {known}.",
            path=f"{search.path}.feature_uri",
        )
    return [Group(tuple(members)) for members in groups.values()]


async def _vectors(search: Search, group: Group, execution: Execution) -> list[Vector | None] | None:
    """One vector for each subject, None for a subject that has none in this slot; None when the query is empty."""
    if search.query.asks_for_input and execution.subjects[0].vectors is not None:
        return [_own_vector(subject, group) for subject in execution.subjects]
    value = search.query.render(execution.templates)
    if value is None:
        if search.on_empty is not OnEmpty.ERROR:
            return None
        raise InvalidArgumentError(
            f"{search.query.path} is empty: give the input that it names, or set on_empty to 'skip' or 'random'.",
            path=search.query.path,
        )
    vector = await execution.queries.vector(search.query, value, group.sample, execution.namespace_id)
    return [vector] * len(execution.subjects)


def _own_vector(subject: Subject, group: Group) -> Vector | None:
    return (subject.vectors or {}).get((group.sample.feature_uri, group.sample.model))


async def _scopes(search: Search, state: State, execution: Execution) -> list[Scope]:
    """Who may be found: one scope for all subjects, or one for each when a stage has ranked already."""
    extra = execution.fill(search.filter, f"{search.path}.filters")
    if isinstance(state, Unfetched):
        dynamic = has_dynamic(search.filter)
        fixed = state.fixed if dynamic else both(state.fixed, extra)
        given = both(state.given, extra) if dynamic else state.given
        return [await _pushed_down(fixed, given, execution)]
    lists = [[candidate.document_id for candidate in found] for found in state.lists]
    if extra != EVERYTHING:
        kept = await execution.documents.passing({key for ids in lists for key in ids}, extra)
        lists = [[key for key in ids if key in kept] for ids in lists]
    return [Ids(tuple(ids)) for ids in lists]


async def _pushed_down(fixed: Filter, given: Filter, execution: Execution) -> Scope:
    """A view for what the retriever alone defines; the candidates themselves for a request's filter.

    When a request's filter leaves more than 10,000 candidates, a view of the whole filter serves: the index drops views
    that have not been used for long, so requests cannot fill it up.
    """
    if given != EVERYTHING:
        fixed = both(fixed, given)
        ids = await execution.documents.ids(execution.collection_ids, fixed, MOST_CANDIDATES + 1)
        if len(ids) <= MOST_CANDIDATES:
            return Ids(tuple(ids))
    return None if fixed == EVERYTHING else View(canonical_json(fixed))


async def _ask(
    search: Search, group: Group, vectors: Sequence[Vector | None], scopes: Sequence[Scope], execution: Execution
) -> Lists:
    """One question to the index for all subjects; one for each subject when each has a scope of its own."""
    questions = [
        Question(vector=vector, exclude_object_id=subject.object_id)
        for vector, subject in zip(vectors, execution.subjects, strict=True)
    ]
    batches = [questions] if len(scopes) == 1 else [[question] for question in questions]
    found = await gather_all(
        execution.index.search(execution.namespace_id, group.targets, batch, search.top_k, scope)
        for batch, scope in zip(batches, scopes, strict=True)
    )
    return [hits for lists in found for hits in lists]


def _merge(lists: Sequence[Sequence[Candidate]], search: Search) -> list[Candidate]:
    hits = [hit for hits in lists for hit in hits if hit.similarity >= search.min_score]
    if len(lists) > 1:
        hits.sort(key=lambda hit: (-hit.similarity, hit.document_id))
    return hits[: search.top_k]


async def random_documents(search: Search, state: State, execution: Execution) -> list[list[Candidate]]:
    """For each subject `top_k` documents of the state, in an order of chance, with a score of 0."""
    extra = execution.fill(search.filter, f"{search.path}.filters")
    if isinstance(state, Ranked):
        kept = await execution.documents.passing({c.document_id for found in state.lists for c in found}, extra)
        lists = [[c for c in found if c.document_id in kept] for found in state.lists]
        drawn = [random.sample(found, min(search.top_k, len(found))) for found in lists]
    else:
        shuffled = replace(state, given=both(state.given, extra), order=Shuffled(secrets.token_hex(8)))
        found = await execution.documents.page(execution.collection_ids, shuffled, search.top_k, 0)
        drawn = [found for _ in execution.subjects]
    return [
        [replace(c, score=0.0, similarity=0.0) for c in found if c.object_id != subject.object_id]
        for found, subject in zip(drawn, execution.subjects, strict=True)
    ]
