"""What a person's label does to a document: the label, where it came from, and what the machine had said."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.common.json.equality import same_value

HUMAN, AUTO, IMPORT = "human", "auto", "import"
WITHDRAWN = "withdrawn"
"""The key of what a machine first said, in the label that corrections gave instead, or in `_internal` without one."""
JUDGED = ("value", "score", "threshold", "taxonomy_id", "taxonomy_version", "set_at")
"""What is remembered of a machine's label that a person decided over."""


@dataclass(frozen=True, kw_only=True)
class LabelledDocument:
    """The parts of a document that a label touches; `labels` maps a field to its provenance.

    `withdrawn` is what a machine said of fields that corrections of others have left without a label, `unasked` are the
    fields whose label a person takes away now without any machine having an answer.
    """

    fields: Mapping[str, Any]
    labels: Mapping[str, Any]
    taxonomy_match: Mapping[str, Any] | None
    withdrawn: Mapping[str, Any] = field(default_factory=dict)
    unasked: tuple[str, ...] = ()


def apply_human_fields(
    document: LabelledDocument, changed: Mapping[str, Any], label_field: str | None, set_at: str
) -> LabelledDocument:
    """The document after a person set the fields in `changed`; `label_field` is the one that the taxonomy fills."""
    fields = {**document.fields, **changed}
    if label_field is None or label_field not in changed:
        return replace(document, fields=fields)
    before = document.labels.get(label_field)
    if _is_said(document, before, label_field, changed[label_field]):
        return replace(document, fields=fields)
    judged = document.withdrawn.get(label_field) if before is None else judged_of(before)
    entry = human_label(changed[label_field], set_at, proposal_of(before), judged)
    return replace(
        document,
        fields=fields,
        labels={**document.labels, label_field: entry},
        taxonomy_match=manual_match(document.taxonomy_match),
        unasked=(*document.unasked, *([label_field] if _is_unasked(entry) else [])),
    )


def _is_said(document: LabelledDocument, label: Mapping[str, Any] | None, field: str, value: Any) -> bool:
    """Whether a person has said this very label before, and it stands."""
    if label is None or label.get("source") != HUMAN:
        return False
    return same_value(label.get("value"), value) and same_value(document.fields.get(field), value)


def _is_unasked(entry: Mapping[str, Any]) -> bool:
    return entry["value"] is None and "proposal" not in entry


def human_label(
    value: Any, set_at: str, proposal: Mapping[str, Any] | None, judged: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Provenance of a label that a person set (null when it was cleared).

    `proposal` is what the machine says now, `judged` the machine's label that stood when the person first decided.
    """
    entry: dict[str, Any] = {"source": HUMAN, "set_at": set_at, "value": value}
    more = {"proposal": proposal, "judged": judged}
    return entry | {name: dict(each) for name, each in more.items() if each is not None}


def proposal_of(before: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What the machine said of a field, given its provenance until now."""
    if before is None or before.get("source") == AUTO:
        return before
    proposal: Mapping[str, Any] | None = before.get("proposal")
    return proposal


def judged_of(before: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The machine's label that a person decides over, or has decided over; None when there was none.

    Where corrections of others have changed it meanwhile, it is what the machine first said: `withdrawn`.
    Entries of before this was kept have a proposal that is older than what the person said.
    """
    if before is None:
        return None
    if before.get("source") == AUTO:
        return before.get(WITHDRAWN) or remembered(before)
    proposal = before.get("proposal") or {}
    earlier = before.get("source") == HUMAN and str(proposal.get("set_at", "~")) < str(before.get("set_at", ""))
    return before.get("judged") or (remembered(proposal) if earlier else None)


def remembered(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What is kept of a machine's label; None when it was none."""
    return {name: entry[name] for name in JUDGED if name in entry} if entry.get("value") is not None else None


def manual_match(before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The match of a document that a person has labelled: no longer the machine's, its confidence kept."""
    confidence = 0.0 if before is None else before.get("confidence", 0.0)
    return {"matched": False, "source": "manual", "confidence": confidence}
