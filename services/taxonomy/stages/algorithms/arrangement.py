"""What every arrangement does: one list of candidates, which have their fields, becomes another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from services.taxonomy.domain import Candidate, Json

MOST_CANDIDATES = 5000
Candidates = tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """What became of one list, and what was found out beside it."""

    candidates: Candidates
    notes: Mapping[str, Json] = field(default_factory=dict)


Arrangement = Callable[[Candidates], Arranged]
