"""What all machines together say of one field, and what is remembered of each of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.worker.domain import Decision, FieldValue, JsonObject


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A value for a field, None when nothing matched, and the decision that it comes from.

    `reason` says why one that could have filled the field did not judge; empty when there is a value. `rests_on` is
    what the value was made of.
    """

    value: Any
    decision: Decision
    reason: str = ""
    rests_on: tuple[JsonObject, ...] = ()

    @property
    def matched(self) -> bool:
        """Whether there is a value."""
        return self.decision.matched and self.value is not None


def answer_for(field: str, decisions: Sequence[Decision]) -> Answer | None:
    """The first match has the field, and where it appends, all matches that append; None when nobody fills the field.

    Without a match the first decision speaks, so that its best score is known.
    """
    fillers = [(decision, value) for decision in decisions for value in decision.values if value.field == field]
    matched = [(decision, value) for decision, value in fillers if decision.matched and value.value is not None]
    for decision, first in matched or fillers:
        made_of = [value for _, value in matched if value.append] if first.append and matched else [first]
        return Answer(
            value=_together(made_of) if first.append and matched else first.value,
            decision=decision,
            reason="" if matched else _reason(fillers),
            rests_on=tuple(lent for value in made_of for lent in value.rests_on),
        )
    return None


def _reason(fillers: Iterable[tuple[Decision, FieldValue]]) -> str:
    return next((decision.reason for decision, _ in fillers if decision.reason), "")


def _together(values: Iterable[FieldValue]) -> list[Any]:
    found: list[Any] = []
    for each in values:
        for item in each.value if isinstance(each.value, list) else [each.value]:
            if item not in found:
                found.append(item)
    return found


def taxonomy_results(decisions: Sequence[Decision]) -> JsonObject:
    """The `_taxonomy_<id>_*` entries of a document: what each taxonomy matched, and how well."""
    return {key: value for decision in decisions if decision.taxonomy_id for key, value in _results(decision).items()}


def _results(decision: Decision) -> JsonObject:
    lead = f"_taxonomy_{decision.taxonomy_id}"
    several = {f"{lead}_assignments": list(decision.assignments)} if decision.assignments else {}
    return {
        f"{lead}_id": decision.source_document_id or None,
        f"{lead}_label": decision.value,
        f"{lead}_score": decision.confidence,
        **several,
    }


def taxonomy_lineage(decisions: Sequence[Decision]) -> list[JsonObject]:
    """How each taxonomy came to its result, the path through a hierarchy included."""
    return [_lineage(decision) for decision in decisions if decision.taxonomy_id]


def not_judged(decisions: Sequence[Decision]) -> list[JsonObject]:
    """Which taxonomies and retrievers could not judge a document, and why."""
    return [
        {"taxonomy_id": each.taxonomy_id or None, "retriever_id": each.retriever_id or None, "reason": each.reason}
        for each in decisions
        if each.reason
    ]


def _lineage(decision: Decision) -> JsonObject:
    return {
        "taxonomy_id": decision.taxonomy_id,
        "version": decision.taxonomy_version,
        "retriever_id": decision.retriever_id,
        "matched": decision.matched,
        "label": decision.value,
        "score": decision.confidence,
        "threshold": decision.threshold,
        "path": list(decision.path),
        "enriched_fields": [each.field for each in decision.values if each.value is not None],
    }
