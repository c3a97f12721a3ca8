"""taxonomy_enrich: what the documents found would be called by a taxonomy, now; nothing of it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from services.common.filters import EVERYTHING, Filter
from services.common.ids import bound_name
from services.taxonomy.candidate_paths import put
from services.taxonomy.domain import Candidate, Json, State
from services.taxonomy.stage_parameters import Parameters, field_name, invalid
from services.taxonomy.stages.attribute_filter import make_filter
from services.taxonomy.stages.base.candidates import passing, with_rows
from services.taxonomy.stages.base.stage import Classification, Classified, Execution, Stage

MOST_FIELDS = 100
MOST_DOCUMENTS = 500
MERGES = ("replace", "append")
CUT = f"only the first {MOST_DOCUMENTS} documents were classified; filter or limit before this stage"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxonomyEnrich:
    """Gives each document that passes `when` the fields of its match, and the match itself as `result_field`."""

    name: str
    path: str
    taxonomy: str
    fields: tuple[Mapping[str, Json], ...] | None
    top_k: int
    min_score: float
    result_field: str
    when: Filter
    feature_uris: ClassVar[tuple[str, ...]] = ()

    async def run(self, state: State, execution: Execution) -> State:
        """All documents, in their order; those that match nothing say so and how near they came."""
        if execution.classify is None:
            raise invalid("cannot be used in the retriever of a taxonomy.", self.path)
        ranked = await with_rows(state, execution)
        when = execution.fill(self.when, f"{self.path}.when")
        chosen = [
            candidate
            for found in ranked.lists
            for candidate in (found if when == EVERYTHING else await passing(found, when, execution))
        ]
        notes = ranked.notes
        if len(chosen) > MOST_DOCUMENTS:
            notes = {**notes, "warnings": [*notes.get("warnings", []), CUT]}
            chosen = chosen[:MOST_DOCUMENTS]
        answers = await self._ask(chosen, execution)
        needed = max((answer.needed for answer in answers.values()), default=0.0)
        if 0.0 < self.min_score < needed:
            notes = {**notes, "warnings": [*notes.get("warnings", []), self._overridden(needed)]}
        lists = tuple(tuple(self._enriched(c, answers.get(id(c))) for c in found) for found in ranked.lists)
        return replace(ranked, lists=lists, notes=notes)

    async def _ask(self, candidates: list[Candidate], execution: Execution) -> dict[int, Classified]:
        if not candidates or execution.classify is None:
            return {}
        question = Classification(
            taxonomy=bound_name(execution.bindings, "taxonomy", self.taxonomy),
            candidates=candidates,
            fields=self.fields,
            top_k=self.top_k,
            min_score=self.min_score,
        )
        answers = await execution.classify(execution.namespace_id, question)
        return {id(candidate): answer for candidate, answer in zip(candidates, answers, strict=True)}

    def _overridden(self, needed: float) -> str:
        return (
            f"min_score {self.min_score:g} has no effect: the taxonomy '{self.taxonomy}' and its retriever ask for "
            f"{needed:g} at least"
        )

    def _enriched(self, candidate: Candidate, answer: Classified | None) -> Candidate:
        if answer is None:
            return candidate
        for field, value in answer.fields.items():
            candidate = put(candidate, field, value)
        return put(candidate, self.result_field, dict(answer.match))


def parse_taxonomy_enrich(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """taxonomy_id, fields, top_k, min_score (min_confidence), when, result_field."""
    given = Parameters(raw, path)
    taxonomy, where = given.given("taxonomy_id", "taxonomy")
    if not isinstance(taxonomy, str):
        raise invalid("must name a taxonomy.", where)
    return TaxonomyEnrich(
        name=name,
        path=path,
        taxonomy=taxonomy,
        fields=_fields(given),
        top_k=given.whole("top_k", default=3, high=50),
        min_score=given.number("min_score", "min_confidence", default=0.0),
        result_field=given.field("result_field", "output_field", default="taxonomy_match"),
        when=make_filter("", raw.get("when"), f"{path}.when").filter,
    )


def _fields(given: Parameters) -> tuple[Mapping[str, Json], ...] | None:
    """Enrichment fields as objects, or names alone; None when the taxonomy's own are meant."""
    value, path = given.given("fields", "enrichment_fields")
    if value is None:
        return None
    if not isinstance(value, list) or not value or len(value) > MOST_FIELDS:
        raise invalid(f"must be a list of 1 to {MOST_FIELDS} fields.", path)
    return tuple(_field(item, f"{path}.{number}") for number, item in enumerate(value))


def _field(raw: Any, path: str) -> Mapping[str, Json]:
    if isinstance(raw, str):
        return {"field_path": field_name(raw, path)}
    if not isinstance(raw, Mapping):
        raise invalid("must be an object with 'field_path'.", path)
    given = Parameters(raw, path)
    source = given.field("field_path")
    return {
        "field_path": source,
        "target_field": given.field("target_field", default=source),
        "merge_mode": given.choice("merge_mode", allowed=MERGES, default="replace"),
    }
