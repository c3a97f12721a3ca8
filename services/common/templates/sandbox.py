"""Jinja2 in a sandbox that knows data, and no Python.

Attributes of Python objects, methods, other functions than the contract's, assignments, nested loops and definitions
are refused; so is arithmetic on anything but numbers of moderate size, and whatever takes too long or writes too much.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import ChainableUndefined, Undefined, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import htmlsafe_json_dumps
from jinja2.visitor import NodeTransformer

from services.common.json.paths import value_at
from services.common.templates.functions import FUNCTIONS, slugify, to_bool
from services.common.templates.limits import Budget, bounded, total

KEPT_FILTERS = ("first", "last", "map", "length")
ELEMENTS, WRITTEN, INSIDE = "_elements", "_written", "_inside"
LOOP_FIELDS = frozenset({"index", "index0", "first", "last", "length"})
LARGEST_FACTOR = 1e15
LARGEST_EXPONENT = 16
LONGEST_TEMPLATE = 10_000
REFUSED = (
    nodes.Macro,
    nodes.CallBlock,
    nodes.Import,
    nodes.FromImport,
    nodes.Include,
    nodes.Extends,
    nodes.Block,
    nodes.Assign,
    nodes.AssignBlock,
    nodes.With,
    nodes.FilterBlock,
)


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment in which a dot reaches the keys of data and nothing else.

    `names` are those that a template may use; `hint` says so to whoever uses another.
    """

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, names: Collection[str], hint: str) -> None:
        super().__init__(undefined=ChainableUndefined, autoescape=False, finalize=bounded)
        self._names, self._hint = frozenset(names), hint
        self.budget = Budget()
        kept = {name: self.filters[name] for name in KEPT_FILTERS}
        own = {
            "slugify": self._slugify,
            "bool": to_bool,
            "join": self._join,
            "tojson": self._to_json,
            INSIDE: self._inside,
        }
        self.filters = {**kept, **own, ELEMENTS: self.budget.elements, WRITTEN: self._join}
        self.globals = dict(FUNCTIONS)

    def read(self, text: str) -> nodes.Template:
        """The template, after everything that is not available was refused, with its limits built in."""
        if len(text) > LONGEST_TEMPLATE:
            raise SecurityError(f"it is longer than {LONGEST_TEMPLATE} characters")
        tree = self.parse(text)
        self._refuse_unknown(tree)
        _refuse(tree)
        limited = _Limits().visit(_Paths().visit(tree))
        assert isinstance(limited, nodes.Template)
        limited.set_environment(self)
        return limited

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of an object, or a number of a list."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The same with brackets; what is not there is empty."""
        self.budget.check()
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

    def _inside(self, obj: Any, path: str) -> Any:
        """What a dotted path leads to, found as everywhere (see `paths`), else step by step."""
        self.budget.check()
        found = value_at(obj, path) if isinstance(obj, Mapping) else None
        if found is not None:
            return found
        for part in path.split("."):
            obj = self.getitem(obj, part)
        return obj

    def is_safe_callable(self, obj: Any) -> bool:
        """Only the contract's functions may be called."""
        return any(obj is function for function in FUNCTIONS.values())

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Addition of what is not too long; multiplication, power and remainder of numbers of moderate size."""
        if operator == "+":
            return super().call_binop(context, operator, bounded(left), bounded(right))
        for operand in (left, right):
            if not isinstance(operand, int | float) or abs(operand) > LARGEST_FACTOR:
                raise SecurityError(f"'{operator}' works on numbers up to {LARGEST_FACTOR:.0e} only")
        if operator == "**" and abs(right) > LARGEST_EXPONENT:
            raise SecurityError(f"'**' takes an exponent up to {LARGEST_EXPONENT} only")
        return super().call_binop(context, operator, left, right)

    def _refuse_unknown(self, tree: nodes.Template) -> None:
        if unknown := meta.find_undeclared_variables(tree) - self._names - set(FUNCTIONS):
            raise SecurityError(f"there is no '{min(unknown)}'; {self._hint}")

    def _slugify(self, value: object) -> str:
        self.budget.check()
        return slugify(bounded(value))

    def _to_json(self, value: Any) -> str:
        self.budget.check()
        return "null" if isinstance(value, Undefined) else str(htmlsafe_json_dumps(bounded(value)))

    def _join(self, values: Iterable[Any], separator: str = "", attribute: str | None = None) -> str:
        self.budget.check()
        parts = values if attribute is None else (self.getitem(value, attribute) for value in values)
        return str(separator).join(str(part) for part in total(parts, str(separator)))


class _Limits(NodeTransformer):
    """Has every loop counted and timed, and every `~` measured."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.iter = _filtered(node.iter, ELEMENTS)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), WRITTEN)


class _Paths(NodeTransformer):
    """Has a path of several names read as one path, since its dots may stand in a key."""

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        root, names = _chain(node)
        if len(names) < 2 or not isinstance(root, nodes.Name) or any(name.startswith("__") for name in names):
            return self.generic_visit(node)
        path = nodes.Const(".".join(names), lineno=node.lineno)
        return nodes.Filter(root, INSIDE, [path], [], None, None, lineno=node.lineno)


def _chain(node: nodes.Node) -> tuple[nodes.Node, list[str]]:
    """What a path begins with, and its names."""
    names: list[str] = []
    while isinstance(node, nodes.Getattr):
        names.insert(0, node.attr)
        node = node.node
    return node, names


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    assert isinstance(node, nodes.Expr)
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _refuse(tree: nodes.Template) -> None:
    for node in tree.find_all(REFUSED):
        raise SecurityError(f"'{type(node).__name__.lower()}' is not available")
    for loop in tree.find_all(nodes.For):
        if loop.recursive or any(True for _ in _inner_loops(loop)):
            raise SecurityError("a loop inside a loop is not available")


def _inner_loops(loop: nodes.For) -> Iterator[nodes.For]:
    for child in loop.iter_child_nodes():
        if isinstance(child, nodes.For):
            yield child
        yield from child.find_all(nodes.For)


def is_one_expression(tree: nodes.Template) -> bool:
    """Whether the template is `{{ ... }}` and nothing else."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return False
    parts = tree.body[0].nodes
    return len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData)


def as_result(tree: nodes.Template) -> nodes.Template:
    """A template of one expression as one that keeps its value under the name `result`."""
    output = tree.body[0]
    assert isinstance(output, nodes.Output)
    kept = nodes.Assign(nodes.Name("result", "store", lineno=1), output.nodes[0], lineno=1)
    return nodes.Template([kept], lineno=1)
