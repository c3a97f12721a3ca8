"""What an export's rows look like, and where each of their fields may land. Pure."""

import base64
import binascii
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, get_args

import orjson

from services.gateway.imports.shapes import (
    InferredField,
    Role,
    SchemaInferenceRequest,
    SchemaInferenceResult,
    SourceType,
)
from services.gateway.imports.source_types import leaves, type_of
from services.gateway.kit.shapes import JsonObject

FEW = 20
SHOWN = 200
ROLES = frozenset(get_args(Role))
DTYPES = {2: "float16-base64", 4: "float32-base64"}


def inferred(request: SchemaInferenceRequest) -> SchemaInferenceResult:
    """The fields of the sample, in the order in which they are met; declared types beat those that the rows show."""
    values: dict[str, list[Any]] = defaultdict(list)
    rows = (request.sample_rows or [])[: request.sample_size]
    for row in rows:
        for path, value in leaves(row):
            values[path].append(value)
    declared = request.source_schema or {}
    paths = dict.fromkeys([*values, *declared])
    dims = request.known_index_dims or {}
    found = [_field(path, values.get(path, []), declared.get(path), dims) for path in paths]
    mixed = [each.path for each in found if len(_types(values.get(each.path, []))) > 1]
    warnings = [f"'{path}' has values of several types; it is read as {_type(values[path])}." for path in mixed]
    return SchemaInferenceResult(fields=found, warnings=warnings if paths else ["There are no rows to infer from."])


def _types(values: list[Any]) -> set[SourceType]:
    return {kind for each in values if (kind := type_of(each)) != "null"}


def _type(values: list[Any]) -> SourceType:
    """The one type of the values; numbers of both kinds are floats, what is mixed otherwise is text or an object."""
    types = _types(values)
    if len(types) <= 1:
        return next(iter(types), "null")
    if types == {"integer", "float"}:
        return "float"
    return "object" if types & {"object", "vector"} else "string"


def _field(path: str, values: list[Any], declared: Any, dims: Mapping[str, int]) -> InferredField:
    kind = _declared(declared) or _type(values)
    sample = next((each for each in values if each is not None), None)
    dim, dtype, index = _vector(sample, kind, dims)
    kind = "vector" if dim is not None else kind
    return InferredField(
        path=path,
        type=kind,
        cardinality=_cardinality(values) if kind in ("string", "integer", "boolean") else None,
        sample=_short(sample),
        dim=dim,
        dtype=dtype,
        suggested_target=_target(path, kind, dim, dtype, index),
    )


def _declared(told: Any) -> SourceType | None:
    """A type as a schema says it: `"float"`, or `{"type": "float"}`."""
    name = told.get("type") if isinstance(told, Mapping) else told
    kinds: tuple[SourceType, ...] = get_args(SourceType)
    return next((kind for kind in kinds if kind == name), None)


def _vector(sample: Any, kind: SourceType, dims: Mapping[str, int]) -> tuple[int | None, str | None, str | None]:
    """Dimension, encoding and index of a vector; base64 is one when its size is that of a known index."""
    if kind == "vector" and isinstance(sample, list):
        return len(sample), None, _index(len(sample), dims)
    if kind not in ("string", "vector") or not isinstance(sample, str):
        return None, None, None
    try:
        size = len(base64.b64decode(sample, validate=True))
    except (binascii.Error, ValueError):
        return None, None, None
    for width, dtype in DTYPES.items():
        if (index := _index(size / width, dims)) is not None:
            return size // width, dtype, index
    return None, None, None


def _index(dim: float, dims: Mapping[str, int]) -> str | None:
    return next((name for name, known in dims.items() if known == dim), None)


def _cardinality(values: list[Any]) -> Any:
    there = [each for each in values if each is not None]
    return "low" if len(set(map(str, there))) <= min(FEW, max(1, len(there) // 2)) else "high"


def _short(sample: Any) -> Any:
    """A value to show; of a long one its beginning."""
    if isinstance(sample, str):
        return sample[:SHOWN]
    return sample if len(orjson.dumps(sample)) <= SHOWN else None


def _target(path: str, kind: SourceType, dim: int | None, dtype: str | None, index: str | None) -> JsonObject:
    name = path.rpartition(".")[2]
    if kind == "vector":
        found = {"kind": "vector", "index": index, "dim": dim, "dtype": dtype}
    elif name in ROLES:
        found = {"kind": "identity", "role": name}
    elif kind == "null":
        found = {"kind": "ignore"}
    else:
        found = {"kind": "metadata", "path": f"metadata.{path}"}
    return {name: value for name, value in found.items() if value is not None}
