"""Which extractors and features are being served; no key needed."""

from services.common.errors import NotFoundError
from services.gateway.collections.extractors.models import served_models
from services.gateway.extractors.catalog import Extractor, to_extractors
from services.gateway.extractors.discovery.shapes import FeatureDiscovery, to_features
from services.gateway.kit.context import Public
from services.gateway.kit.dependencies import Gateway
from services.gateway.kit.http.routing import routes_of

router = routes_of("Extractors", "/collections/features")


@router.get("")
async def list_features(gateway: Public) -> FeatureDiscovery:
    """Every feature URI with its dimensions and models, by the kind of content that it is made of."""
    return to_features(await served_models(gateway))


@router.get("/extractors")
async def list_extractors(gateway: Public) -> list[Extractor]:
    """The extractors that a collection can name."""
    return to_extractors(await served_models(gateway))


@router.get("/extractors/{extractor_id}")
async def get_extractor(extractor_id: str, gateway: Public) -> Extractor:
    """One extractor, such as `image_extractor_v1`."""
    return await find_extractor(gateway, extractor_id)


async def find_extractor(gateway: Gateway, identifier: str) -> Extractor:
    """An extractor by `name_version`, `name@version` or name."""
    for extractor in to_extractors(await served_models(gateway)):
        name, version = extractor.feature_extractor_name, extractor.version
        if identifier in (extractor.feature_extractor_id, f"{name}@{version}", name):
            return extractor
    raise NotFoundError(f"No extractor '{identifier}' is served here.", resource="feature_extractor", id=identifier)
