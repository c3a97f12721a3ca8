"""The fixtures of contract tests: a gateway on a real PostgreSQL."""

from tests.support.gateway import client, shared_app, shared_gateway, stack, surroundings
from tests.support.seaweed import seaweed
from tests.support.webhook_forms import owner, sealing

__all__ = ["client", "owner", "sealing", "seaweed", "shared_app", "shared_gateway", "stack", "surroundings"]
