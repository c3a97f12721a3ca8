"""The signing secret of a channel that is a webhook: sealed while it is stored, never shown, several in a change.

These work on a channel's configuration alone, so that the channels of webhooks (`configs`) and of alerts (`config`)
share them. A stored one has `sealed_secret`, and `former_secrets` (the newest first, each `sealed` and with the time
`until` which it was said to sign as well); neither a secret nor these are ever part of an answer.
"""

import base64
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.common.errors import InvalidArgumentError, UnavailableError
from services.common.secrets.encryption import MISSING, Sealer

JsonObject = dict[str, Any]

SECRET, REDACTED = "signing_secret", "redacted"
SEALED, FORMER = "sealed_secret", "former_secrets"
SHOWN_UNTIL, EACH_UNTIL = "previous_secret_until", "previous_secrets_until"
OVERLAP = timedelta(hours=24)
# Each signs every delivery: a header has so many signatures, and a receiver so many to compare.
MOST_SECRETS = 10
PREFIX = "whsec_"
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


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
    return rotated(plain | kept, str(secret), sealer, now=now, until=now + OVERLAP, path=path)


def rotated(
    stored: Mapping[str, Any], secret: str, sealer: Sealer, *, now: datetime, until: datetime, path: str
) -> JsonObject:
    """The stored configuration with a new secret; the one before signs as well `until` then.

    Those before that one sign as long as was said of them; InvalidArgumentError when that would be too many.
    """
    current = stored.get(SEALED)
    if current is not None and _opened(sealer, current) == secret:
        return dict(stored)
    require_usable(secret, path)
    plain = {name: value for name, value in stored.items() if name not in (SEALED, FORMER)}
    replaced = [] if current is None or until <= now else [{"sealed": current, "until": until.isoformat()}]
    others = [each for each in _alive(stored, now) if _opened(sealer, each["sealed"]) != secret]
    former = [*replaced, *others]
    if len(former) >= MOST_SECRETS:
        raise _too_many(former, path)
    return plain | ({FORMER: former} if former else {}) | {SEALED: _seal(sealer, secret, path)}


def require_usable(secret: str, path: str) -> None:
    """InvalidArgumentError for a secret whose key libraries of Standard Webhooks would not find, or not agree on."""
    if secret != secret.strip() or not secret or UNPRINTABLE.search(secret):
        raise _unusable(path, "has white space around it, or characters that cannot be printed; leave them out")
    if secret.startswith(PREFIX) and not _is_base64(secret.removeprefix(PREFIX)):
        why = (
            "begins with whsec_, so plain base64 (A-Z, a-z, 0-9, +, /) must follow, as libraries of Standard Webhooks"
            " read it; encode it so, leave the prefix out, or let rotate-secret make one"
        )
        raise _unusable(path, why)


def _is_base64(text: str) -> bool:
    padded = text if text.endswith("=") else text + "=" * (-len(text) % 4)
    try:
        return bool(base64.b64decode(padded, validate=True))
    except ValueError:
        return False


def _unusable(path: str, why: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{_at(path)} {why}.", reason="UNUSABLE_SECRET", path=_at(path))


def _too_many(former: Sequence[Mapping[str, Any]], path: str) -> InvalidArgumentError:
    first = min(each["until"] for each in former)
    message = (
        f"{_at(path)}: {MOST_SECRETS} secrets of this channel sign until their announced times, the first until "
        f'{first}; rotate after that, or set it to "" first, which ends all of them at once.'
    )
    return InvalidArgumentError(message, reason="TOO_MANY_SECRETS", path=_at(path))


def redacted(stored: Mapping[str, Any], now: datetime) -> JsonObject:
    """A stored configuration as it may be shown."""
    shown = {name: value for name, value in stored.items() if name not in (SEALED, FORMER)}
    if SEALED in stored:
        shown[SECRET] = REDACTED
    if alive := _alive(stored, now):
        shown |= {SHOWN_UNTIL: alive[0]["until"], EACH_UNTIL: [each["until"] for each in alive]}
    return shown


def signing_secrets(stored: Mapping[str, Any], sealer: Sealer, now: datetime) -> tuple[str, ...]:
    """The secrets that sign a delivery, the newest first; UnavailableError when the key of the newest is missing.

    A new secret is the way out when the key of one before is lost, which then does not sign.
    """
    if SEALED not in stored:
        return ()
    former = (_opened(sealer, each["sealed"]) for each in _alive(stored, now))
    return (sealer.open(stored[SEALED]), *(each for each in former if each is not None))


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
    return {name: stored[name] for name in (SEALED, FORMER) if name in stored}


def _alive(stored: Mapping[str, Any], now: datetime) -> list[JsonObject]:
    """The former secrets whose announced time has not come."""
    return [each for each in stored.get(FORMER, ()) if datetime.fromisoformat(each["until"]) > now]


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
