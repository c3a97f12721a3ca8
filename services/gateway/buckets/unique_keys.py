"""A bucket's unique key: which object an upload is about, whatever its id."""

import hashlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import orjson

from services.common.errors import InvalidArgumentError
from services.common.json.paths import dotted, overlap, said_inside, value_at


class Policy(StrEnum):
    """What happens when an object with the same unique key exists, or none does."""

    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"


MAX_TEXT = 255


def key_fields(config: Mapping[str, Any] | None) -> list[str]:
    """The fields of a bucket's unique key, in one order; none where it has no key."""
    return sorted((config or {}).get("fields") or [])


def unique_key_of(config: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> str | None:
    """A digest of the key's values; InvalidArgumentError names the field that cannot be part of a key."""
    names = key_fields(config)
    if not names:
        return None
    values = {name: _scalar(name, value_at(fields, name)) for name in names}
    return hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()


def policy_of(config: Mapping[str, Any] | None, asked: Policy | None) -> Policy:
    """What to do about an object of the same key: as the request says, else as the bucket does."""
    return asked or Policy((config or {}).get("default_policy") or Policy.UPSERT)


def touched_keys(names: Iterable[str], changed: Mapping[str, Any]) -> list[str]:
    """Those of the key's fields that a patch may change."""
    return [name for name in names if any(overlap(name, field) for field in changed)]


def require_same_key(names: Iterable[str], changed: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """InvalidArgumentError when a patch would make an object another one."""
    after = {**current, **said_inside(changed, dotted(current))}
    for name in sorted(names):
        if value_at(after, name) != value_at(current, name):
            path = f"body.{name}"
            message = f"{path} is part of the bucket's unique key and cannot be changed; upload another object."
            raise InvalidArgumentError(message, path=path)


def _scalar(name: str, value: Any) -> str | int | float | bool:
    path = f"body.{name}"
    if value is None or value == "":
        raise InvalidArgumentError(f"{path} is part of the bucket's unique key and must have a value.", path=path)
    if not isinstance(value, str | int | float | bool):
        raise InvalidArgumentError(
            f"{path} is part of the bucket's unique key; it must be text or a number.", path=path
        )
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise InvalidArgumentError(
            f"{path} is part of the unique key; it has more than {MAX_TEXT} characters.", path=path
        )
    return value
