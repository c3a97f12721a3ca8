"""Records with named columns, whatever file they come from: which column is what, and the row of a record."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from services.common.errors import InvalidArgumentError
from services.local.datasets import files
from services.local.datasets.parse_labels import as_json, as_text, first_of, labels_of, normal
from services.local.datasets.reader_types import Reading
from services.local.datasets.row import SET_BY, Content, Label, Row, SetBy, Skipped

FILES = (
    *("image", "file_name", "filename", "file", "path", "filepath", "file_path", "image_path", "img", "image_url"),
    *("url", "uri", "img_path", "media", "video", "pdf"),
)
WORDS = ("text", "content", "sentence", "document", "body")
LABELS = ("label", "labels", "class", "category")
IDS = ("document_id",)
"""The id of our own exports, which tell who set a label; in any other table it is one only when it is named."""
SPLIT, SET_BY_COLUMN, SCORE, MODEL = "split", "label_source", "label_confidence", "label_model"
EXAMPLE, TAXONOMY, VERSION, SET_AT = "label_example", "label_taxonomy", "label_taxonomy_version", "label_set_at"
TOLD = frozenset({SPLIT, SET_BY_COLUMN, SCORE, MODEL, EXAMPLE, TAXONOMY, VERSION, SET_AT})
Record = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns by what they hold; `words` says that the content is the text itself.

    `names` turn the numbers of a label column into labels, where the file tells them.
    """

    content: str
    words: bool
    label: str | None
    id: str | None
    names: tuple[str, ...] = ()

    @property
    def told(self) -> frozenset[str | None]:
        """The columns that are no further fields."""
        return frozenset({self.content, self.label, self.id, *TOLD})


def columns_of(columns: Iterable[str], reading: Reading, where: Path, names: Mapping[str, tuple[str, ...]]) -> Columns:
    """What is what; InvalidArgumentError names the columns that there are when one that was asked for is not there."""
    known = list(columns)
    content, words = _content_column(known, reading, where)
    others = [each for each in known if each != content]
    label = _named(reading.label, known, where) or first_of(((reading.hint or "").lower(), *LABELS), others)
    key = _named(reading.id, known, where) or first_of(IDS if SET_BY_COLUMN in known else (), others)
    return Columns(content=content, words=words, label=label, id=key, names=names.get(label or "", ()))


def _content_column(known: list[str], reading: Reading, where: Path) -> tuple[str, bool]:
    if named := _named(reading.content, known, where):
        return named, reading.kind == "text" and named.lower() not in FILES
    wanted = (*WORDS, *FILES) if reading.kind == "text" else FILES
    if found := first_of(wanted, known):
        return found, found.lower() in WORDS
    message = f"{where} has no column for the {reading.kind}: it has {_told(known)}. Name it with --content-column."
    raise InvalidArgumentError(message, path=str(where))


def _named(name: str | None, known: list[str], where: Path) -> str | None:
    if name is None or name in known:
        return name
    raise InvalidArgumentError(f"{where} has no column '{name}'. Its columns are {_told(known)}.", path=str(where))


def _told(known: list[str]) -> str:
    return ", ".join(f"'{each}'" for each in known) or "none at all"


def row_of(record: Record, columns: Columns, reading: Reading, where: Path, number: int) -> Row | Skipped:
    """The row of a record, the `number`-th (from 1) of its file; or why it is none."""
    position = f"{where.name}#{number}"
    found = _content(record.get(columns.content), columns, reading, where)
    key = as_text(record.get(columns.id)) if columns.id else None
    if isinstance(found, str):
        return Skipped(id=key or position, reason=found)
    content, reference = found
    name = PurePosixPath(urlsplit(reference).path if "://" in reference else reference).name
    if content.path is not None and (reason := files.unfit(name, reading.kind)):
        return Skipped(id=key or normal(reference), reason=reason)
    return Row(
        id=key or (position if not reference or content.data is not None else normal(reference)),
        name=name or position,
        content=content,
        labels=labels_in(record, columns, reading),
        fields=fields_of(record, columns),
        split=as_text(record.get(SPLIT)),
    )


def _content(value: Any, columns: Columns, reading: Reading, where: Path) -> tuple[Content, str] | str:
    """The content, and the name or path under which the record has it (empty without one); or why there is none."""
    if isinstance(value, Mapping):
        data, reference = value.get("bytes"), as_text(value.get("path")) or ""
        if data is not None:
            return _bytes(data, reference)
        return _at(reference, reading, where, f"'{columns.content}' holds no bytes, only a path: ")
    if isinstance(value, bytes):
        return _bytes(value, "")
    text = as_text(value)
    if text is None or not text.strip():
        return f"'{columns.content}' is empty"
    return (Content(text=text), "") if columns.words else _at(text, reading, where, "")


def _bytes(data: bytes, reference: str) -> tuple[Content, str] | str:
    return (Content(data=data), reference) if data else "its bytes are empty"


def _at(reference: str, reading: Reading, where: Path, why: str) -> tuple[Content, str] | str:
    content = files.content_at(reference, where.parent, reading.files)
    if isinstance(content, str):
        return why + content
    return content, "" if reference.startswith("data:") else reference.strip()


def labels_in(record: Record, columns: Columns, reading: Reading) -> tuple[Label, ...]:
    """The labels of a record, with who set them where it tells."""
    if columns.label is None:
        return ()
    labels = labels_of(_spelled(record.get(columns.label), columns.names), reading.separator)
    told = _told_of(record)
    return tuple(told(label) for label in labels)


def _spelled(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, list | tuple):
        return [_spelled(each, names) for each in value]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return (names[value] if 0 <= value < len(names) else None) if names and is_number else value


def _told_of(record: Record) -> Callable[[Label], Label]:
    set_by: SetBy = next((each for each in SET_BY if each == record.get(SET_BY_COLUMN)), "import")
    if set_by != "auto":
        return lambda label: replace(label, set_by=set_by, set_at=as_text(record.get(SET_AT)) or None)
    version = _number(record.get(VERSION))
    return lambda label: replace(
        label,
        set_by=set_by,
        set_at=as_text(record.get(SET_AT)) or None,
        score=_number(record.get(SCORE)),
        model=as_text(record.get(MODEL)) or None,
        example=as_text(record.get(EXAMPLE)) or None,
        taxonomy=as_text(record.get(TAXONOMY)) or None,
        taxonomy_version=None if version is None else int(version),
    )


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def fields_of(record: Record, columns: Columns) -> dict[str, Any]:
    """What else a record says, as JSON; empty values are left out."""
    found = {name: as_json(value) for name, value in record.items() if name not in columns.told}
    return {name: value for name, value in found.items() if value not in (None, "")}
