"""What the `mixpeek` client sends and reads: the class of each call's body, and of each status of its answer.

The generated client says so in its own source, one `resource_path` and one map of response types per operation.
"""

import importlib
import pkgutil
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import httpx
from pydantic import BaseModel

NO_BODY = "_"

ERROR = "ErrorResponse"
SERIALIZER = re.compile(r"\n    def _(\w+)_serialize\(")
METHOD = re.compile(r"\n            method='(\w+)',\n            resource_path='([^']+)'")
CALL = re.compile(r"\n    def (\w+)_with_http_info\(")
STATUS = re.compile(r"'(\d{3})': (?:\"([^\"]*)\"|None)")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One call of the client; `answers` maps a status to a class name, None for an empty body."""

    name: str
    method: str
    path: str
    answers: Mapping[str, str | None]

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths of this call."""
        return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", self.path))


@cache
def operations() -> list[Operation]:
    """Every call that the generated client has, paths without parameters first."""
    folder = resources.files("mixpeek") / "api"
    sources = [entry.read_text() for entry in folder.iterdir() if entry.name.endswith("_api.py")]
    found = [operation for source in sources for operation in read_operations(source)]
    return sorted(found, key=lambda operation: (operation.path.count("{"), operation.path))


def read_operations(source: str) -> Iterator[Operation]:
    """The calls in the source of one generated class."""
    answers = {name: _answers(body) for name, body in _parts(CALL, source)}
    for name, body in _parts(SERIALIZER, source):
        place = METHOD.search(body)
        if place is not None and name in answers:
            yield Operation(name=name, method=place[1], path=place[2], answers=answers[name])


def _parts(start: re.Pattern[str], source: str) -> Iterator[tuple[str, str]]:
    """Name and text of each piece that begins with `start`."""
    pieces = start.split(source)[1:]
    return zip(pieces[::2], pieces[1::2], strict=True)


def _answers(body: str) -> dict[str, str | None]:
    kinds = body.partition("_response_types_map")[2].partition("}")[0]
    return {status: kind or None for status, kind in STATUS.findall(kinds)}


def operation_of(method: str, path: str) -> Operation | None:
    """The call that would be sent to this path, if the client has one."""
    stripped = path.rstrip("/")
    return next((each for each in operations() if each.method == method and each.pattern.fullmatch(stripped)), None)


async def parses(response: httpx.Response) -> None:
    """Fails when the client cannot read an answer with its own classes; an httpx response hook."""
    await response.aread()
    path = response.request.url.path
    operation = operation_of(response.request.method, path.removeprefix("/api") if path.startswith("/api/") else path)
    if operation is None:
        return
    status = str(response.status_code)
    if response.is_success:
        assert status in operation.answers, f"{operation.name} knows {sorted(operation.answers)}, not {status}"
    kind = operation.answers.get(status, ERROR)
    if kind is None:
        assert not response.content, f"{operation.name} wants no body with {status}"
        return
    read(response, kind)


def read(response: httpx.Response, kind: str) -> object:
    """The answer as the class `kind` of the client; raises what the client would raise."""
    from mixpeek.api_client import ApiClient

    return ApiClient().deserialize(response.text, kind, response.headers.get("content-type"))


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
