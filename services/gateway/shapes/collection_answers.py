"""A collection's row as the contract shows it."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from services.common.passthrough import rules_of
from services.gateway.shapes.applications import RetrieverEnrichment, TaxonomyApplication
from services.gateway.shapes.base import JsonObject
from services.gateway.shapes.bucket_schema import BucketSchemaOut
from services.gateway.shapes.collections import (
    Collection,
    FeatureExtractor,
    Source,
    TaxonomyOut,
    VectorIndex,
    warnings_of,
)
from services.gateway.shapes.features import ExtractorName, output_of

UNKNOWN_FIELD = {"type": "string"}


def to_collection(row: asyncpg.Record) -> Collection:
    """From a row that also has `document_count`, `schema` (of its buckets) and the columns of its taxonomy."""
    schema = row["schema"] or {}
    taxonomy = _taxonomy(row)
    return Collection(
        collection_id=row["collection_id"],
        collection_name=row["collection_name"],
        description=row["description"],
        source=Source(type="bucket", bucket_ids=row["bucket_ids"]),
        feature_extractor=FeatureExtractor(**row["feature_extractor"]),
        input_schema=BucketSchemaOut(properties=schema),
        output_schema=BucketSchemaOut(properties=_output_schema(row, schema)),
        vector_indexes=[_vector_index(row)],
        taxonomy=taxonomy,
        taxonomy_applications=_applications(row, taxonomy),
        retriever_enrichments=[RetrieverEnrichment(**settings) for settings in row["retriever_enrichments"]],
        document_count=row["document_count"],
        metadata=row["metadata"],
        warnings=warnings_of(row["feature_uri"], row["model"], is_named=output_of(row["feature_uri"]) == row["model"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _taxonomy(row: asyncpg.Record) -> TaxonomyOut | None:
    if row["taxonomy_id"] is None:
        return None
    return TaxonomyOut(
        taxonomy_id=row["taxonomy_id"],
        retriever_id=row["retriever_identifier"],
        field_to_enrich=row["field_to_enrich"],
        confidence_threshold=row["confidence_threshold"],
        reference_labels=row["reference_labels"],
        version=row["taxonomy_version"],
        **row["taxonomy_options"],
    )


def _applications(row: asyncpg.Record, inline: TaxonomyOut | None) -> list[TaxonomyApplication]:
    native = [TaxonomyApplication(**settings) for settings in row["taxonomy_applications"]]
    return [TaxonomyApplication(taxonomy_id=inline.taxonomy_id), *native] if inline else native


def _vector_index(row: asyncpg.Record) -> VectorIndex:
    index = {
        "name": ExtractorName.parse(row["extractor"]).vector_field,
        "dimensions": row["dimensions"],
        "distance": "cosine",
        "inference_name": row["model"],
    }
    return VectorIndex(name=output_of(row["feature_uri"]), feature_uri=row["feature_uri"], index=index)


def _output_schema(row: asyncpg.Record, schema: Mapping[str, Any]) -> JsonObject:
    fields = {rule.target: schema.get(rule.source, UNKNOWN_FIELD) for rule in rules_of(row["feature_extractor"])}
    return fields | {ExtractorName.parse(row["extractor"]).vector_field: {"type": "array"}}
