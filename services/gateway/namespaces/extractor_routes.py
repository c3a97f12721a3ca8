"""The extractors that a namespace can use; all of them, in every namespace."""

from services.gateway.collections.extractors.models import served_models
from services.gateway.extractors.catalog import (
    NamespaceExtractor,
    NamespaceExtractors,
    to_extractors,
    to_namespace_extractor,
    to_namespace_extractors,
)
from services.gateway.extractors.routes import find_extractor
from services.gateway.kit.context import Identified, Identity
from services.gateway.kit.http.routing import routes_of
from services.gateway.namespaces.store import namespace_id_of

router = routes_of("Namespaces", "/namespaces/{namespace}/extractors")


async def _checked(identity: Identity, identifier: str) -> str:
    namespace_id = await namespace_id_of(identity.gateway.pool, identifier)
    identity.require(namespace_id)
    return namespace_id


@router.get("")
async def list_namespace_extractors(
    namespace: str, identity: Identified, source: str | None = None, include_disabled: bool = False
) -> NamespaceExtractors:
    """Lists extractors; `source` other than `builtin` finds none, and none is ever disabled."""
    namespace_id = await _checked(identity, namespace)
    found = to_extractors(await served_models(identity.gateway)) if source in (None, "", "builtin", "all") else []
    return to_namespace_extractors(namespace_id, found)


@router.get("/{extractor_id}")
async def get_namespace_extractor(namespace: str, extractor_id: str, identity: Identified) -> NamespaceExtractor:
    """One extractor, such as `image_extractor_v1`."""
    await _checked(identity, namespace)
    return to_namespace_extractor(await find_extractor(identity.gateway, extractor_id))
