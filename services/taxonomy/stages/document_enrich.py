"""document_enrich: a join. Fields of the document of another collection whose field has the same value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from services.common.filters import EVERYTHING, Filter
from services.common.json.paths import value_at
from services.taxonomy.candidate_paths import put, shown_alone, to_row, value_of
from services.taxonomy.domain import MOST_ARRANGED, Candidate, Json, State
from services.taxonomy.stage_parameters import Parameters, invalid
from services.taxonomy.stages.algorithms.json_keys import text_of
from services.taxonomy.stages.attribute_filter import make_filter
from services.taxonomy.stages.base.candidates import passing, with_rows
from services.taxonomy.stages.base.stage import Execution, Stage

STRATEGIES = ("enrich", "replace", "append")
Found = Mapping[str, Sequence[Mapping[str, Json]]]
"""Value as text -> the rows of the documents that have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEnrich:
    """Joins documents whose `target_field` has the value of `source_field`; without `fields` all fields are taken."""

    name: str
    path: str
    collection: str
    source_field: str
    target_field: str
    fields: tuple[str, ...]
    output_field: str
    strategy: str
    allow_missing: bool
    when: Filter
    feature_uris: ClassVar[tuple[str, ...]] = ()

    async def run(self, state: State, execution: Execution) -> State:
        """The documents with the fields they gained; those without a match stay as they are, or are left out."""
        ranked = await with_rows(state, execution)
        where = f"{self.path}.target_collection_id"
        named = execution.collections.named(execution.namespace_id, [self.collection], where, execution.bindings)
        (target,) = await named
        when = execution.fill(self.when, f"{self.path}.when")
        chosen = [found if when == EVERYTHING else await passing(found, when, execution) for found in ranked.lists]
        wanted = {text_of(v): v for found in chosen for c in found for v in self._values(c)}
        matches = await self._matches(target.collection_id, list(wanted.values()), execution)
        lists = (
            self._joined(found, {id(c) for c in few}, matches) for found, few in zip(ranked.lists, chosen, strict=True)
        )
        return replace(ranked, lists=tuple(lists))

    async def _matches(self, collection_id: str, wanted: Sequence[Json], execution: Execution) -> Found:
        if not wanted:
            return {}
        rows = await execution.document_fields.matching(collection_id, self.target_field, wanted, MOST_ARRANGED)
        found: dict[str, list[Mapping[str, Json]]] = {}
        for value, record in rows:
            found.setdefault(text_of(value), []).append(record)
        return found

    def _values(self, candidate: Candidate) -> list[Json]:
        value = value_of(candidate, self.source_field)
        values = value if isinstance(value, list) else [value]
        return [item for item in values if isinstance(item, str | int | float)]

    def _joined(self, found: Sequence[Candidate], chosen: set[int], matches: Found) -> tuple[Candidate, ...]:
        joined: list[Candidate] = []
        for candidate in found:
            if id(candidate) not in chosen:
                joined.append(candidate)
                continue
            rows = [row for value in self._values(candidate) for row in matches.get(text_of(value), ())]
            if rows:
                joined.append(self._enriched(candidate, [self._taken(row) for row in rows]))
            elif self.allow_missing:
                joined.append(candidate)
        return tuple(joined)

    def _taken(self, record: Mapping[str, Json]) -> dict[str, Json]:
        """What is taken of a document."""
        if not self.fields:
            return dict(record["fields"])
        row = to_row(record)
        other = Candidate(document_id="", collection_id="", object_id="", row=row)
        return {field: value_of(other, field) for field in self.fields}

    def _enriched(self, candidate: Candidate, taken: Sequence[Mapping[str, Json]]) -> Candidate:
        if self.strategy == "replace":
            return shown_alone(candidate, taken[0])
        if self.strategy == "append":
            before = value_at(candidate.row.document if candidate.row else {}, self.output_field)
            return put(candidate, self.output_field, [*(before if isinstance(before, list) else []), *taken])
        if self.output_field:
            return put(candidate, self.output_field, dict(taken[0]))
        for field, value in taken[0].items():
            candidate = put(candidate, field, value)
        return candidate


def parse_document_enrich(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """target_collection_id (collection_id), source_field, target_field (lookup_field), fields_to_merge (fields)."""
    given = Parameters(raw, path)
    for key in ("retriever_id", "retriever_config"):
        if given.given(key)[0] is not None:
            raise invalid(
                "is not supported: documents are joined by 'source_field' and 'target_field'.", f"{path}.{key}"
            )
    strategy = given.choice("strategy", allowed=STRATEGIES, default="enrich")
    return DocumentEnrich(
        name=name,
        path=path,
        collection=given.field("target_collection_id", "collection_id", "collection_identifier"),
        source_field=given.field("source_field", default="source_object_id"),
        target_field=given.field("target_field", "lookup_field", default="document_id"),
        fields=given.fields("fields_to_merge", "fields"),
        output_field=given.field("output_field", "result_field", default="enrichments" if strategy == "append" else ""),
        strategy=strategy,
        allow_missing=given.flag("allow_missing", default=True),
        when=make_filter("", raw.get("when"), f"{path}.when").filter,
    )
