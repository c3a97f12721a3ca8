"""What every kind of test may ask for: a real PostgreSQL, one server for the whole run."""

import os

from tests.support.postgres import database_url, databases, pool, settings

__all__ = ["database_url", "databases", "pool", "settings"]

# Tests start processes while gRPC runs in this one; its fork handlers have been seen to crash.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
