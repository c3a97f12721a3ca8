"""A stored document labelled anew: only what a machine may change, and nothing at all when it says the same again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.common.json.paths import value_at
from services.common.labels.human_labels import AUTO, HUMAN, WITHDRAWN, remembered
from services.common.labels.label_values import label_value
from services.common.row_types import ObjectFields, StoredDocument
from services.worker.domain import Decision, JsonObject
from services.worker.labels.label_precedence import Claims, Label, settle
from services.worker.labels.machine_labels import explained
from services.worker.labels.merged_answers import answer_for, not_judged, taxonomy_lineage, taxonomy_results

NOBODY = ObjectFields(fields={}, human_fields={})
HISTORY = 20


@dataclass(frozen=True, kw_only=True)
class Relabelling:
    """By which taxonomies documents are labelled anew; "" stands for retriever enrichments, which have no id.

    `primary` is the field that `taxonomy_match` is about; `model` made the vectors of the collection. Where it
    `corrects`, what the machine first said stays known.
    """

    taxonomy_ids: frozenset[str]
    primary: str | None
    model: str | None
    now: str
    corrects: bool = False


def open_fields(stored: StoredDocument, fields: Collection[str], cleared: Collection[str]) -> list[str]:
    """The fields that a machine may set: those without a value, unless a person `cleared` them, and machines' own."""
    return [field for field in fields if field not in cleared and _is_open(stored, field)]


def of_persons(stored: StoredDocument, fields: Collection[str]) -> list[str]:
    """Those of the fields that a person has decided: a machine says what it thinks of them, and changes none."""
    return [field for field in fields if stored.labels.get(field, {}).get("source") == HUMAN]


def _is_open(stored: StoredDocument, field: str) -> bool:
    entry = stored.labels.get(field)
    return label_value(value_at(stored.fields, field)) is None if entry is None else entry.get("source") == AUTO


def relabelled(
    stored: StoredDocument, fields: Sequence[str], decisions: Sequence[Decision], by: Relabelling
) -> StoredDocument | None:
    """The document after the decisions on its open `fields`, None when that changes nothing."""
    obstacle = stored.internal.get("no_embedding")
    decisions = decisions if obstacle is None else explained(decisions, obstacle["message"])
    own = [decision for decision in decisions if decision.taxonomy_id in by.taxonomy_ids]
    settled = {field: label for field in fields if (label := _settled(field, stored, decisions, by)) is not None}
    values: JsonObject = {field: label.value for field, label in settled.items()}
    labels = {field: entry for field, entry in stored.labels.items() if field not in settled}
    labels |= {
        field: _as_before(stored, field, label.provenance, by)
        for field, label in settled.items()
        if label.provenance is not None
    }
    match = settled[by.primary].match if by.primary in settled else stored.taxonomy_match
    lost = [field for field, label in settled.items() if label.provenance is None]
    internal = _internal(_remembering(stored, settled, lost, by), own)
    changed = replace(stored, fields=stored.fields | values, labels=labels, taxonomy_match=match, internal=internal)
    return None if changed == stored else replace(changed, internal=_noted(internal, own, by.now))


def without(
    stored: StoredDocument,
    fallen: Collection[str],
    free: Collection[str],
    decisions: Sequence[Decision],
    by: Relabelling,
) -> StoredDocument:
    """The document without those of its `fallen` labels of machines that nobody decides about any more."""
    gone = [
        field
        for field in fallen
        if stored.labels.get(field, {}).get("source") == AUTO
        and (field not in free or answer_for(field, decisions) is None)
    ]
    match = {"matched": False, "confidence": 0.0} if by.primary in gone else stored.taxonomy_match
    labels = {field: entry for field, entry in stored.labels.items() if field not in gone}
    internal = _remembering(stored, gone, gone, by)
    fields = stored.fields | dict.fromkeys(gone)
    return replace(stored, fields=fields, labels=labels, taxonomy_match=match, internal=internal)


