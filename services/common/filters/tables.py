"""Where a field of a filter lives in a table: a column, or a path inside a jsonb column."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

METADATA = "metadata"
LABELS = "labels"


class Kind(Enum):
    """How a column compares: TEXT and TIME natively, OTHER (numbers, truth values) as JSON."""

    TEXT = auto()
    TIME = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """A plain column; `name` is part of the SQL and never comes from a request."""

    name: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A place inside a jsonb column; a `deep` one has keys of the user's that may be spelled with dots, or lists."""

    column: str
    path: tuple[str, ...]
    deep: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The fields of a table: plain columns by field name, jsonb columns by leading path, and the column of the rest.

    `indexed` is a jsonb column that has an index for containment. `moments` are the view of the fields that are
    declared as times, and the column that says whose they are.
    """

    alias: str
    columns: Mapping[str, Column]
    prefixes: Mapping[tuple[str, ...], str]
    fields: str = "fields"
    indexed: str | None = None
    moments: tuple[str, str] | None = None

    def resolve(self, field: str) -> Column | tuple[JsonPath, ...]:
        """The column of a field, or the places to look in turn for its first value that is not null."""
        if column := self.columns.get(field):
            return column
        path = tuple(field.split("."))
        inside = [_inside(name, path[len(lead) :]) for lead, name in self.prefixes.items() if path[: len(lead)] == lead]
        return (*inside[:1], *self._user_paths(path))

    def _user_paths(self, path: tuple[str, ...]) -> tuple[JsonPath, ...]:
        root = path[0] == METADATA and len(path) > 1
        own = path[1:] if root else path
        found = [JsonPath(self.fields, each, deep=len(own) > 1) for each in (own, (METADATA, *own))]
        return (found[1], found[0]) if root else (found[0], found[1])


def _inside(column: str, path: tuple[str, ...]) -> JsonPath:
    """What is said of a label is `<field>.<what>`, where only the field may have dots."""
    return JsonPath(column, path, deep=len(path) > (2 if column == LABELS else 1))


_CREATED = Column("created_at", Kind.TIME)
_UPDATED = Column("updated_at", Kind.TIME)

DOCUMENTS = Table(
    alias="d",
    columns={
        "document_id": Column("document_id"),
        "collection_id": Column("collection_id"),
        "object_id": Column("object_id"),
        "source_object_id": Column("object_id"),
        "root_object_id": Column("object_id"),
        "bucket_id": Column("bucket_id"),
        "root_bucket_id": Column("bucket_id"),
        "created_at": _CREATED,
        "updated_at": _UPDATED,
        "_internal.created_at": _CREATED,
        "_internal.updated_at": _UPDATED,
    },
    prefixes={
        ("taxonomy_match",): "taxonomy_match",
        ("_internal", "labels"): LABELS,
        ("labels",): LABELS,
        # A function of the row: which of its labels no longer stand.
        ("_internal", "stale"): "stale_fields",
        ("_internal",): "internal",
    },
    indexed="fields",
    moments=("collection_moments", "collection_id"),
)

OBJECTS = Table(
    alias="o",
    columns={
        "object_id": Column("object_id"),
        "bucket_id": Column("bucket_id"),
        "key_prefix": Column("key_prefix"),
        "status": Column("status"),
        "created_at": _CREATED,
        "updated_at": _UPDATED,
    },
    prefixes={},
    moments=("bucket_moments", "bucket_id"),
)
