"""Reading a stage's parameters: the contract's names and their aliases, with faults named by their paths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.common.errors import InvalidArgumentError
from services.common.filters.value_checks import MAX_FIELD, checked_text

# The client library writes its defaults: the word "null", and names in braces that somebody should have replaced.
NOTHING = (None, "", "null", "{{COLLECTION_ID}}", "{{TAXONOMY_ID}}")


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of the stage (or of a part of it) at `path`."""

    raw: Mapping[str, Any]
    path: str

    def given(self, *names: str) -> tuple[Any, str]:
        """The value of the first name that has one, and its path; None for none."""
        for name in names:
            value = self.raw.get(name)
            if not isinstance(value, str | None) or value not in NOTHING:
                return value, f"{self.path}.{name}"
        return None, f"{self.path}.{names[0]}"

    def whole(self, *names: str, default: int, low: int = 1, high: int) -> int:
        """A whole number from `low` to `high`."""
        value, path = self.given(*names)
        if value is None:
            return default
        number = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
        if not number or not low <= value <= high:
            raise invalid(f"must be a whole number from {low} to {high}.", path)
        return int(value)

    def number(self, *names: str, default: float, low: float = 0.0, high: float = 1.0) -> float:
        """A number from `low` to `high`."""
        value, path = self.given(*names)
        if value is None:
            return default
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise invalid(f"must be a number from {low:g} to {high:g}.", path)
        return float(value)

    def flag(self, *names: str, default: bool) -> bool:
        """True or false."""
        value, path = self.given(*names)
        if value is not None and not isinstance(value, bool):
            raise invalid("must be true or false.", path)
        return default if value is None else value

    def choice(self, *names: str, allowed: Sequence[str], default: str) -> str:
        """One of the words allowed."""
        value, path = self.given(*names)
        if value is not None and value not in allowed:
            raise invalid(f"must be one of {', '.join(allowed)}, not {value!r:.40}.", path)
        return default if value is None else str(value)

    def field(self, *names: str, default: str | None = None) -> str:
        """The path of a field; InvalidArgumentError when there is neither one nor a default."""
        value, path = self.given(*names)
        if value is None and default is not None:
            return default
        return field_name(value, path)

    def fields(self, *names: str) -> tuple[str, ...]:
        """The paths of fields: a list, or one alone."""
        value, path = self.given(*names)
        if value is None:
            return ()
        listed = value if isinstance(value, list) else [value]
        return tuple(field_name(item, f"{path}.{position}") for position, item in enumerate(listed))

    def parts(self, *names: str, most: int) -> tuple["Parameters", ...]:
        """The objects of a list, `most` at most."""
        value, path = self.given(*names)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > most:
            raise invalid(f"must be a list of at most {most} objects.", path)
        return tuple(part_of(item, f"{path}.{position}") for position, item in enumerate(value))


def part_of(value: Any, path: str) -> Parameters:
    """The object at `path` as parameters of its own."""
    if not isinstance(value, Mapping):
        raise invalid("must be an object.", path)
    return Parameters(value, path)


def field_name(value: Any, path: str) -> str:
    """The path of a field, such as `metadata.category`."""
    if not isinstance(value, str) or not value:
        raise invalid("must be the name of a field.", path)
    return checked_text(value, path, MAX_FIELD)


def invalid(message: str, path: str) -> InvalidArgumentError:
    """The error for the parameter at `path`; the message goes on from it."""
    return InvalidArgumentError(f"{path} {message}", path=path)
