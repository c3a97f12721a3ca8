"""Option A under names of a test's own, and photos to upload."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from tests.e2e.api import Api, JsonObject

PHOTOS = Path(__file__).resolve().parents[2] / "samples" / "photos"
SLOT = "mixpeek://image_extractor@v1/google_siglip_base_v1"
LABEL = "product_label"


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


def create_unified(api: Api, name: str, threshold: float = 0.30) -> None:
    """Bucket, retriever and self-referencing collection, all called `name`."""
    properties = {LABEL: {"type": "text"}, "image_url": {"type": "text"}}
    api.post("/buckets", {"bucket_name": name, "bucket_schema": {"properties": properties}})
    labelled = {"AND": [{"field": LABEL, "operator": "exists", "value": True}]}
    query = {"input_mode": "content", "value": "{{INPUT.query_image}}"}
    search = {"feature_uri": SLOT, "query": query, "top_k": 1, "min_score": threshold}
    stages = [
        _stage("labeled_filter", "attribute_filter", {"conditions": labelled}),
        _stage("image_match", "feature_search", {"searches": [search]}),
    ]
    api.post(
        "/retrievers", {"retriever_name": f"{name}_classifier", "collection_identifiers": [name], "stages": stages}
    )
    api.post("/collections", _collection(name, threshold))


def _collection(name: str, threshold: float) -> JsonObject:
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
            "confidence_threshold": threshold,
        },
    }


def _stage(name: str, stage_id: str, parameters: JsonObject) -> JsonObject:
    return {"stage_name": name, "stage_type": "filter", "config": {"stage_id": stage_id, "parameters": parameters}}
