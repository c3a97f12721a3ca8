"""What an annotation says of a machine's label: whether it was right. Pure.

The machine's label is the one that the document carried when it was annotated, or, once a person has set another, the
one that the machine had proposed. The annotation's label says `correct` (or a word of the same kind), `incorrect` (or
...), nothing (`deferred` and the like), or it names a label: the machine's own means correct, any other incorrect.
Letter case and outer white space do not count.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.common.extractors.passthrough import strip_root
from services.common.labels.human_labels import HUMAN, IMPORT, JUDGED, judged_of, proposal_of
from services.common.labels.label_values import label_value

JsonObject = dict[str, Any]

CORRECT, INCORRECT = "correct", "incorrect"
RIGHT = frozenset({"correct", "approved", "approve", "accepted", "confirmed", "verified", "right", "true_positive"})
WRONG = frozenset({"incorrect", "rejected", "reject", "wrong", "declined", "false_positive"})
UNDECIDED = frozenset({"deferred", "skipped", "unsure", "unknown", "pending", "needs_review", "unclear"})
FIELD = "field"


def judged_label(
    labels: Mapping[str, Any], label_fields: Sequence[str], payload: Mapping[str, Any] | None
) -> JsonObject | None:
    """The machine's answer that an annotation is about; None when there is none.

    Of several label fields it is the one that `payload.field` names, else the first that a machine has filled.
    """
    named = (payload or {}).get(FIELD)
    fields = [named, strip_root(named)] if isinstance(named, str) else [*label_fields, *labels]
    for field in fields:
        entry = labels.get(field)
        answer = _shown(entry)
        if answer is not None and answer.get("value") is not None:
            return {FIELD: field, **{name: answer[name] for name in JUDGED if name in answer}}
    return None


def _shown(entry: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The machine's label that the document shows, or that a person has decided over."""
    if entry is None or entry.get("source") == IMPORT:
        return None
    return (judged_of(entry) if entry.get("source") == HUMAN else None) or proposal_of(entry)


def verdict_of(label: str, judged: Mapping[str, Any] | None) -> str | None:
    """CORRECT, INCORRECT, or None when the annotation decides nothing."""
    said = _folded(label)
    if judged is None or said in UNDECIDED:
        return None
    if said in RIGHT or said == _folded(str(judged["value"])):
        return CORRECT
    return INCORRECT


def rejected_fields(
    annotations: Sequence[Mapping[str, Any]], labels: Mapping[str, Any], values: Mapping[str, Any]
) -> set[str]:
    """Which of a document's labels stand as wrong; `values` are what its label fields hold, in order.

    `annotations` come with the newest first, and the newest that decides counts. One counts for the label that it was
    made of: the machine's answer that it judged, or else the one that people had set by then.
    """
    decided: dict[str, bool] = {}
    for each in annotations:
        judged = each["judged"]
        if judged is not None:
            found = {judged[FIELD]: each["verdict"]} if values.get(judged[FIELD]) == judged["value"] else {}
        else:
            found = dict.fromkeys(_meant(each, labels, values), _plain_verdict(each["label"]))
        for field, verdict in found.items():
            if verdict is not None:
                decided.setdefault(field, verdict == INCORRECT)
    return {field for field, is_wrong in decided.items() if is_wrong}


def _meant(annotation: Mapping[str, Any], labels: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """The label that an annotation is about which judged no machine: the one that it names, else the first."""
    named = (annotation["payload"] or {}).get(FIELD)
    wanted = [strip_root(named)] if isinstance(named, str) else list(values)[:1]
    return [field for field in wanted if _was_there(labels.get(field) or {}, annotation["updated_at"])]


def _was_there(entry: Mapping[str, Any], moment: datetime) -> bool:
    set_at = entry.get("set_at")
    return set_at is None or datetime.fromisoformat(set_at) <= moment


def _plain_verdict(label: str) -> str | None:
    said = _folded(label)
    return INCORRECT if said in WRONG else CORRECT if said in RIGHT else None


def _folded(text: str) -> str:
    folded = str(label_value(text) or "").casefold()
    plain = folded.replace(" ", "_").replace("-", "_")
    return plain if plain in RIGHT | WRONG | UNDECIDED else folded
