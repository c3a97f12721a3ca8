"""Signing secrets of channels: sealed, kept, changed and shown, as a reader or a receiver would find them."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from services.common.errors import InvalidArgumentError, UnavailableError
from services.common.secrets.channel_secrets import (
    MOST_SECRETS,
    OVERLAP,
    new_secret,
    partners,
    redacted,
    rotated,
    signing_secrets,
    to_stored,
)
from services.common.secrets.encryption import Sealer

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


def turned(before: dict[str, Any], secret: str, hours: float, at: datetime = NOW) -> dict[str, Any]:
    return rotated(before, secret, SEALER, now=at, until=at + timedelta(hours=hours), path=PATH)


def test_each_of_several_secrets_signs_until_its_time() -> None:
    config = turned(turned(turned(stored("one"), "two", 3), "three", 1), "four", 2)
    assert secrets_of(config) == ("four", "three", "two", "one")
    assert secrets_of(config, NOW + timedelta(hours=1)) == ("four", "three", "one")
    assert secrets_of(config, NOW + timedelta(hours=2)) == ("four", "one")
    assert secrets_of(config, NOW + timedelta(hours=3)) == ("four",)
    shown = redacted(config, NOW)
    assert shown["previous_secret_until"] == (NOW + timedelta(hours=2)).isoformat()
    assert shown["previous_secrets_until"] == [(NOW + timedelta(hours=each)).isoformat() for each in (2, 1, 3)]


def test_a_rotation_without_overlap_ends_the_secret_before_and_no_other() -> None:
    config = turned(turned(stored("one"), "two", 3), "three", 0)
    assert secrets_of(config) == ("three", "one")


def test_a_former_secret_can_come_back_and_signs_once() -> None:
    assert secrets_of(stored("one", stored("two", stored("one")))) == ("one", "two")


def test_what_has_ended_is_forgotten_by_the_next_rotation() -> None:
    config = turned(turned(stored("one"), "two", 1), "three", 1, NOW + timedelta(hours=1))
    assert len(config["former_secrets"]) == 1


def test_too_many_secrets_at_once_are_refused_and_none_is_ended_early() -> None:
    config = stored("0")
    for number in range(1, MOST_SECRETS):
        config = turned(config, str(number), number)
    with pytest.raises(InvalidArgumentError, match="sign until their announced times") as caught:
        turned(config, "more", 1)
    assert caught.value.details["path"] == f"{PATH}.signing_secret"
    assert (NOW + timedelta(hours=1)).isoformat() in str(caught.value)
    assert len(secrets_of(config)) == MOST_SECRETS
    assert len(secrets_of(turned(config, "more", 0))) == MOST_SECRETS
    assert secrets_of(turned(config, "more", 1, NOW + timedelta(hours=1)))[0] == "more"


PLAIN = base64.b64encode(bytes(range(24))).decode()


@pytest.mark.parametrize(
    "secret",
    ["x", "any other text", "ü" * 100, f"whsec_{PLAIN}", "whsec_QQ==", "whsec_QQ", "whsec_++//", "Whsec_test_of_mine"],
)
def test_a_usable_secret_is_taken(secret: str) -> None:
    assert secrets_of(stored(secret)) == (secret,)


@pytest.mark.parametrize(
    "secret",
    [
        *("whsec_", "whsec_test_secret_of_mine", "whsec_-_-_", "whsec_QQ=", "whsec_QQ===", "whsec_Q", "whsec_QQ==QQ=="),
        *("whsec_ QUJD", "whsec_QUJD\nREVG", "whsec_QUJD\n", " padded ", "\t", "   ", "a\x00b", "\u00a0nbsp"),
    ],
)
def test_a_secret_that_receivers_could_not_agree_on_is_refused(secret: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        stored(secret)
    assert (caught.value.reason, caught.value.details["path"]) == ("UNUSABLE_SECRET", f"{PATH}.signing_secret")


@pytest.mark.parametrize("before", ["whsec_stored_before_it_was_refused", " x "])
def test_a_secret_that_is_stored_already_can_be_sent_again(before: str) -> None:
    config = {"url": "u", "sealed_secret": SEALER.seal(before)}
    assert stored(before, config) == config


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
    replaced = rotated(stored("old"), "new", sealer, now=NOW, until=LATER, path=PATH)
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
