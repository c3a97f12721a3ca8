"""Templates in a retriever's parameters: Jinja2 in a sandbox that knows data, and no Python.

Attributes of Python objects, methods, other functions than the contract's, nested loops and definitions are refused;
so is arithmetic on anything but numbers of moderate size.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import ChainableUndefined, TemplateError, Undefined, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.common.errors import InvalidArgumentError
from services.taxonomy.domain import Json
from services.taxonomy.template_functions import FUNCTIONS, slugify, to_bool

NAMES = ("INPUT", "input", "inputs")
EMPTY_NAMES = ("DOC", "doc", "CONTEXT", "context", "STAGE", "stage", "SECRET", "secret", "secrets")
FILTERS = ("first", "last", "map", "join", "length", "tojson")
LOOP_FIELDS = frozenset({"index", "index0", "first", "last", "length"})
LARGEST_FACTOR = 1e15
LARGEST_EXPONENT = 16

_SINGLE_BRACE = re.compile(
    rf"(?<!\{{)\{{\s*((?:{'|'.join(NAMES + EMPTY_NAMES)})(?:\.[\w.]+|\[[^\]{{}}]+\])+)\s*\}}(?!\}})"
)
_INPUT = re.compile(rf"\b(?:{'|'.join(NAMES)})\s*[.\[]")
_REFUSED = (nodes.Macro, nodes.CallBlock, nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends, nodes.Block)


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment in which a dot reaches the keys of data and nothing else."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=ChainableUndefined, autoescape=False)
        self.filters = {name: self.filters[name] for name in FILTERS} | {"slugify": slugify, "bool": to_bool}
        self.globals = dict(FUNCTIONS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of an object, or a number of a list."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The same with brackets; what is not there is empty."""
        if isinstance(obj, LoopContext) and argument in LOOP_FIELDS:
            return getattr(obj, argument)
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, list | tuple | str) and re.fullmatch(r"-?\d{1,9}", str(argument)):
            position = int(argument)
            return obj[position] if -len(obj) <= position < len(obj) else self.undefined(obj=obj, name=argument)
        if str(argument).startswith("__"):
            raise SecurityError(f"'{argument}' cannot be reached")
        return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        """Only the contract's functions may be called."""
        return any(obj is function for function in FUNCTIONS.values())

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiplication, power and remainder, for numbers of moderate size."""
        for operand in (left, right):
            if not isinstance(operand, int | float) or abs(operand) > LARGEST_FACTOR:
                raise SecurityError(f"'{operator}' works on numbers up to {LARGEST_FACTOR:.0e} only")
        if operator == "**" and abs(right) > LARGEST_EXPONENT:
            raise SecurityError(f"'**' takes an exponent up to {LARGEST_EXPONENT} only")
        return super().call_binop(context, operator, left, right)


def is_template(value: object) -> bool:
    """Whether the value is a text that holds a template."""
    return isinstance(value, str) and ("{{" in value or "{%" in value or _SINGLE_BRACE.search(value) is not None)


def asks_for_input(value: object) -> bool:
    """Whether the value is a template that uses an input of the retriever."""
    return is_template(value) and _INPUT.search(str(value)) is not None


class Templates:
    """Renders the templates of one request, whose inputs it holds."""

    def __init__(self, inputs: Mapping[str, Json] | None = None) -> None:
        self._sandbox = Sandbox()
        self._data = dict.fromkeys(NAMES, inputs or {}) | {name: {} for name in EMPTY_NAMES}

    def check(self, text: str, path: str) -> None:
        """Raises InvalidArgumentError when the template at `path` could never be rendered."""
        try:
            tree = self._sandbox.parse(_double_braces(text))
            _refuse(tree)
            self._sandbox.compile(tree)
        except (TemplateError, RecursionError) as error:
            raise _invalid(error, path) from error

    def render(self, text: str, path: str) -> Json:
        """The value of the template: of any JSON type when it is exactly one expression, else a text."""
        source = _double_braces(text).strip()
        try:
            tree = self._sandbox.parse(source)
            _refuse(tree)
            if not _is_one_expression(tree):
                return self._sandbox.from_string(_double_braces(text)).render(self._data)
            expression = self._sandbox.compile_expression(_inside(source), undefined_to_none=False)
            return _plain(expression(self._data))
        except Exception as error:  # what a template may raise is as open as what it may do
            raise _invalid(error, path) from error


def _double_braces(text: str) -> str:
    return _SINGLE_BRACE.sub(r"{{\1}}", text)


def _is_one_expression(tree: nodes.Template) -> bool:
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return False
    parts = tree.body[0].nodes
    return len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData)


def _inside(expression: str) -> str:
    return expression[2:-2].removeprefix("-").removesuffix("-")


def _refuse(tree: nodes.Template) -> None:
    unknown = meta.find_undeclared_variables(tree) - {*NAMES, *EMPTY_NAMES, *FUNCTIONS}
    if unknown:
        raise SecurityError(f"there is no '{min(unknown)}'; inputs are written INPUT.name")
    for node in tree.find_all(_REFUSED):
        raise SecurityError(f"'{type(node).__name__.lower()}' is not available")
    for loop in tree.find_all(nodes.For):
        if loop.recursive or any(True for _ in _inner_loops(loop)):
            raise SecurityError("a loop inside a loop is not available")


def _inner_loops(loop: nodes.For) -> Iterator[nodes.For]:
    for child in loop.iter_child_nodes():
        if isinstance(child, nodes.For):
            yield child
        yield from child.find_all(nodes.For)


def _plain(value: Any) -> Json:
    if isinstance(value, Undefined):
        return ""
    if isinstance(value, Iterator | tuple):
        return list(value)
    if value is None or isinstance(value, bool | int | float | list | dict):
        return value
    if isinstance(value, str):
        return str(value)
    raise SecurityError("it gives neither a text, a number, a list nor an object")


def _invalid(error: Exception, path: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"{path}: the template cannot be used: {str(error).rstrip('.')}.", reason="INVALID_TEMPLATE", path=path
    )
