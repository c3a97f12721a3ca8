"""Looking a set over before anything is sent: how many rows, which labels, what cannot be read. Bounded memory."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from services.local.datasets.row import Label, Row, Skipped

AUTO = "auto"
LONGEST, BEGINNING = 255, 200
Paths = tuple[tuple[str, ...], ...]


@dataclass
class Survey:
    """What a set holds; `labels` counts the distinct texts of the labels that people or earlier imports set."""

    rows: int = 0
    skipped: int = 0
    labelled: int = 0
    suggested: int = 0
    nested: bool = False
    labels: Counter[str] = field(default_factory=Counter)


def survey(rows: Iterable[Row | Skipped], separator: str) -> Survey:
    """Reads all rows once."""
    found = Survey()
    for row in rows:
        if isinstance(row, Skipped):
            found.skipped += 1
            continue
        said = own_labels(row)
        found.rows += 1
        found.labelled += bool(said)
        found.suggested += not said and bool(row.labels)
        found.nested = found.nested or any(len(label.path) > 1 for label in said)
        found.labels.update(label.text(separator) for label in said)
    return found


def own_labels(row: Row) -> list[Label]:
    """The labels of a row that no machine set, of the field that the set is labelled by."""
    return [label for label in row.labels if label.set_by != AUTO and label.field is None]


def distinct(rows: Iterable[Row | Skipped], prefix: str) -> Iterator[Row | Skipped]:
    """The rows with their ids under the prefix; a second one of the same id is skipped, and told."""
    seen: dict[bytes, Paths] = {}
    known: dict[Paths, Paths] = {}
    for row in rows:
        name = short(f"{prefix}/{row.id}" if prefix else row.id)
        if isinstance(row, Skipped):
            yield Skipped(id=name, reason=row.reason)
            continue
        said = tuple(label.path for label in row.labels)
        key, said = digest(name), known.setdefault(said, said)
        if key in seen:
            yield Skipped(id=name, reason=_twice(seen[key], said))
        else:
            seen[key] = said
            yield replace(row, id=name)


def _twice(first: Paths, second: Paths) -> str:
    if first == second:
        return "an earlier row is of the same file or id"
    one, two = (", ".join("/".join(path) for path in paths) or "no label" for paths in (first, second))
    return f"an earlier row is of the same file or id, and says otherwise: {one}, not {two}"


def short(name: str) -> str:
    """An id as it is; of one that is too long for a key its beginning, and what tells it from all others."""
    return name if len(name) <= LONGEST else f"{name[:BEGINNING]}#{digest(name).hex()}"


def digest(name: str) -> bytes:
    """An id in few bytes, to remember many of them."""
    return hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=12).digest()
