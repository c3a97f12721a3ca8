"""What a clone of a collection is asked to be: the original's form, with what the request changes."""

from typing import Any

import asyncpg

from services.gateway.collections.shapes import CollectionClone, CollectionCreate
from services.gateway.kit.shapes import JsonObject

SETTINGS = ("schedule", "cluster_applications", "alert_applications", "retriever_transform", "embedding_task")


def cloned_form(row: asyncpg.Record, form: CollectionClone) -> CollectionCreate:
    """The request that would create the clone."""
    changed = form.model_dump(exclude_none=True, exclude={"source", "collection_name"})
    original: dict[str, Any] = {
        "source": row["source"],
        "feature_extractor": row["feature_extractor"],
        "taxonomy": _taxonomy(row),
        "taxonomy_applications": row["taxonomy_applications"],
        "retriever_enrichments": row["retriever_enrichments"],
        "description": row["description"],
        "metadata": row["metadata"],
        "enabled": row["enabled"],
        **{name: row["settings"][name] for name in SETTINGS if name in row["settings"]},
    }
    if form.source is not None:
        original["source"] = form.source.model_dump(exclude_unset=True)
    return CollectionCreate(**(original | changed | {"collection_name": form.collection_name}))


def _taxonomy(row: asyncpg.Record) -> JsonObject | None:
    """The inline taxonomy; where the original's own retriever serves it, the clone gets one of its own."""
    if row["taxonomy_id"] is None:
        return None
    return {
        "retriever_id": None if row["has_own_retriever"] else row["retriever_identifier"],
        "field_to_enrich": row["field_to_enrich"],
        "confidence_threshold": row["confidence_threshold"],
        "reference_labels": row["reference_labels"],
        **row["taxonomy_options"],
    }
