"""Browsers that have signed in with an API key, and links that sign in once. Tokens are kept as sha256 alone."""

import secrets
from datetime import timedelta
from typing import Literal

from services.common.database.api_keys import hash_key
from services.common.database.pool import Executor

Kind = Literal["browser", "link"]
LASTS = {"browser": timedelta(days=30), "link": timedelta(hours=24)}
TOKEN_BYTES = 32
FORGET = "DELETE FROM sessions WHERE expires_at < now()"
INSERT = "INSERT INTO sessions (token_hash, kind, key_hash, expires_at) VALUES ($1, $2, $3, now() + $4)"
FIND = "SELECT key_hash FROM sessions WHERE token_hash = $1 AND kind = 'browser' AND expires_at > now()"
USE = "DELETE FROM sessions WHERE token_hash = $1 AND kind = 'link' AND expires_at > now() RETURNING key_hash"
END = "DELETE FROM sessions WHERE token_hash = $1"


async def open_session(db: Executor, kind: Kind, key_hash: bytes) -> str:
    """A new token that stands for the key with this hash: in a browser for 30 days, in a link once within a day."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    await db.execute(FORGET)
    await db.execute(INSERT, hash_key(token), kind, key_hash, LASTS[kind])
    return token


async def key_of_session(db: Executor, token: str) -> bytes | None:
    """The hash of the key that a browser has signed in with; None when the session has ended."""
    found: bytes | None = await db.fetchval(FIND, hash_key(token))
    return found


async def use_link(db: Executor, token: str) -> bytes | None:
    """The hash of the key behind a link, which is of no use after that; None when it was used or has expired."""
    found: bytes | None = await db.fetchval(USE, hash_key(token))
    return found


async def end_session(db: Executor, token: str) -> None:
    """Ends a session; a second time changes nothing."""
    await db.execute(END, hash_key(token))
