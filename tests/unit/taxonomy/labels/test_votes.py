"""Votes of neighbours, and labels that are paths: how deep do they agree?"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.labels.label_paths import node_id, shorten, split_path
from services.taxonomy.domain import Candidate, Label
from services.taxonomy.labels.decision import Choose, Verdict, by_path, by_vote, decide

SHOES = "Shoes > Running > Red"


def judged(labels: list[tuple[float, Any]], choose: Choose, threshold: float = 0.3) -> Verdict:
    """The verdict on neighbours that are so alike and have such labels."""
    candidates = [
        Candidate(document_id=f"doc_{n}", collection_id="c", object_id=f"o_{n}", score=s, similarity=s)
        for n, (s, _) in enumerate(labels)
    ]
    known = {f"doc_{n}": Label(value=value, source="human") for n, (_, value) in enumerate(labels)}
    return decide(candidates, known, threshold=threshold, limit=10, choose=choose)


@pytest.mark.parametrize(
    ("labels", "winner"),
    [
        ([(0.9, "a"), (0.8, "b"), (0.7, "b")], "b"),
        ([(0.9, "a"), (0.5, "b"), (0.3, "b")], "a"),
        ([(0.9, "a"), (0.9, "b")], "a"),
        ([(0.9, ["x"]), (0.8, {"k": 1}), (0.7, {"k": 1})], {"k": 1}),
        ([(0.9, "a"), (0.2, "b"), (0.2, "b"), (0.2, "b"), (0.2, "b"), (0.2, "b")], "a"),
    ],
)
def test_the_label_with_most_likeness_behind_it_wins(labels: list[tuple[float, Any]], winner: Any) -> None:
    verdict = judged(labels, by_vote)
    assert (verdict.label, verdict.matched) == (winner, True)
    assert verdict.best is not None
    assert verdict.best.label.value == winner


def path_label(*labels: tuple[float, Any], agreement: float = 0.5) -> Any:
    return judged(list(labels), by_path(" > ", agreement)).label


def test_neighbours_that_agree_give_the_whole_path() -> None:
    assert path_label((0.9, SHOES), (0.8, SHOES)) == SHOES
    assert path_label((0.9, SHOES)) == SHOES


def test_where_the_leaf_is_unsure_the_label_stops_at_the_parent() -> None:
    colours = [(0.9, "Shoes > Running > Red"), (0.85, "Shoes > Running > Blue"), (0.8, "Shoes > Running > Green")]
    assert path_label(*colours) == "Shoes > Running"


def test_a_majority_at_the_leaf_is_sure_enough() -> None:
    assert path_label((0.9, SHOES), (0.8, SHOES), (0.7, "Shoes > Running > Blue")) == SHOES
    assert path_label((0.9, SHOES), (0.8, SHOES), (0.7, "Shoes > Running > Blue"), agreement=0.75) == "Shoes > Running"


def test_a_neighbour_that_stops_early_does_not_vote_for_going_on() -> None:
    assert path_label((0.9, "Shoes"), (0.8, "Shoes"), (0.7, SHOES)) == "Shoes"


def test_without_agreement_on_the_root_nothing_matches_and_the_best_score_is_known() -> None:
    verdict = judged([(0.9, "Shoes > A"), (0.9, "Hats > B")], by_path(" > ", 0.5))
    assert (verdict.matched, verdict.confidence, verdict.label, len(verdict.evidence)) == (False, 0.9, None, 2)


def test_neighbours_under_the_threshold_have_no_vote() -> None:
    labels = [(0.9, SHOES), (0.2, "Hats"), (0.2, "Hats"), (0.2, "Hats"), (0.2, "Hats"), (0.2, "Hats")]
    assert path_label(*labels) == SHOES


def test_the_best_neighbour_that_agrees_is_the_source() -> None:
    verdict = judged([(0.9, "Hats"), (0.8, SHOES), (0.7, SHOES)], by_path(" > ", 0.5))
    assert verdict.best is not None
    assert (verdict.best.candidate.document_id, verdict.confidence) == ("doc_1", 0.8)
    assert verdict.path == ("Shoes", "Running", "Red")


@pytest.mark.parametrize("label", [7, None, {"a": 1}, "", " > ", [], [1]])
def test_a_label_that_is_no_path_has_no_vote(label: Any) -> None:
    assert not judged([(0.9, label)], by_path(" > ", 0.5)).matched


@pytest.mark.parametrize(
    ("value", "separator", "path"),
    [
        (SHOES, " > ", ("Shoes", "Running", "Red")),
        (SHOES, ">", ("Shoes", "Running", "Red")),
        ("/a//b/", "/", ("a", "b")),
        (["a", "b"], "/", ("a", "b")),
        ("alone", "/", ("alone",)),
        (7, "/", ()),
    ],
)
def test_a_path_has_segments(value: Any, separator: str, path: tuple[str, ...]) -> None:
    assert split_path(value, separator) == path


def test_a_shorter_path_is_written_as_the_longer_one_was() -> None:
    assert shorten(SHOES, ">", 2) == "Shoes > Running"
    assert shorten(["a", "b", "c"], "/", 1) == ["a"]


def test_a_blank_segment_is_no_part_of_a_path() -> None:
    assert split_path("Shoes >  > \u200b > Red", ">") == ("Shoes", "Red")
    assert shorten("Shoes >  > \u200b> Red", ">", 2) == "Shoes > Red"
    assert split_path(["Shoes", "", " Cafe\u0301"], ">") == ("Shoes", "Caf\u00e9")
    assert split_path(" > \u00a0", ">") == ()


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)
NEIGHBOURS = st.lists(st.tuples(st.floats(0.3, 1.0), PATHS), min_size=1, max_size=8)


@settings(max_examples=300, deadline=None)
@given(NEIGHBOURS, st.floats(0.5, 0.95))
def test_what_is_agreed_has_its_majority_and_nothing_deeper_has(
    labels: list[tuple[float, str]], agreement: float
) -> None:
    verdict = judged(labels, by_path("/", agreement))
    paths = [(score, split_path(text, "/")) for score, text in labels]
    total = sum(score for score, _ in paths)

    def share(prefix: tuple[str, ...]) -> float:
        return sum(score for score, path in paths if path[: len(prefix)] == prefix)

    if verdict.matched:
        assert share(verdict.path) > agreement * total * (1 - 1e-9)
    deeper = [path[: len(verdict.path) + 1] for _, path in paths if len(path) > len(verdict.path)]
    assert all(share(prefix) <= agreement * total * (1 + 1e-9) for prefix in deeper)


@settings(max_examples=100, deadline=None)
@given(NEIGHBOURS, st.randoms())
def test_the_order_of_the_neighbours_does_not_matter(labels: list[tuple[float, str]], random: Any) -> None:
    distinct = list({round(score, 3): (round(score, 3), text) for score, text in labels}.values())
    shuffled = random.sample(distinct, len(distinct))
    for choose in (by_vote, by_path("/", 0.5)):
        assert judged(distinct, choose).label == judged(shuffled, choose).label


def test_a_node_is_known_by_its_path() -> None:
    assert node_id(("a", "b")) == node_id(("a", "b")) != node_id(("ab",))
