"""The shared fixtures of integration tests: `databases`, `database_url`, `settings`, `pool`, `seaweed`."""

from tests.support.postgres import database_url, databases, pool, settings
from tests.support.seaweed import seaweed

__all__ = ["database_url", "databases", "pool", "seaweed", "settings"]
