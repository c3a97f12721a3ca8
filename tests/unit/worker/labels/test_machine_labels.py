"""What is said of documents when no taxonomy can be asked."""

from services.worker.labels.machine_labels import undecided
from services.worker.labels.merged_answers import answer_for
from tests.unit.worker.builders import LABEL, LABELLER


def test_each_labeller_says_why_for_each_of_its_fields() -> None:
    decisions = undecided([LABELLER], "The filter cannot be read.")
    answer = answer_for(LABEL, decisions)
    assert answer is not None
    assert (answer.value, answer.matched, answer.reason) == (None, False, "The filter cannot be read.")
    assert decisions[0].taxonomy_id == "tax_1"
