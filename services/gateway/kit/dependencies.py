"""What the routes work with: the database, the blob store and the other services."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from services.common.blobs import BlobStore, LinkSigner, Staging
from services.common.database.pool import Pool
from services.common.settings import Settings
from services.gateway.kit.access.key_ring import KeyRing
from services.gateway.kit.access.rate_limits import RateLimits
from services.gateway.kit.access.tenants import Tenants

# These three exist for the type checker alone.
if TYPE_CHECKING:
    from likeness.extractor.v1.extractor_service_pb2_grpc import ExtractorServiceAsyncStub
    from likeness.index.v1.index_service_pb2_grpc import IndexServiceAsyncStub
    from likeness.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceAsyncStub


@dataclass(frozen=True, kw_only=True)
class Channels:
    """Connections to the gRPC services, for health checks."""

    extractor: grpc.aio.Channel
    index: grpc.aio.Channel
    taxonomy: grpc.aio.Channel


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Everything that a route may use. What users ask in their own words goes to `queries`, which only reads."""

    settings: Settings
    pool: Pool
    queries: Pool
    blobs: BlobStore
    staging: Staging
    signer: LinkSigner
    keys: KeyRing
    tenants: Tenants
    rates: RateLimits
    channels: Channels
    extractor: "ExtractorServiceAsyncStub"
    index: "IndexServiceAsyncStub"
    taxonomy: "TaxonomyServiceAsyncStub"
