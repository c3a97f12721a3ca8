"""mmr: relevant documents that are unlike each other."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from services.taxonomy.candidate_paths import put, value_of
from services.taxonomy.domain import Candidate, Ranked, State
from services.taxonomy.stage_parameters import Parameters
from services.taxonomy.stages.algorithms.json_keys import group_key, is_number
from services.taxonomy.stages.algorithms.marginal_relevance import Matrix, agreement, choose, cosines
from services.taxonomy.stages.base.candidate_vectors import vectors_of
from services.taxonomy.stages.base.candidates import with_rows
from services.taxonomy.stages.base.stage import Execution, Stage

MOST_COMPARED = 1000
METRICS = ("cosine", "dot", "euclidean")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """In which respect documents may be alike: a feature, or a field where `field` is set; and what it counts."""

    feature_uri: str = ""
    field: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mmr:
    """Chooses `top_k` of the first 1,000 candidates; `weight` of their relevance, the rest of their diversity."""

    name: str
    path: str
    weight: float
    top_k: int
    aspects: tuple[Aspect, ...]
    score_field: str
    mmr_score_field: str
    feature_uris: ClassVar[tuple[str, ...]] = ()

    async def run(self, state: State, execution: Execution) -> State:
        """Each list in its new order, with the score of each choice."""
        ranked = await with_rows(state, execution)
        lists = [await self._chosen(found[:MOST_COMPARED], execution) for found in ranked.lists]
        return Ranked(tuple(lists), ranked.notes)

    async def _chosen(self, found: tuple[Candidate, ...], execution: Execution) -> tuple[Candidate, ...]:
        if not found:
            return ()
        scores = [value_of(candidate, self.score_field) for candidate in found]
        relevance = [float(score) if is_number(score) else 0.0 for score in scores]
        likeness = await self._likeness(found, execution)
        chosen = await asyncio.to_thread(choose, relevance, likeness, self.weight, self.top_k)
        return tuple(put(found[number], self.mmr_score_field, round(score, 6)) for number, score in chosen)

    async def _likeness(self, found: tuple[Candidate, ...], execution: Execution) -> Matrix:
        whole = sum(aspect.weight for aspect in self.aspects) or 1.0
        likeness = np.zeros((len(found), len(found)))
        for aspect in self.aspects:
            if aspect.field:
                part = agreement([group_key(candidate, [aspect.field]) for candidate in found])
            else:
                part = cosines(await vectors_of(found, aspect.feature_uri, self.path, execution))
            likeness += aspect.weight / whole * part
        return likeness


def parse_mmr(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """lambda (diversity_lambda), top_k (limit), diversity_feature_uri | diversity_features | diversity_fields."""
    given = Parameters(raw, path)
    # All metrics agree on unit vectors.
    given.choice("similarity_metric", allowed=METRICS, default="cosine")
    return Mmr(
        name=name,
        path=path,
        weight=given.number("lambda", "lambda_", "diversity_lambda", default=0.7),
        top_k=given.whole("top_k", "limit", default=25, high=500),
        aspects=_aspects(given),
        score_field=given.field("score_field", default="score"),
        mmr_score_field=given.field("mmr_score_field", default="scores.mmr"),
    )


def _aspects(given: Parameters) -> tuple[Aspect, ...]:
    weights = given.raw.get("diversity_field_weights")
    known = Parameters(weights if isinstance(weights, Mapping) else {}, f"{given.path}.diversity_field_weights")
    fields = [
        Aspect(field=field, weight=known.number(field, default=1.0, high=1000.0))
        for field in given.fields("diversity_fields")
    ]
    features = [
        Aspect(feature_uri=part.field("feature_uri"), weight=part.number("weight", default=1.0))
        for part in given.parts("diversity_features", most=10)
    ]
    if fields or features:
        return (*features, *fields)
    return (Aspect(feature_uri=given.field("diversity_feature_uri", "feature_uri", default="")),)
