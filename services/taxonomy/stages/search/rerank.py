"""rerank: a second look at the best documents, by a feature of theirs or by a field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.taxonomy.candidate_paths import put, value_of
from services.taxonomy.domain import Candidate, Json, Ranked, State
from services.taxonomy.queries.query_spellings import parse_query
from services.taxonomy.stage_parameters import Parameters, invalid
from services.taxonomy.stages.algorithms.json_keys import is_number
from services.taxonomy.stages.base.candidates import with_rows
from services.taxonomy.stages.base.stage import Execution, Stage
from services.taxonomy.stages.search.search_parameters import Search
from services.taxonomy.stages.search.vector_search import run_search

NEEDS_MODEL = (
    "is missing: the reranker model {model!r} is not served here. Name a 'feature_uri' of the collection to rerank by "
    "its similarity to 'query', or a 'rerank_field' whose numbers decide."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerank:
    """Scores the first `most` candidates by a search or else by a field; the others follow unscored."""

    name: str
    search: Search | None
    field: str
    most: int
    top_k: int
    score_field: str

    @property
    def feature_uris(self) -> tuple[str, ...]:
        """The slot that it searches, if it does."""
        return (self.search.feature_uri,) if self.search and self.search.feature_uri else ()

    async def run(self, state: State, execution: Execution) -> State:
        """Each list with its scored candidates first, best first."""
        ranked = await with_rows(state, execution)
        first = Ranked(tuple(found[: self.most] for found in ranked.lists))
        scores = await self._scores(first, execution)
        lists = [self._reranked(found, known) for found, known in zip(ranked.lists, scores, strict=True)]
        return Ranked(tuple(lists), ranked.notes)

    async def _scores(self, first: Ranked, execution: Execution) -> list[Mapping[str, Json]]:
        """Document id -> score, for each subject."""
        if self.search is None:
            return [{c.document_id: value_of(c, self.field) for c in found} for found in first.lists]
        lists = await run_search(self.search, first, execution)
        return [{c.document_id: c.similarity for c in found} for found in lists or [[] for _ in first.lists]]

    def _reranked(self, found: tuple[Candidate, ...], scores: Mapping[str, Json]) -> tuple[Candidate, ...]:
        first = [c for c in found[: self.most] if is_number(scores.get(c.document_id))]
        first.sort(key=lambda c: -float(scores[c.document_id]))
        scored = [put(c, self.score_field, scores[c.document_id]) for c in first]
        ids = {c.document_id for c in first}
        rest = [c for c in found if c.document_id not in ids]
        return tuple([*scored, *rest][: self.top_k])


def parse_rerank(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """feature_uri and query, or rerank_field; top_k, max_candidates, score_field."""
    given = Parameters(raw, path)
    feature_uri = given.field("feature_uri", default="")
    field = given.field("rerank_field", "field", default="")
    if not feature_uri and not field:
        model = given.field("inference_name", "model", default="BAAI__bge_reranker_v2_m3")
        raise invalid(NEEDS_MODEL.format(model=model), f"{path}.feature_uri")
    most = given.whole("max_candidates", default=10, high=1000)
    return Rerank(
        name=name,
        search=_search(given, feature_uri, most) if feature_uri else None,
        field=field,
        most=most,
        top_k=given.whole("top_k", default=5000, high=5000),
        score_field=given.field("score_field", default="scores.rerank"),
    )


def _search(given: Parameters, feature_uri: str, most: int) -> Search:
    query = parse_query(given.raw.get("query") or "{{INPUT.query}}", f"{given.path}.query")
    return Search(path=given.path, feature_uri=feature_uri, query=query, top_k=most, min_score=0.0, weight=1.0)
