"""The stages that this server runs, as `GET /retrievers/stages` lists them."""

from services.gateway.shapes.retrievers import StageDefinition

SCORE = {"type": "number", "minimum": 0, "maximum": 1}
SEARCH = {
    "type": "object",
    "required": ["feature_uri", "query"],
    "properties": {
        "feature_uri": {"type": "string"},
        "query": {
            "type": "object",
            "properties": {"input_mode": {"enum": ["content", "vector", "document"]}, "value": {}, "document_ref": {}},
        },
        "top_k": {"type": "integer", "minimum": 1, "maximum": 5000, "default": 100},
        "min_score": SCORE,
    },
}

STAGES: tuple[StageDefinition, ...] = (
    StageDefinition(
        stage_id="attribute_filter",
        description="Keeps the documents whose fields pass a filter; as a first stage it reads the whole collection",
        category="filter",
        icon="filter",
        parameter_schema={
            "type": "object",
            "properties": {
                "conditions": {"type": "object", "description": "A filter in any dialect"},
                "field": {"type": "string", "description": "Simple mode: one condition"},
                "operator": {"type": "string", "default": "eq"},
                "value": {},
                "case_insensitive": {"type": "boolean", "default": False},
            },
        },
    ),
    StageDefinition(
        stage_id="feature_search",
        description="Finds the documents most like a query, inside those that the stages before it kept",
        category="filter",
        icon="search",
        parameter_schema={
            "type": "object",
            "properties": {
                "searches": {"type": "array", "maxItems": 10, "items": SEARCH},
                "final_top_k": {"type": "integer", "minimum": 1, "maximum": 5000, "default": 25},
                "fusion": {"enum": ["rrf", "dbsf", "weighted", "max"], "default": "rrf"},
            },
        },
    ),
)
