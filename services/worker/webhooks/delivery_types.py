"""What is delivered, to whom, and how it may end."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

JsonObject = dict[str, Any]
Status = Literal["pending", "delivered", "failed", "canceled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One channel of one webhook or alert."""

    receiver: str
    channel: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """What keeps its order: the deliveries about one subject at one place."""

    place: Place
    subject: str

    @property
    def key(self) -> tuple[str, int, str]:
        """The lane's key in the database."""
        return (self.place.receiver, self.place.channel, self.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened."""

    event_id: str
    event_type: str
    namespace_id: str
    occurred_at: datetime
    subject_type: str
    subject_id: str
    payload: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one place; `attempts` have been made before."""

    delivery_id: str
    attempts: int
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A channel as it is stored: its signing secrets are sealed."""

    channel_type: str
    config: JsonObject
    is_alert: bool


@dataclass(slots=True, kw_only=True)
class Claim:
    """A lane that this worker has, and the next of its deliveries; no target when its channel is gone."""

    lane: Lane
    target: Target | None
    deliveries: list[Delivery]
    is_doubtful: bool
    is_halted: bool = field(default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one attempt ended.

    `verdict` "again" is a failure that may pass; "over" is one that will not. `wait_seconds` is what the receiver asked
    for, `is_gone` that it never wants to hear again; `blames` whether the failure tells of the receiver's health. A
    delivery can have been made and still have an `error` to tell of, such as a template that could not be used.
    """

    verdict: Literal["delivered", "again", "over", "canceled"]
    error: str | None = None
    response_status: int | None = None
    wait_seconds: float = 0.0
    is_gone: bool = False
    blames: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What becomes of a delivery after an attempt; `wait_seconds` until the next one while it is pending."""

    lane: Lane
    delivery_id: str
    status: Status
    outcome: Outcome
    ended_at: datetime
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A lane that its worker gives back, due again after `wait_seconds` if anything is pending in it."""

    lane: Lane
    wait_seconds: float = 0.0
    is_failing: bool = False
