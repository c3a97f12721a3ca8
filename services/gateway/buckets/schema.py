"""The schema of a bucket: what fields its objects have."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from services.gateway.kit.shapes import JsonObject, OpenAnswer, OpenForm

FieldType = Literal[
    "string",
    "number",
    "integer",
    "float",
    "boolean",
    "object",
    "array",
    "date",
    "datetime",
    "text",
    "image",
    "audio",
    "video",
    "pdf",
    "excel",
]
OLD_TYPES = {
    "json": "object",
    "binary": "text",
    "bool": "boolean",
    "int": "integer",
    "str": "string",
    "document": "pdf",
    "list": "array",
    "timestamp": "datetime",
}
FieldName = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]


class SchemaField(OpenForm):
    """One field of a bucket's schema; a type alone, such as `"text"`, will do."""

    type: FieldType
    required: bool = False
    description: str | None = None
    enum: list[Any] | None = None
    examples: list[Any] | None = None
    default: Any = None
    items: "SchemaField | None" = None
    properties: dict[FieldName, "SchemaField"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_type(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value

    @field_validator("type", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        return OLD_TYPES.get(value.lower(), value.lower()) if isinstance(value, str) else value


class BucketSchema(OpenForm):
    """The fields that objects of a bucket have."""

    properties: Annotated[dict[FieldName, SchemaField], Field(max_length=1000)] = Field(default_factory=dict)

    def stored(self) -> JsonObject:
        """As it is kept and shown."""
        return {"properties": {}, **self.model_dump(exclude_unset=True)}


class BucketSchemaOut(OpenAnswer):
    """A bucket's schema."""

    properties: dict[str, JsonObject]
