"""Who is to be labelled, and what is known of them: vectors, fields, the inputs that a taxonomy maps from these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from likeness.common.v1.vector_pb2 import Vector
from services.common.errors import InvalidArgumentError
from services.common.extractors.passthrough import lookup
from services.taxonomy.database.object_blobs import ObjectBlob
from services.taxonomy.domain import Json, Target
from services.taxonomy.labels.taxonomy_config import InputMapping
from services.taxonomy.stages.base.stage import Subject

SlotAndModel = tuple[str, str]
OWN_VECTOR = object()
"""The document's own vector stands for the input."""


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
    """A subject with all that is known of it.

    `blobs` are the files of its object, and `own_blobs` those that its vectors were made from.
    """

    object_id: str
    document_id: str
    vectors: Mapping[SlotAndModel, Vector] = field(default_factory=dict)
    fields: Mapping[str, Json] = field(default_factory=dict)
    blobs: Mapping[str, ObjectBlob] = field(default_factory=dict)
    own_blobs: frozenset[str] = frozenset()


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


def asks_alone(known: Known, mappings: Sequence[InputMapping], *, fits: bool) -> bool:
    """Whether the subject's inputs are more than its vectors: by a mapping, or for want of vectors.

    `fits` says whether its vectors can be compared with the references.
    """
    if known.fields and not known.vectors:
        return True
    return any(source_of(known, mapping, fits=fits) is not OWN_VECTOR for mapping in mappings)


def to_subject_with_inputs(known: Known, mappings: Sequence[InputMapping], *, fits: bool) -> Subject:
    """The subject for a run with inputs: its vectors stand for inputs only where a mapping says so."""
    own = not mappings or any(source_of(known, mapping, fits=fits) is OWN_VECTOR for mapping in mappings)
    return Subject(object_id=known.object_id, vectors=known.vectors if own and known.vectors else None)


def inputs_of(known: Known, mappings: Sequence[InputMapping], *, fits: bool) -> dict[str, Json | ObjectBlob]:
    """The inputs of a retriever: from fields, the files of the object and literals; what is not there is left out.

    Without mappings, and for vectors that the document lacks, its fields are taken by their names.
    """
    if not mappings:
        return dict(known.fields)
    found = {mapping.key: source_of(known, mapping, fits=fits) for mapping in mappings}
    return {key: value for key, value in found.items() if value is not None and value is not OWN_VECTOR}


def source_of(known: Known, mapping: InputMapping, *, fits: bool) -> Json | ObjectBlob:
    """What a mapping gives: OWN_VECTOR, a file of the object, or a value; None when it is not there.

    A path that no field has may be that of a file. For the file that a document was made from its vector stands, which
    tells more than the bytes: a face's is that of the one face.
    """
    if mapping.is_vector and known.vectors and not _names_another(known, mapping, fits=fits):
        return OWN_VECTOR
    if mapping.value is not None:
        return mapping.value
    if mapping.source_type == "literal":
        return mapping.path
    value, blob = lookup(known.fields, mapping.place), known.blobs.get(mapping.place)
    if blob is None or (value is not None and mapping.source_type != "blob"):
        return value
    return OWN_VECTOR if fits and mapping.place in known.own_blobs else blob


def absent(known: Known, mappings: Sequence[InputMapping]) -> str:
    """Which mapped places the document lacks, a sentence; empty when it has them all."""
    lacking = [each for each in mappings if source_of(known, each, fits=True) is None]
    listed = ", ".join(f"'{each.place}' for the input '{each.key}'" for each in lacking)
    return f"The document has nothing at {listed}." if listed else ""


def _names_another(known: Known, mapping: InputMapping, *, fits: bool) -> bool:
    """Whether the mapping names a file of the object that its vectors do not stand for."""
    named = mapping.source_type == "blob" and bool(mapping.path and known.blobs)
    return named and not (fits and mapping.place in known.own_blobs)
