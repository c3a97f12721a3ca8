"""When an alert fires: once per rise of its condition, never inside the cooldown. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How often an alert may tell, and how often it is to repeat itself while its condition holds."""

    cooldown: timedelta
    renotify: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Rise:
    """`is_raised`: the condition held when last looked at. `is_told`: somebody was told since it last rose."""

    is_raised: bool
    is_told: bool
    last_fired_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a look comes to; `again_at`: when it could fire, would the condition hold still."""

    rise: Rise
    fires: bool
    again_at: datetime | None


def look(rise: Rise, *, holds: bool, now: datetime, rule: Rule) -> Step:
    """The next state. A rise inside the cooldown is told when that ends, if the condition holds then."""
    if not holds:
        fallen = Rise(is_raised=False, is_told=False, last_fired_at=rise.last_fired_at)
        return Step(rise=fallen, fires=False, again_at=None)
    due = due_at(rise, rule)
    fires = not rise.is_told if due is None else due <= now
    raised = Rise(
        is_raised=True,
        is_told=rise.is_told or fires,
        last_fired_at=now if fires else rise.last_fired_at,
    )
    return Step(rise=raised, fires=fires, again_at=due_at(raised, rule))


def due_at(rise: Rise, rule: Rule) -> datetime | None:
    """When a condition that holds is to be told of; None for never or, if it was never told, for at once."""
    if rise.last_fired_at is None or (rise.is_told and rule.renotify is None):
        return None
    wait = max(rule.cooldown, rule.renotify or rule.cooldown) if rise.is_told else rule.cooldown
    return rise.last_fired_at + wait


def may_fire(last_fired_at: datetime | None, now: datetime, rule: Rule) -> bool:
    """Whether what is no rise, such as a new document that matches, may be told of now."""
    return last_fired_at is None or last_fired_at + rule.cooldown <= now
