"""The shared fixtures of integration tests: `databases`, `database_url`, `settings`, `pool`."""

from tests.support.postgres import database_url, databases, pool, settings

__all__ = ["database_url", "databases", "pool", "settings"]
