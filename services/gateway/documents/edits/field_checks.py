"""Fields that a request sets on documents, and that look like a slip of one that is known."""

from collections.abc import Iterable

from services.gateway.kit.context import Tenant
from services.gateway.kit.misspelt_keys import near_keys
from services.gateway.kit.shapes import Degraded, JsonObject
from services.gateway.kit.unknown_fields import declared_in

WARNINGS = "warnings"


async def slips_in(
    tenant: Tenant, collection_id: str, given: Iterable[str], meant: Iterable[str] = ("metadata",)
) -> list[Degraded]:
    """A warning for each field given that is nearly one of the collection's, or a key with a meaning of its own."""
    declared = await declared_in(tenant, [collection_id])
    return near_keys((name for name in given if "." not in name), meant, sorted(declared))


def told(document: JsonObject, slips: list[Degraded]) -> JsonObject:
    """The document with the warnings at its root, unless it has a field of that name."""
    if not slips or WARNINGS in document:
        return document
    return {**document, WARNINGS: [each.model_dump() for each in slips]}
