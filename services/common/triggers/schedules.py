"""When a trigger fires: the contract's schedule_config of each trigger_type, and when it is next due, in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.common.events.event_types import RAISED, resource_type_of
from services.common.triggers.config_forms import Config, read_form
from services.common.triggers.cron import next_cron, read_cron

CRON, INTERVAL, EVENT, CONDITIONAL = "cron", "interval", "event", "conditional"
TriggerType = Literal["cron", "interval", "event", "conditional"]
LEAST_SECONDS, MOST_SECONDS = 10, 31_622_400
MOST_COOLDOWN = 2_592_000
# The contract's words for what is counted, beside the types of events themselves.
SPOKEN = {
    "documents_added": "document.created",
    "documents_updated": "document.updated",
    "documents_deleted": "document.deleted",
    "objects_added": "object.created",
    "objects_updated": "object.updated",
    "objects_deleted": "object.deleted",
}
COUNTED = frozenset(each.value for each in RAISED if resource_type_of(each) in ("document", "object", "collection"))
Seconds = Annotated[int, Field(strict=True, ge=LEAST_SECONDS, le=MOST_SECONDS)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
Metric = Literal["cosine_drift", "document_count", "relative_change"]
METRICS: Mapping[str, tuple[Metric, ...]] = {
    "drift": ("cosine_drift",),
    "volume": ("document_count", "relative_change"),
}


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        message = f"'{name[:100]}' is no time zone of the IANA database, such as 'Europe/Berlin'"
        raise ValueError(message) from error
    return name


def _event(name: str) -> str:
    if SPOKEN.get(name, name) not in COUNTED:
        message = f"'{name[:100]}' is not one of {', '.join([*SPOKEN, *sorted(COUNTED)])}"
        raise ValueError(message)
    return name


class CronSchedule(Config):
    """Minute, hour, day, month, weekday as the clocks of `timezone` show them."""

    cron_expression: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True), AfterValidator(read_cron)]
    timezone: Annotated[str, StringConstraints(max_length=100), AfterValidator(_zone)] = "UTC"


class IntervalSchedule(Config):
    """Every so many seconds, the first time now or after one interval."""

    interval_seconds: Seconds
    start_immediately: Annotated[bool, Field(strict=True)] = False


class Watching(Config):
    """Which collections are looked at; those of the action where nothing is said."""

    collection_id: Identifier | None = None
    collection_ids: Annotated[list[Identifier] | None, Field(min_length=1, max_length=100)] = None

    @property
    def named(self) -> list[str] | None:
        """The identifiers given, each once; None where nothing is said."""
        both = [*([self.collection_id] if self.collection_id else []), *(self.collection_ids or [])]
        return list(dict.fromkeys(both)) or None


class EventSchedule(Watching):
    """After so many events, and not again before the cooldown is over."""

    event_type: Annotated[str, AfterValidator(_event)]
    event_threshold: Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
    cooldown_seconds: Annotated[int, Field(strict=True, ge=0, le=MOST_COOLDOWN)] = 0

    @property
    def counted(self) -> str:
        """The type of the events that count."""
        return SPOKEN.get(self.event_type, self.event_type)


class ConditionSchedule(Watching):
    """When documents have changed by so much since the last successful execution: in number, or in what they show.

    cosine_drift: 1 - cosine of the mean vectors then and now. document_count: the difference in number.
    relative_change: that difference as a share of the number then.
    """

    condition_type: Literal["drift", "volume"]
    threshold: Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
    metric: Metric
    check_interval_seconds: Seconds = 3600

    @model_validator(mode="before")
    @classmethod
    def _default_metric(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("metric") is None:
            return {**given, "metric": METRICS.get(str(given.get("condition_type")), ("cosine_drift",))[0]}
        return given

    @model_validator(mode="after")
    def _measurable(self) -> "ConditionSchedule":
        if self.metric not in METRICS[self.condition_type]:
            message = f"metric '{self.metric}' does not measure '{self.condition_type}'; use one of "
            raise ValueError(message + ", ".join(METRICS[self.condition_type]))
        return self


Schedule = CronSchedule | IntervalSchedule | EventSchedule | ConditionSchedule
FORMS: Mapping[str, type[Schedule]] = {
    CRON: CronSchedule,
    INTERVAL: IntervalSchedule,
    EVENT: EventSchedule,
    CONDITIONAL: ConditionSchedule,
}


def read_schedule(
    trigger_type: str, raw: Mapping[str, Any], path: str = "schedule_config", *, stored: bool = False
) -> Schedule:
    """The schedule of a trigger of this type; InvalidArgumentError names the field that is wrong."""
    return read_form(FORMS[trigger_type], raw, path, stored=stored)


def first_time(schedule: Schedule, now: datetime) -> datetime | None:
    """The first time of a trigger that begins now; None where events decide. Conditions are measured at once."""
    if isinstance(schedule, ConditionSchedule) or (
        isinstance(schedule, IntervalSchedule) and schedule.start_immediately
    ):
        return now
    return next_time(schedule, now)


def next_time(schedule: Schedule, now: datetime) -> datetime | None:
    """The next time after now, whatever was missed before; None where events decide."""
    match schedule:
        case CronSchedule():
            return next_cron(schedule.cron_expression, schedule.timezone, now)
        case IntervalSchedule():
            return now + timedelta(seconds=schedule.interval_seconds)
        case ConditionSchedule():
            return now + timedelta(seconds=schedule.check_interval_seconds)
    return None


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """How many times the threshold was reached since it last fired, and what is left towards the next time."""

    times: int
    rest: int


def crossing(counter: int, threshold: int) -> Crossing:
    """What a counter comes to; what arrives while a trigger may not fire is not lost, and fires it once later."""
    times, rest = divmod(counter, threshold)
    return Crossing(times=times, rest=rest)
