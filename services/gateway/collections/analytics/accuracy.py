"""How often machines were right, by what people found. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.gateway.collections.analytics.assignments import About
from services.gateway.collections.analytics.shapes import Accuracy, LabelAccuracy


def accuracy_of(rows: Sequence[Mapping[str, Any]] | Sequence[Any], about: About) -> Accuracy:
    """The accuracy over all labels and of each; a row holds the label, and its correct, incorrect and open checks."""
    correct, incorrect = sum(row["correct"] for row in rows), sum(row["incorrect"] for row in rows)
    return Accuracy(
        taxonomy_id=about.taxonomy_id,
        collection_id=about.collection_id,
        checked=correct + incorrect,
        correct=correct,
        incorrect=incorrect,
        undecided=sum(row["open"] for row in rows),
        false_positive_rate=_rate(correct, incorrect),
        labels=[
            LabelAccuracy(
                label=str(row["label"]),
                checked=row["correct"] + row["incorrect"],
                correct=row["correct"],
                incorrect=row["incorrect"],
                false_positive_rate=_rate(row["correct"], row["incorrect"]),
            )
            for row in rows
        ],
    )


def _rate(correct: int, incorrect: int) -> float | None:
    checked = correct + incorrect
    return round(incorrect / checked, 4) if checked else None
