"""Which property of an object an uploaded file becomes, and of which type: pure."""

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, get_args

from services.common.errors import InvalidArgumentError
from services.gateway.buckets.schema import FieldType

FILE_TYPES = frozenset({"text", "image", "audio", "video", "pdf", "excel"})
KNOWN_TYPES = frozenset(get_args(FieldType))
BY_MIME = {"application/pdf": "pdf", "application/vnd.ms-excel": "excel"}
PROPERTY = re.compile(r"[a-zA-Z0-9_]{1,100}")
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def property_of(asked: str | None, filename: str, schema: Mapping[str, Any], path: str) -> str:
    """As asked, else the schema's only property that is a file, else the file's name without its extension."""
    if asked:
        return asked
    properties = schema.get("properties") or {}
    files = [name for name, field in properties.items() if field.get("type") in FILE_TYPES]
    if len(files) == 1:
        return str(files[0])
    stem = PurePath(filename).stem
    if not PROPERTY.fullmatch(stem):
        place = f"{path}.blob_property"
        message = f"{place} must be given: the schema has {len(files)} file properties, and '{stem}' cannot name one."
        raise InvalidArgumentError(message, path=place)
    return stem


def type_of(asked: str | None, content_type: str, declared: str | None, path: str) -> str:
    """As asked, else by the content type, else as the schema says."""
    if asked:
        kind = asked.lower()
        if kind not in KNOWN_TYPES:
            place = f"{path}.blob_type"
            raise InvalidArgumentError(f"{place} must be one of {', '.join(sorted(KNOWN_TYPES))}.", path=place)
        return kind
    mime = plain_type(content_type)
    kind = BY_MIME.get(mime) or ("excel" if mime.startswith(SPREADSHEET) else mime.partition("/")[0])
    return kind if kind in FILE_TYPES else declared or "text"


def plain_type(content_type: str) -> str:
    """A MIME type without its parameters."""
    return content_type.partition(";")[0].strip().lower()
