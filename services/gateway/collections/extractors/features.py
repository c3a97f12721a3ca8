"""The features of one collection."""

import asyncpg

from services.gateway.collections.extractors.feature_uris import ExtractorName
from services.gateway.kit.shapes import Answer, JsonObject


class CollectionFeature(Answer):
    """CollectionFeatureDescriptor: `feature_uri` is what a search names; `feature_address` is the same."""

    feature_address: str
    feature_uri: str
    feature_extractor_name: str
    version: str
    vector_index: JsonObject
    primary: bool = True


class CollectionFeatures(Answer):
    """DescribeCollectionFeaturesResponse; empty for an extractor that makes no vectors."""

    features: list[CollectionFeature]


def to_features(row: asyncpg.Record) -> CollectionFeatures:
    """From a collection's row."""
    if row["feature_uri"] is None:
        return CollectionFeatures(features=[])
    extractor = ExtractorName.parse(row["extractor"])
    feature = CollectionFeature(
        feature_address=row["feature_uri"],
        feature_uri=row["feature_uri"],
        feature_extractor_name=extractor.name,
        version=extractor.version,
        vector_index={
            "name": extractor.vector_field,
            "description": f"Unit vectors of {row['dimensions']} numbers, made by {row['model']}",
            "dimensions": row["dimensions"],
            "type": "dense",
            "distance": "cosine",
            "inference_name": row["model"],
        },
    )
    return CollectionFeatures(features=[feature])
