"""One set of templates that share names, compiled once, and the time that all their renderings together may take."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from jinja2 import Template, Undefined
from jinja2.environment import TemplateExpression
from jinja2.exceptions import SecurityError

from services.common.errors import InvalidArgumentError
from services.common.templates.limits import LONGEST, MOST_ELEMENTS, bounded
from services.common.templates.sandbox import Sandbox, as_result, is_one_expression

Compiled = Template | TemplateExpression


class Renderer:
    """Compiles and renders templates that may use `names`; their faults are InvalidArgumentError INVALID_TEMPLATE."""

    def __init__(self, names: Collection[str], hint: str) -> None:
        self._names, self._hint = names, hint
        self._made: Sandbox | None = None
        self._compiled: dict[tuple[str, bool], Compiled] = {}

    @property
    def _sandbox(self) -> Sandbox:
        # Made when it is first needed: most runs for a label render nothing.
        if self._made is None:
            self._made = Sandbox(self._names, self._hint)
        return self._made

    def check(self, text: str, path: str) -> None:
        """Raises when the template at `path` could never be rendered."""
        try:
            self._compile(text, typed=True)
        except Exception as error:  # the compiler of Python fails in its own ways on what Jinja lets through
            raise _invalid(error, path) from error

    def value(self, text: str, path: str, data: Mapping[str, Any]) -> Any:
        """The value of the template: of any JSON type when it is exactly one expression, else a text."""
        return self._evaluate(text, path, data, typed=True, most=LONGEST)

    def text(self, text: str, path: str, data: Mapping[str, Any], most: int) -> str:
        """The text of the template, of at most `most` characters."""
        return str(self._evaluate(text, path, data, typed=False, most=most))

    def _evaluate(self, text: str, path: str, data: Mapping[str, Any], *, typed: bool, most: int) -> Any:
        budget = self._sandbox.budget
        budget.begin()
        try:
            compiled = self._compile(text, typed=typed)
            if isinstance(compiled, TemplateExpression):
                return _plain(compiled(data))
            return "".join(_pieces(compiled.generate(data), most))
        except Exception as error:  # what a template may raise is as open as what it may do
            raise _invalid(error, path) from error
        finally:
            budget.end()

    def _compile(self, text: str, *, typed: bool) -> Compiled:
        compiled = self._compiled.get((text, typed))
        if compiled is None:
            compiled = self._compiled[(text, typed)] = self._expression(text) if typed else self._text(text)
        return compiled

    def _expression(self, text: str) -> Compiled:
        tree = self._sandbox.read(text.strip())
        if not is_one_expression(tree):
            return self._text(text)
        return TemplateExpression(self._sandbox.from_string(as_result(tree)), False)

    def _text(self, text: str) -> Template:
        return self._sandbox.from_string(self._sandbox.read(text))


def _pieces(pieces: Iterator[str], most: int) -> Iterator[str]:
    written = 0
    for piece in pieces:
        written += len(piece)
        if written > most:
            raise SecurityError("it becomes too long")
        yield piece


def _plain(value: Any) -> Any:
    if isinstance(value, Undefined):
        return ""
    if isinstance(value, Iterator | tuple):
        return bounded(list(islice(value, MOST_ELEMENTS)))
    if value is None or isinstance(value, bool | int | float | list | dict):
        return bounded(value)
    if isinstance(value, str):
        return str(value)
    raise SecurityError("it gives neither a text, a number, a list nor an object")


def _invalid(error: Exception, path: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"{path}: the template cannot be used: {str(error).rstrip('.')[:300]}.", reason="INVALID_TEMPLATE", path=path
    )
