"""Reads what a user set: every value checked, absent and null ones by default, unknown ones without effect."""

import math
from collections.abc import Collection, Mapping
from typing import Any

from services.common.errors import InvalidArgumentError

SEED = 42
MOST = 1_000_000


class Parameters:
    """The parameters under `path`, such as `vector_config.algorithm_params`."""

    def __init__(self, given: Mapping[str, Any], path: str) -> None:
        self._given = {name: value for name, value in given.items() if value is not None}
        self._path = path

    def has(self, *names: str) -> bool:
        """Whether any of them is set."""
        return any(name in self._given for name in names)

    def differs(self, defaults: Mapping[str, Any]) -> bool:
        """Whether any of them is set to something else; typed clients send defaults as well."""
        return any(self._given.get(name, default) != default for name, default in defaults.items())

    def whole(self, name: str, default: int, low: int = 1, high: int = MOST) -> int:
        """A whole number in low..high."""
        value = self._given.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise self.wrong(name, f"be a whole number, not {value!r}")
        if not low <= value <= high:
            raise self.wrong(name, f"be in {low}..{high}, not {value}")
        return int(value)

    def number(self, name: str, default: float, low: float = 0.0, high: float = math.inf) -> float:
        """A finite number in low..high; `low` itself only when it is the default or zero is harmless to the caller."""
        value = self._given.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            raise self.wrong(name, f"be a number, not {value!r}")
        if not low <= value <= high:
            raise self.wrong(name, f"be in {low}..{high}, not {value}")
        return float(value)

    def positive(self, name: str, default: float) -> float:
        """A number over zero."""
        value = self.number(name, default)
        if value <= 0:
            raise self.wrong(name, "be greater than 0")
        return value

    def choice(self, name: str, default: str, options: Collection[str]) -> str:
        """One of the options."""
        value = self._given.get(name, default)
        if value not in options:
            raise self.wrong(name, f"be one of {', '.join(options)}, not {value!r}")
        return str(value)

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self._given.get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, f"be true or false, not {value!r}")
        return value

    @property
    def seed(self) -> int:
        """`random_state`; runs are repeatable, whether it is set or not."""
        return self.whole("random_state", SEED, low=0, high=2**32 - 1)

    def wrong(self, name: str, must: str) -> InvalidArgumentError:
        """The error that names the parameter."""
        path = f"{self._path}.{name}"
        return InvalidArgumentError(f"{path} must {must}.", path=path)
