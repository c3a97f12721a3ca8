"""The fixtures of contract tests: a gateway on a real PostgreSQL."""

from tests.support.gateway.gateway_stack import client, shared_app, shared_gateway, stack, surroundings
from tests.support.gateway.webhook_forms import owner, sealing
from tests.support.seaweed import seaweed

__all__ = ["client", "owner", "sealing", "seaweed", "shared_app", "shared_gateway", "stack", "surroundings"]
