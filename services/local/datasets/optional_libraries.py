"""The libraries that only data sets need: an extra, so that the services stay small."""

import contextlib
from collections.abc import Iterator

from services.common.errors import InvalidArgumentError


@contextlib.contextmanager
def needs(library: str) -> Iterator[None]:
    """InvalidArgumentError that says how to install what is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"This format needs {library}: install it with `pip install 'likeness[datasets]'`."
        raise InvalidArgumentError(message, reason="EXTRA_MISSING") from error
