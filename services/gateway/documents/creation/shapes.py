"""Creating a document directly: its fields, and vectors for the slot of its collection."""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from services.common.errors import InvalidArgumentError
from services.common.extractors.vectors import check_unit
from services.common.row_types import Collection, EmbeddingRow
from services.gateway.collections.extractors.feature_uris import parse_feature_uri
from services.gateway.kit.shapes import Form, JsonObject, OpenForm

Name = Annotated[str, Field(min_length=1, max_length=512)]
Numbers = Annotated[list[float], Field(max_length=65_536)]


class Feature(Form):
    """FeatureModel: what an extractor would have made."""

    feature_extractor_id: str
    payload: JsonObject | None = None
    vectors: dict[Name, Numbers] | None = None


class DocumentCreate(OpenForm):
    """DocumentCreateRequest: any further key is a field of the document, as is each key of `metadata`."""

    collection_id: str | None = None
    root_object_id: str | None = None
    root_bucket_id: str | None = None
    source_type: Literal["bucket", "collection", "direct_upsert", "signal"] | None = None
    source_collection_id: str | None = None
    source_document_id: str | None = None
    source_object_id: str | None = None
    lineage_path: Annotated[str | None, Field(max_length=2000)] = None
    lineage_chain: Annotated[list[JsonObject] | None, Field(max_length=100)] = None
    content_hash: Annotated[str | None, Field(max_length=200)] = None
    document_schema_version: str | None = None
    metadata: JsonObject | None = None
    features: Annotated[list[Feature] | None, Field(max_length=100)] = None
    vectors: Annotated[dict[Name, Numbers] | None, Field(max_length=100)] = None

    def object_id(self) -> str | None:
        """The object that the document is to belong to."""
        return self.root_object_id or self.source_object_id

    def all_vectors(self) -> dict[str, tuple[str, list[float]]]:
        """Name -> where it stands in the request, and its numbers."""
        found = {
            name: (f"body.features.{number}.vectors.{name}", numbers)
            for number, feature in enumerate(self.features or [])
            for name, numbers in (feature.vectors or {}).items()
        }
        return found | {name: (f"body.vectors.{name}", numbers) for name, numbers in (self.vectors or {}).items()}


def embeddings_of(form: DocumentCreate, collection: Collection) -> list[EmbeddingRow]:
    """The vectors of a new document: of the collection's slot, of its dimensions, of unit norm."""
    rows = [_embedding(name, *found, collection) for name, found in form.all_vectors().items()]
    if len(rows) > 1:
        raise InvalidArgumentError("The collection has one slot; send one vector.", path="body.vectors")
    return rows


def _embedding(name: str, path: str, numbers: list[float], collection: Collection) -> EmbeddingRow:
    uri, model = collection.feature_uri, collection.model
    if uri is None or model is None or name not in _names(uri):
        shown = " or ".join(_names(uri)) if uri else "none: it keeps no vectors"
        raise InvalidArgumentError(f"{path} is not a vector of this collection, which has {shown}.", path=path)
    if len(numbers) != collection.dimensions:
        message = f"{path} has {len(numbers)} numbers; the collection's vectors have {collection.dimensions}."
        raise InvalidArgumentError(message, path=path)
    with np.errstate(over="ignore"):
        vector = check_unit(np.asarray(numbers, dtype=np.float32), path).astype("<f2")
    return EmbeddingRow(feature_uri=uri, model=model, dimensions=len(numbers), vector=vector.tobytes())


def _names(feature_uri: str) -> list[str]:
    """The names of a slot's vectors: the field, the last part of the URI, and all of it."""
    address = parse_feature_uri(feature_uri)
    if address is None:
        return [feature_uri]
    return [f"{address.extractor}_{address.version}_embedding", feature_uri.rsplit("/", 1)[-1], feature_uri]


def lineage_of(form: DocumentCreate) -> dict[str, Any]:
    """What the request says of where the document comes from."""
    given = {
        "source_type": form.source_type or ("collection" if form.source_document_id else "direct_upsert"),
        "source_collection_id": form.source_collection_id,
        "source_document_id": form.source_document_id,
        "path": form.lineage_path,
        "chain": form.lineage_chain,
    }
    return {name: value for name, value in given.items() if value is not None}
