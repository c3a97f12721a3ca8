"""The extractor's messages as values that the database takes."""

from typing import Any

from google.protobuf import json_format

from likeness.extractor.v1 import extractor_pb2
from services.common.extractors.vectors import from_message, to_message
from services.worker.domain import Artifact, Embedding, Obstacle, Part


def to_part(message: extractor_pb2.Part) -> Part:
    """One part; raises InvalidArgumentError when a vector is none."""
    return Part(
        embeddings=tuple(_embedding(embedding) for embedding in message.embeddings),
        fields=storable(json_format.MessageToDict(message.fields)),
        artifacts=tuple(_artifact(artifact) for artifact in message.artifacts),
        obstacle=_obstacle(message.no_embedding) if message.HasField("no_embedding") else None,
    )


def storable(value: Any) -> Any:
    """JSON for PostgreSQL: without NUL characters, and whole numbers, which a Struct makes floats, whole again."""
    match value:
        case str():
            return value.replace("\0", "")
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {storable(key): storable(item) for key, item in value.items()}
        case list():
            return [storable(item) for item in value]
    return value


def _embedding(message: extractor_pb2.Embedding) -> Embedding:
    vector = to_message(from_message(message.vector, message.feature_uri))
    return Embedding(
        feature_uri=message.feature_uri,
        dimensions=vector.dimensions,
        vector=vector.data,
        same_from=message.same_from,
    )


def _obstacle(message: extractor_pb2.ExtractionError) -> Obstacle:
    return Obstacle(reason=message.reason, message=message.message)


def _artifact(message: extractor_pb2.Artifact) -> Artifact:
    return Artifact(field=message.field, mime_type=message.mime_type, content=message.content)
