"""Links to blobs that work without a key, for as long as the settings say."""

import asyncio
from collections.abc import Iterable, Mapping

from services.common.row_types import Blob
from services.gateway.kit.context import Tenant

Links = Mapping[str, str]
"""Blob id -> a link that works without a key."""

CONTENT = "/v1/blobs/content/"


async def links_to(tenant: Tenant, blobs: Iterable[Blob]) -> dict[str, str]:
    """Blob id -> link: of the store where it can sign them, of this gateway for the local store, else the source."""
    listed = list(blobs)
    links = await asyncio.gather(*(_link(tenant, blob) for blob in listed))
    return {blob.blob_id: link for blob, link in zip(listed, links, strict=True)}


async def _link(tenant: Tenant, blob: Blob) -> str:
    gateway, seconds = tenant.gateway, tenant.gateway.settings.presigned_seconds
    if blob.storage_key is None:
        return str(blob.source_url)
    presigned = await gateway.blobs.presign(blob.storage_key, seconds)
    return presigned or f"{tenant.base_url}{CONTENT}{gateway.signer.sign(blob.blob_id, seconds)}"
