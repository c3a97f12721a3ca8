"""Forms of webhooks, and clients that may store their secrets."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet

from services.common.ids import new_id
from tests.support.gateway.gateway_stack import Stack
from tests.support.tutorial.clusters_alerts_webhooks import RECEIVER, WEBHOOK

WEBHOOKS = "/v1/organizations/webhooks"
URL = RECEIVER
KEY = Fernet.generate_key().decode()
SECRET = "not for anybody's eyes"


def body(**changed: Any) -> dict[str, Any]:
    """The tutorial's, under a name of its own."""
    return {**WEBHOOK, "webhook_name": new_id("labeling-events"), **changed}


def channel(**configs: Any) -> list[dict[str, Any]]:
    """The channels of a webhook that has one."""
    return [{"channel": "webhook", "configs": {"url": URL, **configs}}]


@pytest.fixture
def sealing(stack: Stack) -> Stack:
    """A stack that can store secrets."""
    return stack.with_settings(secrets_key=KEY)


@pytest_asyncio.fixture(loop_scope="session")
async def owner(sealing: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """Of the organization; sends no X-Namespace, as the client does not."""
    async with sealing.bare_client({"Authorization": f"Bearer {sealing.key}"}) as client:
        yield client
