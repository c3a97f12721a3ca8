"""Times in requests, which clients write with or without a zone."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator


def _in_utc(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        message = "lies outside the calendar"
        raise ValueError(message) from error


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A time in UTC; one without a zone is taken as UTC."""
