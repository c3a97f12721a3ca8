"""Changing some columns of one row; to what they are already is no change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.pool import Connection

# Columns that are merged with what is given; others are replaced by it.
MERGED: Mapping[str, str] = {"metadata": "metadata || {}"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """The row after a change, and the columns that are not as they were; none: nothing was written."""

    row: asyncpg.Record
    columns: frozenset[str]


async def change_row(
    connection: Connection,
    table: str,
    key_column: str,
    key: str,
    columns: Mapping[str, Any],
    *,
    merged: Mapping[str, str] = MERGED,
    versioned: Collection[str] = (),
) -> Change | None:
    """Sets `columns`, whose names are ours, in the caller's transaction; None when there is no row.

    The values of `merged` say how a column comes of what is given, as `{}`. A change of one of the `versioned` columns
    makes a new version. Compared in the database, where the order of keys in JSON does not count.
    """
    places = _places(columns, merged)
    differing = "".join(f", {name} IS DISTINCT FROM {place}" for name, place in places.items())
    sql = f"SELECT *, ARRAY[false{differing}] AS differing FROM {table} WHERE {key_column} = $1 FOR NO KEY UPDATE"  # noqa: S608
    before = await connection.fetchrow(sql, key, *columns.values())
    if before is None:
        return None
    changed = frozenset(name for name, differs in zip(columns, before["differing"][1:], strict=True) if differs)
    if not changed:
        return Change(row=before, columns=changed)
    others = {name: value for name, value in columns.items() if name in changed}
    sets = [f"{name} = {place}" for name, place in _places(others, merged).items()]
    sets += ["version = version + 1"] if changed & set(versioned) else []
    sql = f"UPDATE {table} SET {', '.join(sets)}, updated_at = now() WHERE {key_column} = $1 RETURNING *"  # noqa: S608
    row = await connection.fetchrow(sql, key, *others.values())
    assert row is not None
    return Change(row=row, columns=changed)


def _places(columns: Mapping[str, Any], merged: Mapping[str, str]) -> dict[str, str]:
    """What each column becomes, by the number of its parameter; $1 is the key."""
    return {name: merged.get(name, "{}").format(f"${number}") for number, name in enumerate(columns, 2)}
