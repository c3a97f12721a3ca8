"""When a trigger is next due; every time is in UTC."""

from datetime import datetime, timedelta

from services.common.triggers.cron import next_cron
from services.common.triggers.schedules import ConditionSchedule, CronSchedule, IntervalSchedule, Schedule


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
