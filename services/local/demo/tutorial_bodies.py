"""The bodies of the tutorial's Option A: one bucket, one retriever, one collection that labels itself."""

from typing import Any

JsonObject = dict[str, Any]

NAME = "demo_photos"
LABEL = "label"
IMAGE = "image"
SLOT = "mixpeek://image_extractor@v1/google_siglip_base_v1"


def bucket() -> JsonObject:
    """Where photos are uploaded to."""
    properties = {LABEL: {"type": "text"}, IMAGE: {"type": "image"}}
    return {"bucket_name": NAME, "bucket_schema": {"properties": properties}}


def retriever(threshold: float) -> JsonObject:
    """Finds the labelled photo that is most like the one in hand."""
    labelled = {"AND": [{"field": LABEL, "operator": "exists", "value": True}]}
    query = {"input_mode": "content", "value": "{{INPUT.query_image}}"}
    search = {"feature_uri": SLOT, "query": query, "top_k": 1, "min_score": threshold}
    return {
        "retriever_name": f"{NAME}_classifier",
        "collection_identifiers": [NAME],
        "stages": [
            _stage("labeled_filter", "attribute_filter", {"conditions": labelled}),
            _stage("image_match", "feature_search", {"searches": [search]}),
        ],
    }


def collection(threshold: float) -> JsonObject:
    """Embeds every photo of the bucket and labels it by the retriever."""
    return {
        "collection_name": NAME,
        "source": {"type": "bucket", "bucket_ids": [f"bkt_{NAME}"]},
        "feature_extractor": {
            "feature_extractor_name": "image_extractor",
            "version": "v1",
            "input_mappings": {"image": IMAGE},
            "field_passthrough": [LABEL],
        },
        "taxonomy": {
            "retriever_id": f"ret_{NAME}_classifier",
            "field_to_enrich": LABEL,
            "confidence_threshold": threshold,
        },
    }


def upload(prefix: str, data: str | JsonObject, fields: JsonObject | None = None) -> JsonObject:
    """An object with one photo."""
    body: JsonObject = {"key_prefix": prefix, "blobs": [{"property": IMAGE, "type": "image", "data": data}]}
    return body if fields is None else {**body, "metadata": fields}


def label(kind: str) -> JsonObject:
    """A person's label."""
    return {"metadata": {LABEL: kind}}


UNKNOWN = {"must": [{"key": LABEL, "match": {"operator": "eq", "value": None}}]}


def _stage(name: str, stage_id: str, parameters: JsonObject) -> JsonObject:
    return {"stage_name": name, "stage_type": "filter", "config": {"stage_id": stage_id, "parameters": parameters}}
