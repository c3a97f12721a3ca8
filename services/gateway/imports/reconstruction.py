"""One export, and the documents that a mapping makes of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.common.errors import InvalidArgumentError
from services.common.extractors.passthrough import strip_root
from services.common.json.paths import value_at
from services.gateway.imports.shapes import ExplodeSpec, ImportFieldMapping, ImportMapping, MappingTarget
from services.gateway.imports.source_types import fits, type_of
from services.gateway.imports.vectors import numbers_of
from services.gateway.kit.shapes import JsonObject

MOST = 1000
Joined = Mapping[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Source:
    """What one document is made of: the export, and one element of its array where it is exploded."""

    export: JsonObject
    axis: str = ""
    element: JsonObject | None = None
    vectors: Mapping[str, Any] = field(default_factory=dict)

    def at(self, path: str) -> Any:
        """The value of a source field: of the element, whose paths may begin with the array's, else of the export."""
        if self.element is None:
            return value_at(self.export, path)
        inside = path.removeprefix(self.axis).removeprefix("[]")
        if path.startswith(self.axis) and inside.startswith("."):
            return value_at(self.element, inside[1:])
        found = value_at(self.element, path)
        return value_at(self.export, path) if found is None else found


@dataclass(frozen=True, kw_only=True)
class Reconstructed:
    """A document as the mapping makes it; `identity` maps a role to the id that the export has for it."""

    fields: JsonObject
    vectors: Mapping[str, list[float]]
    identity: Mapping[str, str]
    chain: list[JsonObject]


def sources(export: JsonObject, explode: ExplodeSpec | None) -> list[Source]:
    """What the documents are made of. InvalidArgumentError where the array is none, or too long."""
    if explode is None:
        return [Source(export=export)]
    elements = _array(export, explode.explode_axis, "body.explode.explode_axis")
    joined = _joined(export, explode)
    return [_source(export, explode, each, joined) for each in elements]


def _array(export: JsonObject, path: str, where: str) -> list[Any]:
    found = value_at(export, path)
    if not isinstance(found, list):
        raise InvalidArgumentError(f"{where}: the export has no array at '{path}'.", path=where)
    if len(found) > MOST:
        message = f"{where}: '{path}' has {len(found)} elements; send at most {MOST} at once."
        raise InvalidArgumentError(message, path=where)
    return found


def _joined(export: JsonObject, explode: ExplodeSpec) -> Joined:
    join = explode.vector_join
    if join is None:
        return {}
    rows = [row for row in _array(export, join.array, "body.explode.vector_join.array") if isinstance(row, Mapping)]
    return {_key(row.get(join.key)): row.get(join.vector_field) for row in rows}


def _key(value: Any) -> str:
    return repr(value)


def _source(export: JsonObject, explode: ExplodeSpec, element: Any, joined: Joined) -> Source:
    held = element if isinstance(element, dict) else {"value": element}
    join = explode.vector_join
    vector = None if join is None else joined.get(_key(held.get(join.key)))
    vectors = {} if join is None or vector is None else {join.index: vector}
    return Source(export=export, axis=explode.explode_axis, element=held, vectors=vectors)


def reconstructed(source: Source, mapping: ImportMapping) -> Reconstructed:
    """The document of a source. InvalidArgumentError names the source field that cannot be read as it should."""
    fields: JsonObject = {}
    identity: dict[str, str] = {}
    chain: dict[int, JsonObject] = {}
    vectors = {name: numbers_of(value, None, None, name) for name, value in source.vectors.items()}
    for each in mapping.fields or []:
        value = _checked(source.at(each.source_field), each)
        if value is None or each.target.kind == "ignore":
            continue
        if each.target.kind == "metadata":
            _put(fields, strip_root(each.target.path or each.source_field), value)
        elif each.target.kind == "vector":
            vectors[_index(each.target)] = numbers_of(value, each.target.dtype, each.target.dim, each.source_field)
        elif each.target.kind == "identity":
            identity[_role(each)] = str(value)
        else:
            step = chain.setdefault(each.target.chain_position or 0, dict(mapping.chain_template or {}))
            _put(step, each.target.path or each.source_field.rpartition(".")[2], value)
    return Reconstructed(
        fields=fields, vectors=vectors, identity=identity, chain=[chain[place] for place in sorted(chain)]
    )


def _checked(value: Any, each: ImportFieldMapping) -> Any:
    wanted = each.target.expected_type
    if wanted is not None and not fits(type_of(value), wanted):
        message = f"'{each.source_field}' is of the type {type_of(value)}, and its target takes {wanted}."
        raise InvalidArgumentError(message, path=each.source_field)
    return value


def _index(target: MappingTarget) -> str:
    return target.index or ""


def _role(each: ImportFieldMapping) -> str:
    if each.target.role is None:
        message = f"'{each.source_field}' is mapped to an identity without a role."
        raise InvalidArgumentError(message, path=each.source_field)
    return each.target.role


def _put(fields: JsonObject, path: str, value: Any) -> None:
    """Sets a value at a dotted path; objects on the way are made."""
    *above, last = path.split(".")
    for name in above:
        inside = fields.setdefault(name, {})
        if not isinstance(inside, dict):
            raise InvalidArgumentError(f"'{path}' leads into '{name}', which is mapped to a value.", path=path)
        fields = inside
    fields[last] = value
