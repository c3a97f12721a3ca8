"""What stops a program, as one sentence: an operator reads what to do, not a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError
from pydantic_settings import SettingsError

from services.common.errors import LikenessError

PREFIX = "LIKENESS_"


@contextmanager
def errors_in_words(program: str) -> Iterator[None]:
    """What goes wrong on purpose, and a setting that is none, end the program with a sentence and exit status 1."""
    try:
        yield
    except LikenessError as error:
        _stop(program, error.message, error)
    except SettingsError as error:
        _stop(program, f"A variable {PREFIX}... is not in the form that it needs: {error}.", error)
    except ValidationError as error:
        if error.title != "Settings":
            raise
        _stop(program, settings_fault(error), error)


def settings_fault(error: ValidationError) -> str:
    """Which variables are wrong and why, never with their values: some are secrets."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    named = (f"{PREFIX}{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in faults)
    return f"{'; '.join(named)}. Correct it and start again."


def _stop(program: str, message: str, error: Exception) -> None:
    print(f"{program}: {message}", file=sys.stderr, flush=True)
    raise SystemExit(1) from error
