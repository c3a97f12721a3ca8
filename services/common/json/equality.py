"""Whether two values say the same, as JSON: a change to the same is no change."""

from collections.abc import Mapping, Sequence
from typing import Any

MISSING = object()


def same_value(one: Any, other: Any) -> bool:
    """Equal as PostgreSQL compares jsonb: the order of keys does not count, 1 is 1.0, and true is not 1."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same_value(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same_value, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def differing(before: Mapping[str, Any], after: Mapping[str, Any], names: Sequence[str] | None = None) -> list[str]:
    """The names, of these or of all, under which the two do not say the same; to have none is not to say null."""
    asked = list(dict.fromkeys([*before, *after])) if names is None else names
    return [name for name in asked if not same_value(before.get(name, MISSING), after.get(name, MISSING))]
