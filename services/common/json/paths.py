"""Where a dotted name leads inside JSON: one rule for filters, labels, lists, stages and templates. Pure.

At each level the longest key comes first: `a.b` is the key "a.b" before it is b inside of a. In a list a whole number
is a position; any other name is looked for in each object of the list, and what is found there is one list. Null is no
value. `value_at` of the migrations is the same rule in SQL.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

Parts = Sequence[str]
GONE = object()
POSITION = re.compile(r"-?[0-9]{1,6}")


def value_at(holder: Any, path: str, default: Any = None) -> Any:
    """The first value that a path leads to; None where there is only null, `default` where there is nothing."""
    value = default
    for found in _found(holder, path.split(".")):
        if found is not None:
            return found
        value = None
    return value


def without(fields: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """The fields with nothing left at these paths, in any spelling; what stands beside stays."""
    return _changed(fields, paths, lambda _: GONE)


def with_each(fields: Mapping[str, Any], paths: Iterable[str], change: Callable[[Any], Any]) -> dict[str, Any]:
    """The fields with what stands at these paths changed, in any spelling and in each object of a list."""
    return _changed(fields, paths, change)


def _changed(fields: Mapping[str, Any], paths: Iterable[str], change: Callable[[Any], Any]) -> dict[str, Any]:
    kept = dict(fields)
    for path in paths:
        kept = _with(kept, path.split("."), change)
    return kept


def said_inside(changed: Mapping[str, Any], paths: Sequence[str]) -> dict[str, Any]:
    """The changed fields, and each of the paths that they set inside of another field as a field of its own."""
    missing = object()
    found = {path: value_at(changed, path, missing) for path in paths if path not in changed}
    return {**changed, **{path: value for path, value in found.items() if value is not missing}}


def dotted(fields: Mapping[str, Any]) -> list[str]:
    """The keys with dots, which may name what is inside of another field too."""
    return [name for name in fields if "." in name]


def overlap(first: str, second: str) -> bool:
    """Whether one of the paths is the other, or leads into it."""
    return f"{first}.".startswith(f"{second}.") or f"{second}.".startswith(f"{first}.")


def _found(holder: Any, parts: Parts) -> Iterator[Any]:
    """Everything that the parts may lead to, the first choice first."""
    if not parts:
        yield holder
    elif isinstance(holder, Mapping):
        for length in range(len(parts), 0, -1):
            key = ".".join(parts[:length])
            if key in holder:
                yield from _found(holder[key], parts[length:])
    elif isinstance(holder, list):
        is_position = POSITION.fullmatch(parts[0]) is not None
        yield from _of_position(holder, parts) if is_position else _of_elements(holder, parts)


def _of_position(holder: Sequence[Any], parts: Parts) -> Iterator[Any]:
    place = int(parts[0])
    if -len(holder) <= place < len(holder):
        yield from _found(holder[place], parts[1:])


def _of_elements(holder: Sequence[Any], parts: Parts) -> Iterator[list[Any]]:
    values = [next(_values(element, parts), None) for element in holder if isinstance(element, Mapping)]
    listed = [item for value in values for item in (value if isinstance(value, list) else [value])]
    if found := [item for item in listed if item is not None]:
        yield found


def _values(holder: Any, parts: Parts) -> Iterator[Any]:
    return (value for value in _found(holder, parts) if value is not None)


def _with(holder: Any, parts: Parts, change: Callable[[Any], Any]) -> Any:
    if isinstance(holder, list):
        return [_with(element, parts, change) for element in holder]
    if not isinstance(holder, Mapping):
        return holder
    kept = dict(holder)
    for length in range(1, len(parts) + 1):
        key, rest = ".".join(parts[:length]), parts[length:]
        if key in kept:
            kept[key] = _with(kept[key], rest, change) if rest else change(kept[key])
    return {key: value for key, value in kept.items() if value is not GONE}
