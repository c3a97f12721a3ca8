"""The tutorial's body of "Discover Clusters", word for word."""

from typing import Any

CLUSTER: dict[str, Any] = {
    "cluster_name": "product-discovery",
    "collection_ids": ["col_products_unified"],
    "cluster_type": "vector",
    "vector_config": {
        "feature_uris": ["mixpeek://image_extractor@v1/google_siglip_base_v1"],
        "clustering_method": "hdbscan",
        "hdbscan_parameters": {"min_cluster_size": 5},
    },
    "llm_labeling": {
        "enabled": True,
        "input_mappings": [{"source": "payload", "fields": ["product_label"]}],
    },
    "dimension_reduction": {"method": "umap", "n_components": 2},
}