def _settled(field: str, stored: StoredDocument, decisions: Sequence[Decision], by: Relabelling) -> Label | None:
    answer = answer_for(field, decisions)
    if answer is None:
        return None
    claims = Claims(field=field, source=field, current=NOBODY, stored=stored, answer=answer, model=by.model, now=by.now)
    return settle(claims)


def _as_before(stored: StoredDocument, field: str, said: JsonObject, by: Relabelling) -> JsonObject:
    """The provenance with the time at which the machine first said so, and what corrections have withdrawn."""
    before = stored.labels.get(field)
    withdrawn = _withdrawn(stored, field, by) if before is not None or by.corrects else None
    stands = withdrawn is None or withdrawn["value"] == said["value"]
    entry = said if stands else {**said, WITHDRAWN: withdrawn}
    same = before is not None and {**before, "set_at": None} == {**entry, "set_at": None}
    return {**entry, "set_at": before["set_at"]} if before is not None and same else entry


def _withdrawn(stored: StoredDocument, field: str, by: Relabelling) -> Mapping[str, Any] | None:
    """What the machine first said of a field, where corrections of others have withdrawn it."""
    before = stored.labels.get(field)
    if before is None:
        return _all_withdrawn(stored).get(field)
    if before.get("source") != AUTO:
        return None
    earlier: Mapping[str, Any] | None = before.get(WITHDRAWN)
    return earlier or (remembered(before) if by.corrects else None)


def _all_withdrawn(stored: StoredDocument) -> Mapping[str, Any]:
    known: Mapping[str, Any] = stored.internal.get(WITHDRAWN, {})
    return known


def _remembering(stored: StoredDocument, fields: Collection[str], lost: Collection[str], by: Relabelling) -> JsonObject:
    """The document's `_internal` with what was withdrawn of those decided `fields` that have `lost` their label."""
    known = {field: said for field, said in _all_withdrawn(stored).items() if field not in fields}
    known |= {field: said for field in lost if (said := _withdrawn(stored, field, by)) is not None}
    internal = {key: value for key, value in stored.internal.items() if key != WITHDRAWN}
    return internal | ({WITHDRAWN: known} if known else {})


def _internal(internal: JsonObject, own: Sequence[Decision]) -> JsonObject:
    """The document's `_internal` with the results of these taxonomies in the place of their earlier ones."""
    asked = {decision.taxonomy_id or None for decision in own}
    leads = tuple(f"_taxonomy_{taxonomy_id}_" for taxonomy_id in asked if taxonomy_id)
    kept = {key: value for key, value in internal.items() if not key.startswith(leads)}
    processing = internal.get("processing", {})
    lineage = {entry.get("taxonomy_id"): entry for entry in processing.get("taxonomy_lineage", [])}
    lineage |= {entry["taxonomy_id"]: entry for entry in taxonomy_lineage(own)}
    known = [entry for entry in processing.get("not_judged", []) if entry.get("taxonomy_id") not in asked]
    reasons = [*known, *not_judged(own)]
    steps = {key: value for key, value in processing.items() if key != "not_judged"}
    steps |= ({"taxonomy_lineage": list(lineage.values())} if lineage else {}) | (
        {"not_judged": reasons} if reasons else {}
    )
    return {**kept, **taxonomy_results(own), **({"processing": steps} if steps or processing else {})}


def _noted(internal: JsonObject, own: Sequence[Decision], now: str) -> JsonObject:
    """The same with an entry in its history."""
    processing = internal.get("processing", {})
    entries = [
        {
            "at": now,
            "taxonomy": {
                "taxonomy_id": decision.taxonomy_id,
                "version": decision.taxonomy_version,
                "retriever_id": decision.retriever_id,
                "matched": decision.matched,
                "confidence": decision.confidence,
            },
        }
        for decision in own
    ]
    history = [*processing.get("history", []), *entries][-HISTORY:]
    return {**internal, "processing": {**processing, "history": history}}
