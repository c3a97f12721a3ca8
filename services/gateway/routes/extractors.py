"""Which extractors are being served."""

from services.common.errors import NotFoundError
from services.gateway.context import Public
from services.gateway.models import served_models
from services.gateway.routing import routes_of
from services.gateway.shapes.extractor_catalog import Extractor, to_extractors

router = routes_of("Extractors", "/collections/features/extractors")


@router.get("")
async def list_extractors(gateway: Public) -> list[Extractor]:
    """The extractors that a collection can name; no key needed."""
    return to_extractors(await served_models(gateway))


@router.get("/{extractor_id}")
async def get_extractor(extractor_id: str, gateway: Public) -> Extractor:
    """One extractor, such as `image_extractor_v1`; no key needed."""
    for extractor in to_extractors(await served_models(gateway)):
        if extractor_id in (extractor.feature_extractor_id, extractor.feature_extractor_name):
            return extractor
    raise NotFoundError(f"No extractor '{extractor_id}' is served here.", resource="feature_extractor", id=extractor_id)
