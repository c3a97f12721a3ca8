"""API keys: shown once, stored as sha256. A key is `sk_`, 43 random characters and a 6-character checksum.

The checksum lets a mistyped key be refused without asking the database.
"""

import binascii
import hashlib
import hmac
import secrets
import string
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.common.database.pool import Executor
from services.common.errors import NotFoundError
from services.common.ids import new_id

PREFIX = "sk_"
ALPHABET = string.digits + string.ascii_letters
RANDOM_LENGTH = 43
CHECKSUM_LENGTH = 6
SHOWN_LENGTH = 10
USE = """
    WITH used AS (UPDATE api_keys SET last_used_at = now() WHERE key_hash = $1 AND revoked_at IS NULL RETURNING *)
    SELECT used.*, u.email AS user_email, u.role AS user_role, u.status AS user_status
    FROM used LEFT JOIN users u USING (user_id)"""


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """What is known of a key; the key itself is not kept."""

    key_id: str
    key_prefix: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def new_key() -> str:
    """A random key in plain text; 43 characters of 62 hold 256 bits."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    return PREFIX + body + _checksum(body)


def is_well_formed(key: str) -> bool:
    """Whether `key` has the form and the checksum of one of ours."""
    body = key[len(PREFIX) : -CHECKSUM_LENGTH]
    if not key.startswith(PREFIX) or len(body) < RANDOM_LENGTH or not key.isascii():
        return False
    return hmac.compare_digest(key[-CHECKSUM_LENGTH:], _checksum(body))


def hash_key(key: str) -> bytes:
    """What the database stores of a key: 256 random bits need no slow hash."""
    return hashlib.sha256(key.encode()).digest()


async def create_key(db: Executor, name: str) -> tuple[str, str]:
    """A new key: its id, and its plain text, which cannot be read again."""
    key, key_id = new_key(), new_id("key")
    await db.execute(
        "INSERT INTO api_keys (key_id, key_prefix, key_hash, name) VALUES ($1, $2, $3, $4)",
        key_id,
        key[:SHOWN_LENGTH],
        hash_key(key),
        name,
    )
    return key_id, key


async def list_keys(db: Executor) -> list[ApiKey]:
    """Every key, revoked ones too, oldest first."""
    rows = await db.fetch(
        """SELECT key_id, key_prefix, name, created_at, last_used_at, revoked_at
           FROM api_keys ORDER BY created_at, key_id"""
    )
    return [ApiKey(**dict(row)) for row in rows]


async def revoke_key(db: Executor, key_id: str) -> None:
    """Ends a key; gateways notice within seconds. Revoking twice changes nothing."""
    query = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE key_id = $1 RETURNING key_id"
    if await db.fetchval(query, key_id) is None:
        raise NotFoundError.of("api_key", key_id)


async def use_key(db: Executor, key_hash: bytes) -> asyncpg.Record | None:
    """The row of the living key with this hash and of its user, its use noted; None when there is none.

    A key of a user who was deleted is deleted with them; an expired one is still found.
    """
    return await db.fetchrow(USE, key_hash)


def _checksum(body: str) -> str:
    number, digits = binascii.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
