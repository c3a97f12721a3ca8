"""What every kind of test may ask for: a real PostgreSQL, one server for the whole run."""

from tests.support.postgres import database_url, databases, pool, settings

__all__ = ["database_url", "databases", "pool", "settings"]
