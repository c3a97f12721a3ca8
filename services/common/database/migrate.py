"""Forward-only migrations: numbered SQL files, each applied once, in order, under one lock."""

from importlib import resources

import asyncpg
import structlog
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.domain.settings import DBSettings, Durability

from services.common.database.connection_errors import connection_faults
from services.common.database.pool import Connection, prepare_connection
from services.common.database.restored_dumps import rebase_events
from services.common.database.tasks.jobs import queue_of
from services.common.errors import InternalError

LOCK = 7_214_511
log = structlog.get_logger()


async def migrate(database_url: str) -> list[str]:
    """Brings the database up to date; returns the names of the migrations applied. Safe to run from many processes."""
    with connection_faults(database_url):
        connection = await asyncpg.connect(database_url)
    try:
        with connection_faults(database_url):
            return await _migrate(connection)
    finally:
        await connection.close()


async def _migrate(connection: Connection) -> list[str]:
    await prepare_connection(connection)
    await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
    await _require_known(connection)
    await _install_queue(connection)
    applied = await _apply_pending(connection)
    await rebase_events(connection)
    return applied


async def _require_known(connection: Connection) -> None:
    """A newer version may have changed what this one would write; it is not let near."""
    if await connection.fetchval("SELECT to_regclass('migrations')") is None:
        return
    rows = await connection.fetch("SELECT name FROM migrations ORDER BY name")
    unknown = {row["name"] for row in rows} - {name for name, _ in migration_files()}
    if unknown:
        message = f"The database was made by a newer version (it has {max(unknown)}): update likeness to use it."
        raise InternalError(message, reason="DATABASE_NEWER")


async def _install_queue(connection: Connection) -> None:
    queries = queue_of(connection)
    # Jobs survive a crash of PostgreSQL; pgqueuer's own log of them, which nothing reads, need not.
    queries.qbe = QueryBuilderEnvironment(DBSettings(durability=Durability.balanced))
    if await connection.fetchval("SELECT to_regclass('pgqueuer')") is None:
        await queries.install()
    else:
        await queries.upgrade()


async def _apply_pending(connection: Connection) -> list[str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    done = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")}
    applied = []
    for name, sql in migration_files():
        if name in done:
            continue
        async with connection.transaction():
            await connection.execute(sql)
            await connection.execute("INSERT INTO migrations (name) VALUES ($1)", name)
        log.info("migrated", migration=name)
        applied.append(name)
    return applied


def migration_files() -> list[tuple[str, str]]:
    """Name and SQL of every migration, in order."""
    folder = resources.files("services.common.database") / "migrations"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [(entry.name, entry.read_text()) for entry in files]
