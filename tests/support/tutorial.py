"""The tutorial's bodies of "Option A: Unified Approach", word for word."""

from typing import Any

BUCKET: dict[str, Any] = {
    "bucket_name": "products_unified",
    "bucket_schema": {"properties": {"product_label": {"type": "text"}, "image_url": {"type": "text"}}},
}
RETRIEVER: dict[str, Any] = {
    "retriever_name": "products_unified_classifier",
    "collection_identifiers": ["products_unified"],
    "stages": [
        {
            "stage_name": "labeled_filter",
            "stage_type": "filter",
            "config": {
                "stage_id": "attribute_filter",
                "parameters": {
                    "conditions": {"AND": [{"field": "product_label", "operator": "exists", "value": True}]}
                },
            },
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
                            "query": {"input_mode": "content", "value": "{{INPUT.query_image}}"},
                            "top_k": 1,
                            "min_score": 0.30,
                        }
                    ]
                },
            },
        },
    ],
}
COLLECTION: dict[str, Any] = {
    "collection_name": "products_unified",
    "source": {"type": "bucket", "bucket_ids": ["bkt_products_unified"]},
    "feature_extractor": {
        "feature_extractor_name": "image_extractor",
        "version": "v1",
        "input_mappings": {"image": "image_url"},
        "field_passthrough": ["product_label"],
    },
    "taxonomy": {
        "retriever_id": "ret_products_unified_classifier",
        "field_to_enrich": "product_label",
        "confidence_threshold": 0.30,
    },
}
BOOTSTRAP_OBJECT: dict[str, Any] = {
    "key_prefix": "/bootstrap",
    "metadata": {"product_label": None},
    "blobs": [{"property": "image_url", "type": "image", "data": {"url": "s3://my-bucket/products/shoe-001.jpg"}}],
}
LABEL: dict[str, Any] = {"metadata": {"product_label": "Red Running Shoes"}}
NEW_OBJECT: dict[str, Any] = {
    "key_prefix": "/new-arrivals",
    "blobs": [{"property": "image_url", "type": "image", "data": {"url": "s3://my-bucket/new-arrivals/shoe-new.jpg"}}],
}
UNKNOWNS = """{
  "must": [
    {
      "key": "product_label",
      "match": { "operator": "eq", "value": null }
    }
  ]
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
