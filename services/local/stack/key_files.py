"""The keys of a stack: made at its first start, kept in files that only their owner can read."""

import asyncio
import os
from pathlib import Path

from services.common.database.api_keys import create_key
from services.common.database.pool import Pool
from services.common.secrets.encryption import new_key

KEY_NAME = "likeness up"


async def ensure_api_key(pool: Pool, key_file: Path) -> None:
    """Creates a key and its file unless the file is there."""
    if await asyncio.to_thread(key_file.exists):
        return
    _, plaintext = await create_key(pool, KEY_NAME)
    await asyncio.to_thread(_write_private, key_file, plaintext)


def ensure_secrets_key(key_file: Path) -> str:
    """The key that seals stored secrets, made with its file unless that is there."""
    if not key_file.exists():
        _write_private(key_file, new_key())
    return key_file.read_text().strip()


def _write_private(key_file: Path, plaintext: str) -> None:
    fresh = key_file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(plaintext + "\n")
    fresh.rename(key_file)
