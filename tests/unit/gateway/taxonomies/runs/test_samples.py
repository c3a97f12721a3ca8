"""What a taxonomy would say of samples, as an answer."""

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.gateway.taxonomies.runs.samples import to_answer

WHY = "The model knows none of its letters."


def test_what_could_not_be_judged_says_why() -> None:
    decisions = [pb.Decision(reason=WHY), pb.Decision(matched=True, confidence=0.9)]
    answer = to_answer("kinds", [{"content": "?"}, {"content": "a shoe"}], decisions)
    assert [each["taxonomy_match"].get("reason") for each in answer.results] == [WHY, None]
    assert [each.reason for each in answer.matches] == [WHY, None]
