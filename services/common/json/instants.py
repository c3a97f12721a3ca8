"""Texts that name an instant: ISO 8601, a date or a date with a time, in UTC where they name no zone. Pure."""

import re
from datetime import UTC, datetime

ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII)


def moment_of(value: object) -> datetime | None:
    """The instant in UTC; None for what names none, such as the 30th of February."""
    if not isinstance(value, str) or ISO.fullmatch(value) is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
