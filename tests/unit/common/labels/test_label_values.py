"""What counts as a label, and how it is spelt."""

from typing import Any

import pytest

from services.common.labels.label_values import label_value, label_values

COMPOSED, DECOMPOSED = "Caf\u00e9", "Cafe\u0301"


@pytest.mark.parametrize(
    "blank",
    [
        None,
        False,
        "",
        "  ",
        "\t\n",
        "\u00a0\u2003\u3000",
        "\u200b\u200c\u200d\ufeff\u2060",
        "\u00ad\u200e",
        "\u3164\u2800",
        "\ufe0f",
        [],
        {},
        [""],
        ["", " ", None, []],
        {"a": ""},
        {"a": {"b": [" "]}, "c": None},
        [[], {}, False],
    ],
    ids=ascii,
)
def test_a_blank_value_is_no_label(blank: Any) -> None:
    assert label_value(blank) is None


@pytest.mark.parametrize("value", ["Hammer", "hammer", "0", 0, 1, 0.5, True, ["a", "b"], {"name": "a"}], ids=ascii)
def test_a_label_that_says_something_stays_as_it_is(value: Any) -> None:
    assert label_value(value) == value
    assert type(label_value(value)) is type(value)


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (" Hammer\n", "Hammer"),
        ("\u00a0\u200bHammer \u200b \ufeff", "Hammer"),
        (DECOMPOSED, COMPOSED),
        (["", " a ", DECOMPOSED], ["a", COMPOSED]),
        ({"kind": " a ", "note": " ", "ripe": False}, {"kind": "a", "note": None, "ripe": False}),
    ],
    ids=ascii,
)
def test_a_label_is_trimmed_and_composed(value: Any, label: Any) -> None:
    assert label_value(value) == label


def test_what_ends_a_word_or_a_flag_is_not_trimmed() -> None:
    chillu, england = "\u0d28\u0d4d\u200d", "\U0001f3f4\U000e0067\U000e0062\U000e007f"
    assert label_value(chillu) == chillu
    assert label_value(england) == england


def test_only_label_fields_are_read_as_labels() -> None:
    fields = {"kind": " ", "name": " a ", "note": " "}
    assert label_values(fields, ["kind", "name", "absent"]) == {"kind": None, "name": "a", "note": " "}


def test_a_label_inside_of_another_field_is_read_too_the_plain_key_first() -> None:
    fields = {"info": {"kind": " a ", "note": " "}, "info.size": " L "}
    after = label_values(fields, ["info.kind", "info.size", "info.absent", "note.kind"])
    assert after == {"info": {"kind": "a", "note": " "}, "info.size": "L"}
    assert fields["info"] == {"kind": " a ", "note": " "}
