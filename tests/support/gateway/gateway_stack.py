"""Fixtures of the gateway: the real application and database, in this process, as a client sees them."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from starlette.types import ASGIApp

from services.common.database.api_keys import create_key
from services.common.database.documents.write_documents import write_documents
from services.common.extractors.passthrough import pass_through, rules_of
from services.common.ids import document_id, new_id
from services.common.process.logs import configure_logs
from services.common.row_types import DocumentRow, EmbeddingRow
from services.common.settings import Settings
from services.gateway.app import build_app
from services.gateway.kit.dependencies import Gateway
from services.gateway.main import open_gateway
from tests.support.gateway.mixpeek_client import parses
from tests.support.gateway.openapi import conforms
from tests.support.gateway.scripted_services import Surroundings, surroundings_in
from tests.support.postgres import Databases
from tests.support.tutorial.option_a import SLOT

BASE = "http://gateway"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The gateway, what surrounds it, how to speak to it, and a namespace that no other test has."""

    gateway: Gateway
    app: ASGIApp
    surroundings: Surroundings
    key: str
    namespace_id: str

    def client(self, namespace: str | None = None) -> httpx.AsyncClient:
        """A client with a good key, whose every answer must be as documented and readable by the `mixpeek` client."""
        headers = {"Authorization": f"Bearer {self.key}", "X-Namespace": namespace or self.namespace_id}
        return self.bare_client(headers)

    def with_settings(self, **changed: Any) -> "Stack":
        """The same stack under other settings."""
        gateway = replace(self.gateway, settings=self.gateway.settings.model_copy(update=changed))
        return replace(self, gateway=gateway, app=build_app(gateway))

    def bare_client(self, headers: dict[str, str]) -> httpx.AsyncClient:
        """A client with these headers alone."""
        transport = httpx.ASGITransport(app=self.app)
        hooks = {"response": [conforms, parses]}
        return httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers, event_hooks=hooks)

    async def process(
        self,
        object_id: str,
        *,
        match: dict[str, Any] | None = None,
        labels: dict[str, Any] | None = None,
        fields: dict[str, Any] | None = None,
    ) -> str:
        """Writes the document of an object in the one collection of its bucket, as a worker would; returns its id."""
        row = await self.gateway.pool.fetchrow(
            """SELECT o.*, c.collection_id, c.feature_extractor FROM objects o
               JOIN collections c ON c.bucket_ids @> ARRAY[o.bucket_id] WHERE o.object_id = $1""",
            object_id,
        )
        assert row is not None
        vector = np.array([1, 0, 0, 0], dtype="<f2").tobytes()
        document = DocumentRow(
            document_id=document_id(row["collection_id"], object_id, 0),
            namespace_id=row["namespace_id"],
            collection_id=row["collection_id"],
            bucket_id=row["bucket_id"],
            object_id=object_id,
            part=0,
            fields=pass_through(row["fields"], rules_of(row["feature_extractor"])) | (fields or {}),
            taxonomy_match=match,
            labels=labels or {},
            internal={},
            embeddings=[EmbeddingRow(feature_uri=SLOT, model="efficientnet_lite2", dimensions=4, vector=vector)],
        )
        async with self.gateway.pool.acquire() as connection, connection.transaction():
            await write_documents(connection, [document])
        return document.document_id


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def surroundings() -> AsyncIterator[Surroundings]:
    """The services around the gateway."""
    with tempfile.TemporaryDirectory(prefix="lkgw") as folder:
        async with surroundings_in(Path(folder)) as running:
            yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_gateway(databases: Databases, surroundings: Surroundings) -> AsyncIterator[Gateway]:
    """One gateway on one database for all tests; each test has a namespace to itself."""
    configure_logs("gateway", "warning")
    name = databases.create()
    addresses = {f"{service}_address": surroundings.address(service) for service in surroundings.servers}
    settings = Settings(
        database_url=databases.url(name), data_dir=surroundings.folder, max_body_bytes=1_000_000, rpc_timeout=5.0
    ).model_copy(update=addresses)
    async with open_gateway(settings) as gateway:
        yield gateway
    databases.drop(name)


@pytest.fixture(scope="session")
def shared_app(shared_gateway: Gateway) -> ASGIApp:
    """The application of that gateway."""
    return build_app(shared_gateway)


@pytest_asyncio.fixture(loop_scope="session")
async def stack(shared_gateway: Gateway, shared_app: ASGIApp, surroundings: Surroundings) -> Stack:
    """The gateway with a new key and an empty namespace."""
    surroundings.reset()
    _, key = await create_key(shared_gateway.pool, "test")
    namespace_id = new_id("ns")
    await shared_gateway.pool.execute(
        "INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $1 || '_name')", namespace_id
    )
    return Stack(gateway=shared_gateway, app=shared_app, surroundings=surroundings, key=key, namespace_id=namespace_id)


@pytest_asyncio.fixture(loop_scope="session")
async def client(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a good key in that namespace."""
    async with stack.client() as client:
        yield client
