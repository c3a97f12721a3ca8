"""Counting events towards a threshold."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """How many times the threshold was reached since it last fired, and what is left towards the next time."""

    times: int
    rest: int


def crossing(counter: int, threshold: int) -> Crossing:
    """What a counter comes to; what arrives while a trigger may not fire is not lost, and fires it once later."""
    times, rest = divmod(counter, threshold)
    return Crossing(times=times, rest=rest)
