"""Secrets at rest."""

import pytest

from services.common.errors import UnavailableError
from services.common.secrets.encryption import Sealer, new_key


def test_a_sealed_secret_is_read_back_and_does_not_show() -> None:
    sealer = Sealer(new_key())
    sealed = sealer.seal("whsec_abc")
    assert "abc" not in sealed
    assert sealer.open(sealed) == "whsec_abc"


def test_a_key_in_front_seals_while_the_one_behind_still_opens() -> None:
    old, new = new_key(), new_key()
    sealed = Sealer(old).seal("x")
    assert Sealer(f"{new},{old}").open(sealed) == "x"
    with pytest.raises(UnavailableError, match="LIKENESS_SECRETS_KEY"):
        Sealer(old).open(Sealer(f"{new},{old}").seal("y"))


def test_without_a_key_nothing_is_sealed() -> None:
    with pytest.raises(UnavailableError, match="set LIKENESS_SECRETS_KEY"):
        Sealer("").seal("x")


def test_a_malformed_key_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="32 url-safe base64"):
        Sealer("short")
