"""WebDataset: tar files in which the files of one sample stand together and share the beginning of their names.

Read with the standard library: `webdataset` itself joins names at their first dot, so that of `shoe.1.jpg` and
`shoe.2.jpg` one picture is lost.
"""

import gzip
import itertools
import lzma
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from services.common.errors import InvalidArgumentError
from services.local.datasets import files
from services.local.datasets.parse_labels import as_json, as_text, label_of, labels_of
from services.local.datasets.reader_types import Reading, Rows
from services.local.datasets.readers.records import IDS, LABELS, SPLIT, TOLD, Columns, labels_in
from services.local.datasets.row import Content, Label, Row, Skipped

ENDINGS = (".tar", ".tar.gz", ".tgz")
LARGEST = 1_000_000_000
NAMES = "classes.txt"
CLASS, JSON = "cls", "json"
NONE = "None"


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    data: bytes

    @property
    def key(self) -> str:
        """The name up to the first dot of its last part, folders included."""
        path = PurePosixPath(self.name)
        return str(path.with_name(path.name.partition(".")[0] or path.name))

    @property
    def stem(self) -> str:
        """The name up to its last dot."""
        return str(PurePosixPath(self.name).with_suffix(""))

    @property
    def ending(self) -> str:
        return PurePosixPath(self.name).suffix.lstrip(".").lower()


def shards_of(path: Path) -> list[Path]:
    """The tar files of a set: the path itself, or those in the folder, where it holds nothing else but notes."""
    if path.is_file():
        return [path] if path.name.endswith(ENDINGS) else []
    return sorted(each for each in path.iterdir() if each.name.endswith(ENDINGS)) if path.is_dir() else []


def read_shards(path: Path, reading: Reading) -> Rows:
    """The samples of all shards, one at a time; each shard from its beginning to its end."""
    names = _names(path if path.is_dir() else path.parent)
    found = shards_of(path)
    if not found:
        raise InvalidArgumentError(f"{path} holds no .tar.", path=str(path))
    for shard in found:
        for key, group in itertools.groupby(_files(shard), lambda each: each.key):
            yield from _samples(key, list(group), names, reading)


def _names(folder: Path) -> tuple[str, ...]:
    """The names of numbered classes, where a file beside the shards tells them."""
    source = folder / NAMES
    return tuple(source.read_text(encoding="utf-8").splitlines()) if source.is_file() else ()


def _files(shard: Path) -> Iterator[_File]:
    try:
        with tarfile.open(shard, "r|*") as archive:
            for member in archive:
                if member.isfile() and not files.is_junk(PurePosixPath(member.name).name):
                    opened = archive.extractfile(member) if member.size <= LARGEST else None
                    yield _File(str(PurePosixPath(member.name)), opened.read() if opened else b"")
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError) as error:
        raise InvalidArgumentError(f"{shard} is broken or no tar: {error}.", path=str(shard)) from error


def _samples(key: str, group: list[_File], names: tuple[str, ...], reading: Reading) -> Rows:
    """The rows of files of one key. Several pictures are several rows, each with what has its own longer name."""
    contents = [each for each in group if not files.unfit(each.name, reading.kind)]
    if not contents:
        yield Skipped(
            id=key, reason=f"has no {reading.kind}, but {', '.join(each.ending or each.name for each in group)}"
        )
    for content in contents:
        alone = len(contents) == 1
        beside = [each for each in group if each not in contents and (alone or each.stem in (content.stem, key))]
        yield _row(key if alone else content.stem, content, beside, names, reading)


def _row(key: str, content: _File, beside: list[_File], names: tuple[str, ...], reading: Reading) -> Row | Skipped:
    if not content.data:
        return Skipped(id=key, reason=f"{content.name} is empty or too large")
    told = {each.ending: each.data for each in beside}
    try:
        record = _object(told.get(JSON))
    except orjson.JSONDecodeError as error:
        return Skipped(id=key, reason=f"its .json cannot be read: {error}")
    labels, own = _labels(told, record, names, reading)
    texts = {ending: data.decode(errors="replace").strip() for ending, data in told.items() if ending == "txt"}
    fields = {name: as_json(value) for name, value in record.items() if name not in own | TOLD | {*IDS}}
    return Row(
        id=key,
        name=PurePosixPath(content.name).name,
        content=Content(data=content.data),
        labels=labels,
        fields={**texts, **{name: value for name, value in fields.items() if value not in (None, "")}},
        split=as_text(record.get(SPLIT)),
    )


def _object(data: bytes | None) -> dict[str, Any]:
    found = orjson.loads(data) if data else {}
    return found if isinstance(found, dict) else {"json": found}


def _labels(
    told: Mapping[str, bytes], record: Mapping[str, Any], names: tuple[str, ...], reading: Reading
) -> tuple[tuple[Label, ...], frozenset[str]]:
    """The labels of a sample, and the keys of its JSON that told them."""
    wanted = [reading.label] if reading.label else LABELS
    for name in (each for each in wanted if each in told):
        return labels_of(told[name].decode(errors="replace"), reading.separator), frozenset()
    for name in (each for each in wanted if record.get(each) is not None):
        columns = Columns(content="", words=False, label=name, id=None, names=names)
        return labels_in(record, columns, reading), frozenset({name})
    return _of_class(told.get(CLASS, b""), names, reading), frozenset()


def _of_class(data: bytes, names: tuple[str, ...], reading: Reading) -> tuple[Label, ...]:
    """The label of a `.cls`: a number that may have a name, or the label itself; `None` is how writers tell none."""
    text = data.decode(errors="replace").strip()
    if text == NONE:
        return ()
    label = label_of(names[int(text)] if text.isdecimal() and int(text) < len(names) else text, reading.separator)
    return () if label is None else (label,)
