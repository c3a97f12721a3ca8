"""The fixtures of contract tests: a gateway on a real PostgreSQL."""

from tests.support.gateway import client, shared_app, shared_gateway, stack, surroundings

__all__ = ["client", "shared_app", "shared_gateway", "stack", "surroundings"]
