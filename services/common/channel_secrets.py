"""The signing secret of a channel that is a webhook: sealed while it is stored, never shown, two at a time in a change.

These work on a channel's configuration alone, so that the channels of webhooks (`configs`) and of alerts (`config`)
share them. A stored one has `sealed_secret`, and `sealed_previous` with `previous_until` while a former secret still
signs as well; neither a secret nor these are ever part of an answer.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.common.errors import InvalidArgumentError, UnavailableError
from services.common.sealing import MISSING, Sealer

JsonObject = dict[str, Any]

SECRET, REDACTED = "signing_secret", "redacted"
SEALED, PREVIOUS, UNTIL = "sealed_secret", "sealed_previous", "previous_until"
OVERLAP = timedelta(hours=24)


def new_secret() -> str:
    """A secret as Standard Webhooks writes them: 32 random bytes."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def to_stored(
    given: Mapping[str, Any], stored: Mapping[str, Any] | None, sealer: Sealer, now: datetime, path: str
) -> JsonObject:
    """A configuration as it is kept, of what was `given` at `path` in the place of `stored`.

    No secret and "redacted" keep the stored one, "" removes it, and another one is a rotation.
    InvalidArgumentError for "redacted" where none is stored, or when there is no key to seal with.
    """
    secret = given.get(SECRET)
    plain = {name: value for name, value in given.items() if name != SECRET}
    kept = _sealed_part(stored or {})
    if secret == "":
        return plain
    if secret == REDACTED and not kept:
        raise InvalidArgumentError(f"{path}.{SECRET}: there is no stored secret to keep; give one.", path=_at(path))
    if secret in (None, REDACTED):
        return plain | kept
    return rotated(plain | kept, str(secret), sealer, now + OVERLAP, path)


def rotated(stored: Mapping[str, Any], secret: str, sealer: Sealer, until: datetime, path: str) -> JsonObject:
    """The stored configuration with a new secret; the one before signs as well `until` then."""
    current = stored.get(SEALED)
    if current is not None and _opened(sealer, current) == secret:
        return dict(stored)
    plain = {name: value for name, value in stored.items() if name not in (SEALED, PREVIOUS, UNTIL)}
    former = {} if current is None else {PREVIOUS: current, UNTIL: until.isoformat()}
    return plain | former | {SEALED: _seal(sealer, secret, path)}


def redacted(stored: Mapping[str, Any], now: datetime) -> JsonObject:
    """A stored configuration as it may be shown."""
    shown = {name: value for name, value in stored.items() if name not in (SEALED, PREVIOUS, UNTIL)}
    if SEALED in stored:
        shown[SECRET] = REDACTED
    if _signs_twice(stored, now):
        shown["previous_secret_until"] = stored[UNTIL]
    return shown


def signing_secrets(stored: Mapping[str, Any], sealer: Sealer, now: datetime) -> tuple[str, ...]:
    """The secrets that sign a delivery, the newest first; UnavailableError when the key of the newest is missing.

    A new secret is the way out when the key of the one before is lost, which then does not sign.
    """
    current = sealer.open(stored[SEALED]) if SEALED in stored else None
    former = _opened(sealer, stored[PREVIOUS]) if _signs_twice(stored, now) else None
    return tuple(each for each in (current, former) if each is not None)


def partners(given: Sequence[Mapping[str, Any]], stored: Sequence[Mapping[str, Any]]) -> list[JsonObject | None]:
    """For each configuration the stored one that it replaces: of the same URL, else in the same place.

    One whose URL is still among those given belongs to that one alone, so no receiver gets another's secret.
    """
    urls = {each.get("url") for each in given}
    by_url = {each["url"]: dict(each) for each in reversed(stored) if "url" in each}
    places = [dict(each) if "url" in each and each["url"] not in urls else None for each in stored]
    places += [None] * len(given)
    return [by_url.get(each["url"], places[place]) if "url" in each else None for place, each in enumerate(given)]


def _sealed_part(stored: Mapping[str, Any]) -> JsonObject:
    return {name: stored[name] for name in (SEALED, PREVIOUS, UNTIL) if name in stored}


def _signs_twice(stored: Mapping[str, Any], now: datetime) -> bool:
    return PREVIOUS in stored and datetime.fromisoformat(stored[UNTIL]) > now


def _seal(sealer: Sealer, secret: str, path: str) -> str:
    try:
        return sealer.seal(secret)
    except UnavailableError as error:
        # A 503 would have clients try again for minutes what an operator has to mend.
        raise InvalidArgumentError(MISSING, reason=error.reason, path=_at(path)) from error


def _opened(sealer: Sealer, sealed: str) -> str | None:
    try:
        return sealer.open(sealed)
    except UnavailableError:
        return None


def _at(path: str) -> str:
    return f"{path}.{SECRET}"
