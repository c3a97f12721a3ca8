"""What the demo prints: steps, progress, tables. Readable in a terminal and in a log."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.local.commands.console import open_console
from services.local.demo.score import Outcome, Score

Advance = Callable[[int], None]


class Reporter:
    """Prints to stdout; a terminal gets a moving bar, a log gets a line."""

    def __init__(self) -> None:
        self._console = open_console()

    def step(self, title: str) -> None:
        """A heading."""
        self._console.print(f"\n[bold]{title}[/bold]")

    def say(self, text: str) -> None:
        """A line."""
        self._console.print(text, markup=False)

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Advance]:
        """Yields a function that is told how many more are done."""
        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, disable=not self._console.is_terminal) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.advance(task, done)
        if not self._console.is_terminal:
            self.say(f"  {what}: {total} photos done")

    def outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """One row per photo: what it is, what it was labelled, how sure, and by which example."""
        table = Table("photo", "truth", "label given", "confidence", "most like", box=None, pad_edge=False)
        for outcome in sorted(outcomes, key=lambda outcome: outcome.photo.name):
            shown = (outcome.photo.path.name, outcome.photo.kind, outcome.label or "unknown")
            table.add_row(*shown, f"{outcome.confidence:.2f}", outcome.decided_by or "-", style=_style(outcome))
        self._console.print(table)

    def score(self, result: Score) -> None:
        """The sums of a round."""
        labelled = f"{result.known_labelled} of {result.known}"
        self.say(f"  coverage   {result.coverage:4.0%}   {labelled} photos of labelled kinds got a label")
        self.say(f"  accuracy   {result.accuracy:4.0%}   {result.right} of all {result.labelled} labels are right")
        if result.strangers:
            unknown = f"{result.strangers_unknown} of {result.strangers}"
            self.say(f"  strangers         {unknown} photos of kinds that nobody has labelled stayed unknown")

    def comparison(self, before: Score, after: Score) -> None:
        """Two rounds side by side."""
        table = Table("", "first round", "second round", box=None, pad_edge=False)
        table.add_row("photos of labelled kinds", str(before.known), str(after.known))
        table.add_row("coverage", f"{before.coverage:.0%}", f"{after.coverage:.0%}")
        table.add_row("accuracy", f"{before.accuracy:.0%}", f"{after.accuracy:.0%}")
        self._console.print(table)


def _style(outcome: Outcome) -> str:
    if outcome.label is None:
        return "yellow"
    return "" if outcome.right else "red"
