"""Splits: by shares within each label, the same again, copies on one side."""

from collections import Counter

import pytest

from services.common.errors import InvalidArgumentError
from services.local.exports.export_request import shares_in
from services.local.exports.split_rule import Groups, divide

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}


def divided(count: int, labels: list[str], groups: Groups | None = None) -> list[str]:
    return divide([f"content {number}" for number in range(count)], labels, groups or Groups(count), SHARES)


def test_each_label_is_divided_by_the_shares() -> None:
    labels = ["a"] * 100 + ["b"] * 10
    found = Counter(zip(labels, divided(110, labels), strict=True))
    assert found == {
        ("a", "train"): 80, ("a", "val"): 10, ("a", "test"): 10,
        ("b", "train"): 8, ("b", "val"): 1, ("b", "test"): 1,
    }  # fmt: skip


def test_the_order_of_rows_does_not_matter() -> None:
    contents, labels = [f"content {number}" for number in range(50)], ["a"] * 50
    forth = dict(zip(contents, divide(contents, labels, Groups(50), SHARES), strict=True))
    back = dict(zip(contents[::-1], divide(contents[::-1], labels, Groups(50), SHARES), strict=True))
    assert forth == back


def test_a_few_more_rows_move_few_others() -> None:
    before, after = divided(1000, ["a"] * 1000), divided(1010, ["a"] * 1010)
    assert sum(one != other for one, other in zip(before, after[:1000], strict=True)) <= 30


def test_a_group_is_on_one_side_and_counts_as_many() -> None:
    groups = Groups(40)
    for place in range(0, 40, 2):
        groups.join(place, place + 1)
    found = divided(40, ["a"] * 40, groups)
    assert all(found[place] == found[place + 1] for place in range(0, 40, 2))
    assert Counter(found) == {"train": 32, "val": 4, "test": 4}


def test_groups_are_joined_by_equal_keys_and_through_others() -> None:
    groups = Groups(5)
    groups.join_equal(["x", None, "x", None, "y"])
    groups.join(2, 4)
    assert groups.of(0) == groups.of(2) == groups.of(4)
    assert groups.of(1) != groups.of(3)


def test_a_single_row_is_trained_on() -> None:
    assert divided(1, ["a"]) == ["train"]


@pytest.mark.parametrize(("text", "shares"), [("", {}), ("train=80%, val=20%", {"train": 0.8, "val": 0.2})])
def test_shares_are_numbers_or_percents(text: str, shares: dict[str, float]) -> None:
    assert shares_in(text) == pytest.approx(shares)


@pytest.mark.parametrize("text", ["train", "train=0.8", "a=0.5,a=0.5", "a=0,b=1", "a=x,b=1", "a/b=1", "a=1.5,b=-0.5"])
def test_other_shares_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="--split"):
        shares_in(text)
