"""Importing documents of another system: what of an export becomes what of a document."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from services.common.validation.unknown_keys import IDLE, UnusedKey
from services.gateway.kit.shapes import Answer, Form, JsonObject

SourceType = Literal["string", "integer", "float", "boolean", "datetime", "vector", "object", "null"]
Kind = Literal["metadata", "vector", "identity", "parent", "ignore"]
Role = Literal[
    "root_object_id",
    "root_bucket_id",
    "source_object_id",
    "source_document_id",
    "source_collection_id",
    "document_id",
    "content_hash",
]
Path = Annotated[str, Field(min_length=1, max_length=512)]
Dims = Annotated[dict[Path, Annotated[int, Field(ge=1, le=65_536)]] | None, Field(max_length=100)]


class MappingTarget(Form):
    """MappingTarget: where a source field lands. `path` is for metadata, `index` names a vector, `role` an identity."""

    kind: Kind
    path: Path | None = None
    index: Path | None = None
    dim: Annotated[int | None, Field(ge=1, le=65_536)] = None
    dtype: Annotated[str | None, Field(max_length=50)] = None
    role: Role | None = None
    chain_position: Annotated[int | None, Field(ge=0, le=100)] = None
    expected_type: SourceType | None = None


class ImportFieldMapping(Form):
    """ImportFieldMapping."""

    source_field: Path
    target: MappingTarget


class ImportMapping(Form):
    """ImportMapping: which source field lands where; `chain_template` is what each step of the lineage has."""

    fields: Annotated[list[ImportFieldMapping] | None, Field(max_length=1000)] = None
    source_type: Literal["bucket", "collection"] | None = None
    chain_template: JsonObject | None = None


class VectorJoin(Form):
    """VectorJoin: the vectors stand in an array of their own, and share the field `key` with the elements."""

    array: Path
    key: Path
    index: Path
    vector_field: Path = "vector_b64"


class ExplodeSpec(Form):
    """ExplodeSpec: each element of the array at `explode_axis` becomes a document."""

    explode_axis: Path
    vector_join: VectorJoin | None = None


class ImportRequest(Form):
    """ImportRequest: one export object, and the mapping that makes documents of it. `dry_run` writes nothing."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {"seed_ledger": IDLE}

    export: JsonObject | None = None
    mapping: ImportMapping
    explode: ExplodeSpec | None = None
    dry_run: bool = False


class ImportRowError(Answer):
    """ImportRowError: `row` is the index of the element, -1 for the whole export."""

    row: int
    error: str


class ImportResponse(Answer):
    """ImportResponse."""

    imported: int
    reconstructed: int
    skipped: int
    dry_run: bool
    errors: list[ImportRowError]
    warnings: list[str]


class SchemaInferenceRequest(Form):
    """SchemaInferenceRequest; `source_schema` maps paths to types and beats what the rows show."""

    sample_rows: Annotated[list[JsonObject] | None, Field(max_length=1000)] = None
    source_schema: JsonObject | None = None
    sample_size: Annotated[int, Field(ge=1, le=1000)] = 100
    known_index_dims: Dims = None


class InferredField(Answer):
    """InferredField."""

    path: str
    type: SourceType
    cardinality: Literal["low", "high"] | None
    sample: Any
    dim: int | None
    dtype: str | None
    suggested_target: JsonObject


class SchemaInferenceResult(Answer):
    """SchemaInferenceResult."""

    fields: list[InferredField]
    warnings: list[str]


class SourceField(Form):
    """SourceField."""

    path: Path
    type: SourceType


class MappingValidationRequest(Form):
    """MappingValidationRequest."""

    source_fields: Annotated[list[SourceField] | None, Field(max_length=10_000)] = None
    mapping: ImportMapping
    known_index_dims: Dims = None


class MappingValidationError(Answer):
    """MappingValidationError."""

    field: str | None
    error: str


class MappingValidationResult(Answer):
    """MappingValidationResult."""

    ok: bool
    errors: list[MappingValidationError]
