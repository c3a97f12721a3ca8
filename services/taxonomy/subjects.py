"""Who is to be labelled, and what is known of them: vectors, fields, the inputs that a taxonomy maps from these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from likeness.common.v1.vector_pb2 import Vector
from services.common.errors import InvalidArgumentError
from services.common.passthrough import lookup, strip_root
from services.taxonomy.definition import InputMapping
from services.taxonomy.domain import Json, Target
from services.taxonomy.stages.stage import Subject

SlotAndModel = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A subject as the request names it: with vectors by slot, or by the id of a stored document, or by its fields."""

    object_id: str
    document_id: str
    vectors: Mapping[str, Vector]
    fields: Mapping[str, Json] | None
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A subject with all that is known of it."""

    object_id: str
    document_id: str
    vectors: Mapping[SlotAndModel, Vector] = field(default_factory=dict)
    fields: Mapping[str, Json] = field(default_factory=dict)


def given_vectors(asked: Asked, own: Target | None) -> dict[SlotAndModel, Vector]:
    """The vectors of the request, which the model of the subject's own collection made."""
    if own is None:
        raise InvalidArgumentError(f"{asked.path}.embeddings need a collection_id.", path=f"{asked.path}.embeddings")
    vector = asked.vectors.get(own.feature_uri)
    if vector is not None and vector.dimensions != own.dimensions:
        raise InvalidArgumentError(
            f"{asked.path}.embeddings: {own.feature_uri} has {own.dimensions} dimensions in this collection, "
            f"not {vector.dimensions}.",
            path=f"{asked.path}.embeddings",
        )
    return {(slot, own.model): vector for slot, vector in asked.vectors.items()}


def to_subject(known: Known) -> Subject:
    """The subject for a run in which its vectors stand for every input."""
    return Subject(object_id=known.object_id, vectors=known.vectors)


def asks_alone(known: Known, mappings: Sequence[InputMapping]) -> bool:
    """Whether the subject's inputs are more than its vectors: by a mapping, or for want of vectors."""
    return any(not mapping.is_vector for mapping in mappings) or bool(known.fields and not known.vectors)


def to_subject_with_inputs(known: Known, mappings: Sequence[InputMapping]) -> Subject:
    """The subject for a run with inputs: its vectors stand for inputs only where a mapping says so."""
    own = not mappings or any(mapping.is_vector for mapping in mappings)
    return Subject(object_id=known.object_id, vectors=known.vectors if own and known.vectors else None)


def inputs_of(known: Known, mappings: Sequence[InputMapping]) -> dict[str, Json]:
    """The inputs of a retriever, from a document's fields and from literals; what is not there is left out.

    Without mappings, and for vectors that the document lacks, its fields are taken by their names.
    """
    if not mappings:
        return dict(known.fields)
    found = {mapping.key: _input(known, mapping) for mapping in mappings}
    return {key: value for key, value in found.items() if value is not None}


def _input(known: Known, mapping: InputMapping) -> Json:
    if mapping.is_vector and known.vectors:
        return None
    if mapping.value is not None:
        return mapping.value
    if mapping.source_type == "literal":
        return mapping.path
    return lookup(known.fields, strip_root(mapping.path or mapping.key))
