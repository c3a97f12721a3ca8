"""Nearest neighbours inside a scope, over any number of collections."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.filters import EVERYTHING
from services.index.domain import (
    Candidates,
    CollectionId,
    DocumentId,
    FeatureUri,
    Hit,
    NamespaceId,
    ObjectId,
    Queries,
    RowKey,
    ShardKey,
    Vector,
    best_hits,
    clamp,
    unit,
)
from services.index.shards.engine import Engine
from services.index.shards.shard import Shard
from services.index.shards.view import read_filter
from services.index.vectors.vector_space import Space


@dataclass(frozen=True, slots=True)
class InView:
    """Members of the view that this filter defines."""

    filter_json: str


@dataclass(frozen=True, slots=True)
class Among:
    """These documents only."""

    document_ids: tuple[DocumentId, ...]


Scope = InView | Among | None


@dataclass(frozen=True, slots=True)
class Question:
    """One query: a unit vector, or the document whose stored vector is meant."""

    by: Vector | DocumentId
    exclude_object_id: ObjectId
    path: str


@dataclass(frozen=True, slots=True)
class Search:
    """Several questions to one feature of some collections."""

    namespace_id: NamespaceId
    collection_ids: tuple[CollectionId, ...]
    feature_uri: FeatureUri
    questions: tuple[Question, ...]
    top_k: int
    scope: Scope


async def search(engine: Engine, asked: Search) -> list[list[Hit]]:
    """The `top_k` best hits of each question; unknown collections hold nothing."""
    vectors = [await _vector(engine, asked, question) for question in asked.questions]
    found: list[list[list[Hit]]] = []
    for collection_id in dict.fromkeys(asked.collection_ids):
        shard = await engine.shard(ShardKey(asked.namespace_id, collection_id, asked.feature_uri))
        if shard is not None and vectors:
            _check_dimensions(asked, vectors, shard)
            found.append(await _search_shard(engine, shard, asked, np.stack(vectors)))
    if len(found) == 1:
        return found[0]
    return [best_hits(chain.from_iterable(hits[at] for hits in found), asked.top_k) for at in range(len(vectors))]


async def _vector(engine: Engine, asked: Search, question: Question) -> Vector:
    if not isinstance(question.by, str):
        return question.by
    stored = await _stored(engine, asked, question.by)
    if stored is None:
        # Nobody may have told us of it yet.
        await engine.refresh([question.by])
        stored = await _stored(engine, asked, question.by)
    if stored is None:
        raise NotFoundError(
            f"Document '{question.by}' has no vector of '{asked.feature_uri}' in this namespace.",
            resource="document",
            id=question.by,
        )
    return stored


async def _stored(engine: Engine, asked: Search, document_id: DocumentId) -> Vector | None:
    for shard in list(engine.shards.values()):
        key = shard.entries.key_of(document_id)
        if key is not None and (shard.key.namespace_id, shard.key.feature_uri) == (
            asked.namespace_id,
            asked.feature_uri,
        ):
            return unit((await shard.space.get([key]))[0])
    return None


def _check_dimensions(asked: Search, vectors: Sequence[Vector], shard: Shard) -> None:
    for question, vector in zip(asked.questions, vectors, strict=True):
        if len(vector) != shard.pin.dimensions:
            raise InvalidArgumentError(
                f"{question.path} has {len(vector)} dimensions; collection '{shard.key.collection_id}' holds vectors "
                f"of {shard.pin.dimensions} (model '{shard.pin.model}').",
                path=question.path,
            )


async def _search_shard(engine: Engine, shard: Shard, asked: Search, queries: Queries) -> list[list[Hit]]:
    space = await _space(engine, shard, asked.scope)
    own = [shard.entries.keys_of_object(question.exclude_object_id) for question in asked.questions]
    count = asked.top_k + max(map(len, own))
    found = await space.search(queries, count)
    return [_hits(shard, each, set(keys), asked.top_k) for each, keys in zip(found, own, strict=True)]


async def _space(engine: Engine, shard: Shard, scope: Scope) -> Space:
    if isinstance(scope, Among):
        return await _candidates(engine, shard, scope)
    if scope is None:
        return shard.space
    filter_json, tree = read_filter(scope.filter_json)
    return shard.space if tree == EVERYTHING else (await engine.view(shard, filter_json, tree)).space


async def _candidates(engine: Engine, shard: Shard, scope: Among) -> Space:
    known = {shard.entries.key_of(document_id) for document_id in scope.document_ids}
    keys = sorted(key for key in known if key is not None and key in shard.space)
    space = engine.new_space(shard.pin.dimensions)
    await space.put(keys, await shard.space.get(keys))
    return space


def _hits(shard: Shard, found: Candidates, own: set[RowKey], top_k: int) -> list[Hit]:
    hits = []
    for key, score in zip(found.keys.tolist(), found.scores.tolist(), strict=True):
        entry = shard.entries.entry(key)
        if entry is not None and key not in own:
            hits.append(Hit(entry.document_id, shard.key.collection_id, entry.object_id, clamp(score)))
    return best_hits(hits, top_k)
