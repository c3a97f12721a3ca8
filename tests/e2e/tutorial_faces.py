"""The calls of the tutorial's Example 1, Face Recognition System, as printed there."""

CREATE_BUCKET = """{
  "bucket_name": "employee_photos",
  "bucket_schema": {
    "properties": {
      "person_name": { "type": "text" },
      "employee_id": { "type": "text" },
      "photo_url": { "type": "text" }
    }
  }
}"""

CREATE_COLLECTION = """{
  "collection_name": "employee_faces",
  "source": {
    "type": "bucket",
    "bucket_ids": ["bkt_employee_photos"]
  },
  "feature_extractor": {
    "feature_extractor_name": "face_identity_extractor",
    "version": "v1",
    "input_mappings": { "image": "photo_url" },
    "field_passthrough": ["person_name", "employee_id"]
  }
}"""
