"""What an import says: what the set holds, how it goes on, what came of it, and where to look."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from services.local.commands.console import open_console
from services.local.imports.account import Account
from services.local.imports.send_objects import Done
from services.local.imports.survey import Survey

SHOWN = 8
TENTHS, MANY = 10, 500


class _Rate(ProgressColumn):
    """Rows a second."""

    def render(self, task: Task) -> Text:
        """The rate of the last seconds, or of all."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "-/s")


class Report:
    """Prints to stdout; a terminal gets moving bars, a log gets lines."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or open_console()

    @property
    def is_terminal(self) -> bool:
        """Whether somebody may be there to see it."""
        return self._console.is_terminal

    def say(self, text: str) -> None:
        """A line."""
        self._console.print(text, markup=False, soft_wrap=True)

    def surveyed(self, survey: Survey, format_name: str) -> None:
        """What the set holds."""
        kinds = f" with {len(survey.labels):,} different labels" if survey.labels else ""
        suggested = f", {survey.suggested:,} with a machine's label" if survey.suggested else ""
        left = f", {survey.skipped:,} that cannot be imported" if survey.skipped else ""
        self.say(f"{format_name}: {survey.rows:,} rows, {survey.labelled:,} labelled{kinds}{suggested}{left}")

    def alike(self, groups: list[dict[str, int]]) -> None:
        """The labels that differ in case or spaces alone."""
        self.say("Labels that differ only in case or spaces:")
        for group in groups[:SHOWN]:
            self.say("  " + ", ".join(f"'{label}' ({count:,})" for label, count in group.items()))
        if len(groups) > SHOWN:
            self.say(f"  and {len(groups) - SHOWN:,} more")

    @contextmanager
    def progress(self, what: str, total: int, account: Account) -> Iterator[Done]:
        """Yields a function that is told how many more are done."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
        more = TextColumn("{task.fields[skipped]}")
        with Progress(*columns, more, console=self._console, disable=not self.is_terminal) as bar:
            task = bar.add_task(what, total=total, skipped="")

            def done(count: int) -> None:
                skipped = f"{account.skipped:,} skipped" if account.skipped else ""
                before = bar.tasks[task].completed
                bar.update(task, advance=count, skipped=skipped)
                step = TENTHS * before // total < TENTHS * (before + count) // total if total >= MANY else False
                if step and not self.is_terminal:
                    self.say(f"{what}: {before + count:,.0f} of {total:,}{skipped and ', ' + skipped}")

            yield done

    def ended(self, account: Account, to: list[str]) -> None:
        """What came of the rows, and where to look."""
        self.say(f"{account.sent:,} imported, {account.present:,} there already, {account.skipped:,} skipped")
        for reason, count in account.reasons.most_common(SHOWN):
            self.say(f"  {count:,}: {reason}")
        if account.skipped:
            self.say(f"Every skipped row and its reason: {account.path}")
        for line in to:
            self.say(line)
