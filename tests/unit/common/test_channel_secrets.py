"""Signing secrets of channels: sealed, kept, changed and shown, as a reader or a receiver would find them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from services.common.channel_secrets import (
    OVERLAP,
    new_secret,
    partners,
    redacted,
    rotated,
    signing_secrets,
    to_stored,
)
from services.common.errors import InvalidArgumentError, UnavailableError
from services.common.sealing import Sealer

SEALER = Sealer(Fernet.generate_key().decode())
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + OVERLAP
PATH = "body.channels.0.configs"


def stored(secret: str | None = None, before: dict[str, Any] | None = None, url: str = "u") -> dict[str, Any]:
    given = {"url": url} if secret is None else {"url": url, "signing_secret": secret}
    return to_stored(given, before, SEALER, NOW, PATH)


def secrets_of(config: dict[str, Any], now: datetime = NOW) -> tuple[str, ...]:
    return signing_secrets(config, SEALER, now)


def test_a_secret_is_stored_sealed_and_shown_redacted() -> None:
    config = stored("hush")
    assert "hush" not in repr(config)
    assert redacted(config, NOW) == {"url": "u", "signing_secret": "redacted"}
    assert secrets_of(config) == ("hush",)


def test_a_channel_without_a_secret_shows_none() -> None:
    assert redacted(stored(), NOW) == {"url": "u"}
    assert secrets_of(stored()) == ()


@pytest.mark.parametrize("given", [None, "redacted", "hush"])
def test_the_secret_stays_when_it_is_not_changed(given: str | None) -> None:
    changed = stored(given, stored("hush"), url="elsewhere")
    assert (changed["url"], secrets_of(changed)) == ("elsewhere", ("hush",))


def test_an_empty_secret_removes_it_and_the_one_before() -> None:
    assert stored("", stored("new", stored("old"))) == {"url": "u"}


def test_a_new_secret_signs_beside_the_old_one_for_a_day() -> None:
    config = stored("new", stored("old"))
    assert secrets_of(config) == ("new", "old")
    assert redacted(config, NOW)["previous_secret_until"] == LATER.isoformat()
    assert secrets_of(config, LATER) == ("new",)
    assert redacted(config, LATER) == {"url": "u", "signing_secret": "redacted"}


def test_an_update_during_a_change_of_secrets_keeps_both() -> None:
    assert secrets_of(stored(None, stored("new", stored("old")))) == ("new", "old")


def test_of_three_secrets_the_two_newest_sign() -> None:
    assert secrets_of(stored("third", stored("second", stored("first")))) == ("third", "second")


def test_a_rotation_says_how_long_the_old_secret_signs() -> None:
    config = rotated(stored("old"), "new", SEALER, NOW + timedelta(hours=1), PATH)
    assert secrets_of(config, NOW + timedelta(minutes=59)) == ("new", "old")
    assert secrets_of(config, NOW + timedelta(hours=1)) == ("new",)


def test_redacted_keeps_nothing_where_there_is_nothing() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        stored("redacted")
    assert caught.value.details["path"] == f"{PATH}.signing_secret"


def test_without_a_key_a_secret_is_refused_and_one_that_is_stored_cannot_be_opened() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        to_stored({"url": "u", "signing_secret": "hush"}, None, Sealer(""), NOW, PATH)
    assert (caught.value.reason, caught.value.details["path"]) == ("SECRETS_KEY_MISSING", f"{PATH}.signing_secret")
    with pytest.raises(UnavailableError):
        signing_secrets(stored("hush"), Sealer(""), NOW)


def test_a_secret_of_a_lost_key_can_be_replaced() -> None:
    lost = to_stored({"url": "u", "signing_secret": "old"}, None, Sealer(Fernet.generate_key().decode()), NOW, PATH)
    assert secrets_of(stored("new", lost), LATER) == ("new",)


def test_a_new_secret_signs_although_the_key_of_the_one_before_is_lost() -> None:
    sealer = Sealer(Fernet.generate_key().decode())
    replaced = rotated(stored("old"), "new", sealer, LATER, PATH)
    assert signing_secrets(replaced, sealer, NOW) == ("new",)
    with pytest.raises(UnavailableError, match="cannot be read"):
        signing_secrets(replaced, Sealer(""), NOW)


def test_secrets_are_made_anew_each_time() -> None:
    assert new_secret() != new_secret()
    assert new_secret().startswith("whsec_")


def test_a_configuration_replaces_that_of_its_url_or_else_of_its_place() -> None:
    one, two, slack = {"url": "1", "n": 1}, {"url": "2", "n": 2}, {"webhook_url": "s"}
    assert partners([{"url": "2"}, {"url": "1"}], [one, two]) == [two, one]
    assert partners([{"url": "new"}, {"url": "2"}], [one, two]) == [one, two]
    assert partners([{"url": "new"}, {"url": "1"}], [one]) == [None, one]
    assert partners([{"webhook_url": "s"}, {"url": "3"}], [one, slack]) == [None, None]
    assert partners([{"url": "1"}, {"url": "1"}], [one]) == [one, one]
    assert partners([{"url": "1"}], []) == [None]
