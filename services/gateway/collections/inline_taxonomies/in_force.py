"""Putting a version of a taxonomy in force only where it says something else than the one before."""

from collections.abc import Awaitable, Callable

from services.common.database.pool import Connection
from services.common.errors import NotFoundError
from services.common.json.equality import same_value

SAID = ("config", "runs", "label_fields")


async def puts_in_force(
    connection: Connection, key_column: str, key: str, write: Callable[[], Awaitable[object]], *, same_too: bool = False
) -> bool:
    """Whether what `write` did to the taxonomy stands: else it is undone, since the taxonomy says what it said before.

    A trigger makes what an inline taxonomy says from its columns, so that is known only after they are written.
    """
    sql = f"SELECT {', '.join(SAID)} FROM taxonomies WHERE {key_column} = $1 FOR UPDATE"  # noqa: S608
    before = await connection.fetchrow(sql, key)
    if before is None:
        raise NotFoundError.of("taxonomy", key)
    attempt = connection.transaction()
    await attempt.start()
    await write()
    after = await connection.fetchrow(sql, key)
    assert after is not None
    if same_too or not same_value(dict(before), dict(after)):
        await attempt.commit()
        return True
    await attempt.rollback()
    return False
