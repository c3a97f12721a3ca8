"""API keys can be told from other text before the database is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.database.api_keys import hash_key, is_well_formed, new_key


def test_a_new_key_is_well_formed_and_new() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(is_well_formed(key) and key.startswith("sk_") and len(key) >= 3 + 43 for key in keys)


@given(st.integers(3, 51), st.characters())
def test_a_mistyped_key_is_noticed(position: int, character: str) -> None:
    key = new_key()
    changed = key[:position] + character + key[position + 1 :]
    assert is_well_formed(changed) == (changed == key)


@pytest.mark.parametrize("text", ["", "sk_", "sk_short", "Bearer"])
def test_other_text_is_no_key(text: str) -> None:
    assert not is_well_formed(text)


def test_a_part_of_a_key_or_more_than_one_is_no_key() -> None:
    key = new_key()
    assert not any(map(is_well_formed, (key[:-1], key + "x", "pk_" + key[3:], key * 2)))


def test_the_hash_does_not_hold_the_key() -> None:
    key = new_key()
    assert len(hash_key(key)) == 32
    assert key.encode() not in hash_key(key)
