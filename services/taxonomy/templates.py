"""Templates in a retriever's parameters, rendered with the inputs of one request, or with a document as well."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jinja2 import Template, Undefined
from jinja2.environment import TemplateExpression
from jinja2.exceptions import SecurityError

from services.common.errors import InvalidArgumentError
from services.taxonomy.domain import Json
from services.taxonomy.sandbox import (
    CONTEXT_NAMES,
    DOCUMENT_NAMES,
    KNOWN_NAMES,
    NAMES,
    Sandbox,
    as_result,
    is_one_expression,
)
from services.taxonomy.template_limits import LONGEST, LONGEST_OF_DOCUMENT, MOST_ELEMENTS, bounded

_SINGLE_BRACE = re.compile(rf"(?<!\{{)\{{\s*((?:{'|'.join(KNOWN_NAMES)})(?:\.[\w.]+|\[[^\]{{}}]+\])+)\s*\}}(?!\}})")
_INPUT = re.compile(rf"\b(?:{'|'.join(NAMES)})\s*[.\[]")
Compiled = Template | TemplateExpression


def is_template(value: object) -> bool:
    """Whether the value is a text that holds a template."""
    return isinstance(value, str) and ("{{" in value or "{%" in value or _SINGLE_BRACE.search(value) is not None)


def asks_for_input(value: object) -> bool:
    """Whether the value is a template that uses an input of the retriever."""
    return is_template(value) and _INPUT.search(str(value)) is not None


class Templates:
    """Renders the templates of one request, whose inputs it holds."""

    def __init__(self, inputs: Mapping[str, Json] | None = None, context: Mapping[str, Json] | None = None) -> None:
        self._made: Sandbox | None = None
        self._compiled: dict[tuple[str, bool], Compiled] = {}
        self._data: dict[str, Any] = {name: {} for name in KNOWN_NAMES} | dict.fromkeys(NAMES, inputs or {})
        self._data |= dict.fromkeys(CONTEXT_NAMES, context or {})

    @property
    def _sandbox(self) -> Sandbox:
        # Made when it is first needed: most runs for a label render nothing.
        if self._made is None:
            self._made = Sandbox()
        return self._made

    def check(self, text: str, path: str) -> None:
        """Raises InvalidArgumentError when the template at `path` could never be rendered."""
        try:
            self._compile(text, typed=True)
        except Exception as error:  # the compiler of Python fails in its own ways on what Jinja lets through
            raise _invalid(error, path) from error

    def render(self, text: str, path: str) -> Json:
        """The value of the template: of any JSON type when it is exactly one expression, else a text."""
        return self._evaluate(text, path, self._data)

    def text(self, text: str, path: str, document: Mapping[str, Json]) -> str:
        """The text of the template for a document."""
        data = self._data | dict.fromkeys(DOCUMENT_NAMES, document)
        return str(self._evaluate(text, path, data, typed=False, most=LONGEST_OF_DOCUMENT))

    def _evaluate(
        self, text: str, path: str, data: Mapping[str, Any], *, typed: bool = True, most: int = LONGEST
    ) -> Json:
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
        doubled = _SINGLE_BRACE.sub(r"{{\1}}", text)
        tree = self._sandbox.read(doubled.strip())
        if not is_one_expression(tree):
            return self._text(doubled)
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


def _plain(value: Any) -> Json:
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
