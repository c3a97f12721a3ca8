"""What an import is asked to do. Pure."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from services.local.datasets.reader_types import Reading

Machine = Literal["keep", "accept", "drop"]
ID = "import_id"
"""The field that tells which row of a set an object is: it makes a second run double nothing."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The set at `path` into the collection `into`.

    `label_field` None is the collection's own, or "label". `machine` says what becomes of labels that a machine set:
    kept beside, accepted as labels, or dropped. `merge` None asks where there is somebody to ask. `prefix` keeps sets
    with the same names of files apart.
    """

    path: Path
    into: str
    reading: Reading = field(default_factory=Reading)
    format: str | None = None
    label_field: str | None = None
    machine: Machine = "keep"
    merge: bool | None = None
    threshold: float | None = None
    prefix: str = ""
    skipped: Path
    wait: bool = True


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where objects go: the bucket, the property of their content, and the field of their labels."""

    bucket_id: str
    collection_id: str
    content: str
    label_field: str
    is_new: bool
