"""The extractor's messages as values that the database takes."""

import numpy as np

from likeness.extractor.v1 import extractor_pb2
from services.common.extractors.vectors import to_message
from services.worker.domain import Obstacle
from services.worker.ingest.extractor_messages import to_part


def test_a_part_is_read_whole() -> None:
    vector = np.array([0.6, 0.8], dtype=np.float32)
    message = extractor_pb2.Part(
        embeddings=[extractor_pb2.Embedding(feature_uri="mixpeek://a", vector=to_message(vector))]
    )
    message.fields.update({"face_index": 2, "quality_score": 0.5, "bbox": {"x1": 3, "points": [1, 2.5]}})
    message.artifacts.add(field="crop", mime_type="image/jpeg", content=b"picture")
    part = to_part(message)
    assert part.fields == {"face_index": 2, "quality_score": 0.5, "bbox": {"x1": 3, "points": [1, 2.5]}}
    assert isinstance(part.fields["face_index"], int)
    assert part.embeddings[0].dimensions == 2
    assert (part.artifacts[0].field, part.artifacts[0].content) == ("crop", b"picture")


def test_a_part_without_a_vector_says_why() -> None:
    message = extractor_pb2.Part(no_embedding=extractor_pb2.ExtractionError(reason="NO_VECTOR", message="None."))
    part = to_part(message)
    assert (part.embeddings, part.obstacle) == ((), Obstacle(reason="NO_VECTOR", message="None."))


def test_what_postgresql_cannot_store_is_left_out() -> None:
    message = extractor_pb2.Part()
    message.fields.update({"te\0xt": "one\0two", "lines": ["\0", "three"]})
    assert to_part(message).fields == {"text": "onetwo", "lines": ["", "three"]}
