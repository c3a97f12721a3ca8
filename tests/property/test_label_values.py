"""Whatever is sent as a label is blank or says something, and says it once."""

import unicodedata
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from services.common.labels.label_values import label_value

BLANKS = " \t\n\u00a0\u3000\u200b\u200d\u2060\ufeff\u00ad\u3164\u2800\ufe0f"
blank_texts = st.text(alphabet=BLANKS)
texts = st.text() | st.text(alphabet=BLANKS + "a\u0301e")
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
blanks = st.recursive(
    st.none() | st.just(False) | blank_texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(blanks)
def test_nothing_made_of_blanks_is_a_label(blank: Any) -> None:
    assert label_value(blank) is None


@given(values)
def test_a_label_is_its_own_label(value: Any) -> None:
    assert label_value(label_value(value)) == label_value(value)


@given(texts)
@example("\u0041\u200b\u030a")
def test_spellings_of_one_text_are_one_label(text: str) -> None:
    forms = {label_value(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    padded = {label_value(f" \u00a0{each}\u200b ") for each in (text, unicodedata.normalize("NFD", text))}
    assert forms == {label_value(text)}
    assert padded == forms
    assert all(form is None or unicodedata.is_normalized("NFC", form) for form in forms)


@given(st.lists(texts, max_size=4))
def test_a_list_holds_the_labels_of_its_entries(entries: list[str]) -> None:
    assert (label_value(entries) or []) == [label for each in entries if (label := label_value(each)) is not None]
