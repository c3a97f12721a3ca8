"""The fixtures of contract tests: a gateway on a real PostgreSQL."""

from tests.support.gateway import client, shared_app, shared_gateway, stack, surroundings
from tests.support.postgres import databases

__all__ = ["client", "databases", "shared_app", "shared_gateway", "stack", "surroundings"]
