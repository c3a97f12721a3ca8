"""The functions and filters of the contract that Jinja2 does not bring."""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

MOST_DIGITS = 15
FALSE_WORDS = frozenset({"", "0", "false", "no", "off", "none", "null"})


def utc_now() -> str:
    """This moment, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat()


def time_ago(**amounts: float) -> str:
    """A moment in the past, such as `time_ago(minutes=5)`, ISO 8601 in UTC."""
    return (datetime.now(UTC) - timedelta(**amounts)).isoformat()


def round_to(value: float, digits: int = 0) -> float:
    """The number rounded to at most 15 digits; without digits a whole number."""
    digits = max(-MOST_DIGITS, min(MOST_DIGITS, int(digits)))
    return round(value, digits) if digits else round(value)


def slugify(value: object) -> str:
    """Lower-case ASCII words joined by hyphens."""
    ascii_only = unicodedata.normalize("NFKD", str(value)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")


def to_bool(value: object) -> bool:
    """Truth, where texts such as "false", "no" and "0" are false."""
    return value.strip().lower() not in FALSE_WORDS if isinstance(value, str) else bool(value)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "utc_now": utc_now,
    "time_ago": time_ago,
    "max": max,
    "min": min,
    "abs": abs,
    "round": round_to,
    "ceil": math.ceil,
    "floor": math.floor,
}
