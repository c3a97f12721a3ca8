"""What of a mapping cannot work, told before anything is imported. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping

from services.common.extractors.passthrough import strip_root
from services.gateway.imports.shapes import (
    ImportFieldMapping,
    MappingValidationError,
    MappingValidationRequest,
    SourceType,
)
from services.gateway.imports.source_types import fits

Fault = tuple[str | None, str]


def faults(request: MappingValidationRequest) -> list[MappingValidationError]:
    """What is wrong with a mapping, each with the source field that it is about."""
    types = {each.path: each.type for each in request.source_fields or []}
    dims = request.known_index_dims or {}
    fields = request.mapping.fields or []
    found: list[Fault] = [] if fields else [(None, "The mapping has no fields: nothing would be imported.")]
    for each in fields:
        found += ((each.source_field, error) for error in _of_field(each, types, dims))
    return [MappingValidationError(field=field, error=error) for field, error in (*found, *_twice(fields))]


def _of_field(each: ImportFieldMapping, types: Mapping[str, SourceType], dims: Mapping[str, int]) -> Iterator[str]:
    target, told = each.target, types.get(each.source_field)
    if types and told is None and target.kind != "ignore":
        yield "is not among the source fields."
    if told is not None and target.expected_type is not None and not fits(told, target.expected_type):
        yield f"is of the type {told}, and its target takes {target.expected_type}."
    if target.kind == "identity" and target.role is None:
        yield "is mapped to an identity without a role."
    if target.kind == "vector":
        yield from _of_vector(each, told, dims)


def _of_vector(each: ImportFieldMapping, told: SourceType | None, dims: Mapping[str, int]) -> Iterator[str]:
    target = each.target
    if told is not None and told not in ("vector", "string"):
        yield f"is of the type {told}, and no vector."
    if target.index is not None and dims and target.index not in dims:
        yield f"goes to the index '{target.index}'; known are {', '.join(dims)}."
    known = dims.get(target.index or "")
    if known is not None and target.dim is not None and known != target.dim:
        yield f"has {target.dim} numbers; the index '{target.index}' takes {known}."


def _twice(fields: list[ImportFieldMapping]) -> Iterator[Fault]:
    """Source fields that land where another one lands."""
    places = Counter(place for each in fields if (place := _place(each)) is not None)
    for each in fields:
        place = _place(each)
        if place is not None and places[place] > 1:
            yield each.source_field, f"lands where another field does: {place}."


def _place(each: ImportFieldMapping) -> str | None:
    target = each.target
    if target.kind == "metadata":
        return f"metadata.{strip_root(target.path or each.source_field)}"
    if target.kind == "vector":
        return f"vector {target.index or ''}".strip()
    return f"identity {target.role}" if target.kind == "identity" else None
