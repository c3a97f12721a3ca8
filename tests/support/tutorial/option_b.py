"""Option B: bodies and query strings as the tutorial prints them."""

CREATE_REFERENCE_BUCKET = """{
  "bucket_name": "product_reference",
  "bucket_schema": {
    "properties": {
      "product_label": { "type": "text" },
      "image_url": { "type": "text" }
    }
  }
}"""

CREATE_REFERENCE_COLLECTION = """{
  "collection_name": "product_reference",
  "source": {
    "type": "bucket",
    "bucket_ids": ["bkt_product_reference"]
  },
  "feature_extractor": {
    "feature_extractor_name": "image_extractor",
    "version": "v1",
    "input_mappings": { "image": "image_url" },
    "field_passthrough": ["product_label"]
  }
}"""

CREATE_RETRIEVER = """{
  "retriever_name": "product_classifier",
  "collection_identifiers": ["product_reference"],
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

UPLOAD_REFERENCE = """{
  "metadata": { "product_label": null },
  "blobs": [{ "property": "image_url", "type": "image", "data": "https://example.com/image.jpg" }]
}"""

LABEL = """{
  "metadata": { "product_label": "Red Running Shoes" }
}"""

CREATE_PRODUCTION_BUCKET = """{
  "bucket_name": "product_catalog",
  "bucket_schema": {
    "properties": {
      "product_label": { "type": "text" },
      "image_url": { "type": "text" }
    }
  }
}"""

CREATE_PRODUCTION_COLLECTION = """{
  "collection_name": "product_catalog",
  "source": {
    "type": "bucket",
    "bucket_ids": ["bkt_product_catalog"]
  },
  "feature_extractor": {
    "feature_extractor_name": "image_extractor",
    "version": "v1",
    "input_mappings": { "image": "image_url" },
    "field_passthrough": ["product_label"]
  },
  "taxonomy": {
    "retriever_id": "ret_product_classifier",
    "field_to_enrich": "product_label",
    "confidence_threshold": 0.30
  }
}"""

UPLOAD_PRODUCTION = """{
  "blobs": [{ "property": "image_url", "type": "image", "data": "https://example.com/image.jpg" }]
}"""

HIGH_CONFIDENCE = """{
  "must": [
    {
      "key": "taxonomy_match.confidence",
      "match": { "operator": "gte", "value": 0.85 }
    }
  ]
}"""
