"""A first look at all rows: which there are, how they are called, what they are labelled, and which are left out."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

from services.common.errors import InvalidArgumentError
from services.local.datasets.row import Content, Label, Row
from services.local.datasets.writer_types import Format
from services.local.exports import documents
from services.local.exports.export_request import Wanted
from services.local.exports.fetch_content import place_of

JsonObject = dict[str, Any]
NO_FILE = "it has neither a file nor words"
UNLABELLED = "it has no label that counts"
SOME_FILE = Content(path=Path())


@dataclass
class Survey:
    """What is known of the set before it is written; lists are in the order of the rows that stay."""

    label_field: str
    kind: Literal["image", "text"] = "image"
    kept: set[str] = field(default_factory=set)
    contents: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    names: Counter[str] = field(default_factory=Counter)
    all_labels: set[str] = field(default_factory=set)
    columns: dict[str, None] = field(default_factory=dict)
    set_by: Counter[str] = field(default_factory=Counter)
    models: set[str] = field(default_factory=set)
    thresholds: set[float] = field(default_factory=set)
    taxonomies: set[str] = field(default_factory=set)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    several: bool = False


def documents_in(path: Path) -> Iterator[JsonObject]:
    """The documents of the file."""
    with path.open("rb") as file:
        for line in file:
            document: JsonObject = orjson.loads(line)
            yield document


def field_of_labels(path: Path, wanted: Wanted, collection: Mapping[str, Any]) -> str:
    """The field of labels: the one that is named, else the collection's, else the only one that is labelled."""
    taxonomy = collection.get("taxonomy") or {}
    if known := wanted.label_field or taxonomy.get("field_to_enrich"):
        return str(known)
    found: list[str] = sorted({name for each in documents_in(path) for name in each["_internal"]["labels"]})
    if len(found) == 1:
        return found[0]
    told = f"there are {', '.join(found)}" if found else "no document has a label yet"
    raise InvalidArgumentError(f"Which field holds the label? {told}; name it with --label-field.")


def files_in(path: Path, survey: Survey) -> Iterator[Mapping[str, Any]]:
    """The files of the rows that stay."""
    for document in documents_in(path):
        if document["document_id"] in survey.kept and (file := documents.file_of(document)):
            yield file


def look_at(path: Path, wanted: Wanted, form: Format, name: str, failures: Mapping[str, str]) -> Survey:
    """Goes through all rows; `failures` are the blobs that cannot be had, `name` is the label field."""
    survey = Survey(label_field=name, kind=_kind(path))
    for document in documents_in(path):
        file = documents.file_of(document)
        labels = documents.labels_in(document, name, wanted)
        reason = _without_content(document, file, failures)
        if reason is None and not labels and not wanted.keep_unlabelled:
            reason = UNLABELLED
        if reason is None:
            reason = form.unfit(_sketch(document, labels), survey.kind)
        if reason is not None:
            survey.skipped.append((document["document_id"], reason))
        else:
            _note(survey, document, file, labels, wanted)
    return survey


def _kind(path: Path) -> Literal["image", "text"]:
    """Texts only where nothing else is: among pictures they are left out."""
    first = next(documents_in(path), None)
    only_texts = all(documents.text_of(document) is not None for document in documents_in(path))
    return "text" if first is not None and only_texts else "image"


def _without_content(document: JsonObject, file: Mapping[str, Any] | None, failures: Mapping[str, str]) -> str | None:
    if file is None:
        return NO_FILE if documents.text_of(document) is None else None
    why = failures.get(file["source_blob_id"])
    return f"its file cannot be had: {why}" if why else None


def _sketch(document: JsonObject, labels: tuple[Label, ...]) -> Row:
    """As much of the row as a format judges by."""
    text = documents.text_of(document)
    content = SOME_FILE if text is None else Content(text=text)
    return Row(id=document["document_id"], name="", content=content, labels=labels)


def _note(
    survey: Survey,
    document: JsonObject,
    file: Mapping[str, Any] | None,
    labels: tuple[Label, ...],
    wanted: Wanted,
) -> None:
    texts = [label.text(wanted.separator) for label in labels]
    entry: Mapping[str, Any] = document["_internal"]["labels"].get(survey.label_field) or {}
    survey.kept.add(document["document_id"])
    survey.contents.append((file or {}).get("checksum") or str(documents.text_of(document) or document["document_id"]))
    survey.objects.append(document["_internal"]["lineage"]["root_object_id"])
    survey.labels.append(texts[0] if texts else "")
    survey.names[documents.name_of(document, file).casefold()] += 1
    survey.all_labels.update(texts)
    survey.columns.update(dict.fromkeys(documents.fields_of(document, survey.label_field)))
    survey.set_by[labels[0].set_by if labels else "nobody"] += 1
    survey.several |= len(labels) > 1
    if labels and labels[0].set_by == "auto":
        survey.models.update(filter(None, [labels[0].model]))
        survey.taxonomies.add(f"{entry.get('taxonomy_id')} version {entry.get('taxonomy_version')}")
        survey.thresholds.update(filter(None, [entry.get("threshold")]))


def row_of(document: JsonObject, survey: Survey, wanted: Wanted, media: Path, split: str | None) -> Row:
    """The row of a document that stays."""
    file, text = documents.file_of(document), documents.text_of(document)
    name = documents.name_of(document, file)
    if survey.names[name.casefold()] > 1 and document["document_id"] not in name:
        stem, _, suffix = name.rpartition(".")
        name = f"{stem}-{document['document_id']}.{suffix}"
    return Row(
        id=document["document_id"],
        name=name,
        content=_content_of(file, text, wanted, media),
        labels=documents.labels_in(document, survey.label_field, wanted),
        fields=documents.fields_of(document, survey.label_field),
        split=split,
    )


def _content_of(file: Mapping[str, Any] | None, text: str | None, wanted: Wanted, media: Path) -> Content:
    """Where the content is; nobody looks where no files are wanted."""
    if file is None:
        return Content(text=text)
    return Content(path=place_of(file, media) if wanted.with_files else media)
