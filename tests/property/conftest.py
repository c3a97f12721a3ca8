"""Property tests share the embedded PostgreSQL of the integration tests."""

from tests.support.postgres import databases

__all__ = ["databases"]
