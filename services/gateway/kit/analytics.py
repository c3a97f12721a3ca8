"""What analyses share: the time that they are about, and parts of a whole."""

from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from services.common.errors import InvalidArgumentError
from services.gateway.kit.shapes import Answer, QueryForm

Unit = Literal["minute", "hour", "day", "week", "month"]
DEFAULT_HOURS = 168
MAX_BUCKETS = 10_000
SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000}


class RangeQuery(QueryForm):
    """Query parameters of an analysis; `hours` beats the dates."""

    hours: Annotated[int | None, Field(ge=1, le=720, description="The last so many hours")] = None
    start_date: Annotated[datetime | None, Field(description="UTC unless it names a zone")] = None
    end_date: Annotated[datetime | None, Field(description="UTC unless it names a zone; now when absent")] = None
    group_by: Annotated[Unit, Field(description="The length of a time bucket")] = "day"


class TimeRange(Answer):
    """TimeRange."""

    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class Period:
    """From `start` on, to before `end`; `given` unless nobody asked for a range."""

    start: datetime
    end: datetime
    unit: Unit
    given: bool

    @property
    def shown(self) -> TimeRange:
        """As the contract has it."""
        return TimeRange(start=self.start, end=self.end)


RangeAsked = Annotated[RangeQuery, Query()]


def period_of(query: RangeQuery) -> Period:
    """The period that a query asks for; the last seven days when it says nothing."""
    now = datetime.now(UTC)
    given = any((query.hours, query.start_date, query.end_date))
    end = now if query.hours else _aware(query.end_date) or now
    start = None if query.hours else _aware(query.start_date)
    start = start or _earlier(end, query.hours or DEFAULT_HOURS)
    if start >= end:
        raise InvalidArgumentError("start_date must be before end_date.", path="query.start_date")
    if (end - start).total_seconds() / SECONDS[query.group_by] > MAX_BUCKETS:
        message = f"The period has more than {MAX_BUCKETS} buckets of a {query.group_by}; choose a longer group_by."
        raise InvalidArgumentError(message, path="query.group_by")
    # The driver takes the very first and the very last moment of the calendar for infinity.
    if start.year == MINYEAR or end.year == MAXYEAR:
        raise InvalidArgumentError("A date is out of range.", path="query.start_date")
    return Period(start=start, end=end, unit=query.group_by, given=given)


def _earlier(end: datetime, hours: int) -> datetime:
    try:
        return end - timedelta(hours=hours)
    except OverflowError as error:
        raise InvalidArgumentError("end_date is too early.", path="query.end_date") from error


def _aware(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise InvalidArgumentError("A date is out of range.", path="query.start_date") from error


def share(count: int, total: int) -> float:
    """Between 0 and 1, four digits; 0 of nothing is 0."""
    return round(count / total, 4) if total else 0.0


def percentage(count: int, total: int) -> float:
    """Of a hundred, two digits; 0 of nothing is 0."""
    return round(100 * count / total, 2) if total else 0.0
