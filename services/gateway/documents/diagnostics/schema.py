"""Whether the fields of a document are as the schema of its collection says."""

from collections.abc import Mapping
from typing import Any

from services.common.errors import InvalidArgumentError
from services.gateway.buckets.schema_check import Violation, violations_of
from services.gateway.documents.edits.fields import changed_fields
from services.gateway.kit.shapes import Answer

MAX_VIOLATIONS = 1000


class SchemaCheck(Answer):
    """The outcome; fields that the schema does not name are allowed."""

    collection_id: str
    valid: bool
    violations: list[Violation]
    unknown_fields: list[str]


def check_fields(collection_id: str, body: Mapping[str, Any], properties: Mapping[str, Any]) -> SchemaCheck:
    """What of a document's fields is wrong; null is right where a field is not required."""
    try:
        fields = changed_fields(body, "body")
    except InvalidArgumentError as error:
        path = error.details.get("path", "body")
        found = [Violation(field=path.removeprefix("body."), expected="a field of the user's", message=error.message)]
        return SchemaCheck(collection_id=collection_id, valid=False, violations=found, unknown_fields=[])
    found = [each for _, each in zip(range(MAX_VIOLATIONS), violations_of(fields, properties, "", 0), strict=False)]
    unknown = sorted(name for name in fields if name.partition(".")[0] not in properties)
    return SchemaCheck(collection_id=collection_id, valid=not found, violations=found, unknown_fields=unknown)
