"""A collection's row as the contract shows it."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from services.common.extractors.passthrough import rules_of
from services.gateway.buckets.schema import BucketSchemaOut
from services.gateway.collections.applications.shapes import RetrieverEnrichment, TaxonomyApplication
from services.gateway.collections.extractors.details import details_of
from services.gateway.collections.extractors.feature_uris import ExtractorName, output_of
from services.gateway.collections.inline_taxonomies.shapes import TaxonomyOut
from services.gateway.collections.shapes import Collection, FeatureExtractor, VectorIndex
from services.gateway.collections.sources.shapes import to_source
from services.gateway.kit.shapes import JsonObject

UNKNOWN_FIELD = {"type": "string"}
KEPT_ALONE = (
    "retriever_transform is kept and shown, but nothing runs it: enrich with retriever_enrichments, or a taxonomy."
)
OPTIONAL = ("cluster_applications", "alert_applications", "retriever_transform", "schedule", "embedding_task")


def to_collection(row: asyncpg.Record) -> Collection:
    """From a row that also has counts, the schemas of its buckets, its applications, and its taxonomy's columns."""
    settings, schemas, schema = row["settings"], row["bucket_schemas"] or {}, input_properties(row)
    taxonomy = _taxonomy(row)
    applications = _applications(row, taxonomy)
    return Collection(
        collection_id=row["collection_id"],
        collection_name=row["collection_name"],
        description=row["description"],
        source=to_source(row["source"], row["bucket_ids"]),
        feature_extractor=FeatureExtractor(**row["feature_extractor"]),
        input_schema=BucketSchemaOut(properties=schema),
        output_schema=BucketSchemaOut(properties=output_properties(row, schema)),
        source_bucket_schemas={bucket_id: BucketSchemaOut(**each) for bucket_id, each in schemas.items()},
        vector_indexes=_vector_indexes(row),
        taxonomy=taxonomy,
        taxonomy_applications=applications,
        taxonomy_count=len(applications),
        retriever_enrichments=[RetrieverEnrichment(**settings) for settings in row["retriever_enrichments"]],
        document_count=row["document_count"],
        trigger_id=row["trigger_id"],
        metadata=row["metadata"],
        enabled=row["enabled"],
        disabled_reason=settings.get("disabled_reason"),
        warnings=_warnings(row),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        **{name: settings.get(name) for name in OPTIONAL},
    )


def input_properties(row: asyncpg.Record) -> JsonObject:
    """The fields that the collection reads: of its source collections when it was made, or of its buckets now."""
    found: JsonObject = dict(row["settings"].get("input_schema") or {})
    for schema in (row["bucket_schemas"] or {}).values():
        found |= schema.get("properties") or {}
    return found


def declared_properties(row: asyncpg.Record) -> JsonObject:
    """What is declared of the documents' fields, by their own names and those that they are passed on by."""
    schema = input_properties(row)
    rules = rules_of(row["feature_extractor"])
    return {**schema, **{rule.target: schema[rule.source] for rule in rules if rule.source in schema}}


def output_properties(row: asyncpg.Record, schema: Mapping[str, Any]) -> JsonObject:
    """The fields of the documents: what the extractor finds, what passes through, and the vector."""
    found = details_of(row["feature_extractor"]["feature_extractor_name"]).fields
    fields = {rule.target: schema.get(rule.source, UNKNOWN_FIELD) for rule in rules_of(row["feature_extractor"])}
    if row["feature_extractor"].get("include_all_source_fields"):
        fields = {**schema, **fields}
    if row["feature_uri"] is None:
        return {**found, **fields}
    return {**found, **fields} | {ExtractorName.parse(row["extractor"]).vector_field: {"type": "array"}}


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


def _vector_indexes(row: asyncpg.Record) -> list[VectorIndex]:
    if row["feature_uri"] is None:
        return []
    index = {
        "name": ExtractorName.parse(row["extractor"]).vector_field,
        "dimensions": row["dimensions"],
        "distance": "cosine",
        "inference_name": row["model"],
    }
    return [VectorIndex(name=output_of(row["feature_uri"]), feature_uri=row["feature_uri"], index=index)]


def _warnings(row: asyncpg.Record) -> list[str]:
    """What to know about the model of a collection, and what of its settings is kept alone."""
    kept = [KEPT_ALONE] if row["settings"].get("retriever_transform") else []
    uri, model = row["feature_uri"], row["model"]
    if uri is None or output_of(uri) == model:
        return kept
    text = (
        f"The slot {uri} is served by the stand-in model '{model}': scores are on its scale, and its vectors "
        "cannot be compared with those of the model that the slot is named after."
    )
    return [text, *kept]
