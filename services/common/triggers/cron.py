"""Cron expressions of five fields, and when they are next due on the clocks of a time zone."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from croniter import croniter

# Seconds and years are no part of it, nor are the random fields that croniter also knows.
FIELDS = re.compile(r"^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|[0-9A-QS-Za-z*/,#?-]+( +[^ ]+){4})$")
RANDOM = re.compile(r"(^| )[rRhH](\(|/|$| )")
SOME_DAY = datetime(2024, 1, 1, tzinfo=UTC)


def read_cron(expression: str) -> str:
    """The expression with single spaces; ValueError when it cannot be read, or never comes about."""
    text = " ".join(expression.split())
    if not FIELDS.match(text) or RANDOM.search(text):
        message = "must have five fields: minute, hour, day of month, month, day of week, such as '0 2 * * *'"
        raise ValueError(message)
    try:
        croniter(text, SOME_DAY).get_next(datetime)
    except Exception as error:  # the parser fails in its own ways
        message = f"is no cron expression that ever comes about: {error}"
        raise ValueError(message) from error
    return text


def next_cron(expression: str, timezone: str, after: datetime) -> datetime:
    """The next time, in UTC, after a time in UTC.

    An hour that the clocks leave out counts as the one that follows; of an hour that comes twice, a job at a fixed
    hour takes the first.
    """
    zone = ZoneInfo(timezone)
    found: datetime = croniter(expression, after.astimezone(zone)).get_next(datetime)
    while _has_fixed_hour(expression) and _is_second(found):
        found = croniter(expression, found).get_next(datetime)
    return found.astimezone(UTC)


def _has_fixed_hour(expression: str) -> bool:
    return expression != "@hourly" and "*" not in "".join(expression.split()[1:2])


def _is_second(moment: datetime) -> bool:
    """Whether the clocks showed this time once before."""
    return moment.utcoffset() != moment.replace(fold=0).utcoffset()
