"""Links of our own that come back: what a document was answered with may be uploaded as another object."""

from services.common.errors import LikenessError
from services.common.row_types import Blob
from services.gateway.kit.context import Tenant
from services.gateway.objects.blobs.links import CONTENT
from services.gateway.objects.blobs.store import get_blob

BLOBS = "/v1/blobs/"


async def own_blob(tenant: Tenant, url: str) -> Blob | None:
    """The blob of this namespace that the URL stands for; None when it is no link of ours, or not good any more.

    Its content is here already. A worker could not fetch it: links by id need a key, and our address may be private.
    """
    try:
        if url.startswith(tenant.base_url + CONTENT):
            blob_id = tenant.gateway.signer.verify(url.removeprefix(tenant.base_url + CONTENT))
        elif url.startswith(tenant.base_url + BLOBS):
            blob_id = url.removeprefix(tenant.base_url + BLOBS)
        else:
            return None
        return await get_blob(tenant.gateway.pool, tenant.namespace_id, blob_id)
    except LikenessError:
        return None
