"""The bodies of an import's calls. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from services.local.datasets.reader_types import Kind
from services.local.datasets.row import Label, Row
from services.local.imports.import_request import ID, Machine

JsonObject = dict[str, Any]
EXTRACTORS: Mapping[Kind, tuple[str, str]] = {
    "image": ("image_extractor", "image"),
    "face": ("face_identity_extractor", "image"),
    "text": ("text_extractor", "text"),
}
"""Kind -> the extractor, and the input that the content is mapped to; the property of the bucket has its name."""
SUGGESTION = "{}_suggestion"


def bucket(name: str, kind: Kind, label_field: str) -> JsonObject:
    """A bucket whose objects are told apart by the rows that they were imported from."""
    content = EXTRACTORS[kind][1]
    properties = {label_field: {"type": "text"}, content: {"type": content}, ID: {"type": "string"}}
    schema = {"properties": properties}
    return {"bucket_name": name, "bucket_schema": schema, "unique_key": {"fields": [ID]}}


def collection(
    name: str, bucket_id: str, kind: Kind, label_field: str, *, threshold: float | None, separator: str | None
) -> JsonObject:
    """A collection that labels itself by its own examples; with a separator labels are paths."""
    extractor, content = EXTRACTORS[kind]
    taxonomy = {"field_to_enrich": label_field, "confidence_threshold": threshold, "path_separator": separator}
    return {
        "collection_name": name,
        "source": {"type": "bucket", "bucket_ids": [bucket_id]},
        "feature_extractor": {
            "feature_extractor_name": extractor,
            "version": "v1",
            "input_mappings": {content: content},
            "field_passthrough": [label_field],
            "include_all_source_fields": True,
        },
        "taxonomy": {name: value for name, value in taxonomy.items() if value is not None},
    }


def fields(row: Row, label_field: str, *, separator: str, merged: Mapping[str, str], machine: Machine) -> JsonObject:
    """The fields of a row's object: what the set tells, its id, its split, and its labels."""
    found: JsonObject = {**row.fields, ID: row.id}
    if row.split is not None:
        found["split"] = row.split
    by_field: dict[str, list[str]] = defaultdict(list)
    for label in row.labels:
        if label.set_by != "auto" or machine == "accept":
            text = label.text(separator)
            by_field[label.field or label_field].append(merged.get(text, text))
    suggested = [label for label in row.labels if label.set_by == "auto"] if machine == "keep" else []
    if suggested:
        found[SUGGESTION.format(label_field)] = _suggestion(suggested[0], separator)
    return found | {name: _value(texts) for name, texts in by_field.items()}


def _value(texts: Sequence[str]) -> str | list[str]:
    distinct = list(dict.fromkeys(texts))
    return distinct[0] if len(distinct) == 1 else distinct


def _suggestion(label: Label, separator: str) -> JsonObject:
    told = {"label": label.text(separator), "score": label.score, "model": label.model}
    return {name: value for name, value in told.items() if value is not None}
