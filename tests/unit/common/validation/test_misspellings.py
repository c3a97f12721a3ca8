"""Slips of the finger."""

import pytest

from services.common.validation.misspellings import nearest


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
        ("product_lable", "product_label"),
        ("metdata", "metadata"),
    ],
)
def test_the_word_that_is_meant(word: str, meant: str | None) -> None:
    assert nearest(word, ["filters", "blobs", "data", "policy", "id", "metadata", "product_label"]) == meant
