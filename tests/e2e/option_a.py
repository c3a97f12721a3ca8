"""Option A under names of a test's own, and photos to upload."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from tests.e2e.api import Api, JsonObject
from tests.support.places import PHOTOS

SLOT = "mixpeek://image_extractor@v1/google_siglip_base_v1"
LABEL = "product_label"
THRESHOLD = 0.30


def photos(kind: str) -> list[Path]:
    """The sample photos of a kind, sorted by name."""
    return sorted((PHOTOS / kind).glob("*.jpg"))


def noise_jpeg(seed: int, side: int = 96) -> bytes:
    """A small image like no other: noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return jpeg(Image.fromarray(pixels))


def jpeg(image: Image.Image) -> bytes:
    """The bytes of an image as JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def data_uri(content: bytes, mime_type: str = "image/jpeg") -> str:
    """`content` as a data URI."""
    return f"data:{mime_type};base64,{base64.b64encode(content).decode()}"


def upload_body(data: str | JsonObject) -> JsonObject:
    """An object with one image."""
    return {"blobs": [{"property": "image_url", "type": "image", "data": data}]}


def create_unified(api: Api, name: str) -> None:
    """Bucket, retriever and self-referencing collection, all called `name`."""
    api.post("/buckets", bucket_body(name))
    api.post("/retrievers", retriever_body(name))
    api.post("/collections", collection_body(name))


def bucket_body(name: str) -> JsonObject:
    """A bucket for labelled images."""
    properties = {LABEL: {"type": "text"}, "image_url": {"type": "text"}}
    return {"bucket_name": name, "bucket_schema": {"properties": properties}}


def retriever_body(name: str) -> JsonObject:
    """The nearest labelled document of the collection `name`."""
    labelled = {"AND": [{"field": LABEL, "operator": "exists", "value": True}]}
    query = {"input_mode": "content", "value": "{{INPUT.query_image}}"}
    search = {"feature_uri": SLOT, "query": query, "top_k": 1, "min_score": THRESHOLD}
    stages = [
        _stage("labeled_filter", "attribute_filter", {"conditions": labelled}),
        _stage("image_match", "feature_search", {"searches": [search]}),
    ]
    return {"retriever_name": f"{name}_classifier", "collection_identifiers": [name], "stages": stages}


def collection_body(name: str) -> JsonObject:
    """A collection on the bucket `name` that labels itself."""
    return {
        "collection_name": name,
        "source": {"type": "bucket", "bucket_ids": [f"bkt_{name}"]},
        "feature_extractor": {
            "feature_extractor_name": "image_extractor",
            "version": "v1",
            "input_mappings": {"image": "image_url"},
            "field_passthrough": [LABEL],
        },
        "taxonomy": {
            "retriever_id": f"ret_{name}_classifier",
            "field_to_enrich": LABEL,
            "confidence_threshold": THRESHOLD,
        },
    }


def _stage(name: str, stage_id: str, parameters: JsonObject) -> JsonObject:
    return {"stage_name": name, "stage_type": "filter", "config": {"stage_id": stage_id, "parameters": parameters}}
