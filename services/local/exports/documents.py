"""A document of the server as a row of a data set. Pure."""

import mimetypes
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from services.common.json.paths import value_at
from services.common.labels.label_paths import split_path
from services.common.labels.label_values import label_value
from services.local.datasets.row import SET_BY, Label, SetBy
from services.local.datasets.writer_types import OWN
from services.local.exports.export_request import Wanted
from services.local.imports.import_request import ID as IMPORTED_AS

JsonObject = Mapping[str, Any]
SYSTEM = frozenset(
    {"document_id", "collection_id", "taxonomy_match", "document_blobs", "_internal", "metadata", "processing_time_ms"}
)
SUFFIXES = {"image/jpeg": ".jpg", "text/plain": ".txt"}
PICTURE = "image/"
LABELS = 10_000
SOURCE, CROP = "source", "aligned_face_crop"


def labels_in(document: JsonObject, field: str, wanted: Wanted) -> tuple[Label, ...]:
    """The labels of a document that count: several where its field holds a list."""
    value = label_value(value_at(document, field))
    entry: JsonObject = (document["_internal"]["labels"] or {}).get(field) or {}
    if value is None or not _counts(entry, wanted):
        return ()
    values: Sequence[Any] = value if isinstance(value, list) else [value]
    found = (_label(each, entry, wanted.separator) for each in values)
    return tuple(label for label in found if label is not None)


def _counts(entry: JsonObject, wanted: Wanted) -> bool:
    """A label without provenance came with its object."""
    if entry.get("source") != "auto":
        return True
    return not wanted.human_only and (entry.get("score") or 0.0) >= wanted.least_confidence


def _label(value: Any, entry: JsonObject, separator: str) -> Label | None:
    path = _path(value if isinstance(value, str) else str(value), separator)
    set_by: SetBy = next((each for each in SET_BY if each == entry.get("source")), "import")
    if not path:
        return None
    return Label(
        path=path,
        set_by=set_by,
        score=entry.get("score"),
        example=entry.get("example"),
        model=entry.get("model"),
        taxonomy=entry.get("taxonomy_id"),
        taxonomy_version=entry.get("taxonomy_version"),
        set_at=entry.get("set_at"),
    )


@lru_cache(LABELS)
def _path(text: str, separator: str) -> tuple[str, ...]:
    return split_path(text, separator)


def file_of(document: JsonObject) -> JsonObject | None:
    """The file that shows a document: its face where it is one, else what it was made of; None for plain words."""
    blobs: Sequence[JsonObject] = document["document_blobs"]
    if _is_text(document):
        return None
    crop = next((each for each in blobs if each["field"] == CROP and each["role"] != SOURCE), None)
    return crop or next((each for each in blobs if each["role"] == SOURCE), None)


def _is_text(document: JsonObject) -> bool:
    return isinstance(document.get("text"), str) and not str(document["_internal"]["mime_type"]).startswith(PICTURE)


def text_of(document: JsonObject) -> str | None:
    """The words of a document that is a text."""
    return str(document["text"]) if _is_text(document) else None


def name_of(document: JsonObject, file: JsonObject | None) -> str:
    """A name for the file, with its suffix: its own, or that of its import, else its document's id. Safe everywhere."""
    known = (file or {}).get("filename") or document.get(IMPORTED_AS)
    own = PurePosixPath(known) if isinstance(known, str) and known else None
    suffix = _suffix((file or {}).get("content_type") or "text/plain") or (own.suffix if own else "") or ".bin"
    stem = own.stem if own and file and file["role"] == SOURCE else ""
    safe = "".join(each if each.isalnum() or each in "-_ ()+" else "_" for each in stem).strip(" _")[:80]
    return f"{safe or document['document_id']}{suffix}"


@lru_cache
def _suffix(mime_type: str) -> str | None:
    return SUFFIXES.get(mime_type) or mimetypes.guess_extension(mime_type)


def fields_of(document: JsonObject, field: str) -> dict[str, Any]:
    """What a person told of a document, without its label and what is the system's."""
    left_out = SYSTEM | OWN | {field}
    return {name: value for name, value in document.items() if name not in left_out and value not in (None, "")}
