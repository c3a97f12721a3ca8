"""What an annotation says of a machine's label."""

from typing import Any

import pytest

from services.gateway.annotations.verdicts import judged_label, verdict_of

AUTO = {"source": "auto", "value": "Boots", "score": 0.8, "taxonomy_id": "tax", "model": "m"}
HUMAN = {"source": "human", "value": "Shoes", "proposal": AUTO}
JUDGED = {"field": "label", "value": "Boots", "score": 0.8, "taxonomy_id": "tax"}


@pytest.mark.parametrize(
    ("labels", "payload", "expected"),
    [
        ({"label": AUTO}, None, JUDGED),
        ({"label": HUMAN}, None, JUDGED),
        ({"label": {**AUTO, "withdrawn": {"value": "Hats"}}}, None, JUDGED),
        ({"label": {**HUMAN, "judged": {"value": "Hats"}}}, None, {"field": "label", "value": "Hats"}),
        ({"label": {"source": "human", "value": "Shoes"}}, None, None),
        ({"label": {"source": "import", "value": "Shoes"}}, None, None),
        ({"label": {"source": "import", "value": "Shoes", "proposal": AUTO}}, None, None),
        ({"other": {"source": "human", "value": "x"}, "label": AUTO}, None, JUDGED),
        ({"label": AUTO, "kind": {**AUTO, "value": "x"}}, {"field": "label"}, JUDGED),
        ({"label": AUTO}, {"field": "missing"}, None),
        ({}, {"field": 1}, None),
    ],
)
def test_the_machines_answer_is_judged(labels: Any, payload: Any, expected: Any) -> None:
    assert judged_label(labels, ["label"], payload) == expected


@pytest.mark.parametrize(
    ("label", "verdict"),
    [
        ("correct", "correct"),
        (" TRUE Positive ", "correct"),
        ("boots", "correct"),
        ("rejected", "incorrect"),
        ("false-positive", "incorrect"),
        ("Sandals", "incorrect"),
        ("Needs review", None),
    ],
)
def test_its_label_says_whether_it_was_right(label: str, verdict: str | None) -> None:
    assert verdict_of(label, JUDGED) == verdict
    assert verdict_of(label, None) is None


def test_to_name_the_machines_label_is_to_confirm_it_whatever_it_is_called() -> None:
    assert verdict_of("Rejected", {"value": "rejected"}) == "correct"
