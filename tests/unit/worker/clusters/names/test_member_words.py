"""What the members of a group say of it."""

from collections import Counter
from typing import Any

import pytest

from services.worker.clusters.names.member_words import (
    Member,
    label_in,
    label_of_words,
    shared_label,
    telling_words,
    word_counts,
    words_of,
)


def members(*values: Any, field: str = "kind") -> list[Member]:
    return [Member(document_id=f"doc_{place}", fields={field: value}) for place, value in enumerate(values)]


def test_the_label_is_what_most_of_those_say_that_say_something() -> None:
    assert shared_label(members("boot", None, "boot", None, "sandal"), ["kind"]) == "boot"
    assert shared_label(members("boot", "sandal", "clog"), ["kind"]) is None
    assert shared_label(members("boot", "sandal"), ["kind"]) is None
    assert shared_label(members(None, None), ["kind"]) is None
    assert shared_label([], ["kind"]) is None


def test_the_first_field_with_an_agreement_counts() -> None:
    found = [Member(document_id="doc", fields={"a": None, "deep": {"kind": "boot"}, "c": "shoe"})]
    assert shared_label(found, ["a", "deep.kind", "c"]) == "boot"


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("  running\n shoe ", "running shoe"),
        (7, "7"),
        (["boot"], "boot"),
        (["boot", "sandal"], None),
        ({"a": 1}, None),
        (True, None),
        ("", None),
        ("x" * 61, None),
        ("https://example.com/a.jpg", None),
        ("data:image/png;base64,AAAA", None),
    ],
)
def test_what_is_no_label(value: Any, label: str | None) -> None:
    assert label_in(value) == label


def test_words_of_any_script_without_those_that_say_nothing() -> None:
    assert list(words_of("The red running-shoe is for 2024, Größe 42")) == ["red", "running", "shoe", "größe"]
    assert "東京" in list(words_of("東京都の靴屋"))


def test_addresses_are_no_words() -> None:
    found = word_counts(members("https://example.com/shoe.jpg", ["trail shoe", "shoe"]), [])
    assert found == Counter({"shoe": 1, "trail": 1})


def test_telling_words_are_common_here_and_rare_elsewhere() -> None:
    boots = word_counts(members("leather boot shop", "rubber boot shop", "boot shop"), [])
    lamps = word_counts(members("desk lamp shop", "lamp shop", "floor lamp shop"), [])
    first, second = telling_words([boots, lamps], [3, 3])
    assert first[0] == "boot"
    assert second[0] == "lamp"
    assert "leather" not in first


def test_short_texts_that_share_few_words_have_a_name_all_the_same() -> None:
    notices = [f"{word} notice" for word in ("written", "weekly")] + ["rent", "court", "seller", "buyer", "tenant"]
    others = word_counts(members("soup", "bread", "oven"), [])
    found, _ = telling_words([word_counts(members(*notices), []), others], [7, 3])
    assert found == ("notice",)


def test_a_group_without_texts_has_no_words() -> None:
    assert telling_words([Counter(), Counter()], [2, 0]) == [(), ()]
    assert label_of_words(()) is None
    assert label_of_words(("trail", "running", "shoe", "red")) == "Trail, running, shoe"
