"""How a benchmark says what it found: one JSON line per figure, ratios within the run."""

import json
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured figure; `limit` is what the product must reach, None for a figure that only informs."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    better: Literal["higher", "lower"] = "lower"

    @property
    def reached(self) -> bool | None:
        """Whether the limit is kept; None without a limit."""
        if self.limit is None:
            return None
        return self.value >= self.limit if self.better == "higher" else self.value <= self.limit


def emit(figure: Figure) -> None:
    """Prints the figure as one JSON line, for people and for `tests.performance.run`."""
    print(json.dumps({**asdict(figure), "value": round(figure.value, 4)}), flush=True)
