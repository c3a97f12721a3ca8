"""Printing tables: as wide as the terminal, and wide enough for every column where there is none."""

from rich.console import Console

PIPE_WIDTH = 160


def open_console() -> Console:
    """A console on stdout that never cuts an id short when its output is piped."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)
