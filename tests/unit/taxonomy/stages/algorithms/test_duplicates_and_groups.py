"""Duplicates, groups, lists taken apart, samples."""

import pytest

from services.taxonomy.candidate_paths import value_of
from services.taxonomy.domain import MOST_ARRANGED
from services.taxonomy.stages.algorithms.duplicates_and_groups import Deduplicate, Group, Unwind
from services.taxonomy.stages.algorithms.stratified_sample import Sample, shares
from tests.unit.taxonomy.candidates import candidate, names

FOUND = (
    candidate("a", 0.9, kind="x", n=1),
    candidate("b", 0.8, kind="y", n=1),
    candidate("c", 0.7, kind="x", n=2),
    candidate("d", 0.6, n=2),
    candidate("e", 0.95, kind="x", n=1),
)


@pytest.mark.parametrize(
    ("fields", "keep_last", "order"),
    [
        (("kind",), False, "a b d"),
        (("kind",), True, "b d e"),
        (("kind", "n"), False, "a b c d"),
        ((), False, "a b c d"),
    ],
)
def test_one_of_those_that_agree_is_kept(fields: tuple[str, ...], keep_last: bool, order: str) -> None:
    assert names(Deduplicate(fields=fields, keep_last=keep_last)(FOUND).candidates) == order


def test_groups_hold_their_best_in_the_order_of_their_first() -> None:
    group = Group(field="kind", max_per_group=2, output_mode="all")
    first, second, third = group(FOUND).candidates
    assert (value_of(first, "group_key"), value_of(first, "group_count")) == ("x", 3)
    assert [each["document_id"] for each in value_of(first, "group_documents")] == ["e", "a"]
    assert (value_of(second, "group_key"), value_of(third, "group_key")) == ("y", None)
    assert group(FOUND).notes == {"groups": 3}


@pytest.mark.parametrize(
    ("mode", "limit", "order"), [("first", 0, "e b d"), ("flatten", 0, "e a b d"), ("first", 1, "e")]
)
def test_groups_in_other_shapes(mode: str, limit: int, order: str) -> None:
    found = Group(field="kind", max_per_group=2, output_mode=mode, limit=limit)(FOUND).candidates
    assert names(found) == order


def test_a_list_is_taken_apart() -> None:
    found = (candidate("a", tags=["x", "y"]), candidate("b", tags=[]), candidate("c"), candidate("d", tags="z"))
    unwound = Unwind(field="tags", output_field="tag", keep_empty=False)(found).candidates
    assert [(each.document_id, value_of(each, "tag")) for each in unwound] == [("a", "x"), ("a", "y"), ("d", "z")]
    assert names(Unwind(field="tags", output_field="tags", keep_empty=True)(found).candidates) == "a a b c d"


def test_lists_taken_apart_stay_within_the_limit() -> None:
    found = tuple(candidate(str(n), tags=list(range(3000))) for n in range(3))
    assert len(Unwind(field="tags", output_field="tags", keep_empty=False)(found).candidates) == MOST_ARRANGED


def sample(count: int, *, by: str = "", least: int = 1, seed: int | None = 1, preserve: int = 0) -> Sample:
    return Sample(count=count, stratify_by=by, min_per_stratum=least, seed=seed, preserve=preserve)


def test_the_same_seed_draws_the_same_in_order() -> None:
    found = tuple(candidate(f"{n:02}") for n in range(50))
    drawn = sample(10)(found).candidates
    assert drawn == sample(10)(found).candidates
    assert names(drawn) == " ".join(sorted(each.document_id for each in drawn))
    assert len({names(sample(10, seed=seed)(found).candidates) for seed in range(5)}) > 1
    assert names(sample(10, preserve=3)(found).candidates).startswith("00 01 02")
    assert sample(100)(found).candidates == found


def test_strata_keep_their_shares() -> None:
    found = tuple(candidate(str(n), kind="common" if n < 90 else "rare") for n in range(100))
    kinds = [value_of(each, "kind") for each in sample(10, by="kind")(found).candidates]
    assert (kinds.count("common"), kinds.count("rare")) == (9, 1)


@pytest.mark.parametrize(
    ("sizes", "wanted", "least", "quotas"),
    [
        ([90, 10], 10, 0, [9, 1]),
        ([98, 1, 1], 10, 1, [8, 1, 1]),
        ([5, 5, 5], 2, 1, [1, 1, 0]),
        ([1, 100], 50, 5, [1, 49]),
        ([], 5, 1, []),
    ],
)
def test_shares_add_up(sizes: list[int], wanted: int, least: int, quotas: list[int]) -> None:
    assert shares(sizes, wanted, least) == quotas
