"""The calls of the tutorial's Example 2, Document Classification, as printed there."""

CREATE_BUCKET = """{
  "bucket_name": "company_documents",
  "bucket_schema": {
    "properties": {
      "document_type": { "type": "text" },
      "content": { "type": "text" }
    }
  }
}"""

CREATE_COLLECTION = """{
  "collection_name": "document_types",
  "source": {
    "type": "bucket",
    "bucket_ids": ["bkt_company_documents"]
  },
  "feature_extractor": {
    "feature_extractor_name": "text_extractor",
    "version": "v1",
    "input_mappings": { "text": "content" },
    "field_passthrough": ["document_type"]
  },
  "taxonomy": {
    "field_to_enrich": "document_type",
    "confidence_threshold": 0.35
  }
}"""
