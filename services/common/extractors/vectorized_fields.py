"""Which fields of a document hold what its vector was made of: pure."""

from collections.abc import Mapping
from typing import Any

from services.common.extractors.inputs import mapped_paths
from services.common.extractors.passthrough import rules_of
from services.common.extractors.traits import traits_of

TEXT = "text"


def read_fields(extractor: str, feature_extractor: Mapping[str, Any]) -> dict[str, str]:
    """Field of the document -> the object's field that it comes from."""
    traits = traits_of(extractor)
    if not traits.extracts:
        return {}
    paths = mapped_paths(feature_extractor.get("input_mappings"), traits.inputs)
    found = {rule.target: rule.source for rule in rules_of(feature_extractor) if rule.source in paths}
    return {**found, TEXT: paths[0] if paths else TEXT} if traits.reads_text else found
