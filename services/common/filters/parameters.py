"""The numbered parameters of a query under construction."""


class Parameters:
    """Collects values and hands out their `$n`."""

    def __init__(self, start: int) -> None:
        self.values: list[object] = []
        self._start = start

    def bind(self, value: object) -> str:
        """The placeholder for `value`."""
        self.values.append(value)
        return f"${self._start + len(self.values) - 1}"
