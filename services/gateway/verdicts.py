"""What an annotation says of a machine's label: whether it was right. Pure.

The machine's label is the one that the document carried when it was annotated, or, once a person has set another, the
one that the machine had proposed. The annotation's label says `correct` (or a word of the same kind), `incorrect` (or
...), nothing (`deferred` and the like), or it names a label: the machine's own means correct, any other incorrect.
Letter case and outer white space do not count.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.label_values import label_value
from services.common.labels import JUDGED, judged_of, proposal_of
from services.common.passthrough import strip_root

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
        answer = judged_of(entry) or proposal_of(entry)
        if answer is not None and answer.get("value") is not None:
            return {FIELD: field, **{name: answer[name] for name in JUDGED if name in answer}}
    return None


def verdict_of(label: str, judged: Mapping[str, Any] | None) -> str | None:
    """CORRECT, INCORRECT, or None when the annotation decides nothing."""
    said = _folded(label)
    if judged is None or said in UNDECIDED:
        return None
    if said in RIGHT or said == _folded(str(judged["value"])):
        return CORRECT
    return INCORRECT


def _folded(text: str) -> str:
    folded = str(label_value(text) or "").casefold()
    plain = folded.replace(" ", "_").replace("-", "_")
    return plain if plain in RIGHT | WRONG | UNDECIDED else folded
