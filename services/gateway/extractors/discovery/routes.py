"""What this server can do; no key needed."""

from services.gateway.collections.extractors.models import served_models
from services.gateway.extractors.catalog import to_extractors
from services.gateway.extractors.discovery.shapes import (
    Discovery,
    ExtractorDiscovery,
    StageDiscovery,
    to_discovered_extractors,
    to_discovered_stages,
)
from services.gateway.kit.context import Public
from services.gateway.kit.http.routing import routes_of
from services.gateway.retrievers.stages.catalog import STAGES

router = routes_of("Discovery", "/discovery")


@router.get("")
async def discover(gateway: Public) -> Discovery:
    """Extractors and stages together."""
    return Discovery(extractors=await discover_extractors(gateway), stages=await discover_stages())


@router.get("/extractors")
async def discover_extractors(gateway: Public) -> list[ExtractorDiscovery]:
    """The extractors that a collection can name."""
    return to_discovered_extractors(to_extractors(await served_models(gateway)))


@router.get("/stages")
async def discover_stages() -> list[StageDiscovery]:
    """The stages that a retriever can run."""
    return to_discovered_stages(STAGES)
