"""Judging what a retriever found by the acceptance criteria of a trigger."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.json.paths import value_at
from services.common.triggers.actions import Acceptance

JsonObject = Mapping[str, Any]


def breaches(wanted: Acceptance, *, total_time_ms: float, documents: Sequence[JsonObject]) -> list[str]:
    """What is not as it should be, each in a sentence; `documents` are fields of the results."""
    found = []
    if wanted.max_total_time_ms is not None and total_time_ms > wanted.max_total_time_ms:
        found.append(f"It took {total_time_ms:.0f} ms, more than {wanted.max_total_time_ms:g}.")
    if wanted.min_results is not None and len(documents) < wanted.min_results:
        found.append(f"It found {len(documents)} documents, fewer than {wanted.min_results}.")
    if wanted.judge_field is not None and wanted.min_pass_ratio is not None:
        ratio = _pass_ratio(wanted.judge_field, documents)
        if ratio < wanted.min_pass_ratio:
            found.append(f"{ratio:.2f} of the documents pass by '{wanted.judge_field}', not {wanted.min_pass_ratio:g}.")
    return found


def _pass_ratio(path: str, documents: Sequence[JsonObject]) -> float:
    """The share of documents whose verdict is true; none pass where there are none."""
    return sum(bool(value_at(document, path)) for document in documents) / len(documents) if documents else 0.0
