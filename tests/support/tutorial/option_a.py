"""Option A and its monitoring section: each call as the tutorial prints it, as JSON, and under another name."""

import json
from typing import Any

JsonObject = dict[str, Any]

CREATE_BUCKET = """{
  "bucket_name": "products_unified",
  "bucket_schema": {
    "properties": {
      "product_label": { "type": "text" },
      "image_url": { "type": "text" }
    }
  }
}"""

CREATE_RETRIEVER = """{
  "retriever_name": "products_unified_classifier",
  "collection_identifiers": ["products_unified"],
  "stages": [
    {
      "stage_name": "labeled_filter",
      "stage_type": "filter",
      "config": {
        "stage_id": "attribute_filter",
        "parameters": {
          "conditions": {
            "AND": [
              { "field": "product_label", "operator": "exists", "value": true }
            ]
          }
        }
      }
    },
    {
      "stage_name": "image_match",
      "stage_type": "filter",
      "config": {
        "stage_id": "feature_search",
        "parameters": {
          "searches": [
            {
              "feature_uri": "mixpeek://image_extractor@v1/google_siglip_base_v1",
              "query": { "input_mode": "content", "value": "{{INPUT.query_image}}" },
              "top_k": 1,
              "min_score": 0.30
            }
          ]
        }
      }
    }
  ]
}"""

CREATE_COLLECTION = """{
  "collection_name": "products_unified",
  "source": {
    "type": "bucket",
    "bucket_ids": ["bkt_products_unified"]
  },
  "feature_extractor": {
    "feature_extractor_name": "image_extractor",
    "version": "v1",
    "input_mappings": { "image": "image_url" },
    "field_passthrough": ["product_label"]
  },
  "taxonomy": {
    "retriever_id": "ret_products_unified_classifier",
    "field_to_enrich": "product_label",
    "confidence_threshold": 0.30
  }
}"""

UPLOAD_UNLABELED = """{
  "key_prefix": "/bootstrap",
  "metadata": {
    "product_label": null
  },
  "blobs": [{
    "property": "image_url",
    "type": "image",
    "data": {
      "url": "s3://my-bucket/products/shoe-001.jpg"
    }
  }]
}"""

LABEL_REFERENCE = """{
  "metadata": {
    "product_label": "Red Running Shoes"
  }
}"""

UPLOAD_NEW = """{
  "key_prefix": "/new-arrivals",
  "blobs": [{
    "property": "image_url",
    "type": "image",
    "data": {
      "url": "s3://my-bucket/new-arrivals/shoe-new.jpg"
    }
  }]
}"""

UNKNOWN = """{
  "must": [
    {
      "key": "product_label",
      "match": { "operator": "eq", "value": null }
    }
  ]
}"""

LABEL_UNKNOWN = """{
  "metadata": {
    "product_label": "Blue Basketball Shoes"
  }
}"""

LOW_CONFIDENCE = """{
  "must": [
    {
      "key": "taxonomy_match.matched",
      "match": { "operator": "eq", "value": true }
    },
    {
      "key": "taxonomy_match.confidence",
      "match": { "operator": "lt", "value": 0.40 }
    }
  ]
}"""

BUCKET: JsonObject = json.loads(CREATE_BUCKET)
RETRIEVER: JsonObject = json.loads(CREATE_RETRIEVER)
COLLECTION: JsonObject = json.loads(CREATE_COLLECTION)
BOOTSTRAP_OBJECT: JsonObject = json.loads(UPLOAD_UNLABELED)
NEW_OBJECT: JsonObject = json.loads(UPLOAD_NEW)
REFERENCE_LABEL: JsonObject = json.loads(LABEL_REFERENCE)

# What everything of this option is called, and what a test that wants its own puts in its place.
NAME = "products_unified"
LABEL = "product_label"
SLOT = "mixpeek://image_extractor@v1/google_siglip_base_v1"
THRESHOLD = 0.30


def bucket_body(name: str) -> JsonObject:
    """The bucket, called `name`."""
    return _named(CREATE_BUCKET, name)


def retriever_body(name: str) -> JsonObject:
    """The nearest labelled document of the collection `name`."""
    return _named(CREATE_RETRIEVER, name)


def collection_body(name: str) -> JsonObject:
    """The collection on the bucket `name`, which labels itself."""
    return _named(CREATE_COLLECTION, name)


def creation(name: str) -> list[tuple[str, JsonObject]]:
    """Step 1: the paths and bodies that create all three."""
    return [
        ("/buckets", bucket_body(name)),
        ("/retrievers", retriever_body(name)),
        ("/collections", collection_body(name)),
    ]


def upload_body(data: str | JsonObject) -> JsonObject:
    """An object with one image."""
    return {"blobs": [{"property": "image_url", "type": "image", "data": data}]}


def _named(printed: str, name: str) -> JsonObject:
    body: JsonObject = json.loads(printed.replace(NAME, name))
    return body
