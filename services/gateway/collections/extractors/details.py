"""What is said of each extractor: the words, the fields that its documents get, the kinds of file that it reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]
NUMBER: JsonObject = {"type": "number"}
INTEGER: JsonObject = {"type": "integer"}
TEXT: JsonObject = {"type": "string"}
OBJECT: JsonObject = {"type": "object"}
LIST: JsonObject = {"type": "array"}


@dataclass(frozen=True, kw_only=True)
class Details:
    """`fields` are those that a document may get beside what passes through and its vector."""

    description: str
    icon: str = "box"
    supported: tuple[str, ...] = ()
    fields: Mapping[str, JsonObject] = field(default_factory=dict)
    position_fields: tuple[str, ...] = ()


DETAILS: Mapping[str, Details] = {
    "image_extractor": Details(
        description="Embeds images, and the pages of PDFs: one document and one vector for each",
        icon="image",
        supported=("image", "pdf"),
        fields={"processing_time_ms": NUMBER, "page_number": INTEGER, "total_pages": INTEGER},
        position_fields=("page_number",),
    ),
    "face_identity_extractor": Details(
        description="Finds faces in images, videos and PDFs and embeds each: one document per face",
        icon="user",
        supported=("image", "video", "pdf"),
        fields={
            "face_index": INTEGER,
            "bbox": OBJECT,
            "detection_score": NUMBER,
            "landmarks": LIST,
            "quality_score": NUMBER,
            "quality_components": OBJECT,
            "frame_number": INTEGER,
            "timestamp": NUMBER,
            "embedding_model": TEXT,
            "detection_model": TEXT,
            "page_number": INTEGER,
            "total_pages": INTEGER,
            "aligned_face_crop": TEXT,
            "source_frame_thumbnail": TEXT,
            "processing_time_ms": NUMBER,
        },
        position_fields=("frame_number", "timestamp", "face_index"),
    ),
    "text_extractor": Details(
        description="Embeds texts and the text of PDFs, whole or in chunks: one document per chunk",
        icon="text",
        supported=("text", "string", "pdf"),
        fields={
            "text": TEXT,
            "truncated": {"type": "boolean"},
            "chunk_index": INTEGER,
            "total_chunks": INTEGER,
            "page_number": INTEGER,
            "total_pages": INTEGER,
            "processing_time_ms": NUMBER,
        },
        position_fields=("chunk_index",),
    ),
    "passthrough_extractor": Details(
        description="Makes a document of an object's fields alone, without a vector",
        icon="arrow-right",
        supported=("text", "string", "image", "video", "pdf"),
    ),
}


def details_of(name: str) -> Details:
    """The details of an extractor; of one that is not known here, its name."""
    return DETAILS.get(name, Details(description=name))
