"""What `likeness keys` and `likeness migrate` do to the database."""

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from rich.table import Column, Table

from services.common.database import api_keys
from services.common.database import migrate as migrations
from services.common.database.connection_errors import connection_faults
from services.common.database.pool import Pool, open_pool
from services.common.errors import NotFoundError
from services.common.settings import Settings
from services.local.commands.console import open_console
from services.local.stack.data_folder import DataFolder
from services.local.stack.sign_in_link import sign_in_link


async def migrate(data_dir: Path) -> None:
    """Applies the pending migrations and prints their names."""
    applied = await migrations.migrate(_settings(data_dir).database_url)
    print("\n".join(applied) or "up to date")


async def create_key(data_dir: Path, name: str) -> None:
    """Prints the new key alone, so that it can be piped."""
    async with _database(data_dir) as pool:
        _, plaintext = await api_keys.create_key(pool, name)
    print(plaintext)


async def list_keys(data_dir: Path) -> None:
    """Prints a table of all keys."""
    async with _database(data_dir) as pool:
        found = await api_keys.list_keys(pool)
    table = Table(Column("key_id", no_wrap=True), "begins", "name", "created", "last used", "revoked", box=None)
    for key in found:
        times = map(_when, (key.created_at, key.last_used_at, key.revoked_at))
        table.add_row(key.key_id, key.key_prefix, key.name, *times)
    open_console().print(table)


def _when(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M}" if time else "-"


async def revoke_key(data_dir: Path, key_id: str) -> None:
    """Revokes a key by its id."""
    async with _database(data_dir) as pool:
        await api_keys.revoke_key(pool, key_id)
    print(f"{key_id} revoked")


async def print_link(data_dir: Path) -> None:
    """Prints a link that signs in once with the stack's own key; NotFoundError when that is not there."""
    folder = DataFolder(data_dir)
    async with _database(data_dir) as pool:
        if not folder.api_key_file.exists() or "url" not in folder.endpoints():
            raise NotFoundError(f"No stack of `likeness up` has run on {data_dir}; sign in with an API key instead.")
        key = folder.api_key_file.read_text().strip()
        print(await sign_in_link(pool, folder.endpoints()["url"], key))


@contextlib.asynccontextmanager
async def _database(data_dir: Path) -> AsyncIterator[Pool]:
    settings = _settings(data_dir)
    pool = await open_pool(settings, size=1)
    try:
        with connection_faults(settings.database_url):
            yield pool
    finally:
        await pool.close()


def _settings(data_dir: Path) -> Settings:
    settings = Settings(data_dir=data_dir)
    folder = DataFolder(data_dir)
    url = settings.database_url or (folder.processes() and folder.endpoints().get("database_url")) or ""
    if not url:
        raise NotFoundError(f"No stack runs on {data_dir}. Start `likeness up`, or set LIKENESS_DATABASE_URL.")
    return settings.model_copy(update={"database_url": url})
