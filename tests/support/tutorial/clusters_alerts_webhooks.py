"""The sections on clusters, alerts and webhooks: each call as the tutorial prints it, and as JSON."""

import json
from typing import Any

# What the tutorial prints as the receiver's address; tests put their own in its place.
RECEIVER = "https://example.com/webhook"

CREATE_CLUSTER = """{
  "cluster_name": "product-discovery",
  "collection_ids": ["col_products_unified"],
  "cluster_type": "vector",
  "vector_config": {
    "feature_uris": ["mixpeek://image_extractor@v1/google_siglip_base_v1"],
    "clustering_method": "hdbscan",
    "hdbscan_parameters": { "min_cluster_size": 5 }
  },
  "llm_labeling": {
    "enabled": true,
    "input_mappings": [{ "source": "payload", "fields": ["product_label"] }]
  },
  "dimension_reduction": { "method": "umap", "n_components": 2 }
}"""

CREATE_RETRIEVER_OF_UNLABELED = """{
  "retriever_name": "unlabeled-products",
  "collection_identifiers": ["col_products_unified"],
  "input_schema": {},
  "stages": [
    { "stage_name": "missing_label", "stage_type": "filter",
      "config": { "stage_id": "attribute_filter", "parameters": {
        "field": "product_label", "operator": "exists", "value": false } } }
  ]
}"""

CREATE_ALERT = """{
  "name": "unknown-products",
  "source": "retriever",
  "retriever_id": "ret_unlabeled",
  "trigger_on": "results",
  "notification_config": {
    "channels": [
      { "channel_type": "webhook", "config": { "url": "https://example.com/webhook" } }
    ]
  }
}"""

CREATE_WEBHOOK = """{
  "webhook_name": "labeling-events",
  "event_types": ["object.created", "object.updated"],
  "channels": [
    { "channel": "webhook", "configs": { "url": "https://example.com/webhook", "method": "POST" } }
  ]
}"""

CLUSTER: dict[str, Any] = json.loads(CREATE_CLUSTER)
RETRIEVER_OF_UNLABELED: dict[str, Any] = json.loads(CREATE_RETRIEVER_OF_UNLABELED)
ALERT: dict[str, Any] = json.loads(CREATE_ALERT)
WEBHOOK: dict[str, Any] = json.loads(CREATE_WEBHOOK)
