"""What the `mixpeek` client sends: the class of each call's body, and the classes inside of it."""

import importlib
import pkgutil
import re
import types
import typing
from collections.abc import Iterator
from functools import cache

from pydantic import BaseModel

from tests.support.client_classes import operations

NO_BODY = "_"


@cache
def bodies() -> dict[tuple[str, str], type[BaseModel]]:
    """(method, path without the names of its parameters) -> the class of the body, for calls that have one."""
    calls = dict(_calls())
    found = {}
    for operation in operations():
        call = calls.get(operation.name)
        body = None if call is None else _body(call)
        if body is not None:
            found[operation.method, plain(operation.path)] = body
    return found


def plain(path: str) -> str:
    """A path without the names of its parameters."""
    return re.sub(r"\{[^}]+\}", "{}", path).rstrip("/")


def _calls() -> Iterator[tuple[str, types.FunctionType]]:
    import mixpeek.api as api

    for module in pkgutil.iter_modules(api.__path__):
        loaded = importlib.import_module(f"mixpeek.api.{module.name}")
        for name, kind in vars(loaded).items():
            if isinstance(kind, type) and name.endswith("Api"):
                yield from ((each, call) for each, call in vars(kind).items() if isinstance(call, types.FunctionType))


def _body(call: types.FunctionType) -> type[BaseModel] | None:
    hints = typing.get_type_hints(call)
    named = (hint for name, hint in hints.items() if not name.startswith(NO_BODY) and name != "return")
    return next((each for hint in named for each in classes_in(hint)), None)


def classes_in(hint: object, above: tuple[object, ...] = ()) -> list[type[BaseModel]]:
    """The classes of the client inside of a type; for one that stands for several, those."""
    if hint in above:
        return []
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        several = [field.annotation for name, field in hint.model_fields.items() if "_schema_" in name]
        return [each for one in several for each in classes_in(one, (*above, hint))] if several else [hint]
    return [each for argument in typing.get_args(hint) for each in classes_in(argument, above)]
