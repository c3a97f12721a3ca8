"""Whose label a document gets: a person's always, then the upload's, then the machine's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.common.extractors.passthrough import lookup
from services.common.labels.human_labels import AUTO, HUMAN, IMPORT, human_label, judged_of, manual_match, proposal_of
from services.common.labels.label_values import label_value
from services.common.row_types import ObjectFields, StoredDocument
from services.worker.domain import Decision, JsonObject
from services.worker.labels.merged_answers import Answer

IMPORTED_MATCH: Mapping[str, Any] = {"matched": False, "confidence": 0.0, "source": IMPORT}


@dataclass(frozen=True, kw_only=True)
class Label:
    """The value of a document's label field, its provenance (none when nobody set it), and the match to report."""

    value: Any
    provenance: JsonObject | None
    match: JsonObject


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What may decide a label: the object as it is now, the document of an earlier run, what the machines say.

    `source` is the object's field that the label field comes from.
    """

    field: str
    source: str
    current: ObjectFields
    stored: StoredDocument | None
    answer: Answer | None
    model: str | None
    now: str

    @property
    def stored_label(self) -> JsonObject | None:
        """Provenance of the label that the document has already."""
        return None if self.stored is None else self.stored.labels.get(self.field)

    @property
    def human_set_at(self) -> str | None:
        """When a person set (or cleared) the label on the object."""
        return said_at(self.current, self.source)


def is_imported(current: ObjectFields, source: str) -> bool:
    """Whether the object came with a label that no person has touched: no machine needs to be asked.

    Of what a person set or cleared it is asked: the document tells what it would say.
    """
    return said_at(current, source) is None and label_value(lookup(current.fields, source)) is not None


def said_at(current: ObjectFields, source: str) -> str | None:
    """When a person set or cleared what is at a path: the field itself, or one that holds it or no longer can."""
    if source in current.human_fields:
        return str(current.human_fields[source])
    missing = object()
    said = {field: at for field, at in current.human_fields.items() if source.startswith(f"{field}.")}
    for field, at in said.items():
        inside = current.fields.get(field)
        if not isinstance(inside, Mapping | list) or lookup(current.fields, source, missing) is not missing:
            return str(at)
    return None


def settle(claims: Claims) -> Label:
    """The label that stands. What the machine thinks of a person's label is kept as a proposal."""
    stored = claims.stored_label
    if claims.stored is not None and stored is not None and stored.get("source") == HUMAN:
        return _kept(claims, claims.stored, stored)
    value = label_value(lookup(claims.current.fields, claims.source))
    if claims.human_set_at is not None:
        proposal = proposal_of(stored) if claims.answer is None else _auto(claims.answer, claims)
        match = manual_match(None if claims.answer is None else _match(claims.answer))
        return Label(
            value=value, provenance=human_label(value, claims.human_set_at, proposal, judged_of(stored)), match=match
        )
    if value is not None:
        return _imported(value, claims)
    if claims.stored is not None and stored is not None and stored.get("source") == IMPORT:
        return _kept(claims, claims.stored, stored)
    return _by_machine(claims)


def _kept(claims: Claims, stored: StoredDocument, provenance: JsonObject) -> Label:
    match = stored.taxonomy_match or (manual_match(None) if provenance["source"] == HUMAN else dict(IMPORTED_MATCH))
    kept = Label(value=lookup(stored.fields, claims.field), provenance=provenance, match=match)
    return kept if claims.answer is None else _beside(kept, claims.answer, provenance, claims)


def _imported(value: Any, claims: Claims) -> Label:
    stored = claims.stored_label or {}
    known = stored.get("source") == IMPORT and stored.get("value") == value
    provenance = stored if known else {"source": IMPORT, "set_at": claims.now, "value": value}
    label = Label(value=value, provenance=provenance, match=dict(IMPORTED_MATCH))
    return label if claims.answer is None else _beside(label, claims.answer, provenance, claims)


def _beside(label: Label, answer: Answer, provenance: JsonObject, claims: Claims) -> Label:
    """A label that stands, with what the machine says of the picture that is there now."""
    now = {"proposal": _auto(answer, claims), "judged": judged_of(provenance)}
    entry = {name: each for name, each in (provenance | now).items() if each is not None or name not in now}
    plain = IMPORTED_MATCH if provenance["source"] == IMPORT else manual_match(None)
    return replace(label, provenance=entry, match={**plain, "confidence": answer.decision.confidence})


def _by_machine(claims: Claims) -> Label:
    answer = claims.answer
    if answer is None:
        return Label(value=None, provenance=None, match={"matched": False, "confidence": 0.0})
    return Label(value=answer.value, provenance=_auto(answer, claims), match=_match(answer))


def _match(answer: Answer) -> JsonObject:
    decision = answer.decision
    match: JsonObject = {"matched": answer.matched, "confidence": decision.confidence}
    if answer.matched:
        return {**match, "source_document_id": decision.source_document_id}
    return {**match, "reason": answer.reason} if answer.reason else match


def unjudged_match(decisions: Sequence[Decision]) -> JsonObject | None:
    """The match of a document whose taxonomies fill no field that is known before they match; None when all judged."""
    reason = next((decision.reason for decision in decisions if decision.reason), "")
    return {"matched": False, "confidence": 0.0, "reason": reason} if reason else None


def _auto(answer: Answer, claims: Claims) -> JsonObject | None:
    decision = answer.decision
    if not answer.matched:
        return None
    return {
        "source": AUTO,
        "set_at": claims.now,
        "value": answer.value,
        "score": decision.confidence,
        "threshold": decision.threshold,
        "evidence": list(decision.evidence),
        "rests_on": list(answer.rests_on),
        "model": claims.model,
        "taxonomy_id": decision.taxonomy_id,
        "taxonomy_version": decision.taxonomy_version,
    }
