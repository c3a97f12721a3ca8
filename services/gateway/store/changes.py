"""Changing some columns of one row."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from services.common.database.pool import Executor

MERGED = "metadata"


async def change_row(
    db: Executor, table: str, key_column: str, key: str, columns: Mapping[str, Any]
) -> asyncpg.Record | None:
    """The row after setting `columns`, whose names are ours; metadata are merged. None when there is no row."""
    sets = [_set(name, number) for number, name in enumerate(columns, 2)]
    sql = f"UPDATE {table} SET {', '.join([*sets, 'updated_at = now()'])} WHERE {key_column} = $1 RETURNING *"  # noqa: S608
    return await db.fetchrow(sql, key, *columns.values())


def _set(name: str, number: int) -> str:
    return f"{name} = {name} || ${number}" if name == MERGED else f"{name} = ${number}"
