"""Slips of the finger."""

import pytest

from services.common.near import distance, nearest


@pytest.mark.parametrize(
    ("left", "right", "away"),
    [
        ("filter", "filters", 1),
        ("lable", "label", 1),
        ("product_lable", "product_label", 1),
        ("metdata", "metadata", 1),
        ("uniqe_key", "unique_key", 1),
        ("", "abc", 3),
        ("same", "same", 0),
        ("kitten", "sitting", 3),
        ("abcd", "badc", 2),
    ],
)
def test_the_distance_counts_letters_and_swaps(left: str, right: str, away: int) -> None:
    assert distance(left, right) == distance(right, left) == away


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("filter", "filters"),
        ("Filters", "filters"),
        ("blob", "blobs"),
        ("blobs", None),
        ("bl", None),
        ("date", "data"),
        ("size", None),
        ("polcy", "policy"),
        ("price", None),
    ],
)
def test_the_word_that_is_meant(word: str, meant: str | None) -> None:
    assert nearest(word, ["filters", "blobs", "data", "policy", "id"]) == meant
