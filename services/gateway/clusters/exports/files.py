"""A run as a file: one row per group and one per member, as CSV or JSON, a piece at a time."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import asyncpg
import orjson

from services.common.database.clusters.cluster_runs import NOISE
from services.gateway.clusters.executions.shapes import label_of

Row = Mapping[str, Any]
Stored = asyncpg.Record
COLUMNS = (
    *("is_centroid", "document_id", "collection_id", "cluster_id", "cluster_label", "distance_to_centroid"),
    *("x", "y", "z", "member_count", "mean_cosine_similarity", "min_cosine_similarity"),
)
# A spreadsheet takes a cell that begins so for a formula.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def centroid_row(group: Stored, overrides: Mapping[str, str]) -> Row:
    """The row of a group."""
    place = dict(zip("xyz", group["place"], strict=False))
    return {
        "is_centroid": True,
        "cluster_id": group["group_id"],
        "cluster_label": label_of(group, overrides),
        "member_count": group["member_count"],
        "mean_cosine_similarity": group["mean_cosine"],
        "min_cosine_similarity": group["min_cosine"],
        **place,
    }


def member_row(member: Stored, names: Mapping[int, tuple[str, str | None]]) -> Row:
    """The row of a document; `names` are id and label of each group by number."""
    cluster_id, label = names.get(member["number"], (str(member["number"]), None))
    return {
        "is_centroid": False,
        "cluster_id": cluster_id,
        "cluster_label": label,
        "distance_to_centroid": member["distance"],
        **{name: member[name] for name in ("document_id", "collection_id", "x", "y", "z")},
    }


def chosen(groups: Sequence[Stored], overrides: Mapping[str, str], wanted: str | None) -> list[Stored]:
    """All groups that have members, or those of this id or label."""
    leaves = [group for group in groups if not group["has_parts"]]
    if wanted is None:
        return leaves
    return [group for group in leaves if wanted in (group["group_id"], label_of(group, overrides))]


async def rows_of(
    groups: Sequence[Stored], overrides: Mapping[str, str], pages: AsyncIterator[list[Stored]]
) -> AsyncIterator[list[Row]]:
    """The rows of the groups, then those of their members, some at a time."""
    yield [centroid_row(group, overrides) for group in groups if group["number"] != NOISE]
    names = {group["number"]: (group["group_id"], label_of(group, overrides)) for group in groups}
    async for page in pages:
        yield [member_row(member, names) for member in page]


async def as_csv(pages: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    """CSV with a header."""
    yield _lines([COLUMNS])
    async for rows in pages:
        yield _lines([_cell(row.get(name)) for name in COLUMNS] for row in rows)


async def as_json(head: Row, pages: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    """One JSON object: `head`, and the rows in `rows`."""
    yield orjson.dumps(head)[:-1] + b',"rows":['
    separator = b""
    async for rows in pages:
        if rows:
            yield separator + orjson.dumps([{name: row.get(name) for name in COLUMNS} for row in rows])[1:-1]
            separator = b","
    yield b"]}"


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would run is quoted for it; numbers, also those below zero, stay."""
    if not isinstance(value, str) or not value.startswith(FORMULAS) or value == str(NOISE):
        return value
    return f"'{value}"
