"""Secrets that replicas share, made once and kept in the database."""

import secrets

from services.common.database.pool import Executor

LINK_SECRET = "link_signer"  # noqa: S105
SECRET_BYTES = 32


async def shared_secret(db: Executor, name: str) -> bytes:
    """The secret of this name, made at first use; the same for every process on this database."""
    await db.execute(
        "INSERT INTO server_secrets (secret_name, secret_value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        name,
        secrets.token_bytes(SECRET_BYTES),
    )
    value: bytes = await db.fetchval("SELECT secret_value FROM server_secrets WHERE secret_name = $1", name)
    return value
